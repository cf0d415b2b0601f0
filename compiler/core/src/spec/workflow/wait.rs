//! What a `wait` waits for: time, or an answer from outside.

use super::step::Call;
use crate::source::Spanned;
use crate::spec::decode::{Decode, Decoder, Fields};
use crate::spec::queue::within;
use crate::spec::scalar::{Duration, Expression, TypeExpr};
use crate::yaml::{Node, NodeKind};

/// What to wait for.
#[derive(Debug, Clone)]
pub enum Wait {
    /// This long.
    For(Spanned<Duration>),
    /// Until a timestamp: an expression.
    Until(Spanned<Expression>),
    /// For an answer; it is bound to the step's name.
    Signal(Signal),
}

/// An answer from outside: of a person, of another system.
#[derive(Debug, Clone)]
pub struct Signal {
    /// What the answer carries.
    pub answer: Spanned<TypeExpr>,
    /// The function that asks for it. It gets a token, and whoever has the token may answer.
    pub call: Call,
}

impl Wait {
    /// Whether a step with this `wait` calls a function, so that it may fail and be tried again.
    pub fn calls(node: Option<&Node>) -> bool {
        matches!(node.map(|node| &node.kind), Some(NodeKind::Mapping(mapping)) if mapping.get("signal").is_some())
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
        let wait = if Self::calls(Some(node)) { signal(&mut fields, cx) } else { until(&mut fields, cx) };
        fields.finish(cx);
        wait
    }
}

fn until(fields: &mut Fields<'_>, cx: &mut Decoder) -> Option<Wait> {
    Some(Wait::Until(fields.required("until", cx)?))
}

fn signal(fields: &mut Fields<'_>, cx: &mut Decoder) -> Option<Wait> {
    let answer = fields.required("signal", cx);
    let function = fields.required("call", cx);
    let with = fields.optional("with", cx);
    Some(Wait::Signal(Signal { answer: answer?, call: Call { function: function?, with } }))
}
