//! `call`: calls a function. The same struct is the call of an `undo`, and the one with which a `wait` asks for an answer.

use super::{Onward, Shared, StepKind, Syntax};
use crate::source::Spanned;
use crate::spec::decode::{Decode, Decoder};
use crate::spec::scalar::{Arguments, Name};
use crate::spec::workflow::schema::{Form, described, name};
use crate::yaml::Node;

/// A call of a function.
#[derive(Debug, Clone)]
pub struct Call {
    /// The function.
    pub function: Name,
    /// What it is given: the fields of its input.
    pub with: Option<Spanned<Arguments>>,
}

const SHARES: &[Shared] = &[Shared::Assign, Shared::Undo, Shared::Timeout, Shared::Retry, Shared::Catch];

pub(super) const SYNTAX: Syntax = Syntax {
    key: "call",
    onward: Onward::Then,
    shares: |_| SHARES,
    decode: |fields, cx| {
        Some(StepKind::Call(Call { function: fields.required("call", cx)?, with: fields.optional("with", cx) }))
    },
    forms: |generator| {
        let with = described(
            &generator.subschema_for::<Arguments>(),
            "What it is given: for each field of the input an expression.",
        );
        vec![Form {
            what: "Calls a function; its result is bound to the step's name.",
            value: name(),
            needs: Vec::new(),
            may: vec![("with", with)],
            shares: SHARES,
        }]
    },
};

impl Decode for Call {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut fields = cx.fields(node, "a call")?;
        let function = fields.required("call", cx);
        let with = fields.optional("with", cx);
        fields.finish(cx);
        Some(Self { function: function?, with })
    }
}
