//! `wait`: waits for time, or for an answer from outside.

use schemars::{Schema, SchemaGenerator, json_schema};

use super::{Call, Onward, Shared, StepKind, Syntax};
use crate::source::Spanned;
use crate::spec::decode::{Decode, Decoder, Fields};
use crate::spec::range::within;
use crate::spec::scalar::{Arguments, Duration, Expression, TypeExpr};
use crate::spec::workflow::schema::{Form, described};
use crate::yaml::{Node, NodeKind};

/// What to wait for.
#[derive(Debug, Clone)]
pub enum Wait {
    /// This long.
    For(Spanned<Duration>),
    /// Until a timestamp: an expression.
    Until(Spanned<Expression>),
    /// For an answer; it is bound to the step's name.
    Signal(Box<Signal>),
}

/// An answer from outside: of a person, of another system.
#[derive(Debug, Clone)]
pub struct Signal {
    /// What the answer carries.
    pub answer: Spanned<TypeExpr>,
    /// The function that asks for it. It gets a token, and whoever has the token may answer.
    pub call: Call,
}

/// What waits for an answer calls the function that asks for it, which may fail.
const ASKS: &[Shared] = &[Shared::Assign, Shared::Timeout, Shared::Retry, Shared::Catch];

/// What waits for time does not fail.
const WAITS: &[Shared] = &[Shared::Assign];

pub(super) const SYNTAX: Syntax = Syntax {
    key: "wait",
    onward: Onward::Then,
    shares: |fields| if fields.node("wait").as_ref().is_some_and(is_for_signal) { ASKS } else { WAITS },
    decode: |fields, cx| Some(StepKind::Wait(fields.required("wait", cx)?)),
    forms: |generator| {
        let for_signal = Form {
            what: "Waits for an answer, which is bound to the step's name.",
            value: signal_schema(generator),
            needs: Vec::new(),
            may: Vec::new(),
            shares: ASKS,
        };
        let (duration, expression) = (generator.subschema_for::<Duration>(), generator.subschema_for::<Expression>());
        let for_time = Form {
            what: "Waits for some time.",
            value: json_schema!({
                "description": "How long: a duration, or a map with `until` and a timestamp.",
                "anyOf": [
                    duration,
                    {
                        "type": "object",
                        "properties": {"until": expression},
                        "required": ["until"],
                        "additionalProperties": false
                    }
                ]
            }),
            needs: Vec::new(),
            may: Vec::new(),
            shares: WAITS,
        };
        vec![for_signal, for_time]
    },
};

fn signal_schema(generator: &mut SchemaGenerator) -> Schema {
    let answer = described(&generator.subschema_for::<TypeExpr>(), "What the answer carries.");
    let with = described(
        &generator.subschema_for::<Arguments>(),
        "What it is given: for each field of the input an expression.",
    );
    json_schema!({
        "type": "object",
        "description": "What answers, and the function that asks: it finds the token with which to answer in its context.",
        "properties": {"signal": answer, "call": {"type": "string"}, "with": with},
        "required": ["signal", "call"],
        "additionalProperties": false
    })
}

/// Whether a `wait` with this value waits for an answer.
fn is_for_signal(node: &Node) -> bool {
    matches!(&node.kind, NodeKind::Mapping(mapping) if mapping.get("signal").is_some())
}

impl Wait {
    /// The type of the answer, to change it.
    pub(super) fn answer_mut(&mut self) -> Option<&mut Spanned<TypeExpr>> {
        match self {
            Self::Signal(signal) => Some(&mut signal.answer),
            Self::For(_) | Self::Until(_) => None,
        }
    }
}

impl Decode for Wait {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        if !matches!(node.kind, NodeKind::Mapping(_)) {
            let duration: Spanned<Duration> = Spanned::decode(node, cx)?;
            within(Some(&duration), 1, 99_999_999, "a wait", cx);
            return Some(Self::For(duration));
        }
        let mut fields = cx.fields(node, "a wait")?;
        let wait = if is_for_signal(node) { signal(&mut fields, cx) } else { until(&mut fields, cx) };
        fields.finish(cx);
        wait
    }
}

fn until(fields: &mut Fields<'_>, cx: &mut Decoder) -> Option<Wait> {
    if fields.present(&["until"]).is_empty() {
        // What else it could have been.
        let _ = fields.entry("signal");
    }
    Some(Wait::Until(fields.required("until", cx)?))
}

fn signal(fields: &mut Fields<'_>, cx: &mut Decoder) -> Option<Wait> {
    let answer = fields.required("signal", cx);
    let function = fields.required("call", cx);
    let with = fields.optional("with", cx);
    Some(Wait::Signal(Box::new(Signal { answer: answer?, call: Call { function: function?, with } })))
}
