//! What is known at each step: the results of the steps that every route to it has passed, and their types.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::IndexMap;

use super::results::record;
use super::steps::Binds;
use super::{Body, Next, Onward, Step, StepId};
use crate::expr::{Defined, Root, Scope};
use crate::model::Model;
use crate::source::Span;
use crate::types::{Kind, Range, Type, Types};

/// The name under which a caught error is known.
const ERROR: &str = "error";

/// Fills in the scope of every step of a workflow, and the result of those that are made of expressions or of other steps.
/// `names` are all of its steps with the places of their names.
pub(super) fn scopes(body: &mut Body, input: &Type, names: &IndexMap<String, Span>, model: &Model) {
    let text = || Kind::String(Range::default());
    let at = input.span;
    let base = Scope::default()
        .with("input", input.clone())
        .with("execution", record(at, [("id", text()), ("name", text()), ("startTime", Kind::Timestamp)]));
    let mut results = BTreeMap::new();
    body.walk(&mut |step| {
        results.insert(step.name.clone(), step.result.clone().map(Arc::new));
    });
    let at = names.values().next().copied().unwrap_or_default();
    let error = Arc::new(record(at, [("name", text()), ("cause", text())]));
    let mut workflow = Workflow { names, model, types: &model.types, results, error, typing: true };
    workflow.fill(body, &base, &Known::default(), &BTreeMap::new());
    // A step may refer to one that is written after it, whose type was not known the first time.
    workflow.typing = false;
    workflow.fill(body, &base, &Known::default(), &BTreeMap::new());
}

struct Workflow<'a> {
    names: &'a IndexMap<String, Span>,
    model: &'a Model,
    types: &'a Types,
    results: BTreeMap<String, Option<Arc<Type>>>,
    /// The type of a caught error.
    error: Arc<Type>,
    /// Whether results are being typed, step by step as they are written; scopes are then made only where results need them.
    typing: bool,
}

/// What is known where a step starts.
#[derive(Debug, Clone, PartialEq, Default)]
struct Known {
    /// On every route.
    always: BTreeSet<String>,
    /// On some route, with the step that the route without it comes from.
    sometimes: BTreeSet<String>,
}

impl Known {
    /// What is known after `name` was bound.
    fn and(&self, name: Option<&str>) -> Self {
        let mut known = self.clone();
        if let Some(name) = name {
            known.always.insert(name.to_owned());
            known.sometimes.insert(name.to_owned());
        }
        known
    }

    /// What is known where two routes meet.
    fn meet(&mut self, other: &Self) {
        self.always.retain(|name| other.always.contains(name));
        self.sometimes.extend(other.sometimes.iter().cloned());
    }
}

impl Workflow<'_> {
    /// `inside` names the step of this body, or of one around it, that each step further inside belongs to.
    fn fill(&mut self, body: &mut Body, base: &Scope, outer: &Known, inside: &BTreeMap<String, String>) {
        let known = reach(body, outer);
        let arrivals = arrivals(body, &known);
        let inside = enclosed(body, inside);
        for (index, step) in body.steps.iter_mut().enumerate() {
            step.unreachable = known[index].is_none();
            // Expressions of a step that never runs are checked as if everything before it had run.
            let known = known[index].clone().unwrap_or_else(|| all_of(outer, self.names));
            if !self.typing || self.is_typed_by_scope(step) {
                step.scope = self.scope(base, &known, &arrivals[index], &inside);
            }
            if !self.typing && step.undo.is_some() {
                let own = step.result.as_ref().map(|_| step.name.as_str());
                step.undo_scope = self.scope(base, &known.and(own), &[], &inside);
            }
            let inner = step.kind.facts().scope_inside(&step.scope, step.kind_span, self.types);
            for body in step.kind.bodies_mut() {
                let known = entering(body, &known);
                self.fill(body, &inner, &known, &inside);
            }
            if self.typing
                && let Some(result) = step.kind.facts().made(&step.scope, step.kind_span, self.types)
            {
                self.results.insert(step.name.clone(), Some(Arc::new(result.clone())));
                step.result = Some(result);
            }
        }
    }

    /// Whether the result of a step, or of the body that it ends, follows from what its expressions refer to.
    fn is_typed_by_scope(&self, step: &Step) -> bool {
        let facts = step.kind.facts();
        matches!(facts.onward(), Onward::Ends(_)) || matches!(facts.binds(self.model, step.kind_span), Binds::Made)
    }

    /// The scope of a step: the base, and every step of the workflow with whether it is known.
    fn scope(&self, base: &Scope, known: &Known, arrivals: &[Arrival], inside: &BTreeMap<String, String>) -> Scope {
        let mut scope = base.clone();
        let defined_error = defined(ERROR, known, arrivals, "no `catch` leads here");
        scope.insert(ERROR, Root { ty: self.error.clone(), defined: defined_error, declared: None });
        for (name, span) in self.names {
            let ty = self.results.get(name).cloned().flatten();
            let defined = match (&ty, inside.get(name)) {
                (None, _) => Defined::Never("it binds no result".to_owned()),
                (_, Some(outer)) => Defined::Never(format!("it runs inside of `{outer}`, which has the results")),
                _ => defined(name, known, arrivals, "it has not run when this step starts"),
            };
            let ty = ty.unwrap_or_else(|| Arc::new(Type::any(*span)));
            scope.insert(name.clone(), Root { ty, defined, declared: Some(*span) });
        }
        scope
    }
}

/// For each step that is inside of a step of this body, which one; and what is `outside`, less what this body has itself.
fn enclosed(body: &Body, outside: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut inside = outside.clone();
    for step in &body.steps {
        inside.remove(&step.name);
        for inner in step.bodies() {
            inner.walk(&mut |deep| {
                inside.insert(deep.name.clone(), step.name.clone());
            });
        }
    }
    inside
}

/// What is known where an inner body starts. One that catches errors itself has an `error` of its own.
fn entering(body: &Body, known: &Known) -> Known {
    let mut known = known.clone();
    if body.steps.iter().any(|step| !step.catch.is_empty()) {
        known.always.remove(ERROR);
        known.sometimes.remove(ERROR);
    }
    known
}

fn all_of(outer: &Known, names: &IndexMap<String, Span>) -> Known {
    let all: BTreeSet<String> = names.keys().cloned().chain([ERROR.to_owned()]).collect();
    Known { always: all.clone(), sometimes: outer.sometimes.union(&all).cloned().collect() }
}

/// Whether a name is known; `never` says why not if it is on no route.
fn defined(name: &str, known: &Known, arrivals: &[Arrival], never: &str) -> Defined {
    if known.always.contains(name) {
        return Defined::Always;
    }
    if known.sometimes.contains(name) {
        let without = arrivals.iter().find(|(_, always)| !always.contains(name));
        return Defined::Sometimes(match without {
            Some((from, _)) => format!("when this step is reached from `{from}`"),
            None => "on every route to this step".to_owned(),
        });
    }
    Defined::Never(never.to_owned())
}

/// What is known where each step starts; `None` for a step that nothing leads to.
fn reach(body: &Body, outer: &Known) -> Vec<Option<Known>> {
    let mut known: Vec<Option<Known>> = vec![None; body.steps.len()];
    if known.is_empty() {
        return known;
    }
    known[0] = Some(outer.clone());
    let mut work = vec![StepId(0)];
    while let Some(id) = work.pop() {
        let Some(before) = known[id.0].clone() else { continue };
        for (to, after) in edges(body.step(id), &before) {
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
                work.push(to);
            }
        }
    }
    known
}

/// Where a step leads inside its body, and what is known there.
fn edges(step: &Step, before: &Known) -> Vec<(StepId, Known)> {
    let after = before.and(step.result.as_ref().map(|_| step.name.as_str()));
    let on = step.successors().into_iter().map(|next| (next, after.clone()));
    let caught = step.catch.iter().map(|catch| (catch.then, before.and(Some(ERROR))));
    on.chain(caught)
        .filter_map(|(next, known)| match next {
            Next::Step(to) => Some((to, known)),
            Next::End => None,
        })
        .collect()
}

/// A step that leads to another, and what is known on every route through it.
type Arrival = (String, BTreeSet<String>);

/// For each step, where it is reached from.
fn arrivals(body: &Body, known: &[Option<Known>]) -> Vec<Vec<Arrival>> {
    let mut arrivals = vec![Vec::new(); body.steps.len()];
    for (id, step) in body.iter() {
        let Some(before) = &known[id.0] else { continue };
        for (to, after) in edges(step, before) {
            arrivals[to.0].push((step.name.clone(), after.always));
        }
    }
    arrivals
}
