//! `assign`: sets variables, and does nothing else. In steps of other kinds the same key sets variables when they have succeeded.

use super::{ASSIGN, Onward, Shared, StepKind, Syntax};
use crate::spec::workflow::schema::Form;
use crate::spec::workflow::variables::assign_schema;

/// There is nothing more to say: what is set is [`Step::assign`](crate::spec::workflow::Step::assign).
#[derive(Debug, Clone, Copy)]
pub struct Assign;

const SHARES: &[Shared] = &[Shared::Assign];

pub(super) const SYNTAX: Syntax = Syntax {
    key: ASSIGN,
    onward: Onward::Then,
    shares: |_| SHARES,
    decode: |fields, _| fields.entry(ASSIGN).map(|_| StepKind::Assign(Assign)),
    forms: |generator| {
        vec![Form {
            what: "Sets variables.",
            value: assign_schema(generator),
            needs: Vec::new(),
            may: Vec::new(),
            shares: &[],
        }]
    },
};
