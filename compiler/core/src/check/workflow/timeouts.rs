//! Times in workflows: what is to happen in time can, before something around it is over.

use std::collections::BTreeSet;

use super::{item, items, laps};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Body, Lasts, Model, Next, Retry, RetryError, Rounds, Step, StepId, Workflow, longest_claim};
use crate::spec::scalar::Duration;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for workflow in model.workflows.values() {
        let mut told = false;
        workflow.body.walk(&mut |step| {
            let longer = longer_than_the_workflow(model, workflow, step);
            told |= longer.is_some();
            diagnostics.extend(longer);
            retries(model, workflow, step, diagnostics);
        });
        if !told {
            diagnostics.extend(together_longer(model, workflow));
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

/// Reports waits that certainly outlast the workflow together, at the step that is over too late.
pub(super) fn together_longer(model: &Model, workflow: &Workflow) -> Option<Diagnostic> {
    let mut waited = 0_u64;
    for step in only_way(&workflow.body) {
        waited = waited.saturating_add(surely(model, step));
        if waited >= workflow.timeout.seconds {
            let message = format!(
                "up to the end of `{}` the workflow waits {} at least, and may take {} in all",
                step.name,
                Duration::seconds(waited),
                workflow.timeout
            );
            return Some(
                Diagnostic::new(Code::EVC0509, step.kind_span, message)
                    .on(item(workflow))
                    .secondary(workflow.timeout_span, limit(workflow))
                    .help("shorten the waits, or give the workflow a longer `timeout`"),
            );
        }
    }
    None
}

/// The steps from the first one on, as long as there is one way to go on: past what catches nothing, and chooses nothing.
fn only_way(body: &Body) -> Vec<&Step> {
    let mut steps = Vec::new();
    let mut seen = BTreeSet::new();
    let mut at = (!body.partial && !body.steps.is_empty()).then_some(StepId(0));
    while let Some(id) = at.filter(|id| seen.insert(*id)) {
        let step = body.step(id);
        steps.push(step);
        at = match (step.successors().as_slice(), step.catch.is_empty()) {
            ([Next::Step(to)], true) => Some(*to),
            _ => None,
        };
    }
    steps
}

/// How many seconds a step lasts at least, if nothing fails.
fn surely(model: &Model, step: &Step) -> u64 {
    // What is cut off, or caught, may be over sooner.
    if step.timeout.is_some() || !step.catch.is_empty() {
        return 0;
    }
    let own = laps::waits_for(model, step).unwrap_or(0);
    let inside = step.nested().into_iter().map(|nested| {
        let body = only_way(nested.body).into_iter().map(|step| surely(model, step)).fold(0, u64::saturating_add);
        let rounds = match nested.rounds {
            Rounds::One => 1,
            Rounds::EachItem { concurrency } => {
                let least = items(model, step).least;
                concurrency.map_or(least.min(1), |at_once| least.div_ceil(at_once.value.max(1)))
            }
        };
        body.saturating_mul(rounds)
    });
    inside.max().unwrap_or(0).max(own)
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
    let most = u128::from(retry.max_interval.seconds);
    let mut interval = f64::from(u32::try_from(retry.interval.seconds).unwrap_or(u32::MAX));
    let mut seconds = u128::from(attempt.seconds) * (u128::from(retry.attempts) + 1);
    for _ in 0..retry.attempts {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "positive; what is too long is cut"
        )]
        let wait = interval.ceil() as u128;
        seconds += wait.min(most);
        interval = (interval * retry.backoff).min(1e12);
    }
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
