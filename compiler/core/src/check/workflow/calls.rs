//! Calls of workflows: the function can be called by a step.

use super::item;
use crate::diagnostics::{Code, Diagnostic, list};
use crate::model::{Call, Input, Model, Workflow};

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for workflow in model.workflows.values() {
        workflow.body.walk(&mut |step| {
            for call in step.call().into_iter().chain(&step.undo) {
                takes_events(model, workflow, call, diagnostics);
            }
        });
    }
}

/// Reports the call of a function that tells its events apart: what a step gives it is none of them.
fn takes_events(model: &Model, workflow: &Workflow, call: &Call, diagnostics: &mut Vec<Diagnostic>) {
    let Some(function) = call.function.map(|function| &model.functions[function]) else { return };
    let Input::Events(events) = &function.input else { return };
    if events.len() > 1 {
        let names: Vec<&str> = events.iter().map(|event| model.events[*event].head.name.as_str()).collect();
        let message = format!("`{}` takes events, and a step calls it with none", function.head.name);
        diagnostics.push(
            Diagnostic::new(Code::EVC0511, call.span, message)
                .on(item(workflow))
                .secondary(function.head.name_span, format!("rules bring it {}", list(&names)))
                .help("make a function with an `input` for the step; both can use the same code"),
        );
    }
}
