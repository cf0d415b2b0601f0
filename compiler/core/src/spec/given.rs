//! Values that the spec says, or that whoever deploys the stack gives: the word `parameter` makes a parameter of the template.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::decode::{Decode, Decoder};
use crate::yaml::{Node, NodeKind};

/// The word that makes a value a parameter.
const PARAMETER: &str = "parameter";

/// A value of the spec, or one that is given when the stack is deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given<T> {
    /// The spec says it.
    Here(T),
    /// The template has a parameter for it.
    Parameter,
}

impl<T> Given<T> {
    /// The value, if the spec says it.
    pub fn here(&self) -> Option<&T> {
        match self {
            Self::Here(value) => Some(value),
            Self::Parameter => None,
        }
    }
}

impl<T: Decode> Decode for Given<T> {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        match &node.kind {
            NodeKind::Scalar(scalar) if scalar.text == PARAMETER => Some(Self::Parameter),
            _ => T::decode(node, cx).map(Self::Here),
        }
    }
}

impl<T: JsonSchema> JsonSchema for Given<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("Given{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        json_schema!({"anyOf": [{"const": PARAMETER}, value]})
    }
}
