//! Compensation: what can be undone is undone somewhere, and what undoes has something to undo.

use super::item;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Body, Call, Model, StepId, Workflow};
use crate::source::Span;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for workflow in model.workflows.values() {
        workflow.body.bodies(&mut |body| {
            if !body.partial {
                in_body(workflow, body, diagnostics);
            }
        });
        retried(model, workflow, &workflow.body, Around { repeats: false, retry: None }, diagnostics);
    }
}

fn in_body(workflow: &Workflow, body: &Body, diagnostics: &mut Vec<Diagnostic>) {
    // What a branch or a round has done is not undone when one beside it fails: no help leads there.
    let is_inside = !std::ptr::eq(body, &raw const workflow.body);
    let reachable = || body.iter().filter(|(_, step)| !step.unreachable);
    let compensates = |id: StepId| body.step(id).compensates();
    let to_come = body.before(compensates);
    for (id, step) in reachable() {
        let Some(undo) = &step.undo else { continue };
        if !body.onward(id).any(|next| compensates(next) || to_come.contains(&next)) {
            let message = format!("what undoes `{}` never runs", step.name);
            let diagnostic = Diagnostic::new(Code::EVC0505, undo.span, message).on(item(workflow));
            diagnostics.push(if is_inside {
                diagnostic
                    .note("an `undo` is run by a `compensate` of the same branch or round, and the first branch or round that fails stops the others")
                    .help("do what can be undone in steps of the workflow itself, one after the other, with a `catch` that leads to `compensate: true`")
            } else if body.compensates() {
                diagnostic.help("no `compensate` comes after this step: let a `catch` of a later step lead to one")
            } else {
                diagnostic
                    .note("an `undo` is run by a `compensate` of the same steps")
                    .help("let a `catch` of a later step lead to a step with `compensate: true`")
            });
        }
    }
    let used = body.from(reachable().filter(|(_, step)| step.undo.is_some()).flat_map(|(id, _)| body.onward(id)));
    for (id, step) in reachable().filter(|(id, _)| compensates(*id)) {
        if !used.contains(&id) {
            let message = format!("`{}` has nothing to undo", step.name);
            let diagnostic = Diagnostic::new(Code::EVC0506, step.kind_span, message).on(item(workflow));
            let help = if is_inside {
                "remove it: what can be undone is best done in steps of the workflow itself, where no branch or round beside it stops it"
            } else {
                "give a step before it an `undo`, or remove it"
            };
            diagnostics.push(diagnostic.help(help));
        }
    }
}

/// What is around a body.
#[derive(Clone, Copy)]
struct Around {
    /// Whether a loop runs it again: its steps are told apart by the time of each round then.
    repeats: bool,
    /// The place of a retry that runs it again.
    retry: Option<Span>,
}

/// Reports bodies whose steps are run again by the retry of what they are in, after they were undone: to the functions, each is the
/// same step of the same execution.
fn retried(model: &Model, workflow: &Workflow, body: &Body, around: Around, diagnostics: &mut Vec<Diagnostic>) {
    let loops = body.loops();
    for (id, step) in body.iter() {
        let retry = step.retry.iter().find(|retry| retry.attempts > 0).and_then(|retry| retry.span);
        let inside = Around { repeats: around.repeats || loops.has(id), retry: retry.or(around.retry) };
        for body in step.bodies() {
            retried(model, workflow, body, inside, diagnostics);
        }
    }
    let Some(retry) = around.retry.filter(|_| !around.repeats && body.compensates()) else { return };
    let undone = body.iter().find_map(|(id, step)| {
        let undo = step.undo.as_ref().filter(|_| !loops.has(id))?;
        let why = step.call().into_iter().chain([undo]).find_map(|call| remembers(model, call))?;
        Some((step, undo, why))
    });
    if let Some((step, undo, why)) = undone {
        let message = format!("what `{}` did is undone, and its next round is taken for the one that was", step.name);
        let diagnostic = Diagnostic::new(Code::EVC0513, retry, message).label("this runs it again");
        let diagnostic = diagnostic.secondary(undo.span, "what it did is undone by this");
        diagnostics.push(
            diagnostic
                .on(item(workflow))
                .note(why)
                .help("let the step that fails be tried again before its `catch` compensates"),
        );
    }
}

/// By what the function that is called, or whoever hears of its work, knows the work of this step of this execution again, if by anything.
fn remembers(model: &Model, call: &Call) -> Option<String> {
    let function = &model.functions[call.function?];
    let name = &function.head.name;
    if function.idempotent.is_some() {
        Some(format!("`{name}` is idempotent: to the next round it gives the answer that it has stored"))
    } else if function.outbox.is_some() {
        Some(format!(
            "`{name}` has an outbox, by whose rows the transaction of the next round is taken for done, and writes nothing"
        ))
    } else if !function.publishes.is_empty() {
        Some(format!(
            "`{name}` publishes: an event of the next round has the id of the one before, and who has seen that drops it"
        ))
    } else if !function.sends.is_empty() {
        Some(format!(
            "`{name}` sends: a message of the next round has the id of the one before, and who has seen that drops it"
        ))
    } else {
        None
    }
}
