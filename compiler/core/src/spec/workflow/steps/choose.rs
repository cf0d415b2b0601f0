//! `choose`: goes one of several ways.

use evc_macros::Section;
use schemars::json_schema;

use super::{Onward, StepKind, Syntax};
use crate::source::{Span, Spanned};
use crate::spec::decode::{Decode, Decoder};
use crate::spec::range::not_empty;
use crate::spec::scalar::{Expression, Name};
use crate::spec::workflow::schema::{Form, described};
use crate::yaml::{Node, NodeKind, Room};

/// Ways to go.
#[derive(Debug, Clone)]
pub struct Choose {
    /// The conditions in order; the first that holds decides.
    pub choices: Vec<Spanned<Choice>>,
    /// Where to go when none holds.
    pub otherwise: Option<Otherwise>,
    /// Whether that is said, also where it could not be read.
    pub said: bool,
    /// Where it could be said.
    pub room: Option<Room>,
}

/// Where to go when no condition holds.
#[derive(Debug, Clone)]
pub enum Otherwise {
    /// To this step.
    Step(Name),
    /// To the end of the workflow, or of its branch: `{ end: true }`.
    End(Span),
}

impl Decode for Otherwise {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        if !matches!(node.kind, NodeKind::Mapping(_)) {
            return Spanned::decode(node, cx).map(Self::Step);
        }
        let mut fields = cx.fields(node, "an `else`")?;
        let end: Option<Spanned<bool>> = fields.required("end", cx);
        fields.finish(cx);
        let end = end?;
        if !end.value {
            cx.bad_value(end.span, "`end` is `true` where it is said")
                .help
                .push("name the step to go to: `else: STEP`".to_owned());
            return None;
        }
        Some(Self::End(end.span))
    }
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
        let choices: Option<Spanned<Vec<Spanned<Choice>>>> = fields.required("choose", cx);
        if let Some(choices) = &choices {
            not_empty(choices, "a choice", cx);
        }
        let said = fields.entry("else").is_some();
        let otherwise = fields.optional("else", cx);
        Some(StepKind::Choose(Choose { choices: choices?.value, otherwise, said, room: fields.room() }))
    },
    forms: |generator| {
        let choice = generator.subschema_for::<Choice>();
        let otherwise = json_schema!({"anyOf": [
            {"type": "string"},
            {"type": "object", "properties": {"end": {"const": true}}, "required": ["end"], "additionalProperties": false}
        ]});
        let said = "Where to go when no condition holds: a step, or `{ end: true }`. It can be left out where one of them always holds.";
        vec![Form {
            what: "Goes one of several ways.",
            value: json_schema!({"type": "array", "items": choice, "minItems": 1}),
            needs: Vec::new(),
            may: vec![("else", described(&otherwise, said))],
            shares: &[],
        }]
    },
};
