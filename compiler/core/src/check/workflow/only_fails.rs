//! Branches and rounds that can only fail: what they are in never succeeds.

use std::collections::BTreeSet;

use super::item;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Body, Model, Next, Onward, Rounds, Step, Workflow};

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for workflow in model.workflows.values() {
        // With a `catch`, to fail is a way to go on: a branch that waits and then fails ends the others in time.
        let is_asked = |step: &Step| !step.unreachable && step.catch.is_empty();
        workflow.body.walk(&mut |step| {
            let nested = step.nested();
            let fails =
                nested.iter().filter(|_| is_asked(step)).find_map(|nested| Some((nested.rounds, fails(nested.body)?)));
            diagnostics.extend(fails.map(|(rounds, by)| report(workflow, step, rounds, by)));
        });
    }
}

/// The step with which a body fails, if no way through it ends well.
fn fails(body: &Body) -> Option<&Step> {
    if body.partial || body.steps.is_empty() {
        return None;
    }
    let mut by = None;
    let mut seen = BTreeSet::new();
    let mut work = Vec::from_iter(body.first());
    while let Some(id) = work.pop() {
        if !seen.insert(id) {
            continue;
        }
        let step = body.step(id);
        match step.onward() {
            Onward::Fails(_) => by = by.or(Some(step)),
            Onward::Ends(_) => return None,
            Onward::Next | Onward::Ways(_) => {}
        }
        for next in step.successors().into_iter().chain(step.catch.iter().map(|catch| catch.then)) {
            match next {
                Next::Step(to) => work.push(to),
                Next::End => return None,
            }
        }
    }
    by
}

fn report(workflow: &Workflow, step: &Step, rounds: Rounds, by: &Step) -> Diagnostic {
    let (message, help) = match rounds {
        Rounds::One => (
            format!("a branch of `{}` can only fail, so that the step never succeeds", step.name),
            format!("let the branch end well on some way, or say by `catch` of `{}` what comes then", step.name),
        ),
        Rounds::EachItem { .. } => (
            format!("each round of `{}` can only fail, so that the step succeeds for an empty list alone", step.name),
            format!("let a round end well on some way, or say by `catch` of `{}` what comes then", step.name),
        ),
    };
    Diagnostic::new(Code::EVC0536, by.kind_span, message)
        .label("every way through the steps ends here")
        .on(item(workflow))
        .secondary(step.name_span, "nothing catches it here, so that the workflow fails")
        .help(help)
}
