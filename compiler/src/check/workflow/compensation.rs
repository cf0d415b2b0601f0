//! Compensation: what can be undone is undone somewhere, and what undoes has something to undo.

use super::item;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Body, Model, Next, StepId, StepKind, Workflow};

pub(in crate::check) fn check(model: &Model, out: &mut Vec<Diagnostic>) {
    for workflow in model.workflows.values() {
        workflow.body.bodies(&mut |body| {
            if !body.partial {
                in_body(workflow, body, out);
            }
        });
    }
}

fn in_body(workflow: &Workflow, body: &Body, out: &mut Vec<Diagnostic>) {
    let reachable = || body.iter().filter(|(_, step)| !step.unreachable);
    let compensates = |id: &StepId| matches!(body.step(*id).kind, StepKind::Compensate);
    let mut used: Vec<StepId> = Vec::new();
    for (id, step) in reachable() {
        let Some(undo) = &step.undo else { continue };
        let after = once_done(body, id);
        if !after.iter().any(compensates) {
            let message = format!("what undoes `{}` never runs", step.name);
            let diagnostic = Diagnostic::new(Code::EVC0505, undo.span, message).on(item(workflow));
            out.push(if body.compensates() {
                diagnostic.help("no `compensate` comes after this step: let a `catch` of a later step lead to one")
            } else {
                diagnostic
                    .note(
                        "an `undo` is run by a `compensate` of the same steps: of the workflow, the branch or the list",
                    )
                    .help("let a `catch` of a later step lead to a step with `compensate: true`")
            });
        }
        used.extend(after);
    }
    for (id, step) in reachable().filter(|(id, _)| compensates(id)) {
        if !used.contains(&id) {
            let message = format!("`{}` has nothing to undo", step.name);
            let diagnostic = Diagnostic::new(Code::EVC0506, step.kind_span, message).on(item(workflow));
            out.push(diagnostic.help("give a step before it an `undo`, or remove it"));
        }
    }
}

/// The steps that can come after one that was done, and did not fail.
fn once_done(body: &Body, id: StepId) -> Vec<StepId> {
    let next = body.step(id).successors().into_iter().filter_map(|next| match next {
        Next::Step(id) => Some(id),
        Next::End => None,
    });
    let next: Vec<StepId> = next.collect();
    let after = body.after(next.clone());
    next.into_iter().chain(after).collect()
}
