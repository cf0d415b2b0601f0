//! What is known at each step: the results of the steps that every route to it has passed.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::workflow::{Body, Next, Step, StepId, StepKind};
use super::workflow_resolve::record;
use crate::expr::{Defined, Root, Scope};
use crate::source::Span;
use crate::types::{Kind, Range, Type};

/// The name under which a caught error is known.
const ERROR: &str = "error";

/// Fills in the scope of every step of a workflow. `names` are all of its steps with the places of their names.
pub(super) fn scopes(body: &mut Body, input: &Type, names: &IndexMap<String, Span>) {
    let text = || Kind::String(Range::default());
    let at = input.span;
    let base = Scope::default()
        .with("input", input.clone())
        .with("execution", record(at, [("id", text()), ("name", text()), ("startTime", Kind::Timestamp)]));
    let mut results = BTreeMap::new();
    body.walk(&mut |step| {
        results.insert(step.name.clone(), step.result.clone());
    });
    let workflow = Workflow { names, results };
    workflow.fill(body, &base, &Known::default());
}

struct Workflow<'a> {
    names: &'a IndexMap<String, Span>,
    results: BTreeMap<String, Option<Type>>,
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
    fn fill(&self, body: &mut Body, base: &Scope, outer: &Known) {
        let known = reach(body, outer);
        let arrivals = arrivals(body, &known);
        for (index, step) in body.steps.iter_mut().enumerate() {
            let Some(known) = &known[index] else {
                step.unreachable = true;
                // Expressions of a step that never runs are checked as if everything before it had run.
                step.scope = self.scope(base, &all_of(outer, self.names), &[]);
                step.undo_scope = step.scope.clone();
                continue;
            };
            step.scope = self.scope(base, known, &arrivals[index]);
            step.undo_scope = self.scope(base, &known.and(step.result.as_ref().map(|_| step.name.as_str())), &[]);
            let inner = step.scope.clone();
            match &mut step.kind {
                StepKind::Parallel(branches) => {
                    for branch in branches {
                        self.fill(&mut branch.body, &inner, known);
                    }
                }
                StepKind::ForEach { body, items, .. } => {
                    let at = items.as_ref().map_or(step.kind_span, |items| items.span);
                    let mut inner = inner;
                    let index = Kind::Integer(Range { min: Some(0), max: None });
                    inner.insert("item", always(Type { kind: Kind::Any, span: at }));
                    inner.insert("index", always(Type { kind: index, span: at }));
                    self.fill(body, &inner, known);
                }
                _ => {}
            }
        }
    }

    /// The scope of a step: the base, and every step of the workflow with whether it is known.
    fn scope(&self, base: &Scope, known: &Known, arrivals: &[(String, BTreeSet<String>)]) -> Scope {
        let mut scope = base.clone();
        let at = self.names.values().next().copied().unwrap_or_default();
        let text = || Kind::String(Range::default());
        let error = record(at, [("name", text()), ("cause", text())]);
        scope.insert(ERROR, Root { ty: error, defined: defined(ERROR, known, arrivals), declared: None });
        for (name, span) in self.names {
            let Some(Some(ty)) = self.results.get(name) else {
                let why = "it binds no result".to_owned();
                let ty = Type { kind: Kind::Any, span: *span };
                scope.insert(name.clone(), Root { ty, defined: Defined::Never(why), declared: Some(*span) });
                continue;
            };
            let defined = defined(name, known, arrivals);
            scope.insert(name.clone(), Root { ty: ty.clone(), defined, declared: Some(*span) });
        }
        scope
    }
}

fn always(ty: Type) -> Root {
    Root { ty, defined: Defined::Always, declared: None }
}

fn all_of(outer: &Known, names: &IndexMap<String, Span>) -> Known {
    let all: BTreeSet<String> = names.keys().cloned().chain([ERROR.to_owned()]).collect();
    Known { always: all.clone(), sometimes: outer.sometimes.union(&all).cloned().collect() }
}

fn defined(name: &str, known: &Known, arrivals: &[(String, BTreeSet<String>)]) -> Defined {
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
    Defined::Never(if name == ERROR {
        "no `catch` leads here".to_owned()
    } else {
        "it has not run when this step starts".to_owned()
    })
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

/// For each step, the steps it is reached from with what is known on every route through them.
fn arrivals(body: &Body, known: &[Option<Known>]) -> Vec<Vec<(String, BTreeSet<String>)>> {
    let mut arrivals = vec![Vec::new(); body.steps.len()];
    for (id, step) in body.iter() {
        let Some(before) = &known[id.0] else { continue };
        for (to, after) in edges(step, before) {
            arrivals[to.0].push((step.name.clone(), after.always));
        }
    }
    arrivals
}
