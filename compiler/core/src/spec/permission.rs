//! `may:` what a function may do beyond what evc derives.

use std::borrow::Cow;

use evc_macros::Section;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::decode::{Decode, Decoder};
use super::raw::{a_map, a_map_schema};
use super::scalar::Json;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Spanned;
use crate::yaml::{Node, NodeKind};

/// Actions of AWS that are allowed on resources, as a statement of an IAM policy says it.
#[derive(Debug, Clone, Section)]
#[section(what = "a permission")]
pub struct Permission {
    /// The actions as IAM names them: `ses:SendEmail`. One, or a list.
    #[key(check = not_empty)]
    pub actions: Spanned<Vec<Spanned<String>>>,
    /// What they are allowed on. One, or a list: `{ ref: tables.orders.arn }`, or an ARN in which `${AWS::Region}`, `${AWS::AccountId}` and
    /// `${tables.orders.name}` stand for what the stack has. `"*"` for actions that cannot be limited.
    pub resources: Resources,
    /// Under which conditions: operators, keys and values, as IAM writes them.
    #[key(check = a_map, schema = a_map_schema)]
    pub conditions: Option<Spanned<Json>>,
}

/// ARNs, or what tells them.
#[derive(Debug, Clone)]
pub struct Resources(
    /// Each as it is written, a text or a map. Never empty.
    pub Vec<Node>,
);

impl Decode for Resources {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let items = match &node.kind {
            NodeKind::Sequence(items) if !items.is_empty() => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let mut whole = true;
        for item in items {
            if !matches!(item.kind, NodeKind::Scalar(_) | NodeKind::Mapping(_)) {
                cx.mismatch(item, "an ARN, `{ ref: .. }` or \"*\"");
                whole = false;
            }
        }
        whole.then(|| Self(items.to_vec()))
    }
}

impl JsonSchema for Resources {
    fn schema_name() -> Cow<'static, str> {
        "Resources".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let one = json_schema!({"type": ["string", "object"]});
        json_schema!({
            "description": "An ARN, or what tells one; or a list of them.",
            "anyOf": [one, {"type": "array", "minItems": 1, "items": one}],
            "examples": ["arn:aws:ses:${AWS::Region}:${AWS::AccountId}:identity/shop.example", {"ref": "tables.orders.arn"}]
        })
    }
}

fn not_empty(actions: &Spanned<Vec<Spanned<String>>>, cx: &mut Decoder) {
    if actions.is_empty() {
        let diagnostic = Diagnostic::new(Code::EVC0115, actions.span, "a permission without an action allows nothing");
        cx.report(diagnostic.help("name the actions, such as `ses:SendEmail`, or take the permission out"));
    }
}
