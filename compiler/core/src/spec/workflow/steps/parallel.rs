//! `parallel`: runs branches at the same time.

use std::borrow::Cow;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{Onward, Shared, StepKind, Syntax};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Spanned;
use crate::spec::decode::{Declared, Decode, Decoder, Fields, Item, Section};
use crate::spec::workflow::schema::{Form, described};
use crate::spec::workflow::{Steps, Variables};
use crate::yaml::Node;

/// Branches that run at the same time.
#[derive(Debug, Clone)]
pub struct Parallel {
    /// The branches by name; at least one.
    pub branches: IndexMap<Spanned<String>, Branch>,
}

/// One branch of a `parallel`.
#[derive(Debug, Clone)]
pub struct Branch {
    /// The variables of the branch.
    pub variables: Variables,
    /// The steps of the branch. The result of the last one is the result of the branch.
    pub steps: Spanned<Steps>,
}

const SHARES: &[Shared] = &[Shared::Assign, Shared::Retry, Shared::Catch];

pub(super) const SYNTAX: Syntax = Syntax {
    key: "parallel",
    onward: Onward::Then,
    shares: |_| SHARES,
    decode: |fields, cx| Some(StepKind::Parallel(Parallel { branches: branches(fields, cx)? })),
    forms: |generator| {
        let branch = generator.subschema_for::<Branch>();
        vec![Form {
            what: "Runs branches at the same time.",
            value: json_schema!({
                "type": "object",
                "minProperties": 1,
                "propertyNames": {"pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$"},
                "additionalProperties": branch
            }),
            needs: Vec::new(),
            may: Vec::new(),
            shares: SHARES,
        }]
    },
};

fn branches(fields: &mut Fields<'_>, cx: &mut Decoder) -> Option<IndexMap<Spanned<String>, Branch>> {
    let node = fields.node("parallel")?;
    let branches: Section<Branch> = Section::decode(&node, cx)?;
    if branches.items.len() + branches.broken.len() == 0 {
        cx.bad_value(node.span, "`parallel` needs at least one branch");
        return None;
    }
    let pair = |(name, branch): (String, Declared<Branch>)| (Spanned::new(name, branch.name_span), branch.value);
    branches.broken.is_empty().then(|| branches.items.into_iter().map(pair).collect())
}

impl Item for Branch {
    const WHAT: &'static str = "a branch";
}

impl Decode for Branch {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut fields = cx.fields(node, "a branch")?;
        if fields.entry("steps").is_none() && fields.present(&["variables"]).is_empty() && !fields.is_empty() {
            // One error instead of one for each step that stands in the place of a key.
            cx.report(
                Diagnostic::new(Code::EVC0104, fields.place(), "a branch needs the key `steps`")
                    .label("`steps` is missing here")
                    .help("write the steps of the branch one level deeper, under `steps:`"),
            );
            return None;
        }
        let variables = fields.or_default("variables", cx);
        let steps: Option<Spanned<Steps>> = fields.required("steps", cx);
        fields.finish(cx);
        let steps = steps?;
        if steps.items.len() + steps.broken.len() == 0 {
            cx.bad_value(steps.span, "a branch needs at least one step");
            return None;
        }
        Some(Self { variables, steps })
    }
}

impl JsonSchema for Branch {
    fn schema_name() -> Cow<'static, str> {
        "Branch".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let steps = generator.subschema_for::<Spanned<Steps>>();
        let steps = described(
            &json_schema!({"allOf": [steps], "minProperties": 1}),
            "The steps of the branch. The result of the last one is the result of the branch.",
        );
        let variables = generator.subschema_for::<Variables>();
        json_schema!({
            "description": "One branch of a `parallel`.",
            "type": "object",
            "properties": {"variables": variables, "steps": steps},
            "required": ["steps"],
            "additionalProperties": false
        })
    }
}
