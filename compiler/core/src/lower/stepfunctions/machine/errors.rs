//! Retries and catches: the errors of the spec under the names that Step Functions, Lambda and the runtime give them.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html>

use evc_interface::Kind;
use evc_interface::error::{EVENT_NOT_TAKEN, LAMBDA_UNKNOWN, states};
use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::asl::{Catcher, Errors, Retrier, expression};
use super::body::Scoped;
use crate::model::{Call, CatchError, Retry, RetryError, Step, retry_in_progress, transient_errors};
use crate::spec::workflow::Jitter;

/// What Lambda says when it, and not the function, failed, and when the function's process ended.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html#bp-lambda-serviceexception>
const LAMBDA_TRANSIENT: [&str; 7] = [
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.ClientExecutionTimeoutException",
    LAMBDA_UNKNOWN,
    "Runtime.ExitError",
];

/// What Lambda says when the function's process took more memory than there is: it is killed, in the middle of its work. A new process
/// may do with less; but as it may have done a part already, that is for functions that say they may run again.
/// <https://github.com/awslabs/aws-deployment-framework/issues/758> has the error as a state machine sees it.
const OUT_OF_MEMORY: &str = "Runtime.OutOfMemory";

/// Step Functions' own timeout, Lambda's, and the runtime's, which sees the deadline coming.
const TIMEOUTS: [&str; 3] = [states::TIMEOUT, "Sandbox.Timedout", Kind::Timeout.name()];

/// The message of a caught error. A function's `Cause` is its error as JSON, of which `errorMessage` is for people; other causes
/// are text, or not there at all.
const CAUSE: &str = "\
    $contains($states.errorOutput.Cause, /^[{].*\"errorMessage\".*[}]$/) \
    ? $parse($states.errorOutput.Cause).errorMessage & '' : $states.errorOutput.Cause & ''";

/// The retries and catches of a step.
pub(super) fn of_step(step: &Step, scoped: &mut Scoped<'_, '_>) -> Errors {
    Errors {
        retry: retriers(&step.retry, step.call(), step, scoped),
        catch: step.catch.iter().map(|catch| catcher(catch, step, scoped)).collect(),
    }
}

/// Retries as they are written in a state of `step` that makes a call, or none. Before them comes the one that waits for an earlier
/// attempt of idempotent work: the first that matches counts, and others that match it are for what has failed.
pub(super) fn retriers(retries: &[Retry], call: Option<&Call>, step: &Step, scoped: &Scoped<'_, '_>) -> Vec<Retrier> {
    let model = scoped.builder.model;
    let function = call.and_then(|call| call.function).map(|function| &model.functions[function]);
    let waits = function.and_then(|function| retry_in_progress(function, retries));
    let again = function.map_or_else(|| step.is_idempotent(model), |function| function.idempotent.is_some());
    waits.iter().chain(retries).map(|retry| retrier(retry, step, again)).collect()
}

fn retrier(retry: &Retry, step: &Step, again: bool) -> Retrier {
    // A longest interval that the first one has reached already: all are that long.
    let grows = retry.backoff > 1.0 && retry.max_interval > retry.interval;
    Retrier {
        error_equals: names(retry.errors.iter().map(|error| &error.value), step, again),
        interval_seconds: retry.interval.min(retry.max_interval).seconds,
        max_attempts: retry.attempts,
        backoff_rate: if grows { retry.backoff } else { 1.0 },
        max_delay_seconds: grows.then_some(retry.max_interval.seconds),
        jitter_strategy: match retry.jitter {
            Jitter::Full => "FULL",
            Jitter::None => "NONE",
        },
    }
}

fn catcher(catch: &CatchError, step: &Step, scoped: &mut Scoped<'_, '_>) -> Catcher {
    let error = json!({ "name": expression("$states.errorOutput.Error"), "cause": expression(CAUSE) });
    Catcher {
        error_equals: names([&catch.error.value], step, step.is_idempotent(scoped.builder.model)),
        assign: IndexMap::from([(scoped.frame.error.clone(), error)]),
        next: scoped.target(catch.then, step),
    }
}

/// The catch of everything that goes to `next`, where `$states.input` is the error.
pub(super) fn catch_all(next: String) -> Catcher {
    Catcher { error_equals: vec![states::ALL.to_owned()], assign: IndexMap::<String, Json>::new(), next }
}

/// The names under which these errors reach a state of `step`. `again`: whether it calls something idempotent.
fn names<'e>(errors: impl IntoIterator<Item = &'e RetryError>, step: &Step, again: bool) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for error in errors {
        match error {
            RetryError::All => return vec![states::ALL.to_owned()],
            RetryError::Named(name) => names.push(name.clone()),
            RetryError::Timeout => names.extend(TIMEOUTS.map(str::to_owned)),
            RetryError::Transient if step.publish().is_some() => {
                // Whatever `PutEvents` fails with, sending the same again does no harm: the event keeps its id.
                names.push(states::TASK_FAILED.to_owned());
            }
            RetryError::Transient => {
                names.extend(LAMBDA_TRANSIENT.map(str::to_owned));
                names.extend(again.then(|| OUT_OF_MEMORY.to_owned()));
                names.push(Kind::Transient.name().to_owned());
                names.extend(transient_errors().map(str::to_owned));
                if step.bodies().next().is_some() {
                    // What steps inside of it fail with is what it fails with.
                    names.push(EVENT_NOT_TAKEN.to_owned());
                }
            }
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}
