//! Compensation inside of branches and rounds that run at the same time: the first that fails stops the others where they are, and what
//! those have done is not undone, nor what those did that were over.

use std::collections::BTreeSet;

use super::errors::raised;
use super::item;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::workflow::Nested;
use crate::model::{Body, COMPENSATION_FAILED, Model, Onward, RetryError, Rounds, Step, Workflow, runtime_errors};

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for workflow in model.workflows.values() {
        workflow.body.walk(&mut |step| {
            let nested = step.nested();
            if step.unreachable || nested.iter().any(|nested| nested.body.partial) {
                return;
            }
            for (at, inside) in nested.iter().enumerate() {
                let beside = nested
                    .iter()
                    .enumerate()
                    .filter(|(other, _)| is_beside(at, inside, *other))
                    .map(|(_, one)| one.body);
                diagnostics.extend(cut_off(model, workflow, step, inside, beside));
            }
        });
    }
}

/// Whether a body may run at the same time as another: rounds may run beside one another, unless there is one at a time.
fn is_beside(at: usize, inside: &Nested<'_>, other: usize) -> bool {
    match inside.rounds {
        Rounds::One => at != other,
        Rounds::EachItem { concurrency } => concurrency.is_none_or(|most| most.value > 1),
    }
}

/// Reports a body that undoes what it has done by itself, if another may stop it.
fn cut_off<'b>(
    model: &Model,
    workflow: &Workflow,
    around: &Step,
    inside: &Nested<'b>,
    beside: impl Iterator<Item = &'b Body>,
) -> Option<Diagnostic> {
    let body = inside.body;
    let (id, done) = body.iter().find(|(_, step)| step.undo.is_some() && !step.unreachable)?;
    let undo = done.undo.as_ref()?;
    // One that nothing undoes is told as that.
    let to_come = body.before(|id| body.step(id).compensates());
    if !body.onward(id).any(|next| body.step(next).compensates() || to_come.contains(&next)) {
        return None;
    }
    let (failing, error) =
        beside.flat_map(|other| &other.steps).find_map(|step| Some((step, escapes(model, step)?)))?;
    let (what, others) = match inside.rounds {
        Rounds::One => ("branch", "the other branches"),
        Rounds::EachItem { .. } => ("round", "the other rounds"),
    };
    let message = format!("when another {what} of `{}` fails, what `{}` did is not undone", around.name, done.name);
    let help = match inside.rounds {
        Rounds::One => "let every branch catch its errors and end with a value that says so, and decide after it; or do what can be undone in steps one after the other".to_owned(),
        Rounds::EachItem { .. } => format!(
            "let a round that has undone its work end with a value that says so, and decide after `{}`; or let the rounds run one after the other: `concurrency: 1`",
            around.name
        ),
    };
    let diagnostic = Diagnostic::new(Code::EVC0538, undo.span, message)
        .on(item(workflow))
        .note(format!("the first {what} that fails stops {others} where they are, and no `catch` of theirs runs"))
        .help(help);
    Some(match failing.onward() {
        Onward::Fails(name) => diagnostic.secondary(name.span, format!("this ends a {what} with `{}`", name.value)),
        Onward::Next | Onward::Ways(_) | Onward::Ends(_) => {
            diagnostic.secondary(failing.kind_span, format!("nothing catches `{error}` of `{}`", failing.name))
        }
    })
}

/// An error that a step ends its body with, of those that somebody has thought of or that any call may have.
fn escapes(model: &Model, step: &Step) -> Option<String> {
    if step.unreachable {
        return None;
    }
    if let Onward::Fails(error) = step.onward() {
        return Some(error.value.clone());
    }
    let caught = |error: &RetryError| step.catch.iter().any(|catch| catch.error.value.covers(error));
    let escaping: BTreeSet<RetryError> = raised(model, step).into_iter().filter(|error| !caught(error)).collect();
    let is_meant = |error: &&RetryError| match error {
        RetryError::Named(name) => name != COMPENSATION_FAILED && runtime_errors().all(|runtime| runtime != name),
        RetryError::Transient | RetryError::Timeout | RetryError::All => true,
    };
    escaping.iter().find(is_meant).map(|error| error.as_str().to_owned())
}
