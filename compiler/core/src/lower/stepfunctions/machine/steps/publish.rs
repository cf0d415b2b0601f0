//! `publish`: a `Task` of `PutEvents`.

use evc_interface::event::{EVENT_ID, METADATA, OCCURRED_AT};
use serde_json::{Value as Json, json};

use crate::lower::stepfunctions::machine::asl::{Done, StateType, Task, expression, literal};
use crate::lower::stepfunctions::machine::body::Scoped;
use crate::lower::stepfunctions::machine::errors;
use crate::lower::stepfunctions::machine::task::{ENTERED, Work};
use crate::model::workflow::steps::Publish;
use crate::model::{Engine, Step, StepId};

/// How long putting an event may take.
const PUT_EVENTS_SECONDS: u64 = 30;

/// Puts an event on its bus. Its id is made of the execution and the step, so that an attempt after one that did arrive has the
/// same, and its consumers can tell.
pub(super) fn lower(publish: &Publish, id: StepId, step: &Step, scoped: &mut Scoped<'_, '_>) {
    // What could not be resolved has been reported.
    let Some(event) = publish.event else { return };
    let work = Work { name: &step.name, repeats: scoped.repeats(id), also: None };
    let model = scoped.builder.model;
    let event = &model.events[event];
    let bus = scoped.builder.bus(&model.buses[event.bus]);
    let given_id = expression(&event_id(work, scoped));
    let metadata = json!({ EVENT_ID: given_id, OCCURRED_AT: expression(ENTERED) });
    let scope = scoped.frame.place(&step.scope);
    let detail = match publish.detail.as_ref().map(|detail| (detail, detail.to_asl(&scope, &model.types))) {
        None => json!({ METADATA: metadata }),
        Some((_, Json::Object(mut fields))) => {
            fields.insert(METADATA.to_owned(), metadata);
            Json::Object(fields)
        }
        Some((detail, _)) => expression(&format!(
            "$merge([{}, {{'{METADATA}': {{'{EVENT_ID}': {}, '{OCCURRED_AT}': {ENTERED}}}}}])",
            detail.to_jsonata(&scope, &model.types),
            event_id(work, scoped),
        )),
    };
    let result = json!({ EVENT_ID: given_id });
    let place = format!("{{'{EVENT_ID}': {}}}", event_id(work, scoped));
    let task = Task {
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
        done: Done { assign: scoped.bound(step, result.clone(), &place), output: Some(result) },
        errors: errors::of_step(step, scoped),
        then: scoped.then(step.next),
    };
    scoped.add_step(step, StateType::Task(task));
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
