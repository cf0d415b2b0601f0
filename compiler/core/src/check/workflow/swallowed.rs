//! Errors that lead where success does: the step might as well not have failed.

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
            }
        });
    }
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
