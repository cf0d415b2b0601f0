//! Outputs of the stack.

use super::builder::{Builder, description};
use super::plan::{LogicalId, PlannedOutput};
use super::value::{Part, Value, text};
use super::{api, bus, cache_client, dead_letters, ids};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Deadly, Model, Output, OutputValue, Thing};

/// The longest description that CloudFormation takes of an output, in bytes; characters of the spec may have several.
const MAX_DESCRIPTION: usize = 1024 / 4;

/// Adds each output.
pub(super) fn lower(b: &mut Builder<'_>) {
    for output in &b.model.outputs {
        if let Some(value) = value(b, output) {
            let description = match description(output.description.as_ref(), MAX_DESCRIPTION) {
                Some(Value::String(text)) => Some(text),
                _ => Some(what(b.model, output.value)),
            };
            b.plan.outputs.insert(output.name.clone(), PlannedOutput { description, value });
        }
    }
}

fn value(b: &mut Builder<'_>, output: &Output) -> Option<Value> {
    let model = b.model;
    Some(match output.value {
        OutputValue::Name(Thing::Bus(id)) => bus::name(&model.buses[id]),
        OutputValue::Arn(Thing::Bus(id)) => bus::arn(&model.buses[id]),
        // What `Ref` gives: a table's and a function's name, but a queue's URL and a state machine's ARN.
        OutputValue::Name(Thing::Queue(id)) => Value::Attribute(ids::queue(&model.queues[id]), "QueueName"),
        OutputValue::Name(Thing::Workflow(id)) if model.workflows[id].redis().is_some() => {
            model.workflows[id].head.name.as_str().into()
        }
        OutputValue::Name(Thing::Workflow(id)) => Value::Attribute(ids::workflow(&model.workflows[id]), "Name"),
        OutputValue::Arn(Thing::Workflow(id)) => Value::Ref(ids::workflow(&model.workflows[id])),
        OutputValue::Name(thing) => Value::Ref(ids::thing(model, thing)),
        OutputValue::Arn(thing) => Value::arn(&ids::thing(model, thing)),
        OutputValue::QueueUrl(id) => Value::Ref(ids::queue(&model.queues[id])),
        OutputValue::DeadLetterQueueUrl(of) => return dead_letter_queue(b, output, of),
        OutputValue::CacheUrl(id) => cache_client::url(&model.caches[id]),
        OutputValue::ApiUrl(id) => api::url(&model.apis[id]),
        OutputValue::ApiId(id) => Value::Ref(ids::api(&model.apis[id])),
        OutputValue::DashboardName => Value::Ref(dashboard(b, output)?),
        OutputValue::DashboardUrl => text([
            "https://".into(),
            Part::Parameter("AWS::Region"),
            ".console.aws.amazon.com/cloudwatch/home?region=".into(),
            Part::Parameter("AWS::Region"),
            "#dashboards/dashboard/".into(),
            Part::Ref(dashboard(b, output)?),
        ]),
    })
}

/// What an output tells, for people: "Name of table orders".
fn what(model: &Model, value: OutputValue) -> String {
    match value {
        OutputValue::Name(thing) => format!("Name of {}", called(model, thing)),
        OutputValue::Arn(thing) => format!("ARN of {}", called(model, thing)),
        OutputValue::QueueUrl(id) => format!("URL of queue {}", model.queues[id].head.name),
        OutputValue::DeadLetterQueueUrl(of) => {
            let (of, _) = dead_letters::describe(model, of);
            format!("URL of the dead-letter queue of {}", of.replace('`', ""))
        }
        OutputValue::CacheUrl(id) => format!("URL of cache {}, for evc workflow", model.caches[id].head.name),
        OutputValue::ApiUrl(id) => format!("URL of {}", api::called(&model.apis[id])),
        OutputValue::ApiId(id) => format!("Id of {}", api::called(&model.apis[id])),
        OutputValue::DashboardName => "Name of the dashboard".to_owned(),
        OutputValue::DashboardUrl => "URL of the dashboard in the console".to_owned(),
    }
}

fn called(model: &Model, thing: Thing) -> String {
    let (what, head) = match thing {
        Thing::Bus(id) => ("bus", &model.buses[id].head),
        Thing::Table(id) => ("table", &model.tables[id].head),
        Thing::Function(id) => ("function", &model.functions[id].head),
        Thing::Queue(id) => ("queue", &model.queues[id].head),
        Thing::Workflow(id) => ("workflow", &model.workflows[id].head),
        Thing::Outbox(id) => match &model.outboxes[id].changes {
            Some(changes) => ("table", &model.tables[changes.table.value].head),
            None => ("the table of outbox", &model.outboxes[id].head),
        },
    };
    format!("{what} {}", head.name)
}

fn dashboard(b: &mut Builder<'_>, output: &Output) -> Option<LogicalId> {
    let id = ids::dashboard();
    if b.plan.resources.contains_key(&id) {
        return Some(id);
    }
    let diagnostic = Diagnostic::new(Code::EVC0105, output.span, "there is no dashboard")
        .note("it is turned off by `observability`, or there is nothing to show on it");
    b.diagnostics.push(diagnostic);
    None
}

fn dead_letter_queue(b: &mut Builder<'_>, output: &Output, of: Deadly) -> Option<Value> {
    let id = ids::dead_letters(b.model, of);
    if dead_letters::all(b.model).iter().any(|dead| dead.id == id) {
        return Some(Value::Ref(id));
    }
    let (what, declared) = dead_letters::describe(b.model, of);
    let diagnostic = Diagnostic::new(Code::EVC0105, output.span, format!("{what} has no dead-letter queue"))
        .secondary(declared, "declared here")
        .note(
            "a function has one if a rule or a schedule invokes it, its work if a workflow on Redis calls it, an outbox if it publishes \
            something, a workflow if it is on Redis or an event starts it",
        );
    b.diagnostics.push(diagnostic);
    None
}
