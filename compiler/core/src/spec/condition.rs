//! `conditions:` CloudFormation conditions by name: what is made, and with which values, in which environment.
//!
//! Decoded by hand: a condition is a tree of CloudFormation's functions.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::json;

use super::decode::{Decode, Decoder};
use crate::yaml::{Node, NodeKind};

/// A condition: `Fn::Equals`, `Fn::And`, `Fn::Or` or `Fn::Not`, or the `Condition` of another name.
#[derive(Debug, Clone)]
pub struct Condition(
    /// The tree as written.
    pub Node,
);

/// What conditions are made of.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-conditions.html>
const FUNCTIONS: [&str; 5] = ["Fn::And", "Fn::Equals", "Fn::Not", "Fn::Or", "Condition"];

impl Decode for Condition {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        shape(node, cx).then(|| Self(node.clone()))
    }
}

/// Whether this is a condition; reports what is wrong with it.
fn shape(node: &Node, cx: &mut Decoder) -> bool {
    let expected = "a condition, as in `{ \"Fn::Equals\": [{ Ref: Environment }, prod] }`";
    let entry = match &node.kind {
        NodeKind::Mapping(mapping) if mapping.entries.len() == 1 => mapping.entries.first(),
        _ => None,
    };
    let Some(entry) = entry else {
        cx.mismatch(node, expected);
        return false;
    };
    let (least, most) = match entry.key.text.as_str() {
        "Condition" => return cx.scalar(&entry.value, "the name of a condition").is_some(),
        "Fn::Equals" => (2, 2),
        "Fn::Not" => (1, 1),
        "Fn::And" | "Fn::Or" => (2, 10),
        other => {
            let message = format!("`{other}` is no function of conditions");
            let diagnostic = cx.bad_value(entry.key.span, message);
            *diagnostic = diagnostic.clone().suggest(other, FUNCTIONS);
            return false;
        }
    };
    let name = &entry.key.text;
    let NodeKind::Sequence(items) = &entry.value.kind else {
        cx.mismatch(&entry.value, &format!("the list of what `{name}` looks at"));
        return false;
    };
    if !(least..=most).contains(&items.len()) {
        let wanted = if least == most { least.to_string() } else { format!("{least} to {most}") };
        cx.bad_value(entry.value.span, format!("`{name}` takes {wanted} values, found {}", items.len()));
        return false;
    }
    name == "Fn::Equals" || items.iter().all(|item| shape(item, cx))
}

impl JsonSchema for Condition {
    fn schema_name() -> Cow<'static, str> {
        "Condition".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<Self>();
        let conditions = |least, most| json!({"type": "array", "minItems": least, "maxItems": most, "items": one});
        json_schema!({
            "description": "A condition of CloudFormation: one of its functions, or `Condition` and the name of another.",
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "Condition": {"type": ["string", "number", "boolean"]},
                "Fn::And": conditions(2, 10),
                "Fn::Equals": {"type": "array", "minItems": 2, "maxItems": 2},
                "Fn::Not": conditions(1, 1),
                "Fn::Or": conditions(2, 10)
            },
            "minProperties": 1,
            "maxProperties": 1,
            "examples": [{"Fn::Equals": [{"Ref": "Environment"}, "prod"]}]
        })
    }
}
