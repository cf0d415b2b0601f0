//! What is sent to the system: requests, events, calls, messages; and time that passes.

use std::borrow::Cow;

use evc_macros::Section;
use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::kinds::{self, Kind};
use super::payload::Payload;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Spanned;
use crate::spec::decode::{Decode, Decoder, Fields};
use crate::spec::scalar::{Duration, Name};
use crate::yaml::Node;

/// Something that is done to the system. What it leads to runs until nothing is left to happen, but for schedules.
#[derive(Debug, Clone)]
pub enum Action {
    /// A request of an API.
    Request(Request),
    /// An event on its bus.
    Event(Event),
    /// A call of a function.
    Call(Call),
    /// A start of a workflow.
    Start(Start),
    /// An answer to a step that waits for a signal.
    Signal(Signal),
    /// A message into a queue.
    Message(Message),
    /// A row into a table, as if it had been there.
    Put(Row),
    /// Time that passes.
    Wait(Wait),
}

/// A request of an API.
#[derive(Debug, Clone, Section)]
#[section(what = "a request", whole)]
pub struct Request {
    /// Method and path: `POST /orders`, `GET /customers/$customer/orders?limit=5`.
    pub route: Spanned<String>,
    /// The body, JSON.
    pub body: Option<Payload>,
    /// Further headers.
    #[key(default)]
    pub headers: IndexMap<Name, Payload>,
    /// The claims of the caller's token, for routes that want one; issuer, audience, scopes and times are filled in.
    pub caller: Option<Payload>,
    /// The status that is expected; any success by default.
    #[key(range = 100..=599, what = "a status")]
    pub status: Option<Spanned<u64>>,
    /// The part of the answer's body that is expected.
    pub answer: Option<Payload>,
    /// Names for parts of the answer: `{ id: body.orderId }`. Later values say `$id`.
    #[key(default)]
    pub capture: IndexMap<Name, Spanned<String>>,
}

/// An event on its bus.
#[derive(Debug, Clone, Section)]
#[section(what = "a sent event", whole)]
pub struct Event {
    /// The event.
    pub event: Name,
    /// Its detail; what is left out is a sample.
    pub detail: Option<Payload>,
    /// How often it is delivered, with the same id: 1 by default.
    #[key(range = 1..=100, what = "how often an event is delivered")]
    pub times: Option<Spanned<u64>>,
}

/// A call of a function by hand.
#[derive(Debug, Clone, Section)]
#[section(what = "a sent call", whole, check = one_end)]
pub struct Call {
    /// The function.
    pub call: Name,
    /// Its input; what is left out is a sample.
    pub with: Option<Payload>,
    /// The part of the answer that is expected.
    pub answer: Option<Payload>,
    /// The error that is expected.
    pub error: Option<Name>,
    /// Names for parts of the answer: `{ id: orderId }`.
    #[key(default)]
    pub capture: IndexMap<Name, Spanned<String>>,
}

fn one_end(call: &Call, fields: &Fields<'_>, cx: &mut Decoder) {
    if let (Some(_), Some(_), [answer, ..]) = (&call.answer, &call.error, fields.present(&["answer"]).as_slice()) {
        let message = "a call is answered or fails, and not both";
        cx.report(Diagnostic::new(Code::EVC0105, answer.span, message));
    }
}

/// A start of a workflow.
#[derive(Debug, Clone, Section)]
#[section(what = "a start", whole)]
pub struct Start {
    /// The workflow.
    pub start: Name,
    /// Its input; what is left out is a sample.
    pub with: Option<Payload>,
    /// The name of the execution; one that is made up by default.
    pub name: Option<Spanned<String>>,
}

/// An answer to a step that waits for a signal. It is the latest of the workflow that waits.
#[derive(Debug, Clone, Section)]
#[section(what = "a signal", whole)]
pub struct Signal {
    /// The step.
    pub signal: Name,
    /// The workflow.
    pub of: Name,
    /// The answer.
    pub answer: Option<Payload>,
    /// An error in its place.
    pub error: Option<Name>,
}

/// A message into a queue.
#[derive(Debug, Clone, Section)]
#[section(what = "a sent message", whole)]
pub struct Message {
    /// The queue.
    pub message: Name,
    /// The message; what is left out is a sample.
    pub body: Option<Payload>,
}

/// A row into a table, as if it had been there: nothing comes of it but what its stream leads to.
#[derive(Debug, Clone, Section)]
#[section(what = "a row that is there", whole)]
pub struct Row {
    /// The table.
    pub put: Name,
    /// The row; what is left out is a sample.
    pub item: Payload,
}

/// Time that passes, with all that is due on the way: schedules too.
#[derive(Debug, Clone, Section)]
#[section(what = "a wait", whole)]
pub struct Wait {
    /// How long.
    pub wait: Spanned<Duration>,
}

macro_rules! actions {
    ($($variant:ident($kind:ident) $key:literal,)*) => {
        $(impl From<$kind> for Action {
            fn from(kind: $kind) -> Self {
                Self::$variant(kind)
            }
        })*

        const KINDS: &[Kind<Action>] =
            &[$(Kind { key: $key, read: kinds::read::<$kind, Action>, schema: $kind::json_schema }),*];
    };
}

actions! {
    Request(Request) "route",
    Event(Event) "event",
    Call(Call) "call",
    Start(Start) "start",
    Signal(Signal) "signal",
    Message(Message) "message",
    Put(Row) "put",
    Wait(Wait) "wait",
}

impl Decode for Action {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        kinds::one_of(node, "something that is sent", KINDS, cx)
    }
}

impl JsonSchema for Action {
    fn schema_name() -> Cow<'static, str> {
        "Action".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        kinds::schema("Something that is sent to the system.", KINDS, generator)
    }
}
