//! Spec to model for workflows: steps resolved, expressions parsed, results typed.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::steps::{Binds, Call, StepKind};
use super::{
    Body, CatchError, Engine, Next, Retry, RetryError, Step, StepId, Workflow, output, routes, standard_retry,
};
use crate::diagnostics::{Code, Diagnostic};
use crate::expr::{BUILT_IN_ROOTS, Expr, Scope, Template};
use crate::model::Model;
use crate::model::names::{head, twice, unresolved};
use crate::source::{Span, Spanned};
use crate::spec::Sections;
use crate::spec::decode::Declared;
use crate::spec::scalar::{Arguments, Duration, Expression, Name};
use crate::spec::workflow as spec;
use crate::spec::workflow::Jitter;
use crate::types::Type;

/// How long an execution may take when the spec does not say.
const TIMEOUT: Duration = Duration::days(1);

/// Resolves a workflow.
pub(in crate::model) fn workflow(
    sections: &Sections,
    model: &Model,
    name: &str,
    item: &Declared<spec::Workflow>,
    (engine, engine_span): (Engine, Span),
    diagnostics: &mut Vec<Diagnostic>,
) -> Workflow {
    for ty in [Some(&item.input), item.output.as_ref()].into_iter().flatten() {
        diagnostics.extend(model.types.check_type(&ty.0));
    }
    let mut names = IndexMap::new();
    collect_names(&item.steps, &item.variables, &mut names, diagnostics);
    let mut resolver = Resolver {
        sections,
        model,
        names: names.keys().cloned().collect(),
        variables: Vec::new(),
        assumed: BTreeSet::new(),
        partial: false,
        diagnostics,
    };
    let mut body = resolver.body(&item.steps, &item.variables);
    routes::scopes(&mut body, &item.input.0, &names, engine, model);
    let given = item.output.as_ref().map(|given| &given.0);
    diagnostics.extend(given.and_then(|given| output::unfit(&body, name, given, &model.types)));
    Workflow {
        head: head(name, item, item.description.as_ref(), &item.allow),
        input: item.input.0.clone(),
        output: given.cloned(),
        timeout: item.timeout.as_ref().map_or(TIMEOUT, |timeout| timeout.value),
        timeout_span: item.timeout.as_ref().map_or(item.name_span, |timeout| timeout.span),
        engine,
        engine_span,
        outcomes: item.outcomes.clone(),
        body,
    }
}

/// Gathers the names of all steps and variables, at any depth. A name may be used once, for what it stands for is known by it everywhere.
fn collect_names(
    steps: &spec::Steps,
    variables: &spec::Variables,
    names: &mut IndexMap<String, Span>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for (name, variable) in &variables.items {
        if BUILT_IN_ROOTS.contains(&name.as_str()) {
            diagnostics.push(taken(name, variable.name_span, "a variable"));
        } else if let Some(first) = names.get(name) {
            diagnostics.push(clash(name, variable.name_span, *first).help("give the variable another name"));
        } else {
            names.insert(name.clone(), variable.name_span);
        }
    }
    for (name, step) in steps.iter() {
        let declared = Name::new(name.to_owned(), step.name_span);
        if BUILT_IN_ROOTS.contains(&name) {
            diagnostics.push(taken(name, step.name_span, "a step"));
        } else if let Some(variable) = variables.items.get(name) {
            diagnostics.push(clash(name, step.name_span, variable.name_span).help("give one of them another name"));
        } else if let Some(first) = names.get(name) {
            diagnostics.push(
                twice("step", &declared, *first)
                    .note("the result of a step is known by its name in the whole workflow, in branches too"),
            );
        } else {
            names.insert(name.to_owned(), step.name_span);
        }
        for (inner, variables) in step.kind.nested() {
            collect_names(inner, variables, names, diagnostics);
        }
    }
}

fn clash(name: &str, at: Span, first: Span) -> Diagnostic {
    Diagnostic::new(Code::EVC0108, at, format!("`{name}` is a name of the workflow already"))
        .secondary(first, "the first is here")
        .note("expressions know a variable by its bare name in the whole workflow, as they do the result of a step")
}

fn taken(name: &str, at: Span, what: &str) -> Diagnostic {
    Diagnostic::new(Code::EVC0106, at, format!("`{name}` cannot name {what}"))
        .note(format!("expressions know `{name}` as something that every workflow has"))
}

/// What steps are resolved with.
pub(super) struct Resolver<'a> {
    /// All that the spec declares.
    pub(super) sections: &'a Sections,
    /// The system as far as it is resolved: all but its workflows.
    pub(super) model: &'a Model,
    /// The names of all steps of the workflow.
    names: BTreeSet<String>,
    /// The variables of the body at hand, after those of the bodies around it.
    pub(super) variables: Vec<spec::Variables>,
    /// Variables that something was to set which could not be resolved.
    pub(super) assumed: BTreeSet<String>,
    /// Whether a part of the body at hand is missing.
    partial: bool,
    /// What is wrong.
    pub(super) diagnostics: &'a mut Vec<Diagnostic>,
}

/// Where a step stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// It and the steps beside it.
    steps: &'a spec::Steps,
    /// Which one it is.
    index: usize,
}

impl Place<'_> {
    /// To the step that is written next, or to the end.
    pub(super) fn following(self) -> Next {
        if self.index + 1 < self.steps.items.len() { Next::Step(StepId(self.index + 1)) } else { Next::End }
    }
}

impl Resolver<'_> {
    pub(super) fn body(&mut self, steps: &spec::Steps, variables: &spec::Variables) -> Body {
        let mut declared = self.declared(variables);
        self.variables.push(variables.clone());
        let around = std::mem::replace(&mut self.partial, !steps.broken.is_empty());
        let resolved = steps.items.iter().enumerate();
        let steps = resolved.map(|(index, (name, step))| self.step(Place { steps, index }, name, step)).collect();
        self.variables.pop();
        for variable in &mut declared {
            variable.assumed = self.assumed.contains(&variable.name);
        }
        let partial = std::mem::replace(&mut self.partial, around) || !variables.broken.is_empty();
        Body { variables: declared, steps, partial }
    }

    fn step(&mut self, place: Place<'_>, name: &str, step: &Declared<spec::Step>) -> Step {
        let kind = StepKind::resolve(&step.kind, place, self);
        let next = match &step.next {
            spec::Next::Following => place.following(),
            spec::Next::End(_) => Next::End,
            spec::Next::Step(then) => self.target(place, then).unwrap_or_else(|| place.following()),
        };
        let result = match kind.facts().binds(self.model, step.kind_span) {
            Binds::Nothing => None,
            Binds::Known(ty) => Some(ty.into_owned()),
            // What these are is known when expressions can be typed, in `routes`.
            Binds::Made => Some(Type::any(step.kind_span)),
        };
        Step {
            name: name.to_owned(),
            name_span: step.name_span,
            kind_span: step.kind_span,
            description: step.description.clone(),
            next,
            assign: self.assignments(&step.assign),
            retry: retries(&step.retry, &kind),
            catch: self.catches(place, &step.catch),
            undo: step.undo.as_ref().map(|undo| Call::resolve(&undo.value, self)),
            timeout: step.timeout,
            result,
            kind,
            // `routes` says what is known here as soon as all steps of the workflow are there, and before anybody else sees one.
            scope: Scope::default(),
            undo_scope: Scope::default(),
            assign_scope: Scope::default(),
            unreachable: false,
        }
    }

    pub(super) fn expression(&mut self, expression: &Spanned<Expression>) -> Option<Expr> {
        Expr::parse(&expression.text, expression.span, &self.names).map_err(|error| self.diagnostics.push(error)).ok()
    }

    pub(super) fn template(&mut self, arguments: &Spanned<Arguments>) -> Option<Template> {
        Template::decode(&arguments.0, &self.names, self.diagnostics)
    }

    /// The step that a `then` or `else` names: one of the same body.
    pub(super) fn target(&mut self, place: Place<'_>, name: &Name) -> Option<Next> {
        let steps = place.steps;
        if let Some(index) = steps.items.get_index_of(name.as_str()) {
            return Some(Next::Step(StepId(index)));
        }
        self.partial = true;
        if !steps.declares(name) {
            let mut diagnostic = unresolved("step", name, steps.names());
            if self.names.contains(name.as_str()) {
                diagnostic = diagnostic.note("a step can go only to steps beside it, not into or out of a branch");
            }
            self.diagnostics.push(diagnostic);
        }
        None
    }

    fn catches(&mut self, place: Place<'_>, catches: &spec::Catch) -> Vec<CatchError> {
        let mut resolved = Vec::new();
        for (error, then) in catches {
            if let Some(then) = self.target(place, then) {
                resolved.push(CatchError { error: error.as_ref().map(|name| RetryError::parse(name)), then });
            }
        }
        // The first that matches counts: what is caught by its name comes before the kinds that it may be of, and those before
        // what catches all, whatever the order written. Thus no entry takes everything from another.
        resolved.sort_by_key(|catch| match catch.error.value {
            RetryError::Named(_) => 0,
            RetryError::Transient | RetryError::Timeout => 1,
            RetryError::All => 2,
        });
        resolved
    }
}

/// The retries of a step; a call or a publish that says none is tried again on transient errors.
fn retries(written: &[Spanned<spec::Retry>], kind: &StepKind) -> Vec<Retry> {
    let facts = kind.facts();
    if written.is_empty() && (facts.call().is_some() || facts.publish().is_some()) {
        return vec![standard_retry()];
    }
    // An interval that is written is not cut by a bound that is not.
    let longest = |first: Duration| Duration::seconds(60).max(first);
    let first = |retry: &spec::Retry| retry.interval.as_ref().map_or(Duration::seconds(1), |interval| interval.value);
    let retry = |retry: &Spanned<spec::Retry>| Retry {
        errors: retry.errors.iter().map(|name| name.as_ref().map(|name| RetryError::parse(name))).collect(),
        attempts: retry.attempts.as_ref().map_or(3, |attempts| attempts.value),
        interval: first(retry),
        backoff: retry.backoff.as_ref().map_or(2.0, |backoff| backoff.value),
        max_interval: retry.max_interval.as_ref().map_or_else(|| longest(first(retry)), |interval| interval.value),
        jitter: retry.jitter.unwrap_or(Jitter::Full),
        span: Some(retry.span),
    };
    written.iter().map(retry).collect()
}
