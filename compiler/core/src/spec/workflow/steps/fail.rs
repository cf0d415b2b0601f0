//! `fail`: ends the execution with an error.

use super::{Onward, StepKind, Syntax};
use crate::source::Spanned;
use crate::spec::scalar::{Expression, Name};
use crate::spec::workflow::schema::{Form, described, name};

/// An error to end with.
#[derive(Debug, Clone)]
pub struct Fail {
    /// The error's name.
    pub error: Name,
    /// Why, for people: an expression.
    pub cause: Option<Spanned<Expression>>,
}

pub(super) const SYNTAX: Syntax = Syntax {
    key: "fail",
    onward: Onward::ENDS,
    shares: |_| &[],
    decode: |fields, cx| {
        Some(StepKind::Fail(Fail { error: fields.required("fail", cx)?, cause: fields.optional("cause", cx) }))
    },
    forms: |generator| {
        let expression = generator.subschema_for::<Expression>();
        vec![Form {
            what: "Ends the execution with an error.",
            value: name(),
            needs: Vec::new(),
            may: vec![("cause", described(&expression, "Why, for people: an expression that gives a text."))],
            shares: &[],
        }]
    },
};
