//! Steps that give up on a call before its function does: the function goes on, and runs beside what the workflow does next.

use super::item;
use crate::check::said_where;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Body, CatchError, Function, Model, Next, Retry, RetryError, Step, StepId, Workflow};
use crate::spec::scalar::Duration;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    // On Redis a worker that gives up before its function does is an error.
    for workflow in model.workflows.values().filter(|workflow| workflow.redis().is_none()) {
        workflow.body.walk(&mut |step| diagnostics.extend(tried_again(model, workflow, step)));
        workflow.body.bodies(&mut |body| {
            if !body.partial {
                never_undone(model, workflow, body, diagnostics);
            }
        });
    }
}

/// Reports steps that give up on a call, which goes on, and whose error leads to where completed steps are undone: this one is none.
fn never_undone(model: &Model, workflow: &Workflow, body: &Body, diagnostics: &mut Vec<Diagnostic>) {
    let compensates = |id: StepId| body.step(id).compensates();
    let to_come = body.before(compensates);
    let leads = |to: Next| matches!(to, Next::Step(id) if compensates(id) || to_come.contains(&id));
    for step in body.steps.iter().filter(|step| !step.unreachable && !step.waits_for_signal()) {
        let (Some(undo), Some(timeout)) = (&step.undo, &step.timeout) else { continue };
        let Some(function) = step.call().and_then(|call| call.function) else { continue };
        let function = &model.functions[function];
        let longer = said_where(model, &function.timeout, function.timeout_span, |runs| runs > timeout.value);
        let Some((place, runs)) = longer.into_iter().next() else { continue };
        let catches = |catch: &&CatchError| catch.error.value.covers(&RetryError::Timeout);
        let Some(catch) = step.catch.iter().find(catches).filter(|catch| leads(catch.then)) else { continue };
        let (name, called) = (&step.name, &function.head.name);
        let message = format!("`{name}` gives up on `{called}`, which goes on, and what it then does is never undone");
        diagnostics.push(
            Diagnostic::new(Code::EVC0540, timeout.span, message)
                .label(format!("the step gives up after {}", timeout.value))
                .on(item(workflow))
                .secondary(place, format!("`{called}` may run for {runs}"))
                .secondary(catch.error.span, "this leads to what undoes the steps that are done")
                .secondary(undo.span, "a step that failed is not undone")
                .note("Lambda does not stop a function because a step no longer waits for it")
                .help(format!(
                    "leave out the step's `timeout`, which is then longer than that of `{called}`; or give `{called}` a `timeout` of {} or less",
                    timeout.value
                )),
        );
    }
}

/// Reports a retry that calls a function again while it may still run.
fn tried_again(model: &Model, workflow: &Workflow, step: &Step) -> Option<Diagnostic> {
    let timeout = step.timeout.as_ref()?;
    let function = &model.functions[step.call()?.function?];
    let runs = *function.timeout.greatest()?;
    if step.waits_for_signal() {
        return (timeout.value < runs).then(|| gives_up(workflow, step, function, runs));
    }
    // Idempotent work of an attempt that goes on is waited for; what only reads may be read twice.
    if function.idempotent.is_some() || only_reads(function) {
        return None;
    }
    let retry = step.retry.iter().find(|retry| times_out(retry))?;
    let span = retry.span?;
    if timeout.value.seconds.saturating_add(retry.interval.seconds) >= runs.seconds {
        return None;
    }
    let message = format!("`{}` is tried again while `{}` may still run", step.name, function.head.name);
    Some(
        Diagnostic::new(Code::EVC0537, span, message)
            .label(format!("up to {} run at the same time", at_once(retry, timeout.value, runs)))
            .on(item(workflow))
            .secondary(timeout.span, format!("the step gives up after {}, and the function may run for {runs}", timeout.value))
            .note("Lambda does not stop a function because a step no longer waits for it")
            .help(format!(
                "give the function a `timeout` of {} or less and leave out that of the step, or make the function `idempotent`",
                timeout.value
            )),
    )
}

/// A wait that is over before the function has asked for its answer.
fn gives_up(workflow: &Workflow, step: &Step, function: &Function, runs: Duration) -> Diagnostic {
    let name = &function.head.name;
    let at = step.timeout.as_ref().map_or(step.kind_span, |timeout| timeout.span);
    Diagnostic::new(Code::EVC0537, at, format!("`{}` may be over before `{name}` has asked for the answer", step.name))
        .on(item(workflow))
        .secondary(function.head.name_span, format!("this may run for {runs}"))
        .note("the time of a wait begins when the function is called, and the answer to a wait that is over is refused")
        .help(format!("wait for longer than `{name}` may run, or give `{name}` a shorter `timeout`"))
}

fn times_out(retry: &Retry) -> bool {
    retry.attempts > 0 && retry.errors.iter().any(|error| error.value.covers(&RetryError::Timeout))
}

fn only_reads(function: &Function) -> bool {
    let reads = !function.tables.is_empty()
        && function.tables.iter().all(|used| used.operations.iter().all(|operation| !operation.writes()));
    let tells = function.outbox.is_some() || !function.publishes.is_empty() || !function.sends.is_empty();
    reads && !tells && function.may.is_empty()
}

/// How many attempts may run at the same time: those that begin before the first is over.
fn at_once(retry: &Retry, timeout: Duration, runs: Duration) -> u64 {
    let mut begins = 0_u64;
    let mut count = 1;
    for wait in retry.waits() {
        begins = begins.saturating_add(timeout.seconds).saturating_add(wait);
        if begins >= runs.seconds {
            break;
        }
        count += 1;
    }
    count
}
