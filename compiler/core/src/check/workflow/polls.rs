//! Loops that ask the same again and again, as fast as they can, until the answer is another one.

use std::collections::BTreeSet;

use super::dead_ways::names_one_of;
use super::{back, conditions, item, laps, unchanged};
use crate::diagnostics::{Code, Diagnostic};
use crate::expr::Expr;
use crate::model::{Body, Model, Next, Step, StepId, Workflow};

/// Whether a call changes nothing that is known of: one that takes the next piece of work is another one each time.
fn only_asks(model: &Model, step: &Step) -> bool {
    let Some(function) = step.call().and_then(|call| call.function).map(|id| &model.functions[id]) else {
        return false;
    };
    let writes = function.tables.iter().any(|used| used.operations.iter().any(|operation| operation.writes()));
    let tells = function.outbox.is_some() || !function.publishes.is_empty() || !function.sends.is_empty();
    !writes && !tells && function.may.is_empty()
}

/// Reports a loop whose steps wait for nothing and count nothing, and whose calls are given the same in each round. `unset` are variables
/// of which is told that nothing sets them.
pub(super) fn check(
    model: &Model,
    workflow: &Workflow,
    body: &Body,
    round: &BTreeSet<StepId>,
    unset: &BTreeSet<&str>,
) -> Option<Diagnostic> {
    let steps = || round.iter().map(|id| body.step(*id));
    // A loop that nothing leaves is told of by itself.
    let leads_out = |id: &StepId| {
        let next = body.step(*id).successors();
        next.iter().any(|next| !matches!(next, Next::Step(to) if round.contains(to)))
    };
    if body.partial || !round.iter().any(leads_out) {
        return None;
    }
    // What an error leads round is told of by itself, and the retries before it may have waited.
    let is_led_by_error =
        |step: &Step| step.catch.iter().any(|catch| matches!(catch.then, Next::Step(to) if round.contains(&to)));
    if steps().any(|step| back::waits(model, step) || laps::counts(step) || is_led_by_error(step)) {
        return None;
    }
    if steps().flat_map(unchanged::counted).next().is_some() {
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
    // An answer that nothing asks of is not waited for.
    let given_in_round: BTreeSet<&str> =
        steps().filter(|step| step.call().is_some()).flat_map(unchanged::written).collect();
    let asks_of_answers = |step: &Step| {
        let asked = conditions(step).into_iter().flatten().flat_map(Expr::references);
        asked.map(|name| name.value).any(|name| given_in_round.contains(name))
    };
    if !steps().any(asks_of_answers) {
        return None;
    }
    let given = || calls.iter().flat_map(|step| step.arguments()).flat_map(|argument| argument.given.expressions());
    let asks_the_same = given().all(is_same) && !given().any(|expr| names_one_of(expr, unset));
    let asked = calls.first().filter(|_| asks_the_same)?;
    let message = format!("`{}` is asked the same again at once, until the answer is another one", asked.name);
    Some(
        Diagnostic::new(Code::EVC0535, asked.kind_span, message)
            .on(item(workflow))
            .note("it goes round as fast as the function answers: that costs as much, and fills the history of the execution")
            .help("put a `wait` on the way round: `{ wait: 30s, then: .. }`; or let whoever knows the answer give it: `wait: { signal: TYPE, call: FUNCTION }`"),
    )
}
