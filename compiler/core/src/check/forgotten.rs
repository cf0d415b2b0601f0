//! Idempotent work whose result is forgotten before the next delivery of the same comes.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Destination, Function, Id, Model, RetryError, Step};
use crate::spec::scalar::Duration;

/// How long Lambda waits before it delivers an event of a rule again that failed.
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>
const RULE: Duration = Duration::seconds(60);

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for (id, function) in model.functions.iter() {
        let Some(kept) = function.idempotent else { continue };
        let again = again(model, id).into_iter().filter(|(after, _)| *after > kept);
        if let Some((after, what)) = again.max_by_key(|(after, _)| *after) {
            diagnostics.push(report(function, kept, after, &what));
        }
    }
}

/// After how long a delivery whose answer was lost comes again, and of what.
fn again(model: &Model, id: Id<Function>) -> Vec<(Duration, String)> {
    let mut found = Vec::new();
    for queue in model.queues_to(id).filter(|queue| queue.receives > 1) {
        if let Some(visibility) = queue.visibility.greatest() {
            found.push((*visibility, format!("a message of queue `{}`", queue.head.name)));
        }
    }
    let by_rule =
        model.rules.values().find(|rule| rule.targets.iter().any(|target| target.to == Destination::Function(id)));
    found.extend(by_rule.map(|rule| (RULE, format!("an event of rule `{}`", rule.head.name))));
    for workflow in model.workflows.values() {
        workflow.body.walk(&mut |step| {
            if step.call().and_then(|call| call.function) == Some(id)
                && let Some(seconds) = longest_wait(step)
            {
                found.push((
                    Duration::seconds(seconds),
                    format!("step `{}` of workflow `{}`", step.name, workflow.head.name),
                ));
            }
        });
    }
    found
}

/// The longest that a step waits between two attempts, after an error that may have come when the work was done.
fn longest_wait(step: &Step) -> Option<u64> {
    let lost = |error: &RetryError| matches!(error, RetryError::All | RetryError::Transient | RetryError::Timeout);
    let retries = step.retry.iter().filter(|retry| retry.errors.iter().any(|error| lost(&error.value)));
    retries.filter_map(|retry| retry.waits().max()).max()
}

fn report(function: &Function, kept: Duration, after: Duration, what: &str) -> Diagnostic {
    let name = &function.head.name;
    let message = format!("what `{name}` has done is forgotten after {kept}, and {what} may come again after {after}");
    Diagnostic::new(Code::EVC0566, function.idempotent_span, message)
        .on(format!("functions.{name}"))
        .note("a delivery whose answer was lost finds no record then, and the work is done a second time")
        .help(format!("give `idempotent` a `retention` above {after}, or leave it out, which gives it a day"))
}
