//! Routes through a workflow: every step is on one, and every one has an end.

use std::collections::BTreeSet;

use super::item;
use crate::diagnostics::{Code, Diagnostic, list};
use crate::model::{Body, Model, Next, StepId, Workflow};

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for workflow in model.workflows.values() {
        workflow.body.bodies(&mut |body| {
            if !body.partial {
                unreachable(workflow, body, diagnostics);
                endless(workflow, body, diagnostics);
            }
        });
    }
}

/// Reports steps that nothing leads to; of those that follow from one another only the first.
fn unreachable(workflow: &Workflow, body: &Body, diagnostics: &mut Vec<Diagnostic>) {
    let mut reported = BTreeSet::new();
    for (id, step) in body.iter().filter(|(_, step)| step.unreachable) {
        if reported.contains(&id) {
            continue;
        }
        reported.extend(body.after([id]));
        let message = format!("nothing leads to step `{}`", step.name);
        let mut diagnostic = Diagnostic::new(Code::EVC0501, step.name_span, message).on(item(workflow));
        if let Some(before) = id.0.checked_sub(1).map(|before| body.step(StepId(before))) {
            let ends = before.successors().iter().all(|next| *next == Next::End);
            let does = if ends { "ends" } else { "goes elsewhere" };
            diagnostic = diagnostic.secondary(before.name_span, format!("the step before it {does}"));
        }
        let help = format!("name it in a `then`, a `choose` or a `catch`, or remove it: `then: {}`", step.name);
        diagnostics.push(diagnostic.help(help));
    }
}

/// Reports loops that no step of them leaves.
fn endless(workflow: &Workflow, body: &Body, diagnostics: &mut Vec<Diagnostic>) {
    let ends = |id: StepId| {
        let next = body.step(id).successors();
        next.is_empty() || next.contains(&Next::End)
    };
    // Those that lead into a loop are not the mistake; the loop is.
    for round in body.loops().iter() {
        let Some(id) = round.iter().copied().find(|id| !body.step(*id).unreachable) else { continue };
        let (after, step) = (body.after([id]), body.step(id));
        if after.iter().any(|id| ends(*id)) {
            continue;
        }
        let names: Vec<&str> = after.iter().map(|id| body.step(*id).name.as_str()).collect();
        let message = if names.len() == 1 {
            format!("step `{}` goes to itself, and nowhere else", step.name)
        } else {
            format!("steps {} go round, and none of them leads out", list(&names))
        };
        diagnostics.push(
            Diagnostic::new(Code::EVC0502, step.name_span, message)
                .on(item(workflow))
                .help("let one of them say `end: true`, or leave through a `choose`"),
        );
    }
}
