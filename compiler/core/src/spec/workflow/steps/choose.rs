//! `choose`: goes one of several ways.

use evc_macros::Section;
use schemars::json_schema;

use super::{Onward, StepKind, Syntax};
use crate::source::Spanned;
use crate::spec::scalar::{Expression, Name};
use crate::spec::workflow::schema::{Form, described, name};

/// Ways to go.
#[derive(Debug, Clone)]
pub struct Choose {
    /// The conditions in order; the first that holds decides.
    pub choices: Vec<Spanned<Choice>>,
    /// Where to go when none holds.
    pub otherwise: Option<Name>,
}

/// One way out of a `choose`.
#[derive(Debug, Clone, Section)]
#[section(what = "a choice")]
pub struct Choice {
    /// The condition: an expression that is true or false.
    pub when: Spanned<Expression>,
    /// The step to go to.
    pub then: Name,
}

pub(super) const SYNTAX: Syntax = Syntax {
    key: "choose",
    onward: Onward::Own("say where to go in each choice, and under `else` where to go when none holds"),
    shares: |_| &[],
    decode: |fields, cx| {
        let choices = fields.required("choose", cx);
        let otherwise = fields.optional("else", cx);
        Some(StepKind::Choose(Choose { choices: choices?, otherwise }))
    },
    forms: |generator| {
        let choice = generator.subschema_for::<Choice>();
        let otherwise = "Where to go when no condition holds; without it, to the step that is written next.";
        vec![Form {
            what: "Goes one of several ways.",
            value: json_schema!({"type": "array", "items": choice}),
            needs: Vec::new(),
            may: vec![("else", described(&name(), otherwise))],
            shares: &[],
        }]
    },
};
