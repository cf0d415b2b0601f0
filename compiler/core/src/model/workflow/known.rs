//! What is known where each step of a body starts: the steps that every route to it has passed, and the variables that they have set.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::{Body, Next, Step, StepId};
use crate::diagnostics::list;
use crate::expr::{Defined, Expr, Facts, Scope, Template};
use crate::source::Span;
use crate::types::{Shown, Type, Types};

/// The name under which a caught error is known.
pub(super) const ERROR: &str = "error";

/// What is known where a step starts.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Known {
    /// On every route.
    always: BTreeSet<String>,
    /// On some route.
    sometimes: BTreeSet<String>,
    /// What conditions have established of their values on every route.
    pub(super) facts: Facts,
}

impl Known {
    /// What is known after these names were bound.
    pub(super) fn and<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Self {
        let mut known = self.clone();
        for name in names {
            known.always.insert(name.to_owned());
            known.sometimes.insert(name.to_owned());
            // It has another value now.
            known.facts.forget(name);
        }
        known
    }

    /// The same where a body starts, whose variables with a first value are known from there on. Of an earlier round of a loop
    /// around it, none has a value any more.
    pub(super) fn with_variables(&self, body: &Body) -> Self {
        let mut known = self.clone();
        for variable in &body.variables {
            known.always.remove(&variable.name);
            known.sometimes.remove(&variable.name);
            known.facts.forget(&variable.name);
        }
        let valued = body.variables.iter().filter(|variable| variable.starts_with_value());
        known.and(valued.map(|variable| variable.name.as_str()))
    }

    /// What is known after a variable that may have no value was set: if what it was set to is always there, so is it, until it is set
    /// again. `names` has what the value may refer to.
    pub(super) fn set(&mut self, name: &str, value: &Template, names: &Scope, types: &Types) {
        if !value.may_be_nothing(names, types) {
            self.facts = std::mem::take(&mut self.facts).and(&Facts::of(name, Vec::new(), Shown::present()));
        }
    }

    /// What is known where two routes meet.
    fn meet(&mut self, other: &Self) {
        self.always.retain(|name| other.always.contains(name));
        self.sometimes.extend(other.sometimes.iter().cloned());
        self.facts = std::mem::take(&mut self.facts).or(&other.facts);
    }

    /// Keeps what is known of some names.
    fn forget_all_but(&mut self, keep: impl Fn(&str) -> bool) {
        self.always.retain(|name| keep(name));
        self.sometimes.retain(|name| keep(name));
        self.facts.retain(keep);
    }

    /// The same where facts are known too.
    fn knowing(mut self, facts: &Facts) -> Self {
        self.facts = self.facts.and(facts);
        self
    }
}

/// What is known where an inner body starts, which has `names` of its own. One that catches errors itself has an `error` of its own.
pub(super) fn entering(body: &Body, names: &[(&str, Type)], known: &Known) -> Known {
    let mut known = known.clone();
    for (name, _) in names {
        known.facts.forget(name);
    }
    if body.steps.iter().any(|step| !step.catch.is_empty()) {
        known.always.remove(ERROR);
        known.sometimes.remove(ERROR);
        known.facts.forget(ERROR);
    }
    known
}

/// What is known where no route leads: as if everything before had run.
pub(super) fn all_of(outer: &Known, names: &IndexMap<String, Span>) -> Known {
    let all: BTreeSet<String> = names.keys().cloned().chain([ERROR.to_owned()]).collect();
    Known { sometimes: outer.sometimes.union(&all).cloned().collect(), always: all, facts: outer.facts.clone() }
}

/// What is known where each step starts; `None` for a step that nothing leads to. `names` has every name of the workflow.
pub(super) fn reach(body: &Body, start: &Known, names: &Scope, types: &Types) -> Vec<Option<Known>> {
    let mut known: Vec<Option<Known>> = vec![None; body.steps.len()];
    if known.is_empty() {
        return known;
    }
    let needed = needed(body);
    known[0] = Some(start.clone());
    // In the order written, so that a step is looked at once unless a loop leads back to it.
    let mut work = BTreeSet::from_iter(body.first());
    while let Some(id) = work.pop_first() {
        let Some(before) = known[id.0].clone() else { continue };
        for (to, mut after) in edges(body.step(id), &before, names, types) {
            after.forget_all_but(|name| needed.get(name).is_some_and(|last| *last >= to.0));
            let met = match &known[to.0] {
                None => after,
                Some(earlier) => {
                    let mut met = earlier.clone();
                    met.meet(&after);
                    met
                }
            };
            if known[to.0].as_ref() != Some(&met) {
                known[to.0] = Some(met);
                work.insert(to);
            }
        }
    }
    known
}

/// For each name that a step of a body refers to, steps inside of it included, up to which step something has to be known of it: the last
/// that does, or the end of a loop around that. So what is known of a workflow stays as small as what its steps pass on, and does not
/// grow with every step.
fn needed(body: &Body) -> IndexMap<String, usize> {
    // The farthest step from which one leads back to this one or before it.
    let mut until: Vec<usize> = (0..body.steps.len()).collect();
    for (id, _) in body.iter() {
        for to in body.edges(id).filter(|to| *to <= id) {
            until[to.0] = until[to.0].max(id.0);
        }
    }
    for at in 1..until.len() {
        until[at] = until[at].max(until[at - 1]);
    }
    for at in (0..until.len()).rev() {
        until[at] = until[until[at]];
    }
    let mut needed: IndexMap<String, usize> = IndexMap::new();
    for (id, step) in body.iter() {
        let mut refers = |expr: &Expr| {
            for name in expr.references() {
                needed.insert(name.value.to_owned(), until[id.0]);
            }
        };
        step.expressions().into_iter().for_each(&mut refers);
        for inner in step.bodies() {
            inner.bodies(&mut |body| {
                body.first_values().for_each(&mut refers);
                body.steps.iter().flat_map(Step::expressions).for_each(&mut refers);
            });
        }
    }
    needed
}

/// Where a step leads inside its body, and what is known there. A step that failed has neither a result nor set anything.
fn edges(step: &Step, before: &Known, names: &Scope, types: &Types) -> Vec<(StepId, Known)> {
    let own = step.result.as_ref().map(|_| step.name.as_str());
    let mut after = before.and(own.into_iter().chain(step.assigns()));
    let optional = step.assign.iter().filter(|assignment| assignment.optional);
    let valued = optional.filter_map(|set| Some((set.name.value.as_str(), set.value.as_ref()?)));
    for (name, value) in valued {
        // What it is made of is what was known before, with the step's own result.
        let known = before.and(own).facts;
        after.set(name, value, &names.knowing(&known, types), types);
    }
    let established = step.established(names);
    let on = step.successors().into_iter().enumerate().map(|(way, next)| {
        let after = after.clone();
        (next, established.get(way).map_or_else(|| after.clone(), |facts| after.clone().knowing(facts)))
    });
    let caught = step.catch.iter().map(|catch| (catch.then, before.and([ERROR])));
    on.chain(caught)
        .filter_map(|(next, known)| match next {
            Next::Step(to) => Some((to, known)),
            Next::End => None,
        })
        .collect()
}

/// A step that asks what names are.
pub(super) struct At<'a> {
    /// Where the steps of its body are reached from.
    pub(super) arrivals: &'a Arrivals,
    /// Which step it is.
    pub(super) index: usize,
    /// The names that its expressions refer to: why one of them is not known may have to be said.
    pub(super) asks: BTreeSet<String>,
}

/// For each step of a body, where it is reached from.
pub(super) struct Arrivals {
    /// The names of the steps.
    names: Vec<String>,
    to: Vec<Vec<Arrival>>,
}

/// One way to reach a step.
struct Arrival {
    /// The step that leads to it; `None` is the start of the body.
    from: Option<usize>,
    /// What is known on every route through there.
    always: BTreeSet<String>,
}

/// For each step, where it is reached from.
pub(super) fn arrivals(body: &Body, start: &Known, known: &[Option<Known>], names: &Scope, types: &Types) -> Arrivals {
    let mut to: Vec<Vec<Arrival>> = Vec::new();
    to.resize_with(body.steps.len(), Vec::new);
    if let Some(first) = to.first_mut() {
        first.push(Arrival { from: None, always: start.always.clone() });
    }
    for (id, step) in body.iter() {
        let Some(before) = &known[id.0] else { continue };
        for (next, after) in edges(step, before, names, types) {
            to[next.0].push(Arrival { from: Some(id.0), always: after.always });
        }
    }
    Arrivals { names: body.steps.iter().map(|step| step.name.clone()).collect(), to }
}

/// Whether a name is known; `never` says why not if it is on no route. `at` is the step that asks, if it does.
pub(super) fn defined(name: &str, known: &Known, at: Option<&At<'_>>, never: &str) -> Defined {
    if known.always.contains(name) {
        return Defined::Always;
    }
    if known.sometimes.contains(name) {
        let asks = at.filter(|at| at.asks.contains(name));
        let without = asks.and_then(|at| at.arrivals.without(name, at.index));
        return Defined::Sometimes(without.unwrap_or_else(|| "on every route to this step".to_owned()));
    }
    Defined::Never(never.to_owned())
}

impl Arrivals {
    /// On which routes a name is not known where a step starts: where they meet those that know it.
    fn without(&self, name: &str, index: usize) -> Option<String> {
        let mut seen = BTreeSet::new();
        let mut work = vec![index];
        while let Some(at) = work.pop() {
            if !seen.insert(at) {
                continue;
            }
            let (knows, lacks): (Vec<_>, Vec<_>) = self.to[at].iter().partition(|way| way.always.contains(name));
            if knows.is_empty() {
                work.extend(lacks.iter().filter_map(|way| way.from));
                continue;
            }
            // What comes back from the step itself lacks the name because the step does.
            let first = self.reached_without(at);
            let before = |way: &&&Arrival| way.from.is_none_or(|from| first.contains(&from));
            let lacks: Vec<_> = if lacks.iter().any(|way| before(&way)) {
                lacks.iter().filter(before).copied().collect()
            } else {
                lacks
            };
            let step = if at == index { "this step".to_owned() } else { format!("`{}`", self.names[at]) };
            let steps: BTreeSet<usize> = lacks.iter().filter_map(|way| way.from).collect();
            let steps: Vec<&str> = steps.into_iter().map(|from| self.names[from].as_str()).collect();
            let from = match (steps.as_slice(), lacks.iter().any(|way| way.from.is_none())) {
                ([], _) => "the start".to_owned(),
                (steps, false) => list(steps),
                (steps, true) => format!("{} and the start", list(steps)),
            };
            return Some(format!("when {step} is reached from {from}"));
        }
        None
    }

    /// The steps that a route from the start leads to that does not pass this one.
    fn reached_without(&self, step: usize) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        loop {
            let is_new = |at: &usize| {
                let from_found = |way: &Arrival| way.from.is_none_or(|from| found.contains(&from));
                *at != step && !found.contains(at) && self.to[*at].iter().any(from_found)
            };
            let Some(next) = (0..self.to.len()).find(is_new) else { return found };
            found.insert(next);
        }
    }
}
