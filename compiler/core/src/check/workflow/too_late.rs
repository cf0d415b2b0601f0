//! Waits on the way to the end of a workflow, which come to more than the workflow may take: on every way, or on some.
//!
//! A step lasts as long as it is sure to if it succeeds, and no time if it fails with what is caught. A loop that counts its rounds is gone round
//! as often as its counter says where it is left because of that.

use std::collections::{BTreeMap, BTreeSet};

use super::concurrency::MOST_ROUNDS;
use super::{item, items, laps, rounds};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Body, Loops, Model, Next, Rounds, Step, StepId, Workflow};
use crate::spec::scalar::Duration;

/// Reports waits that certainly outlast the workflow together, whatever way it goes.
pub(super) fn whatever_way(model: &Model, workflow: &Workflow) -> Option<Diagnostic> {
    let times = Times::new(model, &workflow.body)?;
    let limit = workflow.timeout.seconds;
    let mut late = times.first_too_late(StepId(0), limit)?;
    // If there is a shorter way to where it is too late, some other is in time.
    late.is_sure = times.to_end(StepId(0)) >= Some(limit);
    late.is_sure.then(|| tell(workflow, &times, &late))
}

/// Reports ways that are too long where others are not.
pub(super) fn some_ways(model: &Model, workflow: &Workflow) -> Vec<Diagnostic> {
    let Some(times) = Times::new(model, &workflow.body) else { return Vec::new() };
    let limit = workflow.timeout.seconds;
    let is_over = |id: StepId| times.through(id).is_some_and(|seconds| seconds >= limit);
    let mut told = BTreeSet::new();
    let turns = workflow.body.iter().filter(|(id, _)| is_over(*id) && times.before(*id).all(|from| !is_over(from)));
    let late = turns.filter_map(|(id, _)| times.first_too_late(id, limit));
    late.filter(|late| told.insert(late.at)).map(|late| tell(workflow, &times, &late)).collect()
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

/// How often a loop is gone round after the first time.
struct Again {
    /// At least, whatever leaves it.
    laps: u64,
    /// At least, where the counter is why it is left.
    by_counter: u64,
    /// How long a round lasts.
    seconds: u64,
    /// The step where the counter leaves it, and the ways that it takes.
    leaves: StepId,
    ways: Vec<Next>,
}

/// How long the steps of a body last at least.
struct Times<'b> {
    body: &'b Body,
    loops: Loops,
    /// Of each step, if it succeeds.
    lasts: Vec<u64>,
    /// Of each loop that counts, by its first step.
    again: BTreeMap<StepId, Again>,
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
        let (again, starts, ends) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut times = Self { body, loops: body.loops(), lasts, again, starts, ends };
        times.again = times.loops.iter().filter_map(|round| Some((*round.first()?, times.counted(round)?))).collect();
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

    /// How often a loop is gone round again after the first time, as far as its counter says.
    fn counted(&self, round: &BTreeSet<StepId>) -> Option<Again> {
        let rounds = rounds::counted(self.body, round)?;
        let leads_out = |id: &StepId| {
            let out = |next: Next| !matches!(next, Next::Step(to) if round.contains(&to));
            self.body.step(*id).catch.iter().any(|catch| out(catch.then))
        };
        let may_fail = round.iter().any(leads_out);
        let inside = |id: StepId| self.plain(id).into_iter().filter(|(to, _)| round.contains(to)).collect();
        let first: Vec<(StepId, u64)> = self.plain(rounds.counts);
        let back = shortest(first, &inside);
        Some(Again {
            laps: if may_fail { 0 } else { rounds.least.saturating_sub(1) },
            by_counter: rounds.by_counter.saturating_sub(1),
            seconds: *back.get(&rounds.counts)?,
            leaves: rounds.leaves,
            ways: rounds::by_counter(self.body, round, rounds),
        })
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

    /// How long the other rounds last of a loop that is left here.
    fn leaves(&self, from: StepId, to: Option<StepId>) -> u64 {
        let Some(round) = self.loops.around(from).filter(|round| to.is_none_or(|to| !round.contains(&to))) else {
            return 0;
        };
        let Some(again) = round.first().and_then(|first| self.again.get(first)) else { return 0 };
        let is_counter = from == again.leaves && again.ways.contains(&to.map_or(Next::End, Next::Step));
        let laps = if is_counter { again.by_counter.max(again.laps) } else { again.laps };
        laps.saturating_mul(again.seconds)
    }

    /// The rounds of the loop that a step is in, where they count.
    fn rounds(&self, id: StepId) -> Option<(u64, u64)> {
        let again = self.again.get(self.loops.around(id)?.first()?)?;
        let laps = if id == again.leaves { again.by_counter.max(again.laps) } else { again.laps };
        (laps > 0 && again.seconds > 0).then_some((laps + 1, again.seconds))
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
        let body = Times::new(model, nested.body).and_then(|times| times.to_end(StepId(0))).unwrap_or(0);
        let rounds = match nested.rounds {
            Rounds::One => 1,
            Rounds::EachItem { concurrency } => {
                let at_once = concurrency.map_or(MOST_ROUNDS, |at_once| at_once.value.max(1));
                items(model, step).least.div_ceil(at_once)
            }
        };
        body.saturating_mul(rounds)
    });
    inside.max().unwrap_or(0).max(own)
}
