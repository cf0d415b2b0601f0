//! Undo and the workflow's own time: an execution that takes too long ends where it is, and nothing is undone.

use std::collections::{BTreeMap, BTreeSet};

use super::answers::forward;
use super::concurrency::MOST_ROUNDS;
use super::{item, items, laps, rounds, too_late};
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
    /// The steps together, up to this one, may take so many seconds.
    Sum(u64),
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
        let undone = self.undoes(body);
        // What is too late already before anything is undone is told as that.
        let is_late = |end: &u64| *end > self.limit() && end.saturating_sub(undone) <= self.limit();
        let over = |id: &StepId| ends.get(id).copied().filter(is_late);
        let compensates = body.iter().find(|(_, step)| step.compensates() && !step.unreachable);
        if let Some((id, step)) = compensates
            && let Some(end) = over(&id)
            && told.is_empty()
        {
            diagnostics.push(self.tell_undoing(step, end, undone));
        }
    }

    /// How long it takes at most to undo all that the steps of a body have done.
    fn undoes(&self, body: &Body) -> u64 {
        let loops = body.loops();
        let again = |id: StepId| {
            let rounds = loops.around(id).and_then(|round| rounds::counted(body, round));
            rounds.map_or(1, |rounds| rounds.most.max(1))
        };
        let calls = body.iter().filter(|(_, step)| !step.unreachable).filter_map(|(id, step)| {
            match step.undo_lasts(self.model)? {
                Lasts::AtMost(time) | Lasts::Exactly(time) => Some(time.seconds.saturating_mul(again(id))),
            }
        });
        calls.fold(0, u64::saturating_add)
    }

    fn tell_undoing(&self, step: &Step, end: u64, undone: u64) -> Diagnostic {
        let limit = self.workflow.timeout;
        let message = format!(
            "`{}` may be over {} after the start, {} of it to undo, and its workflow may take {limit}: the rest is not undone",
            step.name,
            Duration::seconds(end),
            Duration::seconds(undone)
        );
        Diagnostic::new(Code::EVC0561, step.kind_span, message)
            .on(item(self.workflow))
            .secondary(self.workflow.timeout_span, format!("ends after {limit}"))
            .note("an execution that takes too long ends where it is, in the middle of undoing as well")
            .help(format!(
                "give the workflow a `timeout` above {}, or the functions that undo shorter ones",
                Duration::seconds(end)
            ))
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
                late.push(Late { step, why: Why::Answer });
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
        late
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
        if step.waits_for_signal() {
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
            let mut answers = false;
            nested.body.walk(&mut |step| answers |= step.timeout.is_none() && step.waits_for_signal());
            if answers {
                return Takes::AsLongAsItMay;
            }
            let ends = self.ends(nested.body, 0);
            longest = longest.max(ends.values().copied().max().unwrap_or(0).saturating_mul(rounds));
        }
        Takes::AtMost(longest)
    }

    /// How long the rounds after the first last at most of the loops that count, by the step that leaves each.
    fn again(&self, body: &Body) -> BTreeMap<StepId, u64> {
        let laps = |round: &BTreeSet<StepId>| {
            let rounds = rounds::counted(body, round)?;
            let (_, lap) = rounds::lap(body, round, rounds.counts, &|id| (0, self.seconds(body.step(id))));
            Some((rounds.leaves, lap.saturating_mul(rounds.most.saturating_sub(2))))
        };
        body.loops().iter().filter_map(laps).collect()
    }

    /// When each step has ended at the latest, on ways that come to no step twice but in loops that count.
    fn ends(&self, body: &Body, begins: u64) -> BTreeMap<StepId, u64> {
        let mut ends = BTreeMap::new();
        if body.steps.is_empty() {
            return ends;
        }
        let order = forward(body);
        let place: BTreeMap<StepId, usize> = order.iter().enumerate().map(|(place, id)| (*id, place)).collect();
        let mut starts: BTreeMap<StepId, u64> = BTreeMap::from([(StepId(0), begins)]);
        let again = self.again(body);
        for id in &order {
            let start = starts.get(id).copied().unwrap_or(begins);
            let step = body.step(*id);
            let own = if step.compensates() { self.undoes(body) } else { self.seconds(step) };
            let end = start.saturating_add(own).saturating_add(again.get(id).copied().unwrap_or(0));
            ends.insert(*id, end);
            for to in body.edges(*id).filter(|to| place.get(to) > place.get(id)) {
                let known = starts.entry(to).or_insert(end);
                *known = end.max(*known);
            }
        }
        ends
    }
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
