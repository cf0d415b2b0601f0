//! `for-each`: runs steps once for each item of a list.

use schemars::json_schema;

use super::{Onward, Shared, StepKind, Syntax};
use crate::source::Spanned;
use crate::spec::range::in_range;
use crate::spec::scalar::Expression;
use crate::spec::workflow::schema::{Form, described};
use crate::spec::workflow::{Steps, Variables};

/// Steps that run once for each item of a list.
#[derive(Debug, Clone)]
pub struct ForEach {
    /// The list: an expression.
    pub items: Spanned<Expression>,
    /// The most items at once; without it as many as Step Functions runs, which is 40.
    pub concurrency: Option<Spanned<u64>>,
    /// The variables of a round.
    pub variables: Variables,
    /// The steps, which know the item as `item` and its position as `index`.
    pub steps: Spanned<Steps>,
}

const SHARES: &[Shared] = &[Shared::Assign, Shared::Retry, Shared::Catch];

pub(super) const SYNTAX: Syntax = Syntax {
    key: "for-each",
    onward: Onward::Then,
    shares: |_| SHARES,
    decode: |fields, cx| {
        let items = fields.required("for-each", cx);
        let concurrency: Option<Spanned<u64>> = fields.optional("concurrency", cx);
        let variables = fields.or_default("variables", cx);
        let steps = fields.required("steps", cx);
        in_range(concurrency.as_ref(), 1, 1000, "the concurrency of `for-each`", cx);
        Some(StepKind::ForEach(ForEach { items: items?, concurrency, variables, steps: steps? }))
    },
    forms: |generator| {
        let rounds = described(
            &generator.subschema_for::<Steps>(),
            "The steps of a round, which know the item as `item` and its position from 0 as `index`.",
        );
        let concurrency = json_schema!({
            "type": "integer", "minimum": 1, "maximum": 1000,
            "description": "The most rounds at once. Step Functions runs at most 40, with or without this."
        });
        let variables = generator.subschema_for::<Variables>();
        vec![Form {
            what: "Runs steps once for each item of a list.",
            value: generator.subschema_for::<Expression>(),
            needs: vec![("steps", rounds)],
            may: vec![("concurrency", concurrency), ("variables", variables)],
            shares: SHARES,
        }]
    },
};
