//! `outcomes` of workflows: each is an error with which an execution can end, and none that means trouble.

use super::errors::escaping;
use super::item;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{COMPENSATION_FAILED, Model, RetryError, Workflow, runtime_errors};

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for workflow in model.workflows.values() {
        for (at, outcome) in workflow.outcomes.iter().enumerate() {
            let name = outcome.as_str();
            if let Some(first) = workflow.outcomes.iter().take(at).find(|other| other.value == outcome.value) {
                let message = format!("outcome `{name}` is here twice");
                diagnostics.push(
                    Diagnostic::new(Code::EVC0108, outcome.span, message)
                        .on(item(workflow))
                        .secondary(first.span, "the first is here"),
                );
            } else if let Some(why) = trouble(name) {
                let message = format!("`{name}` is no outcome: {why}");
                diagnostics.push(
                    Diagnostic::new(Code::EVC0691, outcome.span, message)
                        .on(item(workflow))
                        .note("an execution that ends with an outcome is no alarm")
                        .help("catch it, and let a `fail` step end the execution with an error of your own"),
                );
            } else {
                diagnostics.extend(never(model, workflow, outcome));
            }
        }
    }
}

/// Why an error means that somebody has to look at it.
fn trouble(name: &str) -> Option<&'static str> {
    if name == COMPENSATION_FAILED {
        return Some("what was done could not be taken back");
    }
    let is_kind = !matches!(RetryError::parse(name), RetryError::Named(_));
    let is_technical = is_kind || runtime_errors().any(|error| error == name);
    let of_aws = ["States.", "Lambda.", "EventBridge."].iter().any(|service| name.starts_with(service));
    (is_technical || of_aws).then_some("it is a technical failure, and somebody has to look at it")
}

/// Reports an outcome with which no execution ends. Whoever answers a step that waits may do so with an error of any name.
fn never(model: &Model, workflow: &Workflow, outcome: &crate::spec::scalar::Name) -> Option<Diagnostic> {
    let mut open = workflow.body.partial;
    workflow.body.walk(&mut |step| {
        open |= step.waits_for_signal() || step.call().is_some_and(|call| call.function.is_none());
    });
    let name = outcome.as_str();
    let ends = escaping(model, &workflow.body);
    if open || ends.contains(&RetryError::Named(name.to_owned())) {
        return None;
    }
    let own: Vec<&str> = ends.iter().map(RetryError::as_str).filter(|name| trouble(name).is_none()).collect();
    let message = format!("no execution of `{}` ends with `{name}`", workflow.head.name);
    let mut diagnostic = Diagnostic::new(Code::EVC0690, outcome.span, message).on(item(workflow));
    if own.is_empty() {
        diagnostic = diagnostic.note("it has no `fail` step, and lets no error of the business through");
    }
    Some(diagnostic.suggest(name, own.iter().copied()))
}
