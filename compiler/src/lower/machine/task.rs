//! The states that call something: a function, a bus.

use indexmap::IndexMap;
use serde_json::{Map as Object, Value as Json, json};

use super::asl::{Done, Errors, Task, Then, expression, literal};
use super::body::Scoped;
use super::errors;
use crate::expr::{Scope, Template, variable_name};
use crate::lower::ids;
use crate::lower::value::Value;
use crate::model::{Bus, CALL_MARGIN, Call, Event, Id, Step};
use crate::spec::bus::BusKind;
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

/// A call's arguments and time limit; what it gives is `$states.result.Payload`.
pub(super) fn call(
    call: &Call,
    input: Option<Json>,
    work: Work<'_>,
    timeout: Option<Duration>,
    scoped: &mut Scoped<'_, '_>,
) -> (Json, u64) {
    let function = call.function.map(|id| &scoped.builder.model.functions[id]);
    let arn = function.map_or(Json::Null, |function| {
        let id = ids::function(function);
        scoped.builder.substitute(&format!("{id}Arn"), Value::arn(&id))
    });
    let mut payload = Object::new();
    payload.insert("evc".to_owned(), envelope(work, scoped));
    payload.extend(input.map(|input| ("input".to_owned(), input)));
    let own = function.and_then(|function| function.timeout.greatest()).map_or(0, |timeout| timeout.seconds);
    let seconds = timeout.map_or(own + CALL_MARGIN.seconds, |timeout| timeout.seconds);
    (json!({ "FunctionName": arn, "Payload": payload }), seconds)
}

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
pub(super) fn invoke(arguments: Json, timeout_seconds: u64, done: Done, errors: Errors, then: Then) -> Task {
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
    let bus = bus_name(&model.buses[event.bus], scoped);
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
        timeout_seconds: PUT_EVENTS_SECONDS,
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

fn bus_name(bus: &Bus, scoped: &mut Scoped<'_, '_>) -> Json {
    match (bus.kind, &bus.imported_name) {
        (BusKind::Default, _) => Json::from("default"),
        (BusKind::Imported, Some(name)) => Json::from(name.as_str()),
        (BusKind::Custom | BusKind::Imported, _) => {
            let id = ids::bus(bus);
            scoped.builder.substitute(&format!("{id}Name"), Value::Ref(id))
        }
    }
}
