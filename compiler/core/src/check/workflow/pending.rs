//! What is done and could be undone, when a later step fails and nothing catches it: the execution ends, and no `undo` runs.

use std::collections::BTreeSet;

use super::errors::raised;
use super::item;
use crate::diagnostics::{Code, Diagnostic, list};
use crate::expr::Expr;
use crate::model::{Body, Model, Next, Onward, RetryError, Step, StepId, Workflow, runtime_errors};
use crate::source::{Span, Spanned};

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
    let (pending, to_come) = (pending(body), body.before(|id| body.step(id).compensates()));
    for (id, step) in body.iter().filter(|(_, step)| !step.unreachable && !step.compensates()) {
        let Some(done) = pending[id.0].map(|done| body.step(done)) else { continue };
        let Some(undo) = &done.undo else { continue };
        let Some((at, what)) = skips(model, step, to_come.contains(&id)) else { continue };
        let done = &done.name;
        let message = format!("{what}, and what `{done}` did is not undone");
        diagnostics.push(
            Diagnostic::new(Code::EVC0556, at, message)
                .on(item(workflow))
                .secondary(undo.span, "this would undo it")
                .note("an error that nothing catches ends the execution, and only a `compensate` undoes what was done")
                .help("let a `catch` lead to a step with `compensate: true`: `catch: { All: STEP }`"),
        );
    }
}

/// How a step ends an execution by an error: the place, and what happens. `to_come` is whether a `compensate` may come after it.
fn skips(model: &Model, step: &Step, to_come: bool) -> Option<(Span, String)> {
    if let Onward::Fails(error) = step.onward() {
        return Some((error.span, format!("`{}` ends the execution with `{}`", step.name, error.value)));
    }
    if let Some(check) = to_come.then(|| checks(step)).flatten() {
        return Some((check.span, format!("`{}` fails where `{}` does not hold", step.name, check.value)));
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
    if named.is_empty() && to_come {
        let is_kind = |error: &&RetryError| matches!(error, RetryError::Timeout | RetryError::Transient);
        named = escapes.iter().filter(is_kind).map(RetryError::as_str).collect();
    }
    if named.is_empty() {
        return None;
    }
    named.truncate(12);
    Some((step.kind_span, format!("nothing catches {} of `{}`", list(&named), step.name)))
}

/// A conversion or an assertion in a step that cannot catch anything, which is there to fail.
fn checks(step: &Step) -> Option<Spanned<String>> {
    let cannot_catch = !step.is_work() && step.bodies().next().is_none();
    let expressions = step.expressions().into_iter().filter(|_| cannot_catch);
    expressions.flat_map(Expr::checks).next()
}

/// For each step, the first with an `undo` that may be done, and not undone, when it starts.
fn pending(body: &Body) -> Vec<Option<StepId>> {
    let mut pending: Vec<Option<StepId>> = vec![None; body.steps.len()];
    let mut work: BTreeSet<StepId> = body.iter().map(|(id, _)| id).collect();
    while let Some(id) = work.pop_first() {
        let step = body.step(id);
        let before = pending[id.0].filter(|_| !step.compensates());
        let after = before.into_iter().chain(step.undo.as_ref().map(|_| id)).min();
        let on = step.successors().into_iter().map(|next| (next, after));
        for (next, known) in on.chain(step.catch.iter().map(|catch| (catch.then, before))) {
            let (Next::Step(to), Some(known)) = (next, known) else { continue };
            if pending[to.0].is_none_or(|first| known < first) {
                pending[to.0] = Some(known);
                work.insert(to);
            }
        }
    }
    pending
}
