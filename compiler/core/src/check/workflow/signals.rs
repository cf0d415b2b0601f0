//! Waits for signals, and functions that answer them: each has the other.

use std::collections::BTreeSet;

use super::item;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Function, Id, Model, Step, Thing, Workflow};

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let answered = |of: &Workflow| {
        let signals = model.functions.values().flat_map(|function| &function.signals);
        signals.into_iter().any(|signal| std::ptr::eq(&raw const model.workflows[signal.value], of))
    };
    for workflow in model.workflows.values().filter(|workflow| !answered(workflow)) {
        workflow.body.walk(&mut |step| {
            if step.waits_for_signal() {
                let message = format!("no function answers what `{}` waits for", step.name);
                let diagnostic = Diagnostic::new(Code::EVC0525, step.kind_span, message).on(item(workflow));
                let help = format!("say `signals: {}` on the function that does", workflow.head.name);
                diagnostics.push(diagnostic.help(help));
            }
        });
    }
    for (id, workflow) in model.workflows.iter() {
        diagnostics.extend(answered_later(model, id, workflow));
    }
    for function in model.functions.values() {
        for signal in &function.signals {
            let workflow = &model.workflows[signal.value];
            if !waits(workflow) {
                let message = format!("workflow `{}` waits for no signal", workflow.head.name);
                let diagnostic = Diagnostic::new(Code::EVC0526, signal.span, message)
                    .on(format!("functions.{}", function.head.name))
                    .secondary(workflow.head.name_span, "declared here");
                diagnostics
                    .push(diagnostic.help("take it out, or give the workflow a step with `wait: { signal: .. }`"));
            }
        }
    }
}

/// A wait that only functions answer which nothing calls but steps that come after it.
fn answered_later(model: &Model, id: Id<Workflow>, workflow: &Workflow) -> Option<Diagnostic> {
    let body = &workflow.body;
    let answers = |function: &Function| function.signals.iter().any(|signal| signal.value == id);
    let answering: Vec<Id<Function>> =
        model.functions.iter().filter(|(_, function)| answers(function)).map(|(id, _)| id).collect();
    if body.partial || answering.is_empty() || answering.iter().any(|id| is_called_elsewhere(model, *id, workflow)) {
        return None;
    }
    let calls = |step: &Step| {
        let called = step.call().into_iter().chain(step.undo.as_ref()).filter_map(|call| call.function);
        called.into_iter().any(|function| answering.contains(&function))
    };
    let waits = body.iter().filter(|(_, step)| step.waits_for_signal() && !step.unreachable && !calls(step));
    for (at, wait) in waits {
        let mut seen = BTreeSet::from_iter(body.first());
        let mut work = Vec::from_iter(body.first());
        while let Some(next) = work.pop() {
            if next != at {
                work.extend(body.edges(next).filter(|to| seen.insert(*to)));
            }
        }
        let mut earlier = false;
        let mut later: Option<&Step> = None;
        for (id, step) in body.iter() {
            let mut inside = calls(step);
            step.bodies().for_each(|inner| inner.walk(&mut |step| inside |= calls(step)));
            if inside && seen.contains(&id) {
                earlier = true;
            } else if inside {
                later = later.or(Some(step));
            }
        }
        let Some(later) = later.filter(|_| !earlier) else { continue };
        let message = format!("nobody can answer what `{}` waits for: `{}` comes after it", wait.name, later.name);
        return Some(
            Diagnostic::new(Code::EVC0525, wait.kind_span, message)
                .on(item(workflow))
                .secondary(later.kind_span, "nothing else calls what answers")
                .help("call it before, or from an API, a rule or a queue; or let the function that is asked answer"),
        );
    }
    None
}

/// Whether something else than the steps of a workflow may call a function.
fn is_called_elsewhere(model: &Model, id: Id<Function>, workflow: &Workflow) -> bool {
    let is_own =
        |thing: &Thing| matches!(thing, Thing::Workflow(of) if std::ptr::eq(&raw const model.workflows[*of], workflow));
    let triggers = model.triggers(id);
    triggers.is_empty() || !triggers.iter().all(is_own) || model.invoked_otherwise(id).is_some()
}

fn waits(workflow: &Workflow) -> bool {
    let mut waits = false;
    workflow.body.walk(&mut |step: &Step| waits |= step.waits_for_signal());
    waits
}
