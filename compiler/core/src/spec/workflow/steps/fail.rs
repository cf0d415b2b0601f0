//! `fail`: ends the execution with an error.

use schemars::json_schema;

use super::{Onward, StepKind, Syntax};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Spanned;
use crate::spec::scalar::{Expression, Name};
use crate::spec::workflow::schema::{Form, described};

/// An error to end with.
#[derive(Debug, Clone)]
pub struct Fail {
    /// The error's name.
    pub error: Name,
    /// Why, for people: an expression.
    pub cause: Option<Spanned<Expression>>,
}

/// The most characters of the error that an execution ends with.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_ExecutionFailedEventDetails.html>
const MOST: usize = 256;

pub(super) const SYNTAX: Syntax = Syntax {
    key: "fail",
    onward: Onward::ENDS,
    shares: |_| &[],
    decode: |fields, cx| {
        let error: Name = fields.required("fail", cx)?;
        let length = error.chars().count();
        if length > MOST {
            let message = format!("the name of an error is {length} characters long, at most {MOST} fit");
            cx.report(Diagnostic::new(Code::EVC0106, error.span, message));
        }
        Some(StepKind::Fail(Fail { error, cause: fields.optional("cause", cx) }))
    },
    forms: |generator| {
        let expression = generator.subschema_for::<Expression>();
        vec![Form {
            what: "Ends the execution with an error.",
            value: json_schema!({"type": "string", "maxLength": MOST}),
            needs: Vec::new(),
            may: vec![("cause", described(&expression, "Why, for people: an expression that gives a text."))],
            shares: &[],
        }]
    },
};
