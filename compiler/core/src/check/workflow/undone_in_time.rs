//! Undo and the workflow's own time: an execution that takes too long ends where it is, and nothing is undone.

use std::collections::{BTreeMap, BTreeSet};

use super::answers::forward;
use super::concurrency::MOST_ROUNDS;
use super::{item, items, laps, too_late};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Body, Lasts, Loops, Model, Rounds, Step, StepId, Workflow};
use crate::spec::scalar::Duration;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    // Waits that outlast a workflow are told as that.
    let in_time =
        |it: &&Workflow| too_late::whatever_way(model, it).is_none() && too_late::some_ways(model, it).is_empty();
    for workflow in model.workflows.values().filter(in_time) {
        let times = Times { model, workflow };
        times.look(&workflow.body, 0, diagnostics);
    }
}

/// How long something may take, retries not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// So many seconds.
    AtMost(u64),
    /// As long as the workflow lets it: nobody need answer.
    AsLongAsItMay,
}

struct Times<'m> {
    model: &'m Model,
    workflow: &'m Workflow,
}

/// A step that may outlast the workflow.
struct Late<'b> {
    step: &'b Step,
    why: Why,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    /// Nobody need answer.
    Answer,
    /// It is in a loop that waits, and that nothing bounds.
    Loop,
    /// It waits until a time that only the execution knows.
    Until,
    /// The steps together, up to this one, may take so many seconds.
    Sum(u64),
    /// What is undone here, after the steps that come before, may take until so many seconds after the start.
    Undo(u64),
}

impl Times<'_> {
    /// Looks at a body that begins at most so many seconds after the execution, and at those in it.
    fn look(&self, body: &Body, begins: u64, diagnostics: &mut Vec<Diagnostic>) {
        if body.partial || body.steps.is_empty() {
            return;
        }
        let ends = self.ends(body, begins);
        for (id, step) in body.iter() {
            let Some(end) = ends.get(&id) else { continue };
            let own = match self.step(step) {
                Takes::AtMost(seconds) => seconds,
                Takes::AsLongAsItMay => 0,
            };
            for inner in step.bodies() {
                self.look(inner, end.saturating_sub(own), diagnostics);
            }
        }
        if !body.compensates() {
            return;
        }
        let (loops, to_come) = (body.loops(), body.before(|id| body.step(id).compensates()));
        let mut told = BTreeSet::new();
        for (id, done) in body.iter().filter(|(_, step)| step.undo.is_some() && !step.unreachable) {
            let pending = pending(body, id, &to_come);
            let late = self.late(body, &loops, &pending, &ends);
            for late in late.into_iter().filter(|late| told.insert(late.step.name.clone())) {
                diagnostics.push(self.tell(done, &late));
            }
        }
    }

    /// What may outlast the workflow of these steps. If something goes on for nobody knows how long, what comes in all is not told.
    fn late<'b>(
        &self,
        body: &'b Body,
        loops: &Loops,
        pending: &BTreeSet<StepId>,
        ends: &BTreeMap<StepId, u64>,
    ) -> Vec<Late<'b>> {
        let steps = || pending.iter().map(|id| (*id, body.step(*id)));
        let mut late = Vec::new();
        for (id, step) in steps() {
            let waits = laps::waits_for(self.model, step).is_some();
            if self.step(step) == Takes::AsLongAsItMay {
                let until = !answers(step) && waits_until(self.model, step);
                late.push(Late { step, why: if until { Why::Until } else { Why::Answer } });
            } else if waits && goes_round(body, loops, id) {
                late.push(Late { step, why: Why::Loop });
            }
        }
        if !late.is_empty() {
            return late;
        }
        let over = steps().find_map(|(id, step)| {
            let end = *ends.get(&id)?;
            // A step that is too long by itself is reported as that.
            let alone = step.nested().is_empty()
                && (self.step(step) == Takes::AtMost(end) || self.limit() <= self.seconds(step));
            (end > self.limit() && !alone).then_some(Late { step, why: Why::Sum(end) })
        });
        late.extend(over);
        if late.is_empty() {
            late.extend(self.undone_too_late(body, pending, ends));
        }
        late
    }

    /// A `compensate` that may begin so late that not all is undone when the workflow's time is over.
    fn undone_too_late<'b>(
        &self,
        body: &'b Body,
        pending: &BTreeSet<StepId>,
        ends: &BTreeMap<StepId, u64>,
    ) -> Option<Late<'b>> {
        let undo = |step: &Step| {
            let function = step.undo.as_ref().filter(|_| !step.unreachable)?.function?;
            // One that is too long by itself is reported as that.
            let seconds = self.model.functions[function].timeout.greatest()?.seconds;
            (seconds < self.limit()).then_some(seconds)
        };
        let undone = body.steps.iter().filter_map(undo).fold(0, u64::saturating_add);
        let here = |(id, step): (StepId, &'b Step)| {
            // Steps that are too long by themselves, or together, are reported as that.
            let begins = *ends.get(&id).filter(|begins| **begins <= self.limit())?;
            let end = begins.saturating_add(undone);
            let comes = pending.iter().any(|from| body.edges(*from).any(|to| to == id));
            (step.compensates() && comes && end > self.limit()).then_some(Late { step, why: Why::Undo(end) })
        };
        body.iter().find_map(here)
    }

    fn tell(&self, done: &Step, late: &Late<'_>) -> Diagnostic {
        let (name, limit) = (&late.step.name, self.workflow.timeout);
        let (message, help) = match late.why {
            Why::Answer => (
                format!("`{name}` may wait until the workflow's time is over, and then nothing undoes `{}`", done.name),
                format!(
                    "give the wait a `timeout` below {limit}, and let its `catch` lead to the step that compensates"
                ),
            ),
            Why::Loop => (
                format!(
                    "this loop may go on until the workflow's time is over, and then nothing undoes `{}`",
                    done.name
                ),
                "count its rounds, and leave it in time for the step that compensates".to_owned(),
            ),
            Why::Until => (
                format!("`{name}` may wait until the workflow's time is over, and then nothing undoes `{}`", done.name),
                format!(
                    "wait for a time below {limit}, or see to it with a `choose` that the time is not later, and say so under `allow`"
                ),
            ),
            Why::Undo(seconds) => (
                format!(
                    "what is to be undone may take until {} after the start, its workflow may take {limit}, and then nothing undoes `{}`",
                    Duration::seconds(seconds),
                    done.name
                ),
                format!(
                    "give the workflow a `timeout` above {}, or its steps, functions and their `undo` shorter ones",
                    Duration::seconds(seconds)
                ),
            ),
            Why::Sum(seconds) => (
                format!(
                    "`{name}` may end {} after the start, its workflow may take {limit}, and then nothing undoes `{}`",
                    Duration::seconds(seconds),
                    done.name
                ),
                format!(
                    "give the workflow a `timeout` above {}, with time to undo in it, or its steps and functions shorter ones",
                    Duration::seconds(seconds)
                ),
            ),
        };
        let mut diagnostic = Diagnostic::new(Code::EVC0561, late.step.kind_span, message).on(item(self.workflow));
        if let Some(undo) = &done.undo {
            diagnostic = diagnostic.secondary(undo.span, format!("this is to undo `{}`", done.name));
        }
        diagnostic
            .secondary(self.workflow.timeout_span, format!("ends after {limit}"))
            .note("an execution that takes too long ends where it is: no `catch` is looked at, and nothing is compensated")
            .help(help)
    }

    fn limit(&self) -> u64 {
        self.workflow.timeout.seconds
    }

    fn seconds(&self, step: &Step) -> u64 {
        match self.step(step) {
            Takes::AtMost(seconds) => seconds,
            Takes::AsLongAsItMay => 0,
        }
    }

    /// How long a step may take.
    fn step(&self, step: &Step) -> Takes {
        if let Some(timeout) = &step.timeout {
            return Takes::AtMost(timeout.value.seconds);
        }
        if step.waits_for_signal() || waits_until(self.model, step) {
            return Takes::AsLongAsItMay;
        }
        match step.lasts(self.model) {
            Some(Lasts::AtMost(time) | Lasts::Exactly(time)) => return Takes::AtMost(time.seconds),
            None => {}
        }
        let mut longest = 0;
        for nested in step.nested() {
            let rounds = match nested.rounds {
                Rounds::One => 1,
                // As many as run one after the other, where the list has a bound.
                Rounds::EachItem { concurrency } => match items(self.model, step).most {
                    Some(most) => most.div_ceil(concurrency.map_or(MOST_ROUNDS, |it| it.value).max(1)),
                    None => 1,
                },
            };
            let mut unknown = false;
            nested.body.walk(&mut |step| {
                unknown |= step.timeout.is_none() && step.waits_for_signal() || waits_until(self.model, step);
            });
            if unknown {
                return Takes::AsLongAsItMay;
            }
            let ends = self.ends(nested.body, 0);
            longest = longest.max(ends.values().copied().max().unwrap_or(0).saturating_mul(rounds));
        }
        Takes::AtMost(longest)
    }

    /// When each step has ended at the latest, on ways that come to no step twice.
    fn ends(&self, body: &Body, begins: u64) -> BTreeMap<StepId, u64> {
        let mut ends = BTreeMap::new();
        let again: BTreeMap<StepId, u64> = too_late::again(self.model, body).into_iter().collect();
        let order = forward(body);
        let place: BTreeMap<StepId, usize> = order.iter().enumerate().map(|(place, id)| (*id, place)).collect();
        let mut starts: BTreeMap<StepId, u64> = body.first().map(|first| (first, begins)).into_iter().collect();
        for id in &order {
            let start = starts.get(id).copied().unwrap_or(begins);
            let mut end = start.saturating_add(self.seconds(body.step(*id)));
            // Where a loop is left, its other rounds are over.
            if let Some(again) = again.get(id) {
                end = end.saturating_add(*again);
            }
            ends.insert(*id, end);
            for to in body.edges(*id).filter(|to| place.get(to) > place.get(id)) {
                let known = starts.entry(to).or_insert(end);
                *known = end.max(*known);
            }
        }
        ends
    }
}

/// Whether somebody has to answer a step, or one in it.
fn answers(step: &Step) -> bool {
    let mut found = step.waits_for_signal();
    for body in step.bodies() {
        body.walk(&mut |step| found |= step.timeout.is_none() && step.waits_for_signal());
    }
    found
}

/// Whether a step waits until a time that only the execution knows, itself or in it.
fn waits_until(model: &Model, step: &Step) -> bool {
    let waits = |step: &Step| {
        step.is_work()
            && step.call().is_none()
            && step.publish().is_none()
            && !step.compensates()
            && !step.waits_for_signal()
            && step.lasts(model).is_none()
    };
    let mut found = waits(step);
    for body in step.bodies() {
        body.walk(&mut |step| found |= waits(step));
    }
    found
}

/// Whether a loop leads back to a step, and nothing in it counts.
fn goes_round(body: &Body, loops: &Loops, id: StepId) -> bool {
    loops.around(id).is_some_and(|round| !round.iter().any(|to| laps::counts(body.step(*to))))
}

/// The steps after one that was done, on whose way what it did may still have to be undone. `to_come` are those after which a `compensate`
/// may come.
fn pending(body: &Body, done: StepId, to_come: &BTreeSet<StepId>) -> BTreeSet<StepId> {
    let mut found = BTreeSet::new();
    let mut work: Vec<StepId> = body.onward(done).collect();
    while let Some(id) = work.pop() {
        if !body.step(id).compensates() && found.insert(id) {
            work.extend(body.edges(id));
        }
    }
    found.retain(|id| to_come.contains(id));
    found
}
