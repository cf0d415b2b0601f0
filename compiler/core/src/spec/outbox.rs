//! `outboxes:` events that are stored in the transaction that changes the data, or that are the change, and published from there.

use std::borrow::Cow;

use evc_macros::Word;
use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::allow::Allows;
use super::decode::{Decode, Decoder, Fields};
pub use super::range::in_range; // for `workflow/`, until it names `range`
use super::range::within;
use super::scalar::{Duration, Name, PatternNode, one_or_many};
use super::table::Removal;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Spanned;
use crate::yaml::{Node, NodeKind};

/// An outbox: what makes sure that a change and the event that tells of it are both there, or neither.
///
/// With `publishes` it is a table of events waiting to be published. A handler that has it writes its tables and its events in
/// one transaction; a forwarder reads the outbox's stream and puts the events on their bus, each at least once and with an id
/// that consumers drop duplicates by.
///
/// With `changes-of` there is no second table: the changes of a table are the events. Who writes the table publishes, whether
/// it knows or not; the fields of an event are fields of the changed item.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(extend("oneOf" = [
    {
        "required": ["publishes"],
        "not": {"anyOf": [
            {"required": ["changes-of"]}, {"required": ["forwarder"]}, {"required": ["insert"]}, {"required": ["update"]}
        ]}
    },
    {
        "required": ["changes-of"],
        "anyOf": [{"required": ["insert"]}, {"required": ["update"]}],
        "not": {"anyOf": [
            {"required": ["publishes"]}, {"required": ["aggregate"]}, {"required": ["retention"]}, {"required": ["removal"]}
        ]}
    }
]))]
pub struct Outbox {
    /// What it is for, for people.
    pub description: Option<String>,
    /// The events that may be published through it. All travel on one bus.
    #[schemars(default, schema_with = "one_or_many::<String>")]
    pub publishes: Option<Spanned<Vec<Name>>>,
    /// The field that all of these events have and that says which thing an event is about, such as `orderId`: events of one
    /// thing wait together. Of an outbox with `publishes`; of a table's changes, the table's partition key says it.
    pub aggregate: Option<Name>,
    /// How long a published event stays in the table, for redrive: `2d` or longer. A week by default.
    pub retention: Option<Spanned<Duration>>,
    /// The table whose changes are the events, instead of `publishes`.
    pub changes_of: Option<Name>,
    /// What brings the changes of a table to the bus: `function` (the default) or `pipe`.
    pub forwarder: Option<Spanned<Forwarder>>,
    /// The event, or events, that a new item of the table is.
    #[schemars(default, schema_with = "one_or_many::<ChangeEvent>")]
    pub insert: Vec<Spanned<ChangeEvent>>,
    /// The event, or events, that a changed item of the table is.
    #[schemars(default, schema_with = "one_or_many::<ChangeEvent>")]
    pub update: Vec<Spanned<ChangeEvent>>,
    /// The most events the forwarder takes at once: 1 to 1000, 100 by default; of a pipe 1 to 10, 10 by default.
    #[schemars(range(min = 1, max = 1000))]
    pub batch_size: Option<Spanned<u64>>,
    /// How many batches of one shard are worked on at once: 1 (the default) to 10. With more than one, only changes of one
    /// item keep their order.
    #[schemars(range(min = 1, max = 10))]
    pub parallel: Option<Spanned<u64>>,
    /// How often a failing batch is tried again before it goes to the dead-letter queue: 10 by default.
    #[schemars(range(min = 0, max = 10000))]
    pub attempts: Option<Spanned<u64>>,
    /// What becomes of the table when it leaves the stack: `retain` (the default) or `delete`.
    pub removal: Option<Removal>,
    /// Warnings that are fine here, each with the reason.
    #[schemars(default)]
    pub allow: Allows,
}

/// What brings the changes of a table to the bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Word)]
#[word(what = "a forwarder")]
pub enum Forwarder {
    /// A Lambda function that evc writes: any event, packed calls, failed entries tried alone.
    #[default]
    Function,
    /// A pipe for each event: no code, and only events whose every field a pipe can copy as it is.
    Pipe,
}

/// An event that a change of a table's item is: the event's name, or a map with more about it.
#[derive(Debug, Clone)]
pub struct ChangeEvent {
    /// The event.
    pub event: Name,
    /// What the item must be: a pattern over its fields.
    pub where_: Option<Spanned<PatternNode>>,
    /// Fields of the event that have another name in the item: field of the event, field of the item.
    pub with: IndexMap<Name, Name>,
}

impl Decode for ChangeEvent {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        if let NodeKind::Scalar(_) = node.kind {
            let event = Spanned::decode(node, cx)?;
            return Some(Self { event, where_: None, with: IndexMap::new() });
        }
        let mut fields = cx.fields(node, "the event of a change")?;
        let event = fields.required("event", cx);
        let where_ = fields.optional("where", cx);
        let with = fields.or_default("with", cx);
        fields.finish(cx);
        Some(Self { event: event?, where_, with })
    }
}

impl JsonSchema for ChangeEvent {
    fn schema_name() -> Cow<'static, str> {
        "ChangeEvent".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let pattern = generator.subschema_for::<PatternNode>();
        json_schema!({
            "description": "The event that a change is: its name, or a map that also says which items count and where its fields come from.",
            "anyOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "properties": {
                        "event": {"type": "string", "description": "The event."},
                        "where": {
                            "description": "What the item must be after the change: a pattern over its fields.",
                            "allOf": [pattern]
                        },
                        "with": {
                            "type": "object",
                            "description": "Fields of the event that have another name in the item: field of the event, field of the item.",
                            "additionalProperties": {"type": "string"}
                        }
                    },
                    "required": ["event"],
                    "additionalProperties": false
                }
            ],
            "examples": ["OrderCreated", {"event": "OrderCreated", "where": {"status": ["CREATED"]}, "with": {"orderId": "id"}}]
        })
    }
}

impl Decode for Outbox {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut fields = cx.fields(node, "an outbox")?;
        let description = fields.optional("description", cx);
        let publishes = fields.optional("publishes", cx);
        let aggregate = fields.optional("aggregate", cx);
        let retention = fields.optional("retention", cx);
        let changes_of: Option<Name> = fields.optional("changes-of", cx);
        let forwarder = fields.optional("forwarder", cx);
        let insert = changes(&mut fields, "insert", cx);
        let update = changes(&mut fields, "update", cx);
        let batch_size = fields.optional("batch-size", cx);
        let parallel = fields.optional("parallel", cx);
        let attempts = fields.optional("attempts", cx);
        let removal = fields.optional("removal", cx);
        let allow = fields.or_default("allow", cx);
        one_source(&fields, cx);
        fields.finish(cx);
        let pipe = forwarder.as_ref().is_some_and(|forwarder: &Spanned<Forwarder>| forwarder.value == Forwarder::Pipe);
        let largest = if pipe { MAX_PIPE_BATCH } else { 1000 };
        in_range(batch_size.as_ref(), 1, largest, "a batch of stream records", cx);
        within(retention.as_ref(), MIN_RETENTION, MAX_RETENTION, "the retention of an outbox", cx);
        in_range(parallel.as_ref(), 1, 10, "the number of batches at once", cx);
        in_range(attempts.as_ref(), 0, 10_000, "the number of attempts", cx);
        Some(Self {
            description,
            publishes,
            aggregate,
            retention,
            changes_of,
            forwarder,
            insert,
            update,
            batch_size,
            parallel,
            attempts,
            removal,
            allow,
        })
    }
}

/// The most records that a pipe brings to a bus at once: as many as one `PutEvents` takes.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html>
pub const MAX_PIPE_BATCH: u64 = 10;

/// The keys of an outbox that has a table of its own, and of one that reads another.
const OWN: [&str; 4] = ["publishes", "aggregate", "retention", "removal"];
const OF_CHANGES: [&str; 4] = ["changes-of", "forwarder", "insert", "update"];

/// Reports an outbox that has keys of both kinds, or that has nothing to publish.
fn one_source(fields: &Fields<'_>, cx: &mut Decoder) {
    let (own, of_changes) = (fields.present(&OWN), fields.present(&OF_CHANGES));
    match (own.as_slice(), of_changes.as_slice()) {
        ([own, ..], [of_changes, ..]) => {
            let message = format!("an outbox has either `{}` or `{}`", own.text, of_changes.text);
            cx.report(
                Diagnostic::new(Code::EVC0105, of_changes.span, message)
                    .secondary(own.span, "this is of an outbox with a table of its own")
                    .note("an outbox with `changes-of` has no table of its own: the table that it reads is one"),
            );
        }
        ([], []) => {
            let message = "an outbox needs the key `publishes` or the key `changes-of`";
            cx.report(Diagnostic::new(Code::EVC0104, fields.place(), message));
        }
        ([_, ..], []) => missing(fields, "publishes", "an outbox with a table of its own", cx),
        ([], [_, ..]) => {
            missing(fields, "changes-of", "an outbox of a table's changes", cx);
            if fields.present(&["insert", "update"]).is_empty() {
                let message = "an outbox of a table's changes needs the key `insert` or the key `update`";
                cx.report(Diagnostic::new(Code::EVC0104, fields.place(), message));
            }
        }
    }
}

fn missing(fields: &Fields<'_>, key: &'static str, what: &str, cx: &mut Decoder) {
    if fields.present(&[key]).is_empty() {
        cx.report(Diagnostic::new(Code::EVC0104, fields.place(), format!("{what} needs the key `{key}`")));
    }
}

/// One event or a list of them.
fn changes(fields: &mut Fields<'_>, key: &'static str, cx: &mut Decoder) -> Vec<Spanned<ChangeEvent>> {
    let Some(entry) = fields.entry(key) else { return Vec::new() };
    let read = |cx: &mut Decoder| match &entry.value.kind {
        NodeKind::Sequence(_) => Vec::decode(&entry.value, cx).unwrap_or_default(),
        _ => Spanned::decode(&entry.value, cx).into_iter().collect(),
    };
    cx.under(Some(entry.key.span), read)
}

/// The shortest and the longest time that rows are kept, in seconds: longer than the stream keeps a record, so that what the
/// forwarder has given up can be published again; ten years.
const MIN_RETENTION: u64 = 2 * 86_400;
const MAX_RETENTION: u64 = 10 * 365 * 86_400;
