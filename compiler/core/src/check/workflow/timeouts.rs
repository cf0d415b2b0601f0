//! Times in workflows: what is to happen in time can, before something around it is over.

use super::{item, too_late};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Lasts, Model, Retry, RetryError, Step, Workflow, longest_claim};
use crate::spec::scalar::Duration;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for workflow in model.workflows.values() {
        let mut told = false;
        workflow.body.walk(&mut |step| {
            let longer = longer_than_the_workflow(model, workflow, step);
            told |= longer.is_some();
            diagnostics.extend(longer);
            diagnostics.extend(undo_longer_than_the_workflow(model, workflow, step));
            retries(model, workflow, step, diagnostics);
        });
        if !told {
            match too_late::whatever_way(model, workflow) {
                Some(late) => diagnostics.push(late),
                None => diagnostics.extend(too_late::some_ways(model, workflow)),
            }
        }
    }
}

fn longer_than_the_workflow(model: &Model, workflow: &Workflow, step: &Step) -> Option<Diagnostic> {
    let (what, time, span) = match (&step.timeout, step.lasts(model)) {
        (Some(timeout), _) => ("may take", timeout.value, timeout.span),
        (None, Some(Lasts::AtMost(time))) => ("may take", time, step.kind_span),
        (None, Some(Lasts::Exactly(time))) => ("waits", time, step.kind_span),
        (None, None) => return None,
    };
    (time >= workflow.timeout).then(|| {
        let message = format!("`{}` {what} {time}, its workflow {} in all", step.name, workflow.timeout);
        Diagnostic::new(Code::EVC0509, span, message)
            .on(item(workflow))
            .secondary(workflow.timeout_span, limit(workflow))
            .help("shorten it, or give the workflow a longer `timeout`")
    })
}

fn undo_longer_than_the_workflow(model: &Model, workflow: &Workflow, step: &Step) -> Option<Diagnostic> {
    let undo = step.undo.as_ref()?;
    let time = *model.functions[undo.function?].timeout.greatest()?;
    (time >= workflow.timeout).then(|| {
        let message = format!("to undo `{}` may take {time}, its workflow {} in all", step.name, workflow.timeout);
        Diagnostic::new(Code::EVC0509, undo.span, message)
            .on(item(workflow))
            .secondary(workflow.timeout_span, limit(workflow))
            .help("shorten it, or give the workflow a longer `timeout`")
    })
}

/// Reports retries that the workflow's own timeout would cut off, if every attempt took as long as it may.
fn retries(model: &Model, workflow: &Workflow, step: &Step, diagnostics: &mut Vec<Diagnostic>) {
    let Some(call) = step.call() else { return };
    let own = step.timeout.as_ref().map(|timeout| timeout.value);
    let called = call.function.map(|function| &model.functions[function]);
    let function = called.and_then(|function| function.timeout.greatest().copied());
    let Some(attempt) = own.or(function) else { return };
    // An attempt that the step's timeout cuts off goes on, and the next one of idempotent work waits for it.
    let idempotent = called.filter(|function| function.idempotent.is_some());
    let cut_off = idempotent
        .filter(|_| own.is_some() && own < function)
        .map_or(0, |function| longest_claim(function, own).seconds);
    for retry in &step.retry {
        let Some(span) = retry.span else { continue };
        let times_out = retry.errors.iter().any(|error| error.value.covers(&RetryError::Timeout));
        let waits = if times_out { cut_off } else { 0 };
        let longest =
            Duration::seconds(longest(retry, attempt).seconds.saturating_add(waits.saturating_mul(retry.attempts)));
        if longest > workflow.timeout && attempt < workflow.timeout {
            let message = format!(
                "`{}` with {} retries may take {}, its workflow {} in all",
                step.name,
                retry.attempts,
                rounded(longest),
                workflow.timeout
            );
            diagnostics.push(
                Diagnostic::new(Code::EVC0510, span, message)
                    .on(item(workflow))
                    .secondary(workflow.timeout_span, limit(workflow))
                    .note(format!(
                        "an attempt may take {attempt}{}, and an execution that takes too long ends without a `catch`",
                        if waits > 0 {
                            format!(", the next one waits up to {} for one that was cut off", Duration::seconds(waits))
                        } else {
                            String::new()
                        }
                    ))
                    .help("fewer attempts, a shorter `timeout` of the step, or a longer one of the workflow"),
            );
        }
    }
}

fn limit(workflow: &Workflow) -> String {
    format!("ends after {}", workflow.timeout)
}

/// How long a step takes if every attempt takes `attempt` and fails with an error of this retry.
fn longest(retry: &Retry, attempt: Duration) -> Duration {
    let attempts = u128::from(attempt.seconds) * (u128::from(retry.attempts) + 1);
    let seconds = attempts + retry.waits().map(u128::from).sum::<u128>();
    Duration::seconds(u64::try_from(seconds).unwrap_or(u64::MAX))
}

/// A long time in whole minutes or hours, rounded up: an estimate, for people.
fn rounded(time: Duration) -> Duration {
    let unit = match time.seconds {
        0..=120 => 1,
        121..=7_200 => 60,
        _ => 3_600,
    };
    Duration::seconds(time.seconds.div_ceil(unit).saturating_mul(unit))
}
