//! Spec to model for workflows: steps resolved, expressions parsed, results typed.

#![warn(clippy::wildcard_enum_match_arm, reason = "a kind of step that is forgotten here must not compile")]

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::{
    Body, Branch, Call, CatchError, Choice, Engine, Next, Retry, RetryError, Step, StepId, StepKind, Wait, Workflow,
    standard_retry,
};
use crate::diagnostics::{Code, Diagnostic};
use crate::expr::{BUILT_IN_ROOTS, Expr, Scope, Template};
use crate::model::names::{find, head, twice, unresolved};
use crate::model::results::record;
use crate::model::{Model, routes};
use crate::source::{Span, Spanned};
use crate::spec::Sections;
use crate::spec::decode::Declared;
use crate::spec::scalar::{Arguments, Duration, Expression, Name};
use crate::spec::workflow as spec;
use crate::spec::workflow::Jitter;
use crate::types::{Kind, Range, Type};

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
    diagnostics.extend(model.types.check_type(&item.input.0));
    let mut names = IndexMap::new();
    collect_names(&item.steps, &mut names, diagnostics);
    let mut builder = Builder { sections, model, names: names.keys().cloned().collect(), partial: false, diagnostics };
    let mut body = builder.body(&item.steps);
    routes::scopes(&mut body, &item.input.0, &names, &model.types);
    Workflow {
        head: head(name, item, item.description.as_ref(), &item.allow),
        input: item.input.0.clone(),
        timeout: item.timeout.as_ref().map_or(TIMEOUT, |timeout| timeout.value),
        timeout_span: item.timeout.as_ref().map_or(item.name_span, |timeout| timeout.span),
        engine,
        engine_span,
        body,
    }
}

/// Gathers the names of all steps, at any depth. A name may be used once, for its result is known by it everywhere.
fn collect_names(steps: &spec::Steps, names: &mut IndexMap<String, Span>, diagnostics: &mut Vec<Diagnostic>) {
    for (name, step) in steps.iter() {
        let declared = Name::new(name.to_owned(), step.name_span);
        if BUILT_IN_ROOTS.contains(&name) {
            diagnostics.push(
                Diagnostic::new(Code::EVC0106, step.name_span, format!("`{name}` cannot name a step"))
                    .note(format!("expressions know `{name}` as something that every workflow has")),
            );
        } else if let Some(first) = names.get(name) {
            diagnostics.push(
                twice("step", &declared, *first)
                    .note("the result of a step is known by its name in the whole workflow, in branches too"),
            );
        } else {
            names.insert(name.to_owned(), step.name_span);
        }
        match &step.kind {
            spec::StepKind::Parallel(branches) => {
                for branch in branches.values() {
                    collect_names(&branch.steps, names, diagnostics);
                }
            }
            spec::StepKind::ForEach(each) => collect_names(&each.steps, names, diagnostics),
            spec::StepKind::Call(_)
            | spec::StepKind::Choose { .. }
            | spec::StepKind::Wait(_)
            | spec::StepKind::Publish { .. }
            | spec::StepKind::Set(_)
            | spec::StepKind::Compensate
            | spec::StepKind::Succeed(_)
            | spec::StepKind::Fail { .. } => {}
        }
    }
}

struct Builder<'a> {
    sections: &'a Sections,
    model: &'a Model,
    names: BTreeSet<String>,
    /// Whether a part of the body at hand is missing.
    partial: bool,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Builder<'_> {
    fn body(&mut self, steps: &spec::Steps) -> Body {
        let around = std::mem::replace(&mut self.partial, !steps.broken.is_empty());
        let resolved = steps.items.iter().enumerate();
        let steps = resolved.map(|(index, (name, step))| self.step(steps, index, name, step)).collect();
        Body { steps, partial: std::mem::replace(&mut self.partial, around) }
    }

    fn step(&mut self, steps: &spec::Steps, index: usize, name: &str, step: &Declared<spec::Step>) -> Step {
        let kind = self.kind(steps, index, &step.kind);
        let next = match &step.next {
            spec::Next::Following => following(steps, index),
            spec::Next::End(_) => Next::End,
            spec::Next::Step(then) => self.target(steps, then).unwrap_or_else(|| following(steps, index)),
        };
        let result = self.result(&kind, step.kind_span);
        Step {
            name: name.to_owned(),
            name_span: step.name_span,
            kind_span: step.kind_span,
            description: step.description.clone(),
            next,
            retry: retries(&step.retry, &kind),
            catch: self.catches(steps, &step.catch),
            undo: step.undo.as_ref().map(|undo| self.call(&undo.value)),
            timeout: step.timeout,
            heartbeat: step.heartbeat,
            result,
            kind,
            scope: Scope::default(),
            undo_scope: Scope::default(),
            unreachable: false,
        }
    }

    fn kind(&mut self, steps: &spec::Steps, index: usize, kind: &spec::StepKind) -> StepKind {
        match kind {
            spec::StepKind::Call(call) => StepKind::Call(self.call(call)),
            spec::StepKind::Choose { choices, otherwise } => StepKind::Choose {
                choices: choices
                    .iter()
                    .filter_map(|choice| {
                        let when = self.expression(&choice.when);
                        Some(Choice { when, then: self.target(steps, &choice.then)?, span: choice.span })
                    })
                    .collect(),
                otherwise: otherwise
                    .as_ref()
                    .and_then(|otherwise| self.target(steps, otherwise))
                    .unwrap_or_else(|| following(steps, index)),
            },
            spec::StepKind::Parallel(branches) => {
                let branch = |(name, branch): (&Spanned<String>, &spec::Branch)| Branch {
                    name: name.clone(),
                    body: self.body(&branch.steps),
                };
                StepKind::Parallel(branches.iter().map(branch).collect())
            }
            spec::StepKind::ForEach(each) => StepKind::ForEach {
                items: self.expression(&each.items),
                concurrency: each.concurrency,
                body: self.body(&each.steps),
            },
            spec::StepKind::Wait(spec::Wait::For(duration)) => StepKind::Wait(Wait::For(duration.value)),
            spec::StepKind::Wait(spec::Wait::Until(until)) => StepKind::Wait(Wait::Until(self.expression(until))),
            spec::StepKind::Wait(spec::Wait::Signal(signal)) => {
                self.diagnostics.extend(self.model.types.check_type(&signal.answer.0));
                StepKind::Wait(Wait::Signal { answer: signal.answer.0.clone(), call: self.call(&signal.call) })
            }
            spec::StepKind::Publish { event, detail } => StepKind::Publish {
                event: find(self.sections, event, self.diagnostics),
                detail: detail.as_ref().and_then(|detail| self.template(detail)),
                span: event.span,
            },
            spec::StepKind::Set(values) => StepKind::Set(self.template(values)),
            spec::StepKind::Compensate => StepKind::Compensate,
            spec::StepKind::Succeed(output) => {
                StepKind::Succeed(output.as_ref().and_then(|output| self.template(output)))
            }
            spec::StepKind::Fail { error, cause } => {
                StepKind::Fail { error: error.clone(), cause: cause.as_ref().and_then(|cause| self.expression(cause)) }
            }
        }
    }

    fn call(&mut self, call: &spec::Call) -> Call {
        Call {
            function: find(self.sections, &call.function, self.diagnostics),
            span: call.function.span,
            with: call.with.as_ref().and_then(|with| self.template(with)),
        }
    }

    fn expression(&mut self, expression: &Spanned<Expression>) -> Option<Expr> {
        Expr::parse(&expression.text, expression.span, &self.names).map_err(|error| self.diagnostics.push(error)).ok()
    }

    fn template(&mut self, arguments: &Spanned<Arguments>) -> Option<Template> {
        Template::decode(&arguments.0, &self.names, self.diagnostics)
    }

    /// The step that a `then` or `else` names: one of the same body.
    fn target(&mut self, steps: &spec::Steps, name: &Name) -> Option<Next> {
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

    fn catches(&mut self, steps: &spec::Steps, catches: &spec::Catch) -> Vec<CatchError> {
        let mut resolved = Vec::new();
        for (error, then) in catches {
            if let Some(then) = self.target(steps, then) {
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

    /// What a step's name is bound to.
    fn result(&self, kind: &StepKind, at: Span) -> Option<Type> {
        match kind {
            StepKind::Call(call) => {
                let output = call.function.and_then(|function| self.model.functions[function].output.clone());
                Some(output.unwrap_or_else(|| Type::any(at)))
            }
            StepKind::Wait(Wait::Signal { answer, .. }) => Some(answer.clone()),
            StepKind::Publish { .. } => Some(record(at, [("eventId", Kind::String(Range::default()))])),
            // What these are is known when expressions can be typed: `routes` fills it in.
            StepKind::Set(_) | StepKind::Parallel(_) | StepKind::ForEach { .. } => Some(Type::any(at)),
            StepKind::Choose { .. }
            | StepKind::Wait(_)
            | StepKind::Compensate
            | StepKind::Succeed(_)
            | StepKind::Fail { .. } => None,
        }
    }
}

fn following(steps: &spec::Steps, index: usize) -> Next {
    if index + 1 < steps.items.len() { Next::Step(StepId(index + 1)) } else { Next::End }
}

/// The retries of a step; a call or a publish that says none is tried again on transient errors.
fn retries(written: &[Spanned<spec::Retry>], kind: &StepKind) -> Vec<Retry> {
    let calls = matches!(kind, StepKind::Call(_) | StepKind::Wait(Wait::Signal { .. }) | StepKind::Publish { .. });
    if written.is_empty() && calls {
        return vec![standard_retry()];
    }
    let retry = |retry: &Spanned<spec::Retry>| Retry {
        errors: retry.errors.iter().map(|name| name.as_ref().map(|name| RetryError::parse(name))).collect(),
        attempts: retry.attempts.as_ref().map_or(3, |attempts| attempts.value),
        interval: retry.interval.as_ref().map_or(Duration::seconds(1), |interval| interval.value),
        backoff: retry.backoff.as_ref().map_or(2.0, |backoff| backoff.value),
        max_interval: retry.max_interval.as_ref().map_or(Duration::seconds(60), |interval| interval.value),
        jitter: retry.jitter.unwrap_or(Jitter::Full),
        span: Some(retry.span),
    };
    written.iter().map(retry).collect()
}
