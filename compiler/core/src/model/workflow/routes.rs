//! What is known at each step: the results of the steps that every route to it has passed, and their types.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::IndexMap;

use super::known::{At, ERROR, Known, all_of, arrivals, defined, entering, reach};
use super::results::{Made, record};
use super::steps::Binds;
use super::{Body, Engine, Onward, Step, Variable};
use crate::expr::{Defined, Origin, Root, Scope};
use crate::model::Model;
use crate::source::Span;
use crate::types::{Kind, Range, Side, Type, Types};

/// The fewest characters of the ARN of an execution, which its id is on Step Functions: `arn:aws:states:us-east-1:123456789012:execution:a:b`.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html>
const ARN: u64 = 51;

/// Fills in the scope of every step of a workflow, and the result of those that are made of expressions or of other steps.
/// `names` are all of its steps and variables with the places of their names.
pub(super) fn scopes(body: &mut Body, input: &Type, names: &IndexMap<String, Span>, engine: Engine, model: &Model) {
    let text = || Kind::String(Range::default());
    let at = input.span;
    let id = Kind::String(Range { min: (engine == Engine::StepFunctions).then_some(ARN), max: None });
    let base = Scope::default()
        .with("input", input.clone())
        .with("execution", record(at, [("id", id), ("name", text()), ("startTime", Kind::Timestamp)]));
    let mut results = BTreeMap::new();
    body.walk(&mut |step| {
        results.insert(step.name.clone(), step.result.clone().map(Arc::new));
    });
    let at = names.values().next().copied().unwrap_or_default();
    let error = Arc::new(record(at, [("name", text()), ("cause", text())]));
    let variables = body.all_variables();
    let (ways, untyped) = (Vec::new(), made_ones(body, model));
    let mut workflow = Workflow {
        names,
        model,
        types: &model.types,
        results,
        ways,
        untyped,
        variables,
        silent: silent(body, model),
        error,
        typing: true,
        early: true,
    };
    // A step may refer to one that is written after it, whose type is not known the first time. Of all steps one at least is typed for good
    // in each round: the results that a step knows are those of steps before it on every route.
    for _ in 0..=workflow.untyped.len() {
        (workflow.early, workflow.ways, workflow.untyped) = (false, Vec::new(), made_ones(body, model));
        workflow.fill(body, &base, &Known::default(), &BTreeMap::new());
        if !workflow.early {
            break;
        }
    }
    workflow.typing = false;
    let mut base = base;
    for (path, sides) in std::mem::take(&mut workflow.ways) {
        base.comes_from(path, sides);
    }
    workflow.fill(body, &base, &Known::default(), &BTreeMap::new());
}

struct Workflow<'a> {
    names: &'a IndexMap<String, Span>,
    model: &'a Model,
    types: &'a Types,
    results: BTreeMap<String, Option<Arc<Type>>>,
    /// The ways by which parts of results come.
    ways: Vec<(Vec<String>, Vec<Side>)>,
    /// The steps whose results are yet to be typed.
    untyped: BTreeSet<String>,
    /// Whether a step was typed that refers to one of them.
    early: bool,
    variables: IndexMap<String, Variable>,
    /// The steps that call functions without an output, and these.
    silent: BTreeMap<String, String>,
    /// The type of a caught error.
    error: Arc<Type>,
    /// Whether results are being typed, step by step as they are written; scopes are then made only where results need them.
    typing: bool,
}

impl Workflow<'_> {
    /// `inside` names the step of this body, or of one around it, that each step further inside belongs to.
    fn fill(&mut self, body: &mut Body, base: &Scope, outer: &Known, inside: &BTreeMap<String, String>) {
        let mut start = outer.with_variables(body);
        let inside = enclosed(body, inside);
        let chooses = body.steps.iter().any(|step| matches!(step.onward(), Onward::Ways(_)));
        let optional = body.variables.iter().any(|variable| variable.optional);
        let everything = if chooses || optional {
            self.scope(base, &all_of(outer, self.names), None, &inside)
        } else {
            Scope::default()
        };
        for variable in body.variables.iter().filter(|variable| variable.optional) {
            if let Some(value) = &variable.value {
                start.set(&variable.name, value, &everything.knowing(&outer.facts, self.types), self.types);
            }
        }
        let others = self.scope(&Scope::default(), &Known::default(), None, &inside);
        let known = reach(body, &start, &everything, self.types);
        let arrivals = arrivals(body, &start, &known, &everything, self.types);
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
            let asks: BTreeSet<String> = step.references().iter().map(|name| name.value.to_owned()).collect();
            let at = At { arrivals: &arrivals, index, asks };
            if !self.typing || self.is_typed_by_scope(step) {
                step.scope = self.scope_of_step(base, &others, &known, (&at, true), &inside);
                self.early |= self.typing && at.asks.iter().any(|name| self.untyped.contains(name));
            }
            if !self.typing {
                step.kind.know(&step.scope, self.types);
            }
            if !self.typing && step.undo.is_some() {
                let own = step.result.as_ref().map(|_| step.name.as_str());
                step.undo_scope = self.scope_of_step(base, &others, &known.and(own), (&at, false), &inside);
            }
            if !self.typing && !step.assign.is_empty() {
                let own = step.result.as_ref().map(|_| step.name.as_str());
                step.assign_scope = self.scope_of_step(base, &others, &known.and(own), (&at, true), &inside);
            }
            let names = step.kind.facts().names_inside(&step.scope, step.kind_span, self.types);
            let inner = names.iter().fold(base.clone(), |inner, (name, ty)| inner.with(*name, ty.clone()));
            for body in step.kind.bodies_mut() {
                let known = entering(body, &names, &known);
                self.fill(body, &inner, &known, &inside);
            }
            if self.typing
                && let Some(made) = step.kind.facts().made(&step.scope, step.kind_span, self.types)
            {
                self.made(step, made);
            }
        }
    }

    /// Keeps what a step gives.
    fn made(&mut self, step: &mut Step, made: Made) {
        self.untyped.remove(&step.name);
        self.results.insert(step.name.clone(), Some(Arc::new(made.ty.clone())));
        step.result = Some(made.ty);
        let several = made.ways.into_iter().filter(|(_, sides)| sides.len() > 1);
        self.ways.extend(several.map(|(field, sides)| {
            let path = [step.name.clone()].into_iter().chain(field).collect();
            (path, sides)
        }));
    }

    /// Whether the result of a step, or of the body that it ends, follows from what its expressions refer to.
    fn is_typed_by_scope(&self, step: &Step) -> bool {
        let facts = step.kind.facts();
        matches!(facts.onward(), Onward::Ends(_)) || matches!(facts.binds(self.model, step.kind_span), Binds::Made)
    }

    /// The scope of a body: the base, and every step of the workflow with whether it is known.
    fn scope(&self, base: &Scope, known: &Known, at: Option<&At<'_>>, inside: &BTreeMap<String, String>) -> Scope {
        let mut scope = base.clone();
        for name in [ERROR].into_iter().chain(self.names.keys().map(String::as_str)) {
            self.name(&mut scope, name, known, at, inside);
        }
        scope.knowing(&known.facts, self.types)
    }

    /// The scope of a step: the base, and what the names are that the step refers to. The `others` are shared by all steps of a body, so that
    /// what a step has to be remembered of does not grow with their number. `says` is whether to say on which route a name is not known.
    fn scope_of_step(
        &self,
        base: &Scope,
        others: &Scope,
        known: &Known,
        (at, says): (&At<'_>, bool),
        inside: &BTreeMap<String, String>,
    ) -> Scope {
        let mut scope = base.clone().beside(others);
        for name in &at.asks {
            self.name(&mut scope, name, known, Some(at).filter(|_| says), inside);
        }
        let mut facts = known.facts.clone();
        facts.retain(|name| at.asks.contains(name));
        scope.knowing(&facts, self.types)
    }

    /// Adds what a name of the workflow refers to.
    fn name(
        &self,
        scope: &mut Scope,
        name: &str,
        known: &Known,
        at: Option<&At<'_>>,
        inside: &BTreeMap<String, String>,
    ) {
        let from = Origin::Workflow;
        if name == ERROR {
            let defined = defined(ERROR, known, at, "no `catch` leads here");
            return scope.insert(ERROR, Root { ty: self.error.clone(), defined, declared: None, from });
        }
        let Some(span) = self.names.get(name) else { return };
        if let Some(variable) = self.variables.get(name) {
            return scope.insert(name, Self::variable(variable, known, at, inside));
        }
        let ty = self.results.get(name).cloned().flatten();
        let defined = match (&ty, inside.get(name)) {
            (None, _) => Defined::Nothing(self.why_none(name)),
            (_, Some(outer)) => Defined::Inside(outer.clone()),
            _ => defined(name, known, at, "it has not run when this step starts"),
        };
        let ty = ty.unwrap_or_else(|| Arc::new(Type::any(*span)));
        scope.insert(name, Root { ty, defined, declared: Some(*span), from });
    }

    /// Why a step has no result.
    fn why_none(&self, step: &str) -> String {
        match self.silent.get(step) {
            Some(function) => format!("function `{function}` says no `output`"),
            None => "a step of its kind gives none".to_owned(),
        }
    }

    /// What the name of a variable refers to.
    fn variable(variable: &Variable, known: &Known, at: Option<&At<'_>>, inside: &BTreeMap<String, String>) -> Root {
        let name = &variable.name;
        let defined = match inside.get(name) {
            Some(outer) => Defined::Inside(outer.clone()),
            None => defined(name, known, at, "no route to this step sets it"),
        };
        let from = Origin::Steps { optional: variable.optional };
        Root { ty: Arc::new(variable.ty.clone()), defined, declared: Some(variable.name_span), from }
    }
}

/// The steps that call functions without an output, and these.
fn silent(body: &Body, model: &Model) -> BTreeMap<String, String> {
    let mut silent = BTreeMap::new();
    body.walk(&mut |step| {
        let function = step.call().filter(|_| step.result.is_none()).and_then(|call| call.function);
        silent.extend(function.map(|function| (step.name.clone(), model.functions[function].head.name.clone())));
    });
    silent
}

/// The steps whose results are made of what their expressions refer to, or of the steps inside of them.
fn made_ones(body: &Body, model: &Model) -> BTreeSet<String> {
    let mut made = BTreeSet::new();
    body.walk(&mut |step| {
        if matches!(step.kind.facts().binds(model, step.kind_span), Binds::Made) {
            made.insert(step.name.clone());
        }
    });
    made
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
