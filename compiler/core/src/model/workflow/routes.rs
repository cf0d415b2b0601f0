//! What is known at each step: the results of the steps that every route to it has passed, and their types.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;

use super::known::{Arrivals, ERROR, Known, all_of, arrivals, defined, entering, reach};
use super::results::record;
use super::steps::Binds;
use super::{Body, Onward, Step, Variable};
use crate::expr::{Defined, Origin, Root, Scope};
use crate::model::Model;
use crate::source::Span;
use crate::types::{Kind, Range, Type, Types};

/// Fills in the scope of every step of a workflow, and the result of those that are made of expressions or of other steps.
/// `names` are all of its steps and variables with the places of their names.
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
    let variables = body.all_variables();
    let mut workflow = Workflow { names, model, types: &model.types, results, variables, error, typing: true };
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
    variables: IndexMap<String, Variable>,
    /// The type of a caught error.
    error: Arc<Type>,
    /// Whether results are being typed, step by step as they are written; scopes are then made only where results need them.
    typing: bool,
}

impl Workflow<'_> {
    /// `inside` names the step of this body, or of one around it, that each step further inside belongs to.
    fn fill(&mut self, body: &mut Body, base: &Scope, outer: &Known, inside: &BTreeMap<String, String>) {
        let start = outer.with_variables(body);
        let known = reach(body, &start);
        let arrivals = arrivals(body, &start, &known);
        let inside = enclosed(body, inside);
        if !self.typing && !body.variables.is_empty() {
            let mut scope = self.scope(base, outer, None, &inside);
            for variable in &body.variables {
                let mut root = Self::variable(variable, outer, None, &inside);
                root.defined =
                    Defined::Never("first values are set together, and know nothing of each other".to_owned());
                scope.insert(variable.name.clone(), root);
            }
            body.variables.iter_mut().for_each(|variable| variable.scope = scope.clone());
        }
        for (index, step) in body.steps.iter_mut().enumerate() {
            step.unreachable = known[index].is_none();
            // Expressions of a step that never runs are checked as if everything before it had run.
            let known = known[index].clone().unwrap_or_else(|| all_of(outer, self.names));
            if !self.typing || self.is_typed_by_scope(step) {
                step.scope = self.scope(base, &known, Some((&arrivals, index)), &inside);
            }
            if !self.typing && step.undo.is_some() {
                let own = step.result.as_ref().map(|_| step.name.as_str());
                step.undo_scope = self.scope(base, &known.and(own), None, &inside);
            }
            if !self.typing && !step.assign.is_empty() {
                let own = step.result.as_ref().map(|_| step.name.as_str());
                step.assign_scope = self.scope(base, &known.and(own), Some((&arrivals, index)), &inside);
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
    fn scope(
        &self,
        base: &Scope,
        known: &Known,
        at: Option<(&Arrivals, usize)>,
        inside: &BTreeMap<String, String>,
    ) -> Scope {
        let mut scope = base.clone();
        let defined_error = defined(ERROR, known, at, "no `catch` leads here");
        let from = Origin::Workflow;
        scope.insert(ERROR, Root { ty: self.error.clone(), defined: defined_error, declared: None, from });
        for (name, span) in self.names {
            if let Some(variable) = self.variables.get(name) {
                scope.insert(name.clone(), Self::variable(variable, known, at, inside));
                continue;
            }
            let ty = self.results.get(name).cloned().flatten();
            let defined = match (&ty, inside.get(name)) {
                (None, _) => Defined::Never("it binds no result".to_owned()),
                (_, Some(outer)) => Defined::Inside(outer.clone()),
                _ => defined(name, known, at, "it has not run when this step starts"),
            };
            let ty = ty.unwrap_or_else(|| Arc::new(Type::any(*span)));
            scope.insert(name.clone(), Root { ty, defined, declared: Some(*span), from });
        }
        scope
    }

    /// What the name of a variable refers to.
    fn variable(
        variable: &Variable,
        known: &Known,
        at: Option<(&Arrivals, usize)>,
        inside: &BTreeMap<String, String>,
    ) -> Root {
        let name = &variable.name;
        let defined = match inside.get(name) {
            Some(outer) => Defined::Inside(outer.clone()),
            None => defined(name, known, at, "no route to this step sets it"),
        };
        let from = Origin::Steps { optional: variable.optional };
        Root { ty: Arc::new(variable.ty.clone()), defined, declared: Some(variable.name_span), from }
    }
}

/// For each step that is inside of a step of this body, which one; and what is `outside`, less what this body has itself.
fn enclosed(body: &Body, outside: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut inside = outside.clone();
    for variable in &body.variables {
        inside.remove(&variable.name);
    }
    for step in &body.steps {
        inside.remove(&step.name);
        for inner in step.bodies() {
            inner.bodies(&mut |deep| {
                inside.extend(deep.variables.iter().map(|variable| (variable.name.clone(), step.name.clone())));
            });
        }
        for inner in step.bodies() {
            inner.walk(&mut |deep| {
                inside.insert(deep.name.clone(), step.name.clone());
            });
        }
    }
    inside
}
