//! Errors of workflows: what a `retry` or a `catch` names can happen, and is not taken by an earlier entry.

use std::collections::BTreeSet;

use evc_interface::error::states;

use super::item;
use crate::diagnostics::{Code, Diagnostic, list};
use crate::model::{Body, COMPENSATION_FAILED, Model, Onward, RetryError, Step, Workflow, runtime_errors};
use crate::source::{Span, Spanned};

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for function in model.functions.values() {
        for error in &function.errors {
            reserved(&error.name, error.name.span, &format!("functions.{}", function.head.name), diagnostics);
        }
    }
    for workflow in model.workflows.values() {
        workflow.body.walk(&mut |step| {
            match step.onward() {
                Onward::Fails(error) => reserved(&error.value, error.span, &item(workflow), diagnostics),
                Onward::Next | Onward::Ways(_) | Onward::Ends(_) => {}
            }
            shadowed(workflow, step, diagnostics);
            never_raised(model, workflow, step, diagnostics);
        });
    }
}

/// Reports an error of the spec with a name that already stands for something else.
fn reserved(name: &str, span: Span, item: &str, diagnostics: &mut Vec<Diagnostic>) {
    let is_kind = !matches!(RetryError::parse(name), RetryError::Named(_));
    if is_kind || name == COMPENSATION_FAILED || runtime_errors().any(|error| error == name) {
        let message = format!("`{name}` is not a name for an error of your own");
        let note = if is_kind {
            format!("in `retry` and `catch`, `{name}` stands for a kind of errors")
        } else if name == COMPENSATION_FAILED {
            "a workflow fails with it when an `undo` does".to_owned()
        } else {
            "the runtime fails with it, and it could not be told from that".to_owned()
        };
        diagnostics.push(Diagnostic::new(Code::EVC0507, span, message).on(item).note(note));
    }
}

/// Reports errors in a `retry` that an earlier entry has taken: the first one that matches counts.
fn shadowed(workflow: &Workflow, step: &Step, diagnostics: &mut Vec<Diagnostic>) {
    let mut taken: Vec<&Spanned<RetryError>> = Vec::new();
    for retry in &step.retry {
        for error in &retry.errors {
            if let Some(earlier) = taken.iter().find(|earlier| earlier.value.covers(&error.value)) {
                let message = format!("the retry of `{}` is never used", error.value.as_str());
                diagnostics.push(
                    Diagnostic::new(Code::EVC0503, error.span, message)
                        .on(item(workflow))
                        .secondary(earlier.span, "this comes first, and has taken it")
                        .help("the first entry of `retry` that matches an error counts; put `All` last"),
                );
            }
        }
        taken.extend(&retry.errors);
    }
}

/// Reports errors in a `retry` or a `catch` that the step cannot fail with.
fn never_raised(model: &Model, workflow: &Workflow, step: &Step, diagnostics: &mut Vec<Diagnostic>) {
    let raised = raised(model, step);
    // Names of the spec only: what the runtime may fail with is many, and seldom meant.
    let known: Vec<&str> =
        raised.iter().map(RetryError::as_str).filter(|name| !runtime_errors().any(|error| error == *name)).collect();
    // Whoever answers for the function may do so with an error of any name.
    let unresolved = step.waits_for_signal() || step.call().is_some_and(|call| call.function.is_none());
    let mut report = |error: &Spanned<RetryError>, does: &str| {
        let name = error.value.as_str();
        if let Some(instead) = of_aws(name) {
            let message = format!("`{}` cannot fail with `{name}`, which it {does}", step.name);
            diagnostics.push(
                Diagnostic::new(Code::EVC0504, error.span, message)
                    .on(item(workflow))
                    .note("errors of AWS have one name on both engines")
                    .help(format!("say `{instead}`"))
                    .replace(format!("replace with `{instead}`"), error.span, instead),
            );
            return;
        }
        if unresolved || error.value == RetryError::All {
            return;
        }
        if raised.contains(&error.value) {
            diagnostics.extend(without_cause(model, step, &error.value).map(|why| {
                let message = format!("`{}` does not fail with `{name}`, which it {does}: {why}", step.name);
                Diagnostic::new(Code::EVC0557, error.span, message).on(item(workflow))
            }));
            return;
        }
        let message = format!("`{}` cannot fail with `{name}`, which it {does}", step.name);
        let mut diagnostic = Diagnostic::new(Code::EVC0504, error.span, message).on(item(workflow));
        if let Some(call) = step.call()
            && let Some(function) = call.function.map(|function| &model.functions[function])
        {
            let errors: Vec<&str> = function.errors.iter().map(|error| error.name.as_str()).collect();
            let says =
                if errors.is_empty() { "no `errors`".to_owned() } else { format!("`errors`: {}", list(&errors)) };
            diagnostic = diagnostic.secondary(function.head.name_span, format!("the function has {says}"));
        }
        diagnostics.push(diagnostic.suggest(name, known.iter().copied().chain(["All"])));
    };
    for error in step.retry.iter().filter(|retry| retry.span.is_some()).flat_map(|retry| &retry.errors) {
        report(error, "tries again on");
    }
    for catch in &step.catch {
        report(&catch.error, "catches");
    }
}

/// The name in evc for an error of Step Functions or Lambda.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-error-representation>
fn of_aws(name: &str) -> Option<&'static str> {
    match name {
        states::TIMEOUT | "States.HeartbeatTimeout" => Some("Timeout"),
        _ if name.starts_with("Lambda.") => Some("Transient"),
        _ if name.starts_with("States.") => Some("All"),
        _ => None,
    }
}

/// Why the runtime does not fail with this in what a step calls, if it does not: the function has nothing that could.
fn without_cause(model: &Model, step: &Step, error: &RetryError) -> Option<String> {
    let RetryError::Named(name) = error else { return None };
    let function = &model.functions[step.call()?.function?];
    let lacks = match name.as_str() {
        "CircuitOpen" if function.circuit_breaker.is_none() => "no `circuit-breaker`",
        "InProgress" if function.idempotent.is_none() => "no `idempotent`",
        "KeyReused" if function.idempotent.is_none() && function.outbox.is_none() => {
            "neither `idempotent` nor an outbox"
        }
        _ => return None,
    };
    Some(format!("function `{}` has {lacks}", function.head.name))
}

/// What a step can fail with before its own `catch`.
pub(super) fn raised(model: &Model, step: &Step) -> BTreeSet<RetryError> {
    let inside = step.bodies().flat_map(|body| escaping(model, body));
    step.raises(model).into_iter().chain(inside).collect()
}

/// What gets out of a body: what its steps fail with and do not catch.
pub(super) fn escaping(model: &Model, body: &Body) -> BTreeSet<RetryError> {
    let mut escaping = BTreeSet::new();
    for step in body.steps.iter().filter(|step| !step.unreachable) {
        let caught = |error: &RetryError| step.catch.iter().any(|catch| catch.error.value.covers(error));
        escaping.extend(raised(model, step).into_iter().filter(|error| !caught(error)));
    }
    escaping
}
