//! Outputs of the stack.

#![warn(clippy::wildcard_enum_match_arm, reason = "a kind of anything that is forgotten here must not compile")]

use super::raw::names;
use super::references::References;
use crate::model::{DeadLetterSource, Model, OutputValue, Property, Thing};
use crate::plan::builder::Builder;
use crate::plan::dead_letters::describe;
use crate::plan::value::{Value, description};
use crate::plan::{Plan, PlannedOutput, api};

/// The longest description that CloudFormation takes of an output, in bytes; characters of the spec may have several.
const MAX_DESCRIPTION: usize = 1024 / 4;

/// Adds each output.
pub(super) fn finish(b: &mut Builder<'_>) {
    let references = References::of(&b.plan);
    for output in &b.model.outputs {
        let Some(value) = references.value(&output.path, output.path.span, &mut b.diagnostics) else { continue };
        let description = match description(output.description.as_ref(), MAX_DESCRIPTION) {
            Some(Value::String(text)) => Some(text),
            _ => what(b.model, output.value),
        };
        let condition = condition(&b.plan, &value);
        b.plan.outputs.insert(output.name.clone(), PlannedOutput { description, value, condition });
    }
}

/// The condition of the resource that a value is of: where that is not made, there is nothing to tell.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/outputs-section-structure.html>
fn condition(plan: &Plan<'_>, value: &Value) -> Option<String> {
    names(value).into_iter().find_map(|id| plan.resources.get(id)?.condition.clone())
}

/// What an output tells, for people: "Name of table orders".
fn what(model: &Model, value: OutputValue) -> Option<String> {
    let dead_letters = |source: Option<DeadLetterSource>| {
        let of = source.map(|source| describe(model, source).0).unwrap_or_default();
        format!("URL of the dead-letter queue of {}", of.replace('`', ""))
    };
    Some(match value {
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
        OutputValue::Other(_) => return None,
    })
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
