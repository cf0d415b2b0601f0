//! Loops that count: a variable that starts with a literal, that each round adds a literal to, and by which the loop is left. A loop in it has
//! a counter of its own, which may be set to a literal again on each lap of the outer one.

use std::collections::{BTreeMap, BTreeSet};

use crate::expr::{Facts, Plain, Template};
use crate::model::{Body, Loops, Next, Step, StepId};
use crate::types::Bound;

/// How often a loop goes round, as far as its counter says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rounds {
    /// At least, when nothing fails. 0 where something else may end it.
    pub(super) least: u64,
    /// At most.
    pub(super) most: u64,
    /// How often it goes back at least, where only the counter ends it.
    pub(super) back: u64,
    /// The step that counts.
    pub(super) counts: StepId,
    /// The step that leaves it.
    pub(super) leaves: StepId,
}

/// A loop that counts, with those in it.
#[derive(Debug)]
pub(super) struct Counted {
    /// Its steps.
    pub(super) round: BTreeSet<StepId>,
    /// How often it goes round, each time that it is come to with its counter set anew.
    pub(super) rounds: Rounds,
    /// When its counter is set anew by the loop around it.
    pub(super) anew: Anew,
    /// The loops in it that count, which a lap may go round in its turn.
    pub(super) inner: Vec<Self>,
}

/// On which laps of a loop the counter of one in it is set anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anew {
    /// On none: the inner loop goes round as often as it does, however often it is come to.
    Never,
    /// On some, as far as is known.
    Maybe,
    /// On each.
    Always,
}

/// The loops of a body that count.
pub(super) fn all(body: &Body) -> Vec<Counted> {
    body.loops().iter().filter_map(|round| with_inner(body, round, Anew::Always)).collect()
}

/// How often each step of loops that count runs at most, loops in loops multiplied.
pub(super) fn times(body: &Body) -> BTreeMap<StepId, u64> {
    fn add(one: &Counted, around: u64, times: &mut BTreeMap<StepId, u64>) {
        let own = match one.anew {
            Anew::Never => one.rounds.most.saturating_add(around),
            Anew::Maybe | Anew::Always => one.rounds.most.saturating_mul(around),
        };
        times.extend(one.round.iter().map(|id| (*id, own)));
        for inner in &one.inner {
            add(inner, own, times);
        }
    }
    let mut times = BTreeMap::new();
    for one in all(body) {
        add(&one, 1, &mut times);
    }
    times
}

/// How often a loop of a body goes round, if a counter says so.
pub(super) fn counted(body: &Body, round: &BTreeSet<StepId>) -> Option<Rounds> {
    counter(body, round).map(|(_, rounds, _)| rounds)
}

fn with_inner(body: &Body, round: &BTreeSet<StepId>, anew: Anew) -> Option<Counted> {
    let (_, rounds, inner) = counter(body, round)?;
    let inner = inner.iter().filter_map(|inner| {
        let (name, ..) = counter(body, inner)?;
        let sets = |id: &StepId| body.step(*id).assigns().any(|other| other == name);
        let mut sets = round.difference(inner).copied().filter(sets).peekable();
        let anew = if sets.peek().is_none() {
            Anew::Never
        } else if sets.any(|set| is_on_every_lap_of(body, round, set, rounds.counts)) {
            Anew::Always
        } else {
            Anew::Maybe
        };
        with_inner(body, inner, anew)
    });
    Some(Counted { round: round.clone(), rounds, anew, inner: inner.collect() })
}

/// The counter of a loop, and the loops in it that it does not count.
fn counter<'b>(body: &'b Body, round: &BTreeSet<StepId>) -> Option<(&'b str, Rounds, Vec<BTreeSet<StepId>>)> {
    body.variables.iter().find_map(|variable| {
        let (rounds, inner) = counter_of(body, round, &variable.name, variable.value.as_ref())?;
        Some((variable.name.as_str(), rounds, inner))
    })
}

fn counter_of(
    body: &Body,
    round: &BTreeSet<StepId>,
    variable: &str,
    first: Option<&Template>,
) -> Option<(Rounds, Vec<BTreeSet<StepId>>)> {
    let mut starts = vec![number(first?)?];
    let mut counts = None;
    for (id, step) in body.iter().filter(|(_, step)| step.assigns().any(|name| name == variable)) {
        if !round.contains(&id) {
            // Before the loop is come to, or between two times.
            starts.push(number(step.assign.iter().find(|set| set.name.value == variable)?.value.as_ref()?)?);
        } else if counts.replace(id).is_some() {
            return None;
        }
    }
    let counts = counts?;
    let by = steps_by(body.step(counts), variable)?;
    let inner = laps_without(body, round, counts);
    let chooses = |id: &StepId| body.step(*id).successors().len() > 1 && !inner.iter().any(|inner| inner.contains(id));
    for leaves in round.iter().copied().filter(chooses) {
        let stays = |first: &f64| stays(body, round, leaves, (variable, *first, by));
        let Some(stays) = starts.iter().map(stays).collect::<Option<Vec<(u64, bool)>>>() else { continue };
        if laps_without(body, round, leaves).iter().any(|beside| beside.contains(&counts)) {
            continue;
        }
        let (least, most) =
            (stays.iter().map(|(stays, _)| *stays).min()?, stays.iter().map(|(stays, _)| *stays).max()?);
        let alone = stays.iter().all(|(_, alone)| *alone);
        // Whether it is asked before a round is counted or after makes one round more or less.
        let rounds =
            Rounds { least: if alone { least } else { 0 }, most: most.saturating_add(1), back: least, counts, leaves };
        return Some((rounds, inner));
    }
    None
}

/// The loops that are left of a loop when a step in it does not succeed.
fn laps_without(body: &Body, round: &BTreeSet<StepId>, passes: StepId) -> Vec<BTreeSet<StepId>> {
    let edges = |(id, step): (StepId, &Step)| {
        if !round.contains(&id) {
            return Vec::new();
        }
        let caught = step.catch.iter().filter_map(|catch| match catch.then {
            Next::Step(to) => Some(to),
            Next::End => None,
        });
        let on: Vec<StepId> = if id == passes { Vec::new() } else { body.onward(id).collect() };
        on.into_iter().chain(caught).filter(|to| round.contains(to)).collect()
    };
    let edges: Vec<Vec<StepId>> = body.iter().map(edges).collect();
    Loops::along(&edges).iter().cloned().collect()
}

/// Whether a step succeeds on each lap of a loop that a counter counts.
fn is_on_every_lap_of(body: &Body, round: &BTreeSet<StepId>, passes: StepId, counts: StepId) -> bool {
    passes == counts || laps_without(body, round, passes).iter().all(|lap| !lap.contains(&counts))
}

/// How often a choice can be taken that stays in the loop, and whether nothing but the counter leaves the loop when all is well.
fn stays(
    body: &Body,
    round: &BTreeSet<StepId>,
    id: StepId,
    (variable, first, by): (&str, f64, f64),
) -> Option<(u64, bool)> {
    let step = body.step(id);
    let ways: Vec<(Next, Facts)> = step.successors().into_iter().zip(step.established(&step.scope)).collect();
    let is_in = |next: &Next| matches!(next, Next::Step(to) if round.contains(to));
    let limit = |facts: &Facts, up: bool| facts.bound(variable, up);
    // The farthest value with which it stays.
    let mut farthest: Option<f64> = None;
    let reached = reached(&ways, &is_in, (variable, first, by));
    for (_, facts) in ways.iter().filter(|(next, _)| is_in(next)) {
        let bound = limit(facts, by > 0.0).or(reached)?;
        let value = match (by > 0.0, bound.open) {
            (true, true) => bound.value.ceil() - 1.0,
            (true, false) => bound.value.floor(),
            (false, true) => bound.value.floor() + 1.0,
            (false, false) => bound.value.ceil(),
        };
        farthest = Some(farthest.map_or(value, |known| if by > 0.0 { known.max(value) } else { known.min(value) }));
    }
    let laps = ((farthest? - first) / by).floor();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "beyond all rounds is still beyond them"
    )]
    let laps = if laps > 0.0 { laps as u64 } else { 0 };
    let by_counter = ways.iter().filter(|(next, _)| !is_in(next)).all(|(_, facts)| limit(facts, by < 0.0).is_some());
    let others = round.iter().filter(|other| **other != id).map(|other| body.step(*other));
    let alone = by_counter && others.map(Step::successors).all(|next| !next.is_empty() && next.iter().all(is_in));
    Some((laps, alone))
}

/// The last value with which a loop goes on that is left at one value alone, `i = 100`, if the counter comes to that one.
fn reached(
    ways: &[(Next, Facts)],
    is_in: &dyn Fn(&Next) -> bool,
    (variable, first, by): (&str, f64, f64),
) -> Option<Bound> {
    let mut leaving = ways.iter().filter(|(next, _)| !is_in(next));
    let (Some((_, facts)), None) = (leaving.next(), leaving.next()) else { return None };
    let (least, most) = (facts.bound(variable, false)?, facts.bound(variable, true)?);
    let laps = (least.value - first) / by;
    let is_reached =
        !least.open && !most.open && least.value.total_cmp(&most.value).is_eq() && laps >= 1.0 && laps.fract() == 0.0;
    is_reached.then_some(Bound { value: least.value - by, open: false })
}

/// By how much a step counts a variable, if it does.
fn steps_by(step: &Step, variable: &str) -> Option<f64> {
    let set = step.assign.iter().find(|set| set.name.value == variable)?;
    let Some(Template::Expr(expr)) = &set.value else { return None };
    expr.steps_by(variable).filter(|by| *by != 0.0)
}

/// The number that a literal says.
fn number(template: &Template) -> Option<f64> {
    let Template::Expr(expr) = template else { return None };
    let Some(Plain::Literal(value)) = expr.plain() else { return None };
    value.as_f64()
}

/// Whether a step succeeds on each way round a loop: without the ways on from it, there is no loop.
pub(super) fn is_on_every_lap(body: &Body, round: &BTreeSet<StepId>, passes: StepId) -> bool {
    laps_without(body, round, passes).is_empty()
}

/// What a lap writes at least and at most, beginning and ending with the step that counts.
pub(super) fn lap(
    body: &Body,
    round: &BTreeSet<StepId>,
    start: StepId,
    weight: &dyn Fn(StepId) -> (u64, u64),
) -> (u64, u64) {
    let on = |id: StepId| body.edges(id).filter(move |to| round.contains(to));
    // The shortest way back, when nothing fails.
    let mut seen = BTreeSet::new();
    let mut work = BTreeSet::from([(weight(start).0, start)]);
    let mut least = 0;
    while let Some((written, id)) = work.pop_first() {
        if !seen.insert(id) {
            continue;
        }
        if body.onward(id).any(|to| to == start) {
            least = written;
            break;
        }
        let next = body.onward(id).filter(|to| round.contains(to));
        work.extend(next.map(|to| (written.saturating_add(weight(to).0), to)));
    }
    // The longest way that comes to no step twice.
    let mut known: BTreeMap<StepId, u64> = BTreeMap::new();
    let mut stack = vec![(start, false)];
    while let Some((id, is_done)) = stack.pop() {
        if is_done {
            let after = on(id).filter(|to| *to != start).filter_map(|to| known.get(&to)).max().copied().unwrap_or(0);
            known.insert(id, weight(id).1.saturating_add(after));
        } else if known.insert(id, 0).is_none() {
            stack.push((id, true));
            stack.extend(on(id).filter(|to| !known.contains_key(to)).map(|to| (to, false)));
        }
    }
    (least, known.get(&start).copied().unwrap_or(0))
}
