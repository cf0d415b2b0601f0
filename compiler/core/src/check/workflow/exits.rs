//! Loops that nothing leaves, because no way out of them is ever taken: by the types of what conditions ask of, and by what variables are
//! set to. The bodies are gone through only on ways that may be taken, as in Wegman and Zadeck's constant propagation.

use std::collections::{BTreeMap, BTreeSet};

use super::conditions;
use crate::expr::{Expr, Holds, may_come};
use crate::model::{Body, Loops, Model, Next, Step, StepId};
use crate::types::{Kind, Type};

/// After how many visits of a step a bound that still moves is let go of.
const VISITS: u32 = 8;

/// A loop that nothing leaves.
#[derive(Debug)]
pub(super) struct Closed<'b> {
    /// Its steps.
    pub(super) steps: BTreeSet<StepId>,
    /// A condition of a choice that would leave it if it were otherwise, and whether it holds each time.
    pub(super) condition: (&'b Expr, bool),
}

/// The loops of a body that nothing leaves although some of their choices lead out.
pub(super) fn closed<'b>(model: &Model, body: &'b Body, loops: &Loops) -> Vec<Closed<'b>> {
    if body.partial || loops.iter().next().is_none() {
        return Vec::new();
    }
    let ways = Ways::new(model, body, loops, None);
    let mut found: Vec<Closed<'b>> = Vec::new();
    for round in loops.iter() {
        // One step in it that is come to leads to all that matter: those that are come to again.
        for start in round.iter().filter(|id| ways.before.contains_key(id)) {
            let after = ways.after(*start);
            let is_told = found.iter().any(|closed| closed.steps.contains(start));
            if is_told || !after.contains(start) || !after.is_subset(round) || after.iter().any(|id| ways.ends(*id)) {
                continue;
            }
            let condition = after.iter().find_map(|id| ways.decided(*id));
            found.extend(condition.map(|condition| Closed { steps: after, condition }));
        }
    }
    found
}

/// The same where a step fails each time, so that one `catch` of it leads on: the loop that is not left then.
pub(super) fn closed_by_error<'b>(
    model: &Model,
    body: &'b Body,
    loops: &Loops,
    (fails, to): (StepId, StepId),
) -> Option<Closed<'b>> {
    let ways = Ways::new(model, body, loops, Some((fails, to)));
    let steps = ways.after(fails);
    if !steps.contains(&fails) || steps.iter().any(|id| ways.ends(*id)) {
        return None;
    }
    let condition = steps.iter().find_map(|id| ways.decided(*id))?;
    Some(Closed { steps, condition })
}

/// Where steps lead, as far as it is known which ways may be taken.
struct Ways<'m, 'b> {
    model: &'m Model,
    body: &'b Body,
    /// The names whose values make a difference.
    asked: BTreeSet<&'b str>,
    /// The conditions of the choices in loops, where none of them is wrong.
    conditions: BTreeMap<StepId, Vec<&'b Expr>>,
    /// A step that fails each time, and where that leads.
    fails: Option<(StepId, StepId)>,
    /// What is known where each step starts, of those that are come to.
    before: BTreeMap<StepId, Holds>,
}

impl<'m, 'b> Ways<'m, 'b> {
    fn new(model: &'m Model, body: &'b Body, loops: &Loops, fails: Option<(StepId, StepId)>) -> Self {
        let in_loops = body.iter().filter(|(id, _)| loops.has(*id));
        let conditions: BTreeMap<StepId, Vec<&Expr>> =
            in_loops.filter_map(|(id, step)| Some((id, sound(model, step)?))).collect();
        let asked = asked(body, conditions.values().flatten().copied());
        let mut ways = Self { model, body, asked, conditions, fails, before: BTreeMap::new() };
        let mut start = Holds::default();
        for variable in &body.variables {
            start.set(&variable.name, variable.value.as_ref(), &Holds::default());
        }
        start.retain(|name| ways.asked.contains(name));
        ways.before.extend(body.first().map(|first| (first, start)));
        let mut visits: BTreeMap<StepId, u32> = BTreeMap::new();
        let mut work = BTreeSet::from_iter(body.first());
        while let Some(id) = work.pop_first() {
            let visit = visits.entry(id).or_default();
            *visit += 1;
            let far = *visit > VISITS;
            for (to, after) in ways.edges(id) {
                let met = match ways.before.get(&to) {
                    Some(known) => known.meet(&after, far),
                    None => after,
                };
                if ways.before.get(&to) != Some(&met) {
                    ways.before.insert(to, met);
                    work.insert(to);
                }
            }
        }
        ways
    }

    /// Which of the ways of a step may be taken when it does not fail, in their order.
    fn may(&self, id: StepId) -> Vec<(Next, bool)> {
        let step = self.body.step(id);
        let next = step.successors();
        let may = match (self.before.get(&id), self.conditions.get(&id)) {
            (Some(known), Some(conditions)) => may_come(conditions, &step.scope, &self.model.types, known),
            _ => vec![true; next.len()],
        };
        next.into_iter().zip(may).collect()
    }

    /// Where a step may lead, and what is known there.
    fn edges(&self, id: StepId) -> Vec<(StepId, Holds)> {
        let step = self.body.step(id);
        let Some(before) = self.before.get(&id) else { return Vec::new() };
        if let Some((_, to)) = self.fails.filter(|(fails, _)| *fails == id) {
            return vec![(to, before.clone())];
        }
        let mut after = before.clone();
        if step.result.is_some() {
            after.set(&step.name, step.values(), before);
        }
        // All values are made of what the variables held before.
        let from = after.clone();
        for set in &step.assign {
            after.set(&set.name.value, set.value.as_ref(), &from);
        }
        after.retain(|name| self.asked.contains(name));
        let on = self.may(id).into_iter().filter(|(_, may)| *may).map(|(next, _)| (next, after.clone()));
        let caught = step.catch.iter().map(|catch| (catch.then, before.clone()));
        on.chain(caught)
            .filter_map(|(next, known)| match next {
                Next::Step(to) => Some((to, known)),
                Next::End => None,
            })
            .collect()
    }

    /// Whether the body may end with a step, caught errors aside.
    fn ends(&self, id: StepId) -> bool {
        if self.fails.is_some_and(|(fails, _)| fails == id) {
            return false;
        }
        let may = self.may(id);
        let caught = self.body.step(id).catch.iter().any(|catch| catch.then == Next::End);
        may.is_empty() || caught || may.contains(&(Next::End, true))
    }

    /// The steps that a step may lead to.
    fn after(&self, start: StepId) -> BTreeSet<StepId> {
        let mut found = BTreeSet::new();
        let mut work = vec![start];
        while let Some(id) = work.pop() {
            work.extend(self.edges(id).into_iter().map(|(to, _)| to).filter(|to| found.insert(*to)));
        }
        found
    }

    /// The condition of a choice that decides that a way is never taken, and whether it holds each time.
    fn decided(&self, id: StepId) -> Option<(&'b Expr, bool)> {
        let may = self.may(id);
        if may.iter().all(|(_, may)| *may) {
            return None;
        }
        let conditions = self.conditions.get(&id)?;
        let holds = may.iter().position(|(_, may)| *may)?;
        // If the one way that is left is not the first, what would have led elsewhere never holds.
        match conditions.get(holds) {
            Some(condition) if may[holds + 1..].iter().all(|(_, may)| !may) => Some((condition, true)),
            Some(_) | None => {
                let never = may.iter().position(|(_, may)| !may)?;
                Some((conditions.get(never)?, false))
            }
        }
    }
}

/// The names that conditions ask of, and those that these are set to.
fn asked<'b>(body: &'b Body, conditions: impl Iterator<Item = &'b Expr>) -> BTreeSet<&'b str> {
    let mut asked: BTreeSet<&str> = conditions.flat_map(Expr::references).map(|name| name.value).collect();
    loop {
        let set = body.steps.iter().flat_map(|step| {
            let own = step.values().map(|values| (step.name.as_str(), values));
            let assigned = step.assign.iter().filter_map(|set| Some((set.name.value.as_str(), set.value.as_ref()?)));
            own.into_iter().chain(assigned)
        });
        let of = set.filter(|(name, _)| asked.contains(name)).flat_map(|(_, value)| value.references());
        let more: Vec<&str> = of.map(|name| name.value).filter(|name| !asked.contains(name)).collect();
        if more.is_empty() {
            return asked;
        }
        asked.extend(more);
    }
}

/// The conditions of a choice, if none of them is wrong.
fn sound<'b>(model: &Model, step: &'b Step) -> Option<Vec<&'b Expr>> {
    let boolean = Type { kind: Kind::Boolean, span: step.kind_span };
    let is_sound = |expr: &&Expr| expr.check_as(&boolean, &step.scope, &model.types).is_empty();
    conditions(step).filter(|conditions| conditions.iter().all(is_sound))
}
