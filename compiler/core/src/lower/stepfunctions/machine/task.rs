//! Calls of functions, as the tasks of several kinds of steps make them.

use evc_interface::call;
use serde_json::{Map as Object, Value as Json, json};

use super::asl::{Done, Errors, Task, Then, expression};
use super::body::Scoped;
use crate::expr::{Scope, Template};
use crate::model::{CALL_MARGIN, Call, Engine, Function};
use crate::spec::scalar::Duration;

/// What tells one piece of work from all others: the same in every attempt, different in every item of a list and every visit of
/// a loop.
#[derive(Debug, Clone, Copy)]
pub(super) struct Work<'a> {
    /// The step, or the undoing of it.
    pub(super) name: &'a str,
    /// Whether the state may be entered again in the same scope.
    pub(super) repeats: bool,
    /// JSONata that tells apart what is entered again within a millisecond; the calls of a compensation follow so fast.
    pub(super) also: Option<&'a str>,
}

/// A call's arguments; what it gives is [`RESULT`].
pub(super) fn call(call: &Call, input: Option<Json>, work: Work<'_>, scoped: &mut Scoped<'_, '_>) -> Json {
    let builder = &mut *scoped.builder;
    let function = call.function.map_or(Json::Null, |function| builder.function(&builder.model.functions[function]));
    let mut payload = Object::new();
    payload.insert(call::ENVELOPE.to_owned(), envelope(work, scoped));
    payload.extend(input.map(|input| (call::INPUT.to_owned(), input)));
    json!({ "FunctionName": function, "Payload": payload })
}

/// How long a call may take: as long as the spec says, or else the function and what comes before its own time. On Redis the lease
/// of the function's work ends then, however long that waited in its queue; only what the spec says is a limit of the step.
pub(super) fn call_seconds(call: &Call, timeout: Option<Duration>, scoped: &Scoped<'_, '_>) -> Option<u64> {
    let builder = &*scoped.builder;
    match (timeout, builder.engine) {
        (Some(timeout), _) => Some(timeout.seconds),
        (None, Engine::Redis(_)) => None,
        (None, Engine::StepFunctions) => {
            let function = call.function.map(|function| &builder.model.functions[function]);
            Some(function.map_or(CALL_MARGIN.seconds, lease_seconds))
        }
    }
}

/// How long the handler of a function may have a piece of work: its greatest timeout, and a cold start before it.
pub(super) fn lease_seconds(function: &Function) -> u64 {
    function.timeout.greatest().map_or(0, |timeout| timeout.seconds) + CALL_MARGIN.seconds
}

/// What the runtime is told of where a delivery comes from: `evc_runtime::Step`.
fn envelope(work: Work<'_>, scoped: &Scoped<'_, '_>) -> Json {
    let mut evc = Object::new();
    evc.insert(call::EXECUTION.to_owned(), expression("$states.context.Execution.Id"));
    evc.insert(call::STARTED.to_owned(), expression("$states.context.Execution.StartTime"));
    evc.insert(call::STEP.to_owned(), Json::from(work.name));
    evc.insert(call::ATTEMPT.to_owned(), expression("$states.context.State.RetryCount"));
    // The runtime knows one index; those of the lists around and the time of a visit make the rest of the key.
    let (item, mut visit) = match scoped.frame.indexes.split_last() {
        Some((item, around)) => {
            (Some(item), around.iter().map(|index| format!("$string(${index})")).collect::<Vec<_>>())
        }
        None => (None, Vec::new()),
    };
    if work.repeats {
        visit.push(ENTERED.to_owned());
        visit.extend(work.also.map(str::to_owned));
    }
    evc.extend(item.map(|index| (call::ITEM.to_owned(), expression(&format!("${index}")))));
    if !visit.is_empty() {
        evc.insert(call::VISIT.to_owned(), expression(&visit.join(" & '/' & ")));
    }
    Json::Object(evc)
}

/// When a state was entered: the same in all of its attempts.
pub(super) const ENTERED: &str = "$states.context.State.EnteredTime";

/// The input of a call, evaluated in its own state.
pub(super) fn input(with: Option<&Template>, scope: &Scope, scoped: &Scoped<'_, '_>) -> Option<Json> {
    with.map(|with| with.to_asl(scope, &scoped.builder.model.types))
}

/// What a called function returned.
pub(super) const RESULT: &str = "$states.result.Payload";

/// Calls a Lambda function.
pub(super) fn invoke(arguments: Json, timeout_seconds: Option<u64>, done: Done, errors: Errors, then: Then) -> Task {
    Task { resource: "arn:aws:states:::lambda:invoke", arguments, timeout_seconds, done, errors, then }
}
