//! Outputs of the stack.

#![warn(clippy::wildcard_enum_match_arm, reason = "a kind of anything that is forgotten here must not compile")]

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{DeadLetterSource, Model, Output, OutputValue, Property, Thing};
use crate::plan::builder::Builder;
use crate::plan::dead_letters::describe;
use crate::plan::value::{Part, Value, description, text};
use crate::plan::{LogicalId, PlannedOutput, api, bus, cache, ids};

/// The longest description that CloudFormation takes of an output, in bytes; characters of the spec may have several.
const MAX_DESCRIPTION: usize = 1024 / 4;

/// Adds each output.
pub(super) fn finish(b: &mut Builder<'_>) {
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

/// The value of an output. `None` has been reported, or there is no such thing to tell: the line of a kind in `kinds.rs` says what
/// there is, and a test looks at each.
fn value(b: &mut Builder<'_>, output: &Output) -> Option<Value> {
    let model = b.model;
    Some(match output.value {
        OutputValue::Of(thing, Property::Name) => name(model, thing),
        OutputValue::Of(thing, Property::Arn) => arn(model, thing),
        OutputValue::Of(Thing::Queue(id), Property::Url) => Value::Ref(ids::queue(&model.queues[id])),
        OutputValue::Of(Thing::Cache(id), Property::Url) => cache::url(&model.caches[id]),
        OutputValue::Of(Thing::Api(id), Property::Url) => api::url(&model.apis[id]),
        OutputValue::Of(Thing::Api(id), Property::Id) => Value::Ref(ids::api(&model.apis[id])),
        OutputValue::Of(_, Property::Url | Property::Id) => return None,
        OutputValue::Of(thing, Property::DeadLetterQueueUrl) => {
            return dead_letter_queue(b, output, thing.dead_letters()?);
        }
        OutputValue::Of(thing, Property::WorkDeadLetterQueueUrl) => {
            return dead_letter_queue(b, output, DeadLetterSource::of_work(thing)?);
        }
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

/// The name of a thing in AWS: what `Ref` gives, but for those whose `Ref` is something else.
fn name(model: &Model, thing: Thing) -> Value {
    if let Thing::Bus(id) = thing {
        return bus::name(&model.buses[id]);
    }
    if let Thing::Outbox(id) = thing {
        return Value::Ref(ids::outbox_source(model, &model.outboxes[id]));
    }
    if let Thing::Queue(_) = thing {
        return Value::Attribute(ids::thing(model, thing), "QueueName");
    }
    if let Thing::Workflow(id) = thing {
        let workflow = &model.workflows[id];
        return match workflow.redis() {
            Some(_) => workflow.head.name.as_str().into(),
            None => Value::Attribute(ids::thing(model, thing), "Name"),
        };
    }
    Value::Ref(ids::thing(model, thing))
}

/// The ARN of a thing: its attribute of that name, but for those whose `Ref` it is.
fn arn(model: &Model, thing: Thing) -> Value {
    if let Thing::Bus(id) = thing {
        return bus::arn(&model.buses[id]);
    }
    if let Thing::Outbox(id) = thing {
        return Value::arn(&ids::outbox_source(model, &model.outboxes[id]));
    }
    if let Thing::Workflow(_) = thing {
        return Value::Ref(ids::thing(model, thing));
    }
    Value::arn(&ids::thing(model, thing))
}

/// What an output tells, for people: "Name of table orders".
fn what(model: &Model, value: OutputValue) -> String {
    let dead_letters = |source: Option<DeadLetterSource>| {
        let of = source.map(|source| describe(model, source).0).unwrap_or_default();
        format!("URL of the dead-letter queue of {}", of.replace('`', ""))
    };
    match value {
        OutputValue::Of(thing, Property::Name) => format!("Name of {}", called(model, thing)),
        OutputValue::Of(thing, Property::Arn) => format!("ARN of {}", called(model, thing)),
        OutputValue::Of(Thing::Cache(id), Property::Url) => {
            format!("URL of cache {}, for evc workflow", model.caches[id].head.name)
        }
        OutputValue::Of(thing, Property::Url) => format!("URL of {}", called(model, thing)),
        OutputValue::Of(thing, Property::Id) => format!("Id of {}", called(model, thing)),
        OutputValue::Of(thing, Property::DeadLetterQueueUrl) => dead_letters(thing.dead_letters()),
        OutputValue::Of(thing, Property::WorkDeadLetterQueueUrl) => dead_letters(DeadLetterSource::of_work(thing)),
        OutputValue::DashboardName => "Name of the dashboard".to_owned(),
        OutputValue::DashboardUrl => "URL of the dashboard in the console".to_owned(),
    }
}

/// What a thing is called where an output tells of it: "table orders".
fn called(model: &Model, thing: Thing) -> String {
    if let Thing::Api(id) = thing {
        return api::called(&model.apis[id]);
    }
    if let Thing::Outbox(id) = thing {
        let outbox = &model.outboxes[id];
        return match &outbox.changes {
            Some(changes) => format!("table {}", model.tables[changes.table.value].head.name),
            None => format!("the table of outbox {}", outbox.head.name),
        };
    }
    format!("{} {}", thing.what(), model.head(thing).name)
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

fn dead_letter_queue(b: &mut Builder<'_>, output: &Output, of: DeadLetterSource) -> Option<Value> {
    let id = ids::dead_letters(b.model, of);
    if b.dead_letters.iter().any(|dead| dead.id == id) {
        return Some(Value::Ref(id));
    }
    let (what, declared) = describe(b.model, of);
    let diagnostic = Diagnostic::new(Code::EVC0105, output.span, format!("{what} has no dead-letter queue"))
        .secondary(declared, "declared here")
        .note(
            "a function has one if a rule or a schedule invokes it, its work if a workflow on Redis calls it, an outbox if it publishes \
            something, a workflow if it is on Redis or an event starts it",
        );
    b.diagnostics.push(diagnostic);
    None
}
