//! Loops that go round for as long as a step fails, although a counter was to end them.

use std::collections::BTreeSet;

use super::{exits, item, unchanged};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Body, Loops, Model, Next, StepId, Workflow};

/// Looks for a `catch` in a loop after which, if its step fails each time, a bound on what the loop counts is never reached.
pub(super) fn check(
    model: &Model,
    workflow: &Workflow,
    body: &Body,
    loops: &Loops,
    round: &BTreeSet<StepId>,
) -> Option<Diagnostic> {
    let counted: BTreeSet<&str> = round.iter().flat_map(|id| unchanged::counted(body.step(*id))).collect();
    if body.partial || counted.is_empty() {
        return None;
    }
    round.iter().find_map(|id| {
        let step = body.step(*id);
        step.catch.iter().find_map(|catch| {
            let Next::Step(to) = catch.then else { return None };
            let closed = exits::closed_by_error(model, body, loops, (*id, to)).filter(|_| round.contains(&to))?;
            let (condition, holds) = closed.condition;
            // What nothing in the loop counts was not meant to bound it.
            if !condition.compares_by_order() || !condition.references().iter().any(|name| counted.contains(name.value)) {
                return None;
            }
            let text = condition.text().trim();
            let error = catch.error.value.as_str();
            let comes_out = if holds { "holds" } else { "does not hold" };
            let message = format!("for as long as `{}` fails with `{error}`, `{text}` {comes_out} each time", step.name);
            Some(
                Diagnostic::new(Code::EVC0533, condition.span, message)
                    .label("this was to end the loop")
                    .on(item(workflow))
                    .secondary(catch.error.span, "this leads round")
                    .note("this is so by what variables are set to on the way; the execution goes round until its timeout, or until its history is full")
                    .help("count towards the bound: `assign: { tries: tries + 1 }` and `tries < 3`"),
            )
        })
    })
}
