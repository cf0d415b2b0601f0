//! Waits for signals, and functions that answer them: each has the other.

use super::item;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Model, Step, Workflow};

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

fn waits(workflow: &Workflow) -> bool {
    let mut waits = false;
    workflow.body.walk(&mut |step: &Step| waits |= step.waits_for_signal());
    waits
}
