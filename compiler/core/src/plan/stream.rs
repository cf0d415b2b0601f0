//! The stream of a table whose records are events: which it is, and which records count, as the filters of a function or a pipe say it.

use super::ids;
use super::value::Value;
use crate::model::{ChangeEvent, Changes, FieldTest, Is, Model, Outbox, field_tests};

/// How old a record may become before what reads it gives up on it: as old as a stream keeps it.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html>
pub(crate) const MAX_AGE_SECONDS: i64 = 86_400;

/// How many filters a Lambda event source has unless a higher quota was asked for.
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html>
const MAX_FILTERS: usize = 5;

/// The stream that an outbox reads: that of its own table, or of the table whose changes are its events.
pub(crate) fn of(model: &Model, outbox: &Outbox) -> Value {
    Value::Attribute(ids::outbox_source(model, outbox), "StreamArn")
}

/// The filters of the function that reads all changes: one for each event, each once. With more than Lambda takes, the kinds of
/// change alone: the forwarder looks at the rest itself in any case.
pub(crate) fn filters(model: &Model, changes: &Changes) -> Vec<Value> {
    let distinct = |values: Vec<Value>| {
        let mut kept: Vec<Value> = Vec::new();
        for value in values {
            if !kept.contains(&value) {
                kept.push(value);
            }
        }
        kept
    };
    let exact = distinct(changes.events.iter().map(|change| filter(model, changes, change)).collect());
    if exact.len() <= MAX_FILTERS {
        return exact;
    }
    distinct(changes.events.iter().map(|change| Value::map([event_name(change)])).collect())
}

/// The filter of the stream records that are one event.
pub(crate) fn filter(model: &Model, changes: &Changes, change: &ChangeEvent) -> Value {
    let tests = tests(model, changes, change);
    if tests.is_empty() {
        return Value::map([event_name(change)]);
    }
    let mut image = Value::map::<&str>([]);
    for test in &tests {
        insert(&mut image, &path(test), Value::list(test.any.iter().map(value)));
    }
    let image = Value::map([("NewImage", image)]);
    Value::map([event_name(change), ("dynamodb", image)])
}

/// What the item of a change must be.
pub(crate) fn tests(model: &Model, changes: &Changes, change: &ChangeEvent) -> Vec<FieldTest> {
    let item = &model.tables[changes.table.value].item;
    // What cannot be asked is reported by a check.
    change.filter.as_ref().map_or(Vec::new(), |pattern| field_tests(&model.types, item, pattern).0)
}

fn event_name(change: &ChangeEvent) -> (&'static str, Value) {
    ("eventName", Value::list([change.kind.event_name().into()]))
}

/// The way to a field's value in an image: `to`, `M`, `country`, `S`.
fn path(test: &FieldTest) -> Vec<String> {
    let mut path = Vec::new();
    for (at, name) in test.path.iter().enumerate() {
        if at > 0 {
            path.push("M".to_owned());
        }
        path.push(name.clone());
    }
    path.push(test.attribute.as_str().to_owned());
    path
}

fn value(is: &Is) -> Value {
    match is {
        // A number is text in a stream record.
        Is::Text(text) | Is::Number(text) => text.as_str().into(),
        Is::Boolean(value) => (*value).into(),
        Is::Prefix(text) => Value::map([("prefix", text.as_str().into())]),
        Is::NoneOf(texts) => Value::map([("anything-but", Value::list(texts.iter().map(|text| text.as_str().into())))]),
    }
}

fn insert(map: &mut Value, path: &[String], value: Value) {
    let (Value::Map(entries), [first, rest @ ..]) = (map, path) else { return };
    if rest.is_empty() {
        entries.insert(first.clone(), value);
    } else {
        insert(entries.or_insert_with(first.clone(), || Value::map::<&str>([])), rest, value);
    }
}
