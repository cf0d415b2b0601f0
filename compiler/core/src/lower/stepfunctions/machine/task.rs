//! The states that call something: a function, a bus.

use indexmap::IndexMap;
use serde_json::{Map as Object, Value as Json, json};

use super::asl::{Done, Errors, Task, Then, expression, literal};
use super::body::Scoped;
use super::errors;
use crate::expr::{Scope, Template, variable_name};
use crate::model::{CALL_MARGIN, Call, Engine, Event, Function, Id, Step};
use crate::spec::scalar::Duration;

/// How long putting an event may take.
const PUT_EVENTS_SECONDS: u64 = 30;

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

/// A call's arguments; what it gives is `$states.result.Payload`.
pub(super) fn call(call: &Call, input: Option<Json>, work: Work<'_>, scoped: &mut Scoped<'_, '_>) -> Json {
    let builder = &mut *scoped.builder;
    let function = call.function.map_or(Json::Null, |function| builder.function(&builder.model.functions[function]));
    let mut payload = Object::new();
    payload.insert("evc".to_owned(), envelope(work, scoped));
    payload.extend(input.map(|input| ("input".to_owned(), input)));
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

/// Calls a function that somebody outside is to answer for: with the token under which to do so.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token>
pub(super) fn ask(
    step: &Step,
    call: &Call,
    work: Work<'_>,
    errors: Errors,
    then: Then,
    scoped: &mut Scoped<'_, '_>,
) -> Task {
    let input = input(call.with.as_ref(), &scoped.frame.place(&step.scope), scoped);
    let mut arguments = self::call(call, input, work, scoped);
    arguments["Payload"]["evc"]["token"] = expression(TOKEN);
    let answer = expression("$states.result");
    Task {
        resource: "arn:aws:states:::lambda:invoke.waitForTaskToken",
        arguments,
        timeout_seconds: answer_seconds(step, scoped),
        heartbeat_seconds: None,
        done: Done { assign: IndexMap::from([(variable_name(&step.name), answer.clone())]), output: Some(answer) },
        errors,
        then,
    }
}

/// How long the answer may take: as long as the execution may, if the spec does not say.
fn answer_seconds(step: &Step, scoped: &Scoped<'_, '_>) -> Option<u64> {
    let builder = &*scoped.builder;
    let whole = (builder.engine == Engine::StepFunctions).then_some(builder.timeout);
    step.timeout.as_ref().map(|timeout| timeout.value).or(whole).map(|timeout| timeout.seconds)
}

/// The token under which the work of a state is answered for.
const TOKEN: &str = "$states.context.Task.Token";

/// What the runtime is told of where a delivery comes from: `evc_runtime::Step`.
fn envelope(work: Work<'_>, scoped: &Scoped<'_, '_>) -> Json {
    let mut evc = Object::new();
    evc.insert("execution".to_owned(), expression("$states.context.Execution.Id"));
    evc.insert("started".to_owned(), expression("$states.context.Execution.StartTime"));
    evc.insert("step".to_owned(), Json::from(work.name));
    evc.insert("attempt".to_owned(), expression("$states.context.State.RetryCount"));
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
    evc.extend(item.map(|index| ("item".to_owned(), expression(&format!("${index}")))));
    if !visit.is_empty() {
        evc.insert("visit".to_owned(), expression(&visit.join(" & '/' & ")));
    }
    Json::Object(evc)
}

/// When a state was entered: the same in all of its attempts.
const ENTERED: &str = "$states.context.State.EnteredTime";

/// The input of a call, evaluated in its own state.
pub(super) fn input(with: Option<&Template>, scope: &Scope, scoped: &Scoped<'_, '_>) -> Option<Json> {
    with.map(|with| with.to_asl(scope, &scoped.builder.model.types))
}

/// Calls a Lambda function.
pub(super) fn invoke(arguments: Json, timeout_seconds: Option<u64>, done: Done, errors: Errors, then: Then) -> Task {
    Task {
        resource: "arn:aws:states:::lambda:invoke",
        arguments,
        timeout_seconds,
        heartbeat_seconds: None,
        done,
        errors,
        then,
    }
}

/// Puts an event on its bus. Its id is made of the execution and the step, so that an attempt after one that did arrive has the
/// same, and its consumers can tell.
pub(super) fn publish(
    step: &Step,
    event: Id<Event>,
    detail: Option<&Template>,
    work: Work<'_>,
    then: Then,
    scoped: &mut Scoped<'_, '_>,
) -> Task {
    let model = scoped.builder.model;
    let event = &model.events[event];
    let bus = scoped.builder.bus(&model.buses[event.bus]);
    let id = expression(&event_id(work, scoped));
    let metadata = json!({ "eventId": id, "occurredAt": expression(ENTERED) });
    let scope = scoped.frame.place(&step.scope);
    let detail = match detail.map(|detail| (detail, detail.to_asl(&scope, &model.types))) {
        None => json!({ "metadata": metadata }),
        Some((_, Json::Object(mut fields))) => {
            fields.insert("metadata".to_owned(), metadata);
            Json::Object(fields)
        }
        Some((detail, _)) => expression(&format!(
            "$merge([{}, {{'metadata': {{'eventId': {}, 'occurredAt': {ENTERED}}}}}])",
            detail.to_jsonata(&scope, &model.types),
            event_id(work, scoped),
        )),
    };
    let result = json!({ "eventId": id });
    Task {
        resource: "arn:aws:states:::events:putEvents",
        arguments: json!({ "Entries": [{
            "EventBusName": bus,
            "Source": event.source.value,
            "DetailType": event.detail_type.value,
            "Detail": detail,
        }] }),
        timeout_seconds: match scoped.builder.engine {
            Engine::StepFunctions => Some(PUT_EVENTS_SECONDS),
            // Events wait for the engine's function in its queue; how long the call itself takes is its affair.
            Engine::Redis(_) => None,
        },
        heartbeat_seconds: None,
        done: Done { assign: IndexMap::from([(variable_name(&step.name), result.clone())]), output: Some(result) },
        errors: errors::of_step(step, scoped),
        then,
    }
}

fn event_id(work: Work<'_>, scoped: &Scoped<'_, '_>) -> String {
    let mut visit: Vec<String> = scoped.frame.indexes.iter().map(|index| format!("$string(${index})")).collect();
    visit.extend(work.repeats.then(|| ENTERED.to_owned()));
    let key = match visit.as_slice() {
        [] => literal(&format!("/{}", work.name)),
        visit => format!("{} & {}", literal(&format!("/{}/", work.name)), visit.join(" & '/' & ")),
    };
    format!("$hash($states.context.Execution.Id & {key}, 'SHA-256')")
}
