//! Loops that count: a variable that starts with a literal, that each round adds a literal to, and by which the loop is left.

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
    /// The step that counts.
    pub(super) counts: StepId,
    /// The step that leaves it.
    pub(super) leaves: StepId,
}

/// How often a loop of a body goes round, if a counter says so.
pub(super) fn counted(body: &Body, round: &BTreeSet<StepId>) -> Option<Rounds> {
    for variable in &body.variables {
        let Some(first) = variable.value.as_ref().and_then(number) else { continue };
        let mut sets = body.iter().filter(|(_, step)| step.assigns().any(|name| name == variable.name));
        let (Some((counts, step)), None) = (sets.next(), sets.next()) else { continue };
        let Some(by) = steps_by(step, &variable.name) else { continue };
        if !round.contains(&counts) || !is_on_every_lap(body, round, counts) {
            continue;
        }
        for leaves in round.iter().copied().filter(|id| body.step(*id).successors().len() > 1) {
            let Some((stays, alone)) = stays(body, round, leaves, (&variable.name, first, by)) else { continue };
            if is_on_every_lap(body, round, leaves) {
                // Whether it is asked before a round is counted or after makes one round more or less.
                return Some(Rounds {
                    least: if alone { stays } else { 0 },
                    most: stays.saturating_add(1),
                    counts,
                    leaves,
                });
            }
        }
    }
    None
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
