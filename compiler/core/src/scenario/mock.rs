//! What stands in the place of a function: an answer or an error, and what it does on the way.

use std::borrow::Cow;

use evc_macros::Section;
use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::kinds::{self, Kind};
use super::lenient::each;
use super::payload::Payload;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Spanned;
use crate::spec::decode::{Decode, Decoder, Fields};
use crate::spec::scalar::{Duration, Name, one_or_many};
use crate::yaml::Node;

/// Mocks by function. Of several of one function, the first that fits the input and is not used up counts.
pub type Mocks = IndexMap<Name, Vec<Mock>>;

/// What a function does in the scenario. Without `answer`, `error` and `crash` it answers with a sample of its output.
#[derive(Debug, Clone, Section)]
#[section(what = "a mock", check = one_end)]
pub struct Mock {
    /// The part of the input that it is for; fields that are not named may be anything.
    pub given: Option<Payload>,
    /// How many calls it is for; without it, all.
    #[key(range = 1..=1_000_000, what = "how many calls a mock is for")]
    pub times: Option<Spanned<u64>>,
    /// How long it takes, by the scenario's clock.
    pub takes: Option<Spanned<Duration>>,
    /// What it does, in this order, before it ends: as far as the function's lines in the spec allow it.
    #[key(default, decode = each, schema = one_or_many::<Effect>)]
    pub does: Vec<Effect>,
    /// What it answers, of the type of the function's output. What is left out is taken by name from the row that was written last, then
    /// from the input; what is still missing is a sample.
    pub answer: Option<Payload>,
    /// The response that it gives, of a function with `responses`: the first one by default. `answer` is its body then.
    pub response: Option<Name>,
    /// The error that it fails with: one of the function's, or of the runtime (`Transient`).
    pub error: Option<Name>,
    /// What the error says.
    pub message: Option<String>,
    /// The process dies after its effects, before it answers.
    #[key(default)]
    pub crash: bool,
}

/// A mock ends in one way.
fn one_end(mock: &Mock, fields: &Fields<'_>, cx: &mut Decoder) {
    if let (Some(error), [key, ..]) = (&mock.error, fields.present(&["response"]).as_slice()) {
        let message = "a mock with an `error` gives no `response`";
        cx.report(Diagnostic::new(Code::EVC0105, key.span, message).secondary(error.span, "the error is here"));
    }
    let mut ends = fields.present(&["answer", "error", "crash"]).into_iter();
    if let (Some(first), Some(second)) = (ends.next(), ends.next()) {
        let message = format!("a mock ends in one way, found `{}` and `{}`", first.text, second.text);
        cx.report(Diagnostic::new(Code::EVC0105, second.span, message).secondary(first.span, "the first is here"));
    }
    if let (Some(key), None) = (fields.present(&["message"]).first(), &mock.error) {
        let message = "`message` is what an `error` says, and there is none";
        cx.report(Diagnostic::new(Code::EVC0105, key.span, message));
    }
}

/// Something that a mock does.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Writes a row.
    Put(Put),
    /// Changes a row.
    Update(Update),
    /// Removes a row.
    Delete(Delete),
    /// Publishes an event, through the function's outbox if the event is one of it.
    Publish(Publish),
    /// Sends a message.
    Send(Send),
}

/// Writes a row.
#[derive(Debug, Clone, Section)]
#[section(what = "an effect with `put`", whole)]
pub struct Put {
    /// The table.
    pub put: Name,
    /// The row. What is left out is taken by name from the input; what is still missing is a sample.
    pub item: Option<Payload>,
}

/// Changes fields of a row, which is made if there is none.
#[derive(Debug, Clone, Section)]
#[section(what = "an effect with `update`", whole)]
pub struct Update {
    /// The table.
    pub update: Name,
    /// The key of the row. By default the fields of the input with the names of the key.
    pub key: Option<Payload>,
    /// The fields that change.
    pub set: Payload,
}

/// Removes a row.
#[derive(Debug, Clone, Section)]
#[section(what = "an effect with `delete`", whole)]
pub struct Delete {
    /// The table.
    pub delete: Name,
    /// The key of the row. By default the fields of the input with the names of the key.
    pub key: Option<Payload>,
}

/// Publishes an event.
#[derive(Debug, Clone, Section)]
#[section(what = "an effect with `publish`", whole)]
pub struct Publish {
    /// The event.
    pub publish: Name,
    /// Its detail. What is left out is taken by name from the row that was written last, then from the input; what is still missing is a
    /// sample.
    pub with: Option<Payload>,
}

/// Sends a message.
#[derive(Debug, Clone, Section)]
#[section(what = "an effect with `send`", whole)]
pub struct Send {
    /// The queue.
    pub send: Name,
    /// The message. What is left out is taken as that of an event.
    pub with: Option<Payload>,
}

impl From<Put> for Effect {
    fn from(put: Put) -> Self {
        Self::Put(put)
    }
}

impl From<Update> for Effect {
    fn from(update: Update) -> Self {
        Self::Update(update)
    }
}

impl From<Delete> for Effect {
    fn from(delete: Delete) -> Self {
        Self::Delete(delete)
    }
}

impl From<Publish> for Effect {
    fn from(publish: Publish) -> Self {
        Self::Publish(publish)
    }
}

impl From<Send> for Effect {
    fn from(send: Send) -> Self {
        Self::Send(send)
    }
}

const KINDS: [Kind<Effect>; 5] = [
    Kind { key: "put", read: kinds::read::<Put, Effect>, schema: Put::json_schema },
    Kind { key: "update", read: kinds::read::<Update, Effect>, schema: Update::json_schema },
    Kind { key: "delete", read: kinds::read::<Delete, Effect>, schema: Delete::json_schema },
    Kind { key: "publish", read: kinds::read::<Publish, Effect>, schema: Publish::json_schema },
    Kind { key: "send", read: kinds::read::<Send, Effect>, schema: Send::json_schema },
];

impl Decode for Effect {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        kinds::one_of(node, "an effect", &KINDS, cx)
    }
}

impl JsonSchema for Effect {
    fn schema_name() -> Cow<'static, str> {
        "Effect".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        kinds::schema("Something that a mock does.", &KINDS, generator)
    }
}
