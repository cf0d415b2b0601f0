//! `outboxes:` events that are stored in the transaction that changes the data, or that are the change, and published from there.

use evc_macros::{Section, Word};
use indexmap::IndexMap;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::json;

use super::allow::Allows;
use super::decode::{Decode, Decoder, Fields};
use super::keys::Shorthand;
use super::range::in_range;
use super::scalar::{Duration, Name, PatternNode, one_or_more};
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
#[derive(Debug, Clone, Section)]
#[section(what = "an outbox", present = one_source, check = batch, schema = one_source_schema)]
pub struct Outbox {
    /// What it is for, for people.
    pub description: Option<String>,
    /// The events that may be published through it. All travel on one bus.
    #[key(not_empty = "an event")]
    pub publishes: Option<Spanned<Vec<Name>>>,
    /// The field that all of these events have and that says which thing an event is about, such as `orderId`: events of one
    /// thing wait together. Of an outbox with `publishes`; of a table's changes, the table's partition key says it.
    pub aggregate: Option<Name>,
    /// How long a published event stays in the table, for redrive: `2d` or longer. A week by default.
    #[key(range = MIN_RETENTION..=MAX_RETENTION, what = "the retention of an outbox")]
    pub retention: Option<Spanned<Duration>>,
    /// The table whose changes are the events, instead of `publishes`.
    pub changes_of: Option<Name>,
    /// What brings the changes of a table to the bus: `function` (the default) or `pipe`.
    pub forwarder: Option<Spanned<Forwarder>>,
    /// The event, or events, that a new item of the table is.
    #[key(default, decode = changes, schema = one_or_more::<Spanned<ChangeEvent>>)]
    pub insert: Vec<Spanned<ChangeEvent>>,
    /// The event, or events, that a changed item of the table is.
    #[key(default, decode = changes, schema = one_or_more::<Spanned<ChangeEvent>>)]
    pub update: Vec<Spanned<ChangeEvent>>,
    /// The most events the forwarder takes at once: 1 to 1000, 100 by default; of a pipe 1 to 10, 10 by default.
    #[key(schema = batch_sizes)]
    pub batch_size: Option<Spanned<u64>>,
    /// How many batches of one shard are worked on at once: 1 (the default) to 10. With more than one, only changes of one
    /// item keep their order.
    #[key(range = 1..=10, what = "the number of batches at once")]
    pub parallel: Option<Spanned<u64>>,
    /// How often a failing batch is tried again before it goes to the dead-letter queue: 10 by default.
    #[key(range = 0..=10_000, what = "the number of attempts")]
    pub attempts: Option<Spanned<u64>>,
    /// What becomes of the table when it leaves the stack: `retain` (the default) or `delete`.
    pub removal: Option<Removal>,
    /// Warnings that are fine here, each with the reason.
    #[key(default)]
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

/// The event that a change is: its name, or a map that also says which items count and where its fields come from.
#[derive(Debug, Clone, Section)]
#[section(what = "the event of a change", shorthand, schema = change_examples)]
pub struct ChangeEvent {
    /// The event.
    pub event: Name,
    /// What the item must be after the change: a pattern over its fields.
    pub where_: Option<Spanned<PatternNode>>,
    /// Fields of the event that have another name in the item: field of the event, field of the item.
    #[key(default)]
    pub with: IndexMap<Name, Name>,
}

/// The name alone.
impl Shorthand for ChangeEvent {
    fn is_short(node: &Node) -> bool {
        matches!(node.kind, NodeKind::Scalar(_))
    }
    fn short(node: &Node, cx: &mut Decoder) -> Option<Self> {
        Some(Self { event: Spanned::decode(node, cx)?, where_: None, with: IndexMap::new() })
    }
    fn short_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<Name>()
    }
}

/// A batch is as large as what brings it takes.
fn batch(outbox: &Outbox, _: &Fields<'_>, cx: &mut Decoder) {
    let pipe = outbox.forwarder.as_ref().is_some_and(|forwarder| forwarder.value == Forwarder::Pipe);
    let largest = if pipe { MAX_PIPE_BATCH } else { MAX_BATCH };
    in_range(outbox.batch_size.as_ref(), 1, largest, "a batch of stream records", cx);
}

fn batch_sizes(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "integer", "maximum": MAX_BATCH, "minimum": 1})
}

/// The most records that a function gets at once.
const MAX_BATCH: u64 = 1000;

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

fn change_examples(schema: &mut Schema) {
    let map = json!({"event": "OrderCreated", "where": {"status": ["CREATED"]}, "with": {"orderId": "id"}});
    schema.insert("examples".to_owned(), json!(["OrderCreated", map]));
}

fn one_source_schema(schema: &mut Schema) {
    let required = |key: &str| json!({"required": [key]});
    let any = |keys: &[&str]| json!({"anyOf": keys.iter().copied().map(required).collect::<Vec<_>>()});
    let changed = ["insert", "update"].map(required);
    let alternatives = json!([
        {"required": ["publishes"], "not": any(&OF_CHANGES)},
        {"required": ["changes-of"], "anyOf": changed, "not": any(&OWN)}
    ]);
    schema.insert("oneOf".to_owned(), alternatives);
}

fn missing(fields: &Fields<'_>, key: &'static str, what: &str, cx: &mut Decoder) {
    if fields.present(&[key]).is_empty() {
        cx.report(Diagnostic::new(Code::EVC0104, fields.place(), format!("{what} needs the key `{key}`")));
    }
}

/// One event or a list of them.
fn changes(node: &Node, cx: &mut Decoder) -> Option<Vec<Spanned<ChangeEvent>>> {
    match &node.kind {
        NodeKind::Sequence(items) if items.is_empty() => {
            cx.bad_value(node.span, "expected an event, found none");
            None
        }
        NodeKind::Sequence(_) => Vec::decode(node, cx),
        _ => Spanned::decode(node, cx).map(|change| vec![change]),
    }
}

/// The shortest and the longest time that rows are kept: longer than the stream keeps a record, so that what the
/// forwarder has given up can be published again; ten years.
const MIN_RETENTION: Duration = Duration::days(2);
const MAX_RETENTION: Duration = Duration::days(10 * 365);
