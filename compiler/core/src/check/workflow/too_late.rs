//! Waits on the way to the end of a workflow, which come to more than the workflow may take: on every way, or on some.
//!
//! A step lasts as long as it is sure to if it succeeds, and no time if it fails with what is caught. A loop that counts its rounds, and that
//! nothing else leaves, is gone round as often as its counter says. Of one that something else may leave, the way is too long on which the
//! counter ends it.

use std::collections::{BTreeMap, BTreeSet};

use super::concurrency::MOST_ROUNDS;
use super::rounds::{self, Anew, Counted};
use super::{item, items, laps};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Body, Model, Next, Rounds, Step, StepId, Workflow};
use crate::spec::scalar::Duration;

/// Reports waits that certainly outlast the workflow together, whatever way it goes.
pub(super) fn whatever_way(model: &Model, workflow: &Workflow) -> Option<Diagnostic> {
    let times = Times::new(model, &workflow.body)?;
    let limit = workflow.timeout.seconds;
    let mut late = times.first_too_late(workflow.body.first()?, limit)?;
    // If there is a shorter way to where it is too late, some other is in time.
    late.is_sure = workflow.body.first().and_then(|first| times.to_end(first)) >= Some(limit);
    late.is_sure.then(|| tell(workflow, &times, &late))
}

/// Reports ways that are too long where others are not.
pub(super) fn some_ways(model: &Model, workflow: &Workflow) -> Vec<Diagnostic> {
    let Some(times) = Times::new(model, &workflow.body) else { return by_counter(model, workflow) };
    let limit = workflow.timeout.seconds;
    let is_over = |id: StepId| times.through(id).is_some_and(|seconds| seconds >= limit);
    let mut told = BTreeSet::new();
    let turns = workflow.body.iter().filter(|(id, _)| is_over(*id) && times.before(*id).all(|from| !is_over(from)));
    let late = turns.filter_map(|(id, _)| times.first_too_late(id, limit));
    let found: Vec<Diagnostic> =
        late.filter(|late| told.insert(late.at)).map(|late| tell(workflow, &times, &late)).collect();
    if found.is_empty() { by_counter(model, workflow) } else { found }
}

/// Reports loops that something may leave early, and that take too long if nothing does: what comes after the last round never runs.
fn by_counter(model: &Model, workflow: &Workflow) -> Vec<Diagnostic> {
    let limit = workflow.timeout.seconds;
    let mut found = Vec::new();
    workflow.body.bodies(&mut |body| {
        let Some(times) = Times::new(model, body) else { return };
        for Laps { rounds, lap, .. } in times.loops.iter().filter(|laps| !laps.alone) {
            let starts = times.starts.get(&rounds.leaves).copied().unwrap_or(0);
            let seconds = starts.saturating_add(rounds.back.saturating_mul(*lap));
            if *lap == 0 || seconds < limit {
                continue;
            }
            let message = format!(
                "this loop may go round {} times before its counter ends it, which takes {} at least, and the workflow may take {} in all",
                rounds.back,
                Duration::seconds(seconds),
                workflow.timeout
            );
            found.push(
                Diagnostic::new(Code::EVC0562, body.step(rounds.leaves).kind_span, message)
                    .label("what comes after the last round is never come to")
                    .on(item(workflow))
                    .secondary(body.step(rounds.counts).kind_span, "each round is counted here")
                    .secondary(workflow.timeout_span, format!("ends after {}", workflow.timeout))
                    .note(format!("each round waits {}", Duration::seconds(*lap)))
                    .note("an execution that takes too long ends where it is: no `catch` is looked at, and nothing is compensated")
                    .help("let it go round less often, shorten the waits, or give the workflow a longer `timeout`"),
            );
        }
    });
    found
}

/// Of each loop that counts, the step by which it is left, and how many seconds its rounds wait if nothing else leaves it.
pub(super) fn again(model: &Model, body: &Body) -> Vec<(StepId, u64)> {
    let Some(times) = Times::new(model, body) else { return Vec::new() };
    times.loops.iter().map(|laps| (laps.rounds.leaves, laps.rounds.back.saturating_mul(laps.lap))).collect()
}

/// A step that is over too late.
struct Late {
    at: StepId,
    /// By way of this one.
    by: StepId,
    /// How much has gone by at least.
    seconds: u64,
    /// Whether no way is shorter.
    is_sure: bool,
}

fn tell(workflow: &Workflow, times: &Times<'_>, late: &Late) -> Diagnostic {
    let (step, by) = (times.body.step(late.at), times.body.step(late.by));
    let time = Duration::seconds(late.seconds);
    let (code, way) = if late.is_sure {
        (Code::EVC0509, String::new())
    } else if late.by == late.at {
        (Code::EVC0562, " on this way".to_owned())
    } else {
        (Code::EVC0562, format!(" by way of `{}`", by.name))
    };
    let message = format!(
        "up to the end of `{}`{way} the workflow waits {time} at least, and may take {} in all",
        step.name, workflow.timeout
    );
    let mut diagnostic = Diagnostic::new(code, step.kind_span, message)
        .on(item(workflow))
        .secondary(workflow.timeout_span, format!("ends after {}", workflow.timeout));
    if !late.is_sure && late.by != late.at {
        diagnostic = diagnostic.secondary(by.kind_span, "by way of this step");
    }
    if let Some((laps, seconds)) = times.rounds(late.at) {
        let each = Duration::seconds(seconds);
        diagnostic = diagnostic.note(format!("the loop goes round at least {laps} times, and each round waits {each}"));
    }
    diagnostic.help("shorten the waits, or give the workflow a longer `timeout`")
}

/// A loop that counts.
struct Laps {
    round: BTreeSet<StepId>,
    rounds: rounds::Rounds,
    /// How many seconds a round lasts.
    lap: u64,
    /// Whether nothing but its counter ends it.
    alone: bool,
}

impl Laps {
    /// How many seconds all rounds but the first last where nothing but the counter ends it.
    fn again(&self) -> u64 {
        self.rounds.least.saturating_sub(1).saturating_mul(self.lap)
    }
}

/// How long the steps of a body last at least.
struct Times<'b> {
    body: &'b Body,
    /// Of each step, if it succeeds.
    lasts: Vec<u64>,
    /// The loops that count, inner ones before those around them.
    loops: Vec<Laps>,
    /// Until each step starts.
    starts: BTreeMap<StepId, u64>,
    /// From the start of each step to an end of the body.
    ends: BTreeMap<StepId, u64>,
}

impl<'b> Times<'b> {
    fn new(model: &Model, body: &'b Body) -> Option<Self> {
        if body.partial || body.steps.is_empty() {
            return None;
        }
        let lasts: Vec<u64> = body.steps.iter().map(|step| least(model, step)).collect();
        if lasts.iter().all(|seconds| *seconds == 0) {
            return None;
        }
        let (loops, starts, ends) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        let mut times = Self { body, lasts, loops, starts, ends };
        for counted in rounds::all(body) {
            times.count(&counted);
        }
        times.starts = shortest([(StepId(0), 0)], &|id| times.edges(id));
        let mut back: BTreeMap<StepId, Vec<(StepId, u64)>> = BTreeMap::new();
        let mut ends = Vec::new();
        for (id, step) in body.iter() {
            for (to, seconds) in times.edges(id) {
                back.entry(to).or_default().push((id, seconds));
            }
            let next = step.successors();
            if next.is_empty() || next.contains(&Next::End) {
                ends.push((id, times.lasts[id.0].saturating_add(times.leaves(id, None))));
            }
            if step.catch.iter().any(|catch| catch.then == Next::End) {
                ends.push((id, 0));
            }
        }
        times.ends = shortest(ends, &|id| back.get(&id).cloned().unwrap_or_default());
        Some(times)
    }

    /// Looks how long the laps of a loop last, after those of the loops in it.
    fn count(&mut self, counted: &Counted) {
        for inner in counted.inner.iter().filter(|inner| inner.anew == Anew::Always) {
            self.count(inner);
        }
        let (round, rounds) = (&counted.round, counted.rounds);
        let inside = |id: StepId| self.edges(id).into_iter().filter(|(to, _)| round.contains(to)).collect();
        let first: Vec<(StepId, u64)> = inside(rounds.counts);
        let Some(lap) = shortest(first, &inside).get(&rounds.counts).copied() else { return };
        let leads_out = |id: &StepId| {
            let out = |next: Next| !matches!(next, Next::Step(to) if round.contains(&to));
            self.body.step(*id).catch.iter().any(|catch| out(catch.then))
        };
        let alone = rounds.least > 0 && !round.iter().any(leads_out);
        self.loops.push(Laps { round: round.clone(), rounds, lap, alone });
    }

    /// Where a step leads, and after how long. What fails may do so at once.
    fn plain(&self, id: StepId) -> Vec<(StepId, u64)> {
        let caught = self.body.step(id).catch.iter().filter_map(|catch| match catch.then {
            Next::Step(to) => Some((to, 0)),
            Next::End => None,
        });
        self.body.onward(id).map(|to| (to, self.lasts[id.0])).chain(caught).collect()
    }

    /// The same, with all rounds of a loop that is left.
    fn edges(&self, id: StepId) -> Vec<(StepId, u64)> {
        let with = |(to, seconds): (StepId, u64)| (to, seconds.saturating_add(self.leaves(id, Some(to))));
        self.plain(id).into_iter().map(with).collect()
    }

    /// How long the other rounds last of the loops that are left here.
    fn leaves(&self, from: StepId, to: Option<StepId>) -> u64 {
        let left = |laps: &&Laps| laps.round.contains(&from) && to.is_none_or(|to| !laps.round.contains(&to));
        self.loops.iter().filter(left).filter(|laps| laps.alone).map(Laps::again).fold(0, u64::saturating_add)
    }

    /// The rounds of the loop that a step is in, where they count.
    fn rounds(&self, id: StepId) -> Option<(u64, u64)> {
        let laps = self.loops.iter().find(|laps| laps.alone && laps.round.contains(&id))?;
        (laps.again() > 0).then_some((laps.rounds.least, laps.lap))
    }

    /// The steps that lead to a step, errors included.
    fn before(&self, id: StepId) -> impl Iterator<Item = StepId> {
        let leads = move |from: &StepId| self.body.edges(*from).any(|to| to == id) && *from != id;
        self.body.iter().map(|(from, _)| from).filter(leads)
    }

    fn to_end(&self, id: StepId) -> Option<u64> {
        self.ends.get(&id).copied()
    }

    /// How long the shortest way lasts that comes by a step.
    fn through(&self, id: StepId) -> Option<u64> {
        Some(self.starts.get(&id)?.saturating_add(self.to_end(id)?))
    }

    /// The first step of the shortest way on from one that is over too late.
    fn first_too_late(&self, by: StepId, limit: u64) -> Option<Late> {
        let (mut at, mut gone) = (by, *self.starts.get(&by)?);
        let mut seen = BTreeSet::new();
        while seen.insert(at) {
            let left = self.to_end(at)?;
            let next = self
                .edges(at)
                .into_iter()
                .find(|(to, seconds)| self.to_end(*to).is_some_and(|rest| rest.saturating_add(*seconds) == left));
            let lasts = next.map_or(left, |(_, seconds)| seconds);
            gone = gone.saturating_add(lasts);
            if gone >= limit {
                return Some(Late { at, by, seconds: gone, is_sure: false });
            }
            at = next?.0;
        }
        None
    }
}

/// How far each step is from some, along edges of a length.
fn shortest(
    from: impl IntoIterator<Item = (StepId, u64)>,
    edges: &dyn Fn(StepId) -> Vec<(StepId, u64)>,
) -> BTreeMap<StepId, u64> {
    let mut known = BTreeMap::new();
    let mut work: BTreeSet<(u64, StepId)> = from.into_iter().map(|(id, seconds)| (seconds, id)).collect();
    while let Some((seconds, id)) = work.pop_first() {
        if known.contains_key(&id) {
            continue;
        }
        known.insert(id, seconds);
        work.extend(edges(id).into_iter().map(|(to, more)| (seconds.saturating_add(more), to)));
    }
    known
}

/// How many seconds a step lasts at least if it succeeds.
fn least(model: &Model, step: &Step) -> u64 {
    let own = laps::waits_for(model, step).unwrap_or(0);
    let inside = step.nested().into_iter().map(|nested| {
        let body = Times::new(model, nested.body).and_then(|times| times.to_end(nested.body.first()?)).unwrap_or(0);
        let rounds = match nested.rounds {
            Rounds::One => 1,
            Rounds::EachItem { concurrency } => {
                items(model, step).least.div_ceil(concurrency.map_or(MOST_ROUNDS, |at_once| at_once.value).max(1))
            }
        };
        body.saturating_mul(rounds)
    });
    inside.max().unwrap_or(0).max(own)
}
