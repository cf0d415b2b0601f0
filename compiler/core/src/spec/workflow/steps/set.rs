//! `set`: binds values to the step's name.

use super::{Onward, Shared, StepKind, Syntax};
use crate::source::Spanned;
use crate::spec::scalar::Arguments;
use crate::spec::workflow::schema::Form;

/// Values to bind.
#[derive(Debug, Clone)]
pub struct Set {
    /// The values.
    pub values: Spanned<Arguments>,
}

const SHARES: &[Shared] = &[Shared::Assign];

pub(super) const SYNTAX: Syntax = Syntax {
    key: "set",
    onward: Onward::Then,
    shares: |_| SHARES,
    decode: |fields, cx| Some(StepKind::Set(Set { values: fields.required("set", cx)? })),
    forms: |generator| {
        vec![Form {
            what: "Binds values to the step's name.",
            value: generator.subschema_for::<Arguments>(),
            needs: Vec::new(),
            may: Vec::new(),
            shares: SHARES,
        }]
    },
};
