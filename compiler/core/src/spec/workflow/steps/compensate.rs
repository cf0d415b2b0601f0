//! `compensate`: runs the `undo` of every completed step, last first.

use schemars::json_schema;

use super::{Onward, StepKind, Syntax};
use crate::spec::workflow::schema::Form;

/// There is nothing more to say: what is undone is what the steps before have said.
#[derive(Debug, Clone)]
pub struct Compensate;

pub(super) const SYNTAX: Syntax = Syntax {
    key: "compensate",
    onward: Onward::Then,
    shares: |_| &[],
    decode: |fields, cx| {
        if !fields.required::<bool>("compensate", cx)? {
            cx.bad_value(fields.span(), "`compensate` is only ever `true`");
            return None;
        }
        Some(StepKind::Compensate(Compensate))
    },
    forms: |_| {
        vec![Form {
            what: "Runs the `undo` of every completed step, last first.",
            value: json_schema!({"const": true}),
            needs: Vec::new(),
            may: Vec::new(),
            shares: &[],
        }]
    },
};
