//! The history of an execution of Step Functions: what is sure to have more entries than it takes, or may.
//!
//! What each state writes is in <https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html>: a task is entered,
//! scheduled, started, ends and is left; other states are entered and left.

use std::collections::{BTreeMap, BTreeSet};

use super::rounds::{self, Anew, Counted, Rounds};
use super::{Items, item, items, laps};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{self, Body, Model, Next, Step, StepId, Workflow};

/// The most entries of the history of an execution of a standard workflow.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html#service-limits-state-machine-executions>
pub(super) const MOST_ENTRIES: u64 = 25_000;

/// What an attempt of a task writes: it is scheduled, started, and fails.
const ATTEMPT: u64 = 3;

/// What it writes to undo one call: a choice is entered and left, and a task runs.
const UNDO: u64 = 7;

/// What a round of a `Map` state writes beside its steps: it is started, and it ends.
const ROUND: u64 = 2;

/// What an execution writes when it starts, and when it ends.
pub(super) const ENDS: u64 = 2;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for workflow in model.workflows.values().filter(|workflow| workflow.redis().is_none()) {
        let mut partial = false;
        workflow.body.bodies(&mut |body| partial |= body.partial);
        if partial {
            continue;
        }
        let mut counting = Counting { model, workflow, found: Vec::new() };
        let whole = counting.body(&workflow.body);
        if counting.found.is_empty() {
            counting.tell_whole(whole, undoing(&workflow.body));
        }
        diagnostics.append(&mut counting.found);
        workflow.body.bodies(&mut |body| {
            diagnostics
                .extend(laps::check(model, workflow, body, &|step| Counting::new(model, workflow).step(step).least));
        });
    }
}

/// How many entries something writes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Entries {
    /// If lists are as short as they may be, and nothing fails.
    least: u64,
    /// If lists that have a bound are as long as they may be, and every retry of the spec is made.
    most: u64,
}

struct Counting<'m> {
    model: &'m Model,
    workflow: &'m Workflow,
    found: Vec<Diagnostic>,
}

impl<'m> Counting<'m> {
    fn new(model: &'m Model, workflow: &'m Workflow) -> Self {
        Self { model, workflow, found: Vec::new() }
    }

    /// What a step writes each time that it runs. A step that writes too much by itself is reported, and counts as nothing for what it
    /// is inside of.
    fn step(&mut self, step: &Step) -> Entries {
        let own = own(step);
        let mut inside = Entries::default();
        let mut rounds = None;
        for nested in step.nested() {
            let body = self.body(nested.body);
            let (round, times) = match nested.rounds {
                model::Rounds::One => (0, Items { least: 1, most: Some(1) }),
                model::Rounds::EachItem { .. } => {
                    let times = items(self.model, step);
                    rounds = Some((times, body));
                    (ROUND, times)
                }
            };
            let most = times.most.unwrap_or(times.least);
            inside.least = inside.least.saturating_add((round + body.least).saturating_mul(times.least));
            inside.most = inside.most.saturating_add((round + body.most).saturating_mul(most));
        }
        let attempts: u64 = step.retry.iter().filter(|retry| retry.span.is_some()).map(|retry| retry.attempts).sum();
        let again = if step.nested().is_empty() { ATTEMPT } else { inside.most };
        let entries = Entries {
            least: own.saturating_add(inside.least),
            most: own.saturating_add(inside.most).saturating_add(again.saturating_mul(attempts)),
        };
        match self.too_many(step, entries, rounds, own.saturating_add(inside.most) > MOST_ENTRIES) {
            Some(diagnostic) => {
                self.found.push(diagnostic);
                Entries { least: own, most: own }
            }
            None => entries,
        }
    }

    /// What the steps of a body write: along the shortest way, and along the longest without a loop.
    fn body(&mut self, body: &Body) -> Entries {
        let steps: Vec<Entries> = body.steps.iter().map(|step| self.step(step)).collect();
        if steps.is_empty() {
            return Entries::default();
        }
        let mut all =
            Entries { least: shortest(body, &steps), most: longest(body, StepId(0), &steps, &mut BTreeMap::new()) };
        for counted in rounds::all(body) {
            let mut steps = steps.clone();
            let again = self.again(body, &counted, &mut steps);
            all.most = all.most.saturating_add(again.most);
            all.least = all.least.saturating_add(if can_avoid(body, &counted.round) { 0 } else { again.least });
        }
        all.most = all.most.saturating_add(undoing(body));
        all
    }

    /// What the laps of a loop write but the first, which is on the way already; with the loops in it, whose laps are added to what the
    /// steps write by which they are left. A loop that writes too much by itself is reported, and counts as nothing.
    fn again(&mut self, body: &Body, counted: &Counted, steps: &mut [Entries]) -> Entries {
        let mut once = 0_u64;
        for inner in &counted.inner {
            let again = self.again(body, inner, steps);
            if inner.anew == Anew::Never {
                once = once.saturating_add(again.most);
                continue;
            }
            let leaves = &mut steps[inner.rounds.leaves.0];
            leaves.most = leaves.most.saturating_add(again.most);
            leaves.least = leaves.least.saturating_add(if inner.anew == Anew::Always { again.least } else { 0 });
        }
        let rounds = counted.rounds;
        let (least, most) =
            rounds::lap(body, &counted.round, rounds.counts, &|id| (steps[id.0].least, steps[id.0].most));
        let again = Entries {
            least: least.saturating_mul(rounds.least.saturating_sub(1)),
            most: most.saturating_mul(rounds.most.saturating_sub(1)).saturating_add(once),
        };
        if again.most > MOST_ENTRIES {
            self.found.push(self.too_many_laps(body, rounds, (least, most)));
            return Entries::default();
        }
        again
    }

    fn too_many_laps(&self, body: &Body, rounds: Rounds, (least, most): (u64, u64)) -> Diagnostic {
        let sure = least.saturating_mul(rounds.least.saturating_sub(1)) > MOST_ENTRIES;
        let (code, laps) = if sure {
            (Code::EVC0710, format!("at least {} times", rounds.least))
        } else {
            (Code::EVC0709, format!("up to {} times", rounds.most))
        };
        let (counts, leaves) = (body.step(rounds.counts), body.step(rounds.leaves));
        let message = format!(
            "this loop goes round {laps}, and fills the history of an execution, of {MOST_ENTRIES} entries, before that"
        );
        let each = if sure { least } else { most };
        let fit = (MOST_ENTRIES - ENDS) / each.max(1);
        Diagnostic::new(code, leaves.kind_span, message)
            .label("it is left here")
            .secondary(counts.kind_span, "each round is counted here")
            .on(item(self.workflow))
            .note(format!("a round writes {each} entries, so that about {fit} rounds fit"))
            .note(FAILS)
            .help("let it go round less often, start an execution of another workflow for each part, or say `engine: redis`")
    }

    fn too_many(
        &self,
        step: &Step,
        entries: Entries,
        rounds: Option<(Items, Entries)>,
        without_retries: bool,
    ) -> Option<Diagnostic> {
        if entries.most.max(entries.least) <= MOST_ENTRIES {
            return None;
        }
        let (sure, name) = (entries.least > MOST_ENTRIES, &step.name);
        let (code, writes) = if sure {
            (Code::EVC0710, format!("at least {}", entries.least))
        } else {
            (Code::EVC0709, format!("up to {}", entries.most))
        };
        let message =
            format!("`{name}` writes {writes} entries of the history of an execution, and {MOST_ENTRIES} are the most");
        let mut diagnostic = Diagnostic::new(code, step.name_span, message).on(item(self.workflow)).note(FAILS);
        if let Some((times, body)) = rounds {
            let each = ROUND.saturating_add(if sure { body.least } else { body.most });
            let fit = ((MOST_ENTRIES - ENDS).saturating_sub(own(step)) / each).max(1);
            let most = times.most.unwrap_or(times.least);
            diagnostic = diagnostic.note(format!(
                "a round writes {each} entries, so that about {fit} rounds fit, however many run at once; the list may have {most} items"
            ));
        }
        if !sure && !without_retries {
            diagnostic = diagnostic.note("every attempt of a retry writes its entries again");
        }
        Some(diagnostic.help(if rounds.is_some() {
            "bound the list, publish an event for each part of it that starts a workflow of its own, or say `engine: redis`"
        } else {
            "let it try less often, or say `engine: redis`"
        }))
    }

    fn tell_whole(&mut self, whole: Entries, undoing: u64) {
        let (code, writes) = if whole.least > MOST_ENTRIES {
            (Code::EVC0710, format!("at least {}", whole.least))
        } else if whole.most > MOST_ENTRIES {
            (Code::EVC0709, format!("up to {}", whole.most))
        } else {
            return;
        };
        let head = &self.workflow.head;
        let message = format!(
            "the steps of workflow `{}` together write {writes} entries of the history of an execution, and {MOST_ENTRIES} are the most",
            head.name
        );
        let mut diagnostic = Diagnostic::new(code, head.name_span, message).on(item(self.workflow));
        if undoing > 0 && whole.least <= MOST_ENTRIES {
            diagnostic = diagnostic
                .note(format!("{undoing} of them are to undo what was done: {UNDO} for each call that is undone"));
        }
        self.found.push(
            diagnostic
                .note(FAILS)
                .help("bound their lists, let an event start a second workflow half-way, or say `engine: redis`"),
        );
    }
}

/// What it writes at most to undo what the steps of a body did: a choice for the call on top of the stack, and the call.
fn undoing(body: &Body) -> u64 {
    if !body.compensates() {
        return 0;
    }
    let times = rounds::times(body);
    let undone = body.iter().filter(|(_, step)| step.undo.is_some() && !step.unreachable);
    undone.map(|(id, _)| times.get(&id).copied().unwrap_or(1).saturating_mul(UNDO)).fold(0, u64::saturating_add)
}

/// What becomes of an execution that writes more.
pub(super) const FAILS: &str = "Step Functions ends an execution whose history is full, and looks at no `catch` for it";

/// What the states of a step write themselves, if nothing fails.
fn own(step: &Step) -> u64 {
    if step.waits_for_signal() {
        // As a task, and it tells that the request was made.
        6
    } else if step.call().is_some() || step.publish().is_some() {
        5
    } else if !step.nested().is_empty() {
        // Entered, started, succeeded, left.
        4
    } else {
        2
    }
}

/// Whether some route through a body ends without coming to a loop.
fn can_avoid(body: &Body, round: &BTreeSet<StepId>) -> bool {
    let mut seen = BTreeSet::new();
    let mut work = Vec::from_iter(body.first());
    while let Some(id) = work.pop() {
        if round.contains(&id) || !seen.insert(id) {
            continue;
        }
        let next = body.step(id).successors();
        if next.is_empty() || next.contains(&Next::End) {
            return true;
        }
        work.extend(body.onward(id));
    }
    false
}

/// The fewest entries from the first step to an end of the body, when nothing fails. What no way leads to an end of counts as nothing.
fn shortest(body: &Body, steps: &[Entries]) -> u64 {
    let mut reached: BTreeMap<StepId, u64> = BTreeMap::new();
    let mut work = BTreeSet::from_iter(body.first().map(|first| (steps[first.0].least, first)));
    while let Some((entries, id)) = work.pop_first() {
        if reached.contains_key(&id) {
            continue;
        }
        reached.insert(id, entries);
        let next = body.step(id).successors();
        if next.is_empty() || next.contains(&Next::End) {
            return entries;
        }
        for to in next {
            if let Next::Step(to) = to {
                work.insert((entries.saturating_add(steps[to.0].least), to));
            }
        }
    }
    0
}

/// The most entries on a way from a step to an end that comes to no step twice. `known` has the steps that were looked at; one that is
/// being looked at has nothing in it.
fn longest(body: &Body, id: StepId, steps: &[Entries], known: &mut BTreeMap<StepId, u64>) -> u64 {
    if let Some(entries) = known.get(&id) {
        return *entries;
    }
    known.insert(id, 0);
    let after = body.edges(id).map(|to| longest(body, to, steps, known)).max().unwrap_or(0);
    let entries = steps[id.0].most.saturating_add(after);
    known.insert(id, entries);
    entries
}
