//! Workflows on Redis: how many states an execution enters without any work between them.

use std::collections::{BTreeMap, BTreeSet};

use super::rounds::{self, Anew, Counted};
use super::{item, items};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Body, Model, Next, Rounds, Step, StepId, Workflow};
use crate::source::Span;

/// The most states that one transition of an execution on Redis enters: `evc_workflow::store::MAX_STATES`.
const MOST_STATES: u64 = 10_000;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for workflow in model.workflows.values().filter(|workflow| workflow.redis().is_some()) {
        let mut idle = Idle { model, workflow, found: Vec::new() };
        workflow.body.bodies(&mut |body| {
            if !body.partial {
                idle.loops(body);
            }
        });
        workflow.body.walk(&mut |step| idle.lists(step));
        diagnostics.append(&mut idle.found);
    }
}

struct Idle<'m> {
    model: &'m Model,
    workflow: &'m Workflow,
    found: Vec<Diagnostic>,
}

impl Idle<'_> {
    /// Loops that count, with laps on which there is no work.
    fn loops(&mut self, body: &Body) {
        for counted in rounds::all(body) {
            self.laps(body, &counted, &mut BTreeMap::new());
        }
    }

    /// How many states a loop enters without work at least, and at most. `more` has those of loops in it that are left by a step.
    fn laps(&mut self, body: &Body, counted: &Counted, more: &mut BTreeMap<StepId, (u64, u64)>) -> (u64, u64) {
        for inner in counted.inner.iter().filter(|inner| inner.anew != Anew::Never) {
            let (least, most) = self.laps(body, inner, more);
            more.insert(inner.rounds.leaves, (if inner.anew == Anew::Always { least } else { 0 }, most));
        }
        let rounds = counted.rounds;
        let weight = |id: StepId| {
            let ((least, most), own) = (more.get(&id).copied().unwrap_or_default(), self.states(body.step(id)));
            (least.saturating_add(own.0), most.saturating_add(own.1))
        };
        let idle: BTreeSet<StepId> = counted.round.iter().copied().filter(|id| !works(body.step(*id))).collect();
        let all_idle = idle.len() == counted.round.len();
        if !idle.contains(&rounds.counts) || !leads_back(body, &idle, rounds.counts) {
            return (0, 0);
        }
        let (shortest, longest) = rounds::lap(body, &idle, rounds.counts, &weight);
        let least = if all_idle { shortest.saturating_mul(rounds.least) } else { 0 };
        let most = longest.saturating_mul(rounds.most);
        if most <= MOST_STATES {
            return (least, most);
        }
        let span = body.step(rounds.leaves).kind_span;
        let what = if least > MOST_STATES {
            format!("this loop goes round at least {} times", rounds.least)
        } else {
            format!("this loop may go round {} times", rounds.most.saturating_sub(1))
        };
        let help = "let it go round less often, or make one step of it a call";
        self.tell(least > MOST_STATES, span, (what, longest), help);
        (0, 0)
    }

    /// A list that is gone through without work.
    fn lists(&mut self, step: &Step) {
        for nested in step.nested() {
            let Rounds::EachItem { .. } = nested.rounds else { continue };
            if nested.body.partial || nested.body.steps.iter().any(works) {
                continue;
            }
            // Of lists within each other, the innermost that is too much.
            if nested.body.steps.iter().any(|inner| self.states(inner).1 > MOST_STATES) {
                continue;
            }
            let times = items(self.model, step);
            let (least, each) = self.way(nested.body);
            if times.most.unwrap_or(times.least).saturating_mul(each) <= MOST_STATES {
                continue;
            }
            let sure = times.least.saturating_mul(least) > MOST_STATES;
            let what = if sure {
                format!("`{}` goes through at least {} items", step.name, times.least)
            } else {
                format!("`{}` may go through {} items", step.name, times.most.unwrap_or(times.least))
            };
            let help = "bound the list, or make the value with one expression, such as `$map`, or in a function";
            self.tell(sure, step.name_span, (what, each), help);
        }
    }

    /// How many states a step enters that has no work in it: with lists as short as they may be, and as long.
    fn states(&self, step: &Step) -> (u64, u64) {
        let mut states = (1_u64, 1_u64);
        for nested in step.nested() {
            let (least, most) = self.way(nested.body);
            let times = match nested.rounds {
                Rounds::One => (1, 1),
                Rounds::EachItem { .. } => {
                    let times = items(self.model, step);
                    (times.least, times.most.unwrap_or(times.least))
                }
            };
            states.0 = states.0.saturating_add(least.saturating_mul(times.0));
            states.1 = states.1.saturating_add(most.saturating_mul(times.1));
        }
        states
    }

    /// How many states the shortest way through a body enters.
    fn way(&self, body: &Body) -> (u64, u64) {
        let shortest = |weights: &[u64]| {
            let mut seen = BTreeSet::new();
            let mut work: BTreeSet<(u64, StepId)> =
                weights.first().map(|first| (*first, StepId(0))).into_iter().collect();
            while let Some((count, id)) = work.pop_first() {
                if !seen.insert(id) {
                    continue;
                }
                let next = body.step(id).successors();
                if next.is_empty() || next.contains(&Next::End) {
                    return count;
                }
                work.extend(body.onward(id).map(|to| (count.saturating_add(weights[to.0]), to)));
            }
            0
        };
        let (least, most): (Vec<u64>, Vec<u64>) = body.steps.iter().map(|step| self.states(step)).unzip();
        (shortest(&least), shortest(&most))
    }

    fn tell(&mut self, sure: bool, span: Span, (what, each): (String, u64), help: &str) {
        let code = if sure { Code::EVC0568 } else { Code::EVC0565 };
        let message =
            format!("{what} without any work between, and an execution on Redis enters at most {MOST_STATES} states");
        self.found.push(
            Diagnostic::new(code, span, message)
                .on(item(self.workflow))
                .note(format!("a round enters {each} of them, and the execution fails with `States.Runtime` when it has entered so many"))
                .help(help),
        );
    }
}

/// Whether a step has work to wait for, itself or in it, as far as is known.
fn works(step: &Step) -> bool {
    let mut works = step.is_work() || step.compensates();
    for body in step.bodies() {
        body.walk(&mut |step| works |= step.is_work() || step.compensates());
    }
    works
}

/// Whether steps lead from one of them back to it.
fn leads_back(body: &Body, steps: &BTreeSet<StepId>, start: StepId) -> bool {
    let mut seen = BTreeSet::new();
    let mut work: Vec<StepId> = body.onward(start).collect();
    while let Some(id) = work.pop() {
        if id == start {
            return true;
        }
        if steps.contains(&id) && seen.insert(id) {
            work.extend(body.onward(id));
        }
    }
    false
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_runtime_enters_as_many() {
        assert_eq!(super::MOST_STATES, evc_workflow::store::MAX_STATES as u64);
    }
}
