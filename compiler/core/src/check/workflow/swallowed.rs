//! Errors that lead where success does: the step might as well not have failed.

use std::collections::BTreeSet;

use super::item;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Body, Model, Next, Onward, RetryError, Step, Workflow};

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for workflow in model.workflows.values() {
        workflow.body.bodies(&mut |body| {
            if !body.partial {
                for step in body.steps.iter().filter(|step| !step.unreachable) {
                    diagnostics.extend(swallowed(workflow, body, step));
                }
                diagnostics.extend(undone(workflow, body));
            }
        });
    }
}

/// Steps of a workflow that undo everything after an error, and nothing after them: whoever asks is told that the execution succeeded. What is
/// also undone when nothing fails may have been asked for, and an output says how it went.
fn undone(workflow: &Workflow, body: &Body) -> Option<Diagnostic> {
    if !std::ptr::eq(body, &raw const workflow.body) || workflow.output.is_some() {
        return None;
    }
    let mut well = BTreeSet::from_iter(body.first());
    let mut work = Vec::from_iter(body.first());
    while let Some(id) = work.pop() {
        work.extend(body.onward(id).filter(|to| well.insert(*to)));
    }
    let is_last = |step: &Step| step.compensates() && !step.unreachable && step.next == Next::End;
    // One that has nothing to undo is told as that.
    let done = body.iter().filter(|(_, step)| step.undo.is_some() && !step.unreachable);
    let used = body.from(done.flat_map(|(id, _)| body.onward(id)));
    let (_, step) = body.iter().find(|(id, step)| is_last(step) && !well.contains(id) && used.contains(id))?;
    let message = format!("`{}` undoes what was done after an error, and the execution succeeds", step.name);
    Some(
        Diagnostic::new(Code::EVC0541, step.kind_span, message)
            .on(item(workflow))
            .note("its status is SUCCEEDED, no alarm goes off, and whoever waits for it takes the work for done")
            .help("let a `fail` follow, with the name of what went wrong; or a `succeed` that gives what came of it"),
    )
}

/// An error of the business is told apart from success for a reason; to go on whatever happens can be meant.
fn swallowed(workflow: &Workflow, body: &Body, step: &Step) -> Option<Diagnostic> {
    let (Onward::Next, Next::Step(next)) = (step.onward(), step.next) else { return None };
    // A variable that only success sets tells the two apart.
    if step.assigns().next().is_some() {
        return None;
    }
    let same = |named: bool| {
        step.catch
            .iter()
            .find(|catch| catch.then == step.next && matches!(catch.error.value, RetryError::Named(_)) == named)
    };
    let (code, catch) = match (same(true), same(false)) {
        (Some(catch), _) => (Code::EVC0554, catch),
        (None, Some(catch)) => (Code::EVC0555, catch),
        (None, None) => return None,
    };
    let (name, to, error) = (&step.name, &body.step(next).name, catch.error.value.as_str());
    let message = format!("`{name}` goes on with `{to}` when it is done, and when it fails with `{error}` too");
    let diagnostic = Diagnostic::new(code, catch.error.span, message)
        .secondary(body.step(next).name_span, "both lead here")
        .help("let the error lead elsewhere, or leave the `catch` out if the execution is to fail with it");
    Some(if code == Code::EVC0554 { diagnostic.on(item(workflow)) } else { diagnostic })
}
