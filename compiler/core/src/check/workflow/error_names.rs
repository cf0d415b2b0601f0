//! Names that `error.name` is compared with and that no error has.

use std::collections::BTreeSet;

use evc_interface::error::{Kind, states};

use super::{errors, item};
use crate::diagnostics::{Code, Diagnostic};
use crate::expr::{Expr, Template};
use crate::model::{Model, RetryError, Step, Workflow};

/// The path under which a step that was reached by a `catch` finds the name of the error.
const ERROR_NAME: [&str; 2] = ["error", "name"];

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for workflow in model.workflows.values() {
        let mut steps = Vec::new();
        workflow.body.walk(&mut |step| steps.push(step));
        let mut compared = steps.iter().flat_map(|step| expressions(step)).peekable();
        if compared.peek().is_none() {
            continue;
        }
        let errors: BTreeSet<RetryError> = steps.iter().flat_map(|step| errors::raised(model, step)).collect();
        // Whoever answers for one of these may do so with an error of any name.
        let is_open =
            steps.iter().any(|step| step.waits_for_signal() || step.call().is_some_and(|call| call.function.is_none()));
        let runtime_errors: [&str; _] = Kind::ALL.map(Kind::name);
        let named = errors.iter().filter_map(|error| match error {
            RetryError::Named(name) => Some(name.as_str()),
            RetryError::Transient | RetryError::Timeout | RetryError::All => None,
        });
        let mut raised: BTreeSet<&str> = named.collect();
        raised.extend(runtime_errors);
        diagnostics.extend(too_slow(workflow, &steps));
        diagnostics.extend(transient(workflow, &steps));
        for name in compared.flat_map(|expr| expr.texts_compared_with(&ERROR_NAME)) {
            // Step Functions and Lambda have names with a dot, and more of them than are known here.
            if raised.contains(name.value) || name.value.contains('.') {
                continue;
            }
            let message = format!("no step of this workflow fails with `{}`", name.value);
            let diagnostic = Diagnostic::new(Code::EVC0410, name.span, message)
                .on(item(workflow))
                .suggest(name.value, raised.iter().copied());
            if !is_open || !diagnostic.fixes.is_empty() {
                diagnostics.push(diagnostic);
            }
        }
    }
}

/// A comparison with `Timeout`, which handlers and functions may fail with, where a step that takes too long is meant.
fn too_slow(workflow: &Workflow, steps: &[&Step]) -> Option<Diagnostic> {
    let all = || steps.iter().flat_map(|step| expressions(step)).flat_map(|expr| expr.texts_compared_with(&ERROR_NAME));
    if all().any(|name| name.value == states::TIMEOUT) {
        return None;
    }
    let catches = |step: &&Step| step.catch.iter().any(|catch| catch.error.value.covers(&RetryError::Timeout));
    let named = all().find(|name| name.value == "Timeout")?;
    let step = steps.iter().find(|step| catches(step) && step.timeout.is_some())?;
    let message = format!("a step that takes too long fails with `{}`, and never with `Timeout`", states::TIMEOUT);
    Some(
        Diagnostic::new(Code::EVC0543, named.span, message)
            .on(item(workflow))
            .secondary(step.name_span, format!("`{}` has a `timeout`", step.name))
            .note("`catch` means both by `Timeout`; `error.name` is the name that the error has")
            .help(format!("ask for both: `error.name in ['Timeout', '{}']`", states::TIMEOUT)),
    )
}

/// A comparison with `Transient`, which handlers alone fail with, where no step that fails with what `catch` means by it calls one.
fn transient(workflow: &Workflow, steps: &[&Step]) -> Option<Diagnostic> {
    let mut all =
        steps.iter().flat_map(|step| expressions(step)).flat_map(|expr| expr.texts_compared_with(&ERROR_NAME));
    let named = all.find(|name| name.value == Kind::Transient.name())?;
    let calls = |step: &&Step| step.call().is_some() || step.waits_for_signal();
    if steps.iter().any(calls) {
        return None;
    }
    let step = steps.iter().find(|step| !step.catch.is_empty())?;
    let message = "handlers alone fail with `Transient`, and no step of this workflow calls one".to_owned();
    Some(
        Diagnostic::new(Code::EVC0543, named.span, message)
            .on(item(workflow))
            .secondary(step.name_span, format!("`{}` fails with names of Step Functions and of the service that it calls", step.name))
            .note("`catch` means by `Transient` what may pass, whatever its name; `error.name` is the name that the error has")
            .help("give the step a `catch` of `Transient` with a way of its own"),
    )
}

/// All expressions of a step.
fn expressions(step: &Step) -> Vec<&Expr> {
    let assigned = step.assign.iter().filter_map(|assignment| assignment.value.as_ref());
    let mut found: Vec<&Expr> = step.arguments().iter().flat_map(|argument| argument.given.expressions()).collect();
    found.extend(assigned.flat_map(Template::expressions));
    found
}
