//! What is to be observed once nothing is left to happen.

use std::borrow::Cow;

use evc_macros::{Section, Word};
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::kinds::{self, Kind};
use super::payload::Payload;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{Span, Spanned};
use crate::spec::decode::{Decode, Decoder, Fields};
use crate::spec::scalar::Name;
use crate::yaml::Node;

/// Something that is to be observed, with its place.
#[derive(Debug, Clone)]
pub struct Expectation {
    /// What.
    pub kind: Expected,
    /// Whether it must not be.
    pub not: bool,
    /// Where it is written.
    pub span: Span,
}

/// The kinds of observations.
#[derive(Debug, Clone)]
pub enum Expected {
    /// An event was published.
    Event(Event),
    /// A function was called.
    Call(Call),
    /// A workflow ran.
    Workflow(Workflow),
    /// A row is in a table.
    Row(Row),
    /// A message was sent.
    Message(Message),
    /// What lies in dead-letter queues.
    DeadLetters(DeadLetters),
}

/// An event was published.
#[derive(Debug, Clone, Section)]
#[section(what = "an expected event", whole)]
pub struct Event {
    /// The event.
    pub event: Name,
    /// A pattern of its detail, in EventBridge's language.
    #[key(rename = "where")]
    pub pattern: Option<Payload>,
    /// The part of its detail that is expected.
    pub has: Option<Payload>,
    /// How often; at least once by default.
    pub times: Option<Spanned<u64>>,
}

/// A function was called.
#[derive(Debug, Clone, Section)]
#[section(what = "an expected call", whole)]
pub struct Call {
    /// The function.
    pub call: Name,
    /// The part of its input that is expected.
    pub with: Option<Payload>,
    /// How often, each attempt once; at least once by default.
    pub times: Option<Spanned<u64>>,
}

/// A workflow ran.
#[derive(Debug, Clone, Section)]
#[section(what = "an expected execution", whole, check = one_end)]
pub struct Workflow {
    /// The workflow.
    pub workflow: Name,
    /// The part of its input that is expected.
    pub with: Option<Payload>,
    /// The steps that it came through, in order; others may lie between them.
    #[key(default)]
    pub path: Vec<Name>,
    /// The part of its output that is expected: it succeeded.
    pub output: Option<Payload>,
    /// How it ended; without it, and without `fails` and `output`, any way will do.
    pub ended: Option<Spanned<End>>,
    /// The error that it failed with.
    pub fails: Option<Name>,
    /// How many executions; at least one by default.
    pub times: Option<Spanned<u64>>,
}

/// How an execution stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Word)]
#[word(what = "how an execution stands")]
pub enum End {
    /// It is under way.
    Running,
    /// It came to its end.
    Succeeded,
    /// It failed.
    Failed,
    /// It took longer than its timeout.
    TimedOut,
}

fn one_end(_: &Workflow, fields: &Fields<'_>, cx: &mut Decoder) {
    let mut ends = fields.present(&["output", "ended", "fails"]).into_iter();
    if let (Some(first), Some(second)) = (ends.next(), ends.next()) {
        let message = format!("an execution ends in one way, found `{}` and `{}`", first.text, second.text);
        cx.report(Diagnostic::new(Code::EVC0105, second.span, message).secondary(first.span, "the first is here"));
    }
}

/// A row is in a table.
#[derive(Debug, Clone, Section)]
#[section(what = "an expected row", whole)]
pub struct Row {
    /// The table.
    pub row: Name,
    /// The key of the row. Without it, any row that has the fields will do.
    pub key: Option<Payload>,
    /// The part of it that is expected.
    pub has: Option<Payload>,
    /// How many; at least one by default.
    pub times: Option<Spanned<u64>>,
}

/// A message was sent.
#[derive(Debug, Clone, Section)]
#[section(what = "an expected message", whole)]
pub struct Message {
    /// The queue.
    pub message: Name,
    /// The part of it that is expected.
    pub has: Option<Payload>,
    /// How often; at least once by default.
    pub times: Option<Spanned<u64>>,
}

/// What lies in dead-letter queues: `none`, or the thing that gave something up (`rules.start-fulfilment`).
#[derive(Debug, Clone, Section)]
#[section(what = "expected dead letters", whole)]
pub struct DeadLetters {
    /// `none`, or the thing.
    pub dead_letters: Spanned<String>,
    /// How many; at least one by default.
    pub times: Option<Spanned<u64>>,
}

macro_rules! expectations {
    ($($variant:ident($kind:ident) $key:literal,)*) => {
        $(impl From<$kind> for Expected {
            fn from(kind: $kind) -> Self {
                Self::$variant(kind)
            }
        })*

        const KINDS: &[Kind<Expected>] =
            &[$(Kind { key: $key, read: kinds::read::<$kind, Expected>, schema: $kind::json_schema }),*];
    };
}

expectations! {
    Event(Event) "event",
    Call(Call) "call",
    Workflow(Workflow) "workflow",
    Row(Row) "row",
    Message(Message) "message",
    DeadLetters(DeadLetters) "dead-letters",
}

/// The key of an expectation that something is not to be.
const NOT: &str = "not";

impl Decode for Expectation {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        if let crate::yaml::NodeKind::Mapping(mapping) = &node.kind
            && let [only] = mapping.entries.as_slice()
            && only.key.text == NOT
        {
            let kind = kinds::one_of(&only.value, "an expectation", KINDS, cx)?;
            return Some(Self { kind, not: true, span: node.span });
        }
        Some(Self { kind: kinds::one_of(node, "an expectation", KINDS, cx)?, not: false, span: node.span })
    }
}

impl JsonSchema for Expectation {
    fn schema_name() -> Cow<'static, str> {
        "Expectation".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = kinds::schema("Something that is to be observed.", KINDS, generator);
        let kinds: Vec<Schema> = KINDS.iter().map(|kind| (kind.schema)(generator)).collect();
        let not = schemars::json_schema!({
            "type": "object",
            "description": "Something that must not be observed.",
            "properties": {NOT: {"oneOf": kinds}},
            "required": [NOT],
            "additionalProperties": false
        });
        if let Some(alternatives) = schema.get_mut("oneOf").and_then(serde_json::Value::as_array_mut) {
            alternatives.push(not.to_value());
        }
        schema
    }
}
