//! Errors that lead back to the step that failed, and waits for an answer that last as long as the workflow.

use std::collections::BTreeSet;

use super::{conditions, item, unchanged, variables};
use crate::diagnostics::{Code, Diagnostic};
use crate::expr::Expr;
use crate::model::{Body, CatchError, Lasts, Loops, Model, Next, RetryError, Step, StepId, Workflow};
use crate::spec::scalar::Duration;

/// How long an answer may take without that somebody has said so of the wait.
const LONG_WAIT: Duration = Duration::days(31);

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for workflow in model.workflows.values() {
        let unset = variables::unset(workflow);
        let unset: BTreeSet<&str> = unset.iter().map(|unset| unset.variable.name.as_str()).collect();
        workflow.body.bodies(&mut |body| {
            let loops = body.loops();
            let round = Round { model, body, loops: &loops, unset: &unset };
            for (id, step) in body.iter().filter(|(id, step)| !step.unreachable && loops.has(*id)) {
                diagnostics.extend(leads_back(workflow, &round, (id, step)));
            }
        });
        workflow.body.walk(&mut |step| diagnostics.extend(unanswered(workflow, step)));
    }
}

/// What is looked at on the way from a catch.
struct Round<'m> {
    model: &'m Model,
    body: &'m Body,
    loops: &'m Loops,
    /// The variables of which is told that nothing sets them: what asks for them would decide if something did.
    unset: &'m BTreeSet<&'m str>,
}

/// Reports a catch from which the step is reached again at once, whatever happens on the way.
fn leads_back(workflow: &Workflow, round: &Round<'_>, (id, step): (StepId, &Step)) -> Option<Diagnostic> {
    let catch = step.catch.iter().find(|catch| match catch.then {
        Next::Step(to) => !took_time(step, catch) && reaches_at_once(round, to, id),
        Next::End => false,
    })?;
    let error = catch.error.value.as_str();
    let direct = catch.then == Next::Step(id);
    let message = if direct {
        format!("`{error}` of `{}` leads to it again, at once and without an end", step.name)
    } else {
        format!("`{error}` of `{}` leads back to it, at once and without an end", step.name)
    };
    Some(
        Diagnostic::new(Code::EVC0552, catch.error.span, message)
            .on(item(workflow))
            .note("what fails each time goes round as fast as it can, until the execution has used up its history")
            .help(
                "say `retry` with `attempts` and an `interval`; or put a `wait` on the way, and a `choose` that leaves",
            ),
    )
}

/// Whether the step had waited before it failed with this: by its own timeout, or between the attempts of a retry that the spec gives it.
pub(super) fn took_time(step: &Step, catch: &CatchError) -> bool {
    let error = &catch.error.value;
    let waited = step.retry.iter().filter(|retry| retry.span.is_some() && retry.attempts > 0);
    let tried = waited.flat_map(|retry| &retry.errors).any(|retried| retried.value.covers(error));
    tried || *error == RetryError::Timeout
}

/// Whether a route leads from one step to another on which nothing waits and nothing is decided.
fn reaches_at_once(round: &Round<'_>, from: StepId, to: StepId) -> bool {
    let mut seen: BTreeSet<StepId> = BTreeSet::new();
    let mut work = vec![from];
    while let Some(at) = work.pop() {
        if at == to {
            return true;
        }
        if !seen.insert(at) || waits(round.model, round.body.step(at)) || decides(round, at) {
            continue;
        }
        work.extend(round.body.onward(at));
    }
    false
}

/// Whether a step waits for time, or for somebody.
pub(super) fn waits(model: &Model, step: &Step) -> bool {
    let is_other_work = step.is_work()
        && !step.compensates()
        && step.bodies().next().is_none()
        && step.call().is_none()
        && step.publish().is_none();
    step.waits_for_signal() || is_other_work || matches!(step.lasts(model), Some(Lasts::Exactly(_)))
}

/// Whether a step goes one of several ways by what may be otherwise the next time: not by what nothing in its loop sets. What fails
/// each time with the same error is asked of that in vain.
fn decides(round: &Round<'_>, id: StepId) -> bool {
    let step = round.body.step(id);
    if step.successors().len() < 2 {
        return false;
    }
    let Some(steps) = round.loops.around(id) else { return true };
    let changing = unchanged::changing(round.body, steps);
    let is_fixed = |condition: &&Expr| {
        let names = condition.references();
        condition.is_steady() && names.iter().all(|it| !changing.contains(it.value) && !round.unset.contains(it.value))
    };
    !conditions(step).is_some_and(|conditions| conditions.iter().all(is_fixed))
}

/// A wait for an answer that nothing ends but the workflow's own time, and that is long.
fn unanswered(workflow: &Workflow, step: &Step) -> Option<Diagnostic> {
    if !step.waits_for_signal() || step.timeout.is_some() || workflow.timeout <= LONG_WAIT {
        return None;
    }
    let message =
        format!("`{}` waits up to {} for an answer, and then the execution ends", step.name, workflow.timeout);
    Some(
        Diagnostic::new(Code::EVC0553, step.kind_span, message)
            .on(item(workflow))
            .secondary(workflow.timeout_span, "this is all that ends it")
            .note("nobody need answer, and a workflow that has used up its time runs no `catch`")
            .help("say how long an answer may take, and what then: `timeout: 7d` and `catch: { Timeout: STEP }`"),
    )
}
