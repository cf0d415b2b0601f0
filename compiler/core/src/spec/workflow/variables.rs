//! `variables:` of a workflow, a branch or a `for-each`, and `assign:` of a step: values that change while the steps run.

use std::borrow::Cow;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::diagnostics::{Code, Diagnostic};
use crate::source::{Span, Spanned};
use crate::spec::decode::{Case, Decode, Decoder, check_name};
use crate::spec::scalar::{Arguments, Name, TypeExpr};
use crate::yaml::{Entry, Key, Mapping, Node, NodeKind};

/// Variables by name, in the order written.
#[derive(Debug, Clone, Default)]
pub struct Variables {
    /// Those that could be read.
    pub items: IndexMap<String, Variable>,
    /// Names whose variable could not be read. A reference to one is not an error: that has been reported already.
    pub broken: Vec<String>,
}

/// A variable of some steps.
#[derive(Debug, Clone)]
pub struct Variable {
    /// The place of its name.
    pub name_span: Span,
    /// Whether it may have no value: `name?`.
    pub optional: bool,
    /// What it holds.
    pub ty: TypeExpr,
    /// What it holds when the steps start.
    pub value: Option<Spanned<Arguments>>,
}

/// What a step sets when it has succeeded, by the names of variables.
pub type Assign = IndexMap<Name, Spanned<Arguments>>;

impl Decode for Variables {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut variables = Self::default();
        match &node.kind {
            NodeKind::Null => {}
            NodeKind::Mapping(mapping) => {
                for Entry { key, value } in &mapping.entries {
                    variables.add(key, value, cx);
                }
            }
            NodeKind::Scalar(_) | NodeKind::Sequence(_) | NodeKind::Error => {
                cx.mismatch(node, "a map from names to types");
                return None;
            }
        }
        Some(variables)
    }
}

impl Variables {
    /// Whether this name is declared, readable or not.
    pub fn declares(&self, name: &str) -> bool {
        self.items.contains_key(name) || self.broken.iter().any(|broken| broken == name)
    }

    fn add(&mut self, key: &Key, value: &Node, cx: &mut Decoder) {
        let (text, optional) = key.text.strip_suffix('?').map_or((key.text.as_str(), false), |name| (name, true));
        let span = match key.span.range().len().checked_sub(key.text.len()) {
            Some(0) => key.span.slice(0, text.len()),
            Some(2) => key.span.slice(1, text.len()),
            _ => key.span,
        };
        let name = Key { text: text.to_owned(), span };
        let named = check_name(&name, Case::Kebab, "a variable", cx);
        let first = self.items.get(text).map(|first| first.name_span);
        if let Some(first) = first {
            let message = format!("variable `{text}` is here twice");
            cx.report(Diagnostic::new(Code::EVC0108, span, message).secondary(first, "the first is here"));
            return;
        }
        match cx.under(Some(key.span), |cx| declaration(value, cx)) {
            Some((ty, value)) if named => {
                self.items.insert(name.text, Variable { name_span: span, optional, ty, value });
            }
            _ => self.broken.push(name.text),
        }
    }
}

/// A type, or a map with `type` and `value`. A map with other keys is an inline record.
fn declaration(node: &Node, cx: &mut Decoder) -> Option<(TypeExpr, Option<Spanned<Arguments>>)> {
    let is_long = |mapping: &Mapping| {
        let mut keys = mapping.entries.iter().map(|entry| entry.key.text.as_str());
        !mapping.entries.is_empty() && keys.all(|key| matches!(key, "type" | "value"))
    };
    match &node.kind {
        NodeKind::Mapping(mapping) if is_long(mapping) => {
            let mut fields = cx.fields(node, "a variable")?;
            let ty = fields.required("type", cx);
            let value = fields.optional("value", cx);
            fields.finish(cx);
            Some((ty?, value))
        }
        NodeKind::Null | NodeKind::Scalar(_) | NodeKind::Sequence(_) | NodeKind::Mapping(_) | NodeKind::Error => {
            Some((TypeExpr::decode(node, cx)?, None))
        }
    }
}

impl JsonSchema for Variables {
    fn schema_name() -> Cow<'static, str> {
        "Variables".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (ty, value) = (generator.subschema_for::<TypeExpr>(), generator.subschema_for::<Arguments>());
        json_schema!({
            "description": "Variables by name: a type, or a map with `type` and the first `value`; `name?` marks one that may have no value.",
            "type": ["object", "null"],
            "propertyNames": {"pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*[?]?$"},
            "additionalProperties": {
                "anyOf": [
                    {
                        "type": "object",
                        "properties": {"type": ty, "value": value},
                        "required": ["type"],
                        "additionalProperties": false
                    },
                    // A map of nothing but these two keys is no record.
                    {
                        "allOf": [
                            ty,
                            {"not": {"type": "object", "required": ["value"], "propertyNames": {"enum": ["type", "value"]}}}
                        ]
                    }
                ]
            }
        })
    }
}

/// The schema of `assign`.
pub(super) fn assign_schema(generator: &mut SchemaGenerator) -> Schema {
    let value = generator.subschema_for::<Arguments>();
    json_schema!({
        "description": "What to set when the step has succeeded: for each variable an expression, which may use the step's own result.",
        "type": "object",
        "minProperties": 1,
        "additionalProperties": value
    })
}
