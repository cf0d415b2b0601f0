//! `outputs:` what the stack tells those who deploy it, under names the spec gives.
//!
//! Decoded by hand: text or a map, an output is taken apart into the parts of its path.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::decode::{Decode, Decoder};
use crate::source::{Span, Spanned};
use crate::yaml::{Node, NodeKind};

/// An output of the stack: a property of something in the spec.
#[derive(Debug, Clone)]
pub struct Output {
    /// What it is, for people.
    pub description: Option<String>,
    /// The path as written, such as `tables.orders.name`.
    pub text: String,
    /// Its parts and the place of each.
    pub path: Vec<Spanned<String>>,
    /// The place of the whole path.
    pub span: Span,
}

impl Decode for Output {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        if !matches!(node.kind, NodeKind::Mapping(_)) {
            return Some(path(None, &Spanned::decode(node, cx)?));
        }
        let mut fields = cx.fields(node, "an output")?;
        let description = fields.optional("description", cx);
        let value = fields.required("value", cx);
        fields.finish(cx);
        Some(path(description, &value?))
    }
}

fn path(description: Option<String>, text: &Spanned<String>) -> Output {
    // The place of a text in quotes has them.
    let mut offset = usize::from(text.span.range().len() > text.len());
    let parts = text.split('.').map(|part| {
        let span = text.span.slice(offset, part.len());
        offset += part.len() + 1;
        Spanned::new(part.to_owned(), span)
    });
    Output { description, text: text.value.clone(), path: parts.collect(), span: text.span }
}

impl JsonSchema for Output {
    fn schema_name() -> Cow<'static, str> {
        "Output".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let value = json_schema!({
            "type": "string",
            "description": "`section.name.property`: `name` and `arn` of buses, tables, outboxes, functions, queues and workflows; \
                `url` of queues, APIs and caches; `id` of APIs; `dead-letter-queue-url` of queues, functions, outboxes, workflows, rules and schedules; `work-dead-letter-queue-url` of functions; \
                `api.url`; and `dashboard.name` and `dashboard.url`.",
            "examples": ["tables.orders.name", "functions.create-order.name", "workflows.fulfil-order.arn", "api.url"]
        });
        json_schema!({
            "description": "An output of the stack.",
            "anyOf": [
                value,
                {
                    "type": "object",
                    "properties": {"description": {"type": "string"}, "value": value},
                    "required": ["value"],
                    "additionalProperties": false
                }
            ]
        })
    }
}
