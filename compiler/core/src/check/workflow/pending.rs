//! What is done and could be undone, when a later step fails and nothing catches it: the execution ends, and no `undo` runs.

use std::collections::BTreeSet;

use super::errors::raised;
use super::item;
use crate::diagnostics::{Code, Diagnostic, list};
use crate::model::{Body, Model, Next, Onward, RetryError, Step, StepId, Workflow, runtime_errors};
use crate::source::Span;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for workflow in model.workflows.values() {
        workflow.body.bodies(&mut |body| {
            if !body.partial && body.compensates() {
                in_body(model, workflow, body, diagnostics);
            }
        });
    }
}

fn in_body(model: &Model, workflow: &Workflow, body: &Body, diagnostics: &mut Vec<Diagnostic>) {
    let pending = pending(body);
    for (id, step) in body.iter().filter(|(_, step)| !step.unreachable && !step.compensates()) {
        let Some(undo) = pending[id.0].iter().find_map(|done| body.step(*done).undo.as_ref().map(|undo| (*done, undo)))
        else {
            continue;
        };
        let done = &body.step(undo.0).name;
        let Some((at, what)) = skips(model, body, (id, step)) else { continue };
        let message = format!("{what}, and what `{done}` did is not undone");
        diagnostics.push(
            Diagnostic::new(Code::EVC0556, at, message)
                .on(item(workflow))
                .secondary(undo.1.span, "this would undo it")
                .note("an error that nothing catches ends the execution, and only a `compensate` undoes what was done")
                .help("let a `catch` lead to a step with `compensate: true`: `catch: { All: STEP }`"),
        );
    }
}

/// How a step ends an execution by an error: the place, and what happens.
fn skips(model: &Model, body: &Body, (id, step): (StepId, &Step)) -> Option<(Span, String)> {
    if let Onward::Fails(error) = step.onward() {
        return Some((error.span, format!("`{}` ends the execution with `{}`", step.name, error.value)));
    }
    let caught = |error: &RetryError| step.catch.iter().any(|catch| catch.error.value.covers(error));
    let escapes: BTreeSet<RetryError> = raised(model, step).into_iter().filter(|error| !caught(error)).collect();
    let is_named = |error: &&RetryError| match error {
        RetryError::Named(name) => runtime_errors().all(|runtime| runtime != name),
        RetryError::Transient | RetryError::Timeout | RetryError::All => false,
    };
    // The errors of the business first, then that it takes too long, which somebody has thought of, then what may always happen.
    let mut named: Vec<&str> = escapes.iter().filter(is_named).map(RetryError::as_str).collect();
    // Once nothing can be undone any more, whatever fails is for people to look at.
    if named.is_empty() && body.after([id]).into_iter().any(|after| body.step(after).compensates()) {
        let is_kind = |error: &&RetryError| matches!(error, RetryError::Timeout | RetryError::Transient);
        named = escapes.iter().filter(is_kind).map(RetryError::as_str).collect();
    }
    if named.is_empty() {
        return None;
    }
    named.truncate(12);
    Some((step.kind_span, format!("nothing catches {} of `{}`", list(&named), step.name)))
}

/// For each step, those with an `undo` that may be done, and not undone, when it starts.
fn pending(body: &Body) -> Vec<BTreeSet<StepId>> {
    let mut pending: Vec<BTreeSet<StepId>> = vec![BTreeSet::new(); body.steps.len()];
    let mut work: Vec<StepId> = body.iter().map(|(id, _)| id).collect();
    while let Some(id) = work.pop() {
        let step = body.step(id);
        let before = if step.compensates() { BTreeSet::new() } else { pending[id.0].clone() };
        let mut after = before.clone();
        if step.undo.is_some() {
            after.insert(id);
        }
        let on = step.successors().into_iter().map(|next| (next, &after));
        for (next, known) in on.chain(step.catch.iter().map(|catch| (catch.then, &before))) {
            let Next::Step(to) = next else { continue };
            let size = pending[to.0].len();
            pending[to.0].extend(known.iter().copied());
            if pending[to.0].len() > size {
                work.push(to);
            }
        }
    }
    pending
}
