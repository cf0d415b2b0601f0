//! Loops that ask the same again and again, as fast as they can, until the answer is another one.

use std::collections::BTreeSet;

use super::{back, item, laps, unchanged};
use crate::diagnostics::{Code, Diagnostic};
use crate::expr::Expr;
use crate::model::{Body, Model, Next, Step, StepId, Workflow};

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for workflow in model.workflows.values() {
        workflow.body.bodies(&mut |body| {
            if body.partial {
                return;
            }
            let loops = body.loops();
            diagnostics.extend(loops.iter().filter_map(|round| polls(model, workflow, body, round)));
        });
    }
}

/// Whether a call changes nothing that is known of: one that takes the next piece of work is another one each time.
fn only_asks(model: &Model, step: &Step) -> bool {
    let Some(function) = step.call().and_then(|call| call.function).map(|id| &model.functions[id]) else {
        return false;
    };
    let writes = function.tables.iter().any(|used| used.operations.iter().any(|operation| operation.writes()));
    let tells = function.outbox.is_some() || !function.publishes.is_empty() || !function.sends.is_empty();
    !writes && !tells && function.may.is_empty()
}

/// Reports a loop whose steps wait for nothing and count nothing, and whose calls are given the same in each round.
fn polls(model: &Model, workflow: &Workflow, body: &Body, round: &BTreeSet<StepId>) -> Option<Diagnostic> {
    let steps = || round.iter().map(|id| body.step(*id));
    // What an error leads round is told of by itself, and the retries before it may have waited.
    let is_led_by_error =
        |step: &Step| step.catch.iter().any(|catch| matches!(catch.then, Next::Step(to) if round.contains(&to)));
    if steps().any(|step| back::waits(model, step) || laps::counts(step) || is_led_by_error(step)) {
        return None;
    }
    // Steps with steps inside of them do more than is looked at here.
    if steps().any(|step| step.publish().is_some() || step.bodies().next().is_some()) {
        return None;
    }
    let changing = unchanged::changing(body, round);
    let is_same = |expr: &Expr| expr.is_steady() && expr.references().iter().all(|name| !changing.contains(name.value));
    let calls: Vec<&Step> = steps().filter(|step| step.call().is_some()).collect();
    if calls.iter().any(|step| !only_asks(model, step)) {
        return None;
    }
    let asks_the_same =
        calls.iter().all(|step| step.arguments().iter().flat_map(|argument| argument.given.expressions()).all(is_same));
    let asked = calls.first().filter(|_| asks_the_same)?;
    let message = format!("`{}` is asked the same again at once, until the answer is another one", asked.name);
    Some(
        Diagnostic::new(Code::EVC0535, asked.kind_span, message)
            .on(item(workflow))
            .note("it goes round as fast as the function answers: that costs as much, and fills the history of the execution")
            .help("put a `wait` on the way round: `{ wait: 30s, then: .. }`; or let whoever knows the answer give it: `wait: { signal: TYPE, call: FUNCTION }`"),
    )
}
