//! The value of an environment variable.

use std::borrow::Cow;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::decode::{Decode, Decoder};
use super::scalar::map_of;
use crate::source::Spanned;
use crate::yaml::{Node, NodeKind};

/// Environment variables by name.
pub type Variables = IndexMap<Spanned<String>, Spanned<VariableValue>>;

/// What an environment variable holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VariableValue {
    /// A text.
    Text(String),
    /// What the stack has under this path: `apis.shop.url`.
    Reference(Spanned<String>),
}

impl VariableValue {
    /// The text, if it is one.
    pub fn text(&self) -> Option<&String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Reference(_) => None,
        }
    }

    /// The path, if it is a reference.
    pub fn reference(&self) -> Option<&Spanned<String>> {
        match self {
            Self::Text(_) => None,
            Self::Reference(path) => Some(path),
        }
    }
}

impl Decode for VariableValue {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        if !matches!(node.kind, NodeKind::Mapping(_)) {
            return cx.scalar(node, "text or `{ ref: .. }`").map(|scalar| Self::Text(scalar.text.clone()));
        }
        let mut fields = cx.fields(node, "a reference")?;
        let path = fields.required("ref", cx);
        fields.finish(cx);
        path.map(Self::Reference)
    }
}

impl JsonSchema for VariableValue {
    fn schema_name() -> Cow<'static, str> {
        "EnvironmentValue".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A text, or what the stack has under a path.",
            "anyOf": [
                {"type": ["string", "number", "boolean"]},
                {
                    "type": "object",
                    "properties": {
                        "ref": {
                            "type": "string",
                            "description": "`section.name.property`, as `outputs` take it.",
                            "examples": ["apis.shop.url", "queues.jobs.arn"]
                        }
                    },
                    "required": ["ref"],
                    "additionalProperties": false
                }
            ],
            "examples": ["0.9", {"ref": "apis.shop.url"}]
        })
    }
}

/// The schema of environment variables.
pub fn variables(generator: &mut SchemaGenerator) -> Schema {
    map_of::<VariableValue>(generator)
}
