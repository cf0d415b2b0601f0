//! Loops that count: a variable that starts with a literal, that each round adds a literal to, and by which the loop is left. A step
//! outside of the loop may let it start again with a literal, as it is with a loop inside of another.

use std::collections::{BTreeMap, BTreeSet};

use crate::expr::{Facts, Plain, Template};
use crate::model::{Body, Next, Step, StepId};
use crate::types::Bound;

/// How often a loop goes round, as far as its counter says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rounds {
    /// At least, when nothing fails. 0 where something else may end it.
    pub(super) least: u64,
    /// At most.
    pub(super) most: u64,
    /// At least, where it is left because of the counter.
    pub(super) by_counter: u64,
    /// The step that counts.
    pub(super) counts: StepId,
    /// The step that leaves it.
    pub(super) leaves: StepId,
    /// The place of the counter among the variables of the body.
    variable: usize,
}

/// How often a loop of a body goes round, if a counter says so.
pub(super) fn counted(body: &Body, round: &BTreeSet<StepId>) -> Option<Rounds> {
    for (at, variable) in body.variables.iter().enumerate() {
        let sets = body.iter().filter(|(_, step)| step.assigns().any(|name| name == variable.name));
        let (inside, outside): (Vec<_>, Vec<_>) = sets.partition(|(id, _)| round.contains(id));
        let [(counts, step)] = inside.as_slice() else { continue };
        let set = outside.iter().map(|(_, step)| set_to(step, &variable.name));
        let firsts: Option<Vec<f64>> = variable.value.iter().map(number).chain(set).collect();
        let Some(firsts) = firsts.filter(|firsts| !firsts.is_empty()) else { continue };
        let Some(by) = steps_by(step, &variable.name) else { continue };
        if !is_on_every_lap(body, round, *counts) && !is_around_others(body, round, *counts) {
            continue;
        }
        for leaves in round.iter().copied().filter(|id| body.step(*id).successors().len() > 1) {
            let of = |first: &f64| stays(body, round, leaves, (&variable.name, *first, by));
            let Some(all) = firsts.iter().map(of).collect::<Option<Vec<_>>>() else { continue };
            if is_on_every_lap(body, round, leaves) || !comes_back_without(body, round, *counts, leaves) {
                let alone = all.iter().all(|(_, alone)| *alone);
                let least = all.iter().map(|(stays, _)| *stays).min().filter(|_| alone).unwrap_or(0);
                let most = all.iter().map(|(stays, _)| *stays).max().unwrap_or(0);
                // Whether it is asked before a round is counted or after makes one round more or less.
                let by_counter = all.iter().map(|(stays, _)| *stays).min().unwrap_or(0);
                let most = most.saturating_add(1);
                return Some(Rounds { least, most, by_counter, counts: *counts, leaves, variable: at });
            }
        }
    }
    None
}

/// Where a loop leads that is left because of its counter.
pub(super) fn by_counter(body: &Body, round: &BTreeSet<StepId>, of: Rounds) -> Vec<Next> {
    let Some(variable) = body.variables.get(of.variable) else { return Vec::new() };
    let Some(by) = steps_by(body.step(of.counts), &variable.name) else { return Vec::new() };
    let step = body.step(of.leaves);
    let ways = || step.successors().into_iter().zip(step.established(&step.scope));
    let leads_out = |next: &Next| !matches!(next, Next::Step(to) if round.contains(to));
    // Where another way leads as well, nobody knows which was taken.
    let is_bound = |facts: &Facts| facts.bound(&variable.name, by < 0.0).is_some();
    let taken = ways().map(|(next, _)| next).filter(leads_out);
    taken.filter(|to| ways().all(|(next, facts)| next != *to || is_bound(&facts))).collect()
}

/// Whether each lap of a loop that passes `counts` lets the counter of another one start again, which is inside of it.
pub(super) fn starts_again(
    body: &Body,
    (round, counts): (&BTreeSet<StepId>, StepId),
    inner: &BTreeSet<StepId>,
    of: Rounds,
) -> bool {
    let Some(variable) = body.variables.get(of.variable) else { return false };
    round
        .difference(inner)
        .any(|id| set_to(body.step(*id), &variable.name).is_some() && !comes_back_without(body, round, counts, *id))
}

/// Whether all ways round a loop that do not pass a step are loops that count themselves.
fn is_around_others(body: &Body, round: &BTreeSet<StepId>, counts: StepId) -> bool {
    let is_back = |next: Next| matches!(next, Next::Step(to) if round.contains(&to));
    let is_counted = |inner: &BTreeSet<StepId>| inner.len() < round.len() && counted(body, inner).is_some();
    !body.step(counts).catch.iter().any(|catch| is_back(catch.then))
        && body.loops_among(&|id| round.contains(&id) && id != counts).iter().all(is_counted)
}

/// Whether a way leads from a step of a loop back to it on which another one does not succeed.
fn comes_back_without(body: &Body, round: &BTreeSet<StepId>, from: StepId, without: StepId) -> bool {
    let mut seen = BTreeSet::new();
    let mut work = vec![from];
    while let Some(id) = work.pop() {
        let caught = body.step(id).catch.iter().filter_map(|catch| match catch.then {
            Next::Step(to) => Some(to),
            Next::End => None,
        });
        let on: Vec<StepId> = if id == without { Vec::new() } else { body.onward(id).collect() };
        for to in on.into_iter().chain(caught).filter(|to| round.contains(to)) {
            if to == from {
                return true;
            }
            if seen.insert(to) {
                work.push(to);
            }
        }
    }
    false
}

/// The number that a step sets a variable to.
fn set_to(step: &Step, variable: &str) -> Option<f64> {
    let set = step.assign.iter().find(|set| set.name.value == variable)?;
    number(set.value.as_ref()?)
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

/// Whether a step succeeds on each way round a loop: without the ways on from it, the loop has an order.
pub(super) fn is_on_every_lap(body: &Body, round: &BTreeSet<StepId>, passes: StepId) -> bool {
    let edges = |id: StepId| {
        let caught = body.step(id).catch.iter().filter_map(|catch| match catch.then {
            Next::Step(to) => Some(to),
            Next::End => None,
        });
        let on: Vec<StepId> = if id == passes { Vec::new() } else { body.onward(id).collect() };
        on.into_iter().chain(caught)
    };
    let mut into: BTreeMap<StepId, usize> = round.iter().map(|id| (*id, 0)).collect();
    for to in round.iter().flat_map(|id| edges(*id)) {
        if let Some(count) = into.get_mut(&to) {
            *count += 1;
        }
    }
    let mut work: Vec<StepId> = into.iter().filter(|(_, count)| **count == 0).map(|(id, _)| *id).collect();
    let mut ordered = 0;
    while let Some(id) = work.pop() {
        ordered += 1;
        for to in edges(id) {
            if let Some(count) = into.get_mut(&to) {
                *count -= 1;
                if *count == 0 {
                    work.push(to);
                }
            }
        }
    }
    ordered == into.len()
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
