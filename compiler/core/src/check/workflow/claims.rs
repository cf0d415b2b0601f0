//! Retries of idempotent work that the spec says itself: they last until the claim of an attempt that was interrupted is over.

use super::item;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{IN_PROGRESS, LEASE, Model, Retry, Step, Workflow, longest_claim};
use crate::spec::scalar::Duration;
use crate::spec::workflow::Jitter;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for workflow in model.workflows.values() {
        workflow.body.walk(&mut |step| diagnostics.extend(ends_before_the_claim(model, workflow, step)));
    }
}

fn ends_before_the_claim(model: &Model, workflow: &Workflow, step: &Step) -> Option<Diagnostic> {
    let function = &model.functions[step.call()?.function?];
    function.idempotent?;
    let retry = step.retry.iter().find(|retry| retry.names_in_progress())?;
    let claim = longest_claim(function, step.waits_for_call());
    let waited = waited(retry);
    if waited > claim {
        return None;
    }
    let random = match retry.jitter {
        Jitter::Full => " on average: `jitter: full` waits a random part of each interval",
        Jitter::None => "",
    };
    let message = format!(
        "`{}` tries again on `{IN_PROGRESS}` for {waited}, and an attempt that was interrupted may hold its claim for {claim}",
        step.name
    );
    let place = retry.errors.iter().find(|error| error.value.as_str() == IN_PROGRESS).map(|error| error.span);
    let note = if claim > LEASE {
        "an attempt that the step no longer waits for goes on until the function's own timeout"
    } else {
        "an attempt whose process died keeps its claim for a lease, so that nobody does the work at the same time"
    };
    Some(
        Diagnostic::new(Code::EVC0515, place.or(retry.span)?, message)
            .on(item(workflow))
            .label(format!("{} retries take {waited}{random}", retry.attempts))
            .secondary(function.idempotent_span, "it claims its work here")
            .note(note)
            .help(format!(
                "leave `{IN_PROGRESS}` out: a step that calls an idempotent function waits for long enough by itself"
            )),
    )
}

/// How long a retry waits in all; half of it when each wait is a random part of its interval.
fn waited(retry: &Retry) -> Duration {
    let most = retry.max_interval.seconds;
    let mut interval = f64::from(u32::try_from(retry.interval.seconds).unwrap_or(u32::MAX));
    let mut seconds = 0_u64;
    for _ in 0..retry.attempts {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "positive; what is too long is cut"
        )]
        let wait = interval as u64;
        seconds = seconds.saturating_add(wait.min(most));
        interval = (interval * retry.backoff).min(1e12);
    }
    Duration::seconds(match retry.jitter {
        Jitter::Full => seconds / 2,
        Jitter::None => seconds,
    })
}
