//! `allow:` warnings and advice that are fine on one item, each with the reason.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::decode::{Decode, Decoder};
use crate::diagnostics::{ALL, Code, Diagnostic, Severity};
use crate::source::Span;
use crate::yaml::{Entry, Node, NodeKind, ScalarStyle};

/// The warnings and the advice that an item allows.
#[derive(Debug, Clone, Default)]
pub struct Allows(
    /// In the order written.
    pub Vec<Allow>,
);

/// One warning, or piece of advice, that is fine here.
#[derive(Debug, Clone)]
pub struct Allow {
    /// What is allowed.
    pub code: Code,
    /// The place of its code.
    pub span: Span,
    /// Why it is fine.
    pub reason: String,
}

impl Decode for Allows {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut allows = Vec::new();
        match &node.kind {
            NodeKind::Null => {}
            NodeKind::Mapping(mapping) => allows.extend(mapping.entries.iter().filter_map(|entry| one(entry, cx))),
            NodeKind::Sequence(items) => {
                for (at, item) in items.iter().enumerate() {
                    let before = at.checked_sub(1).and_then(|before| items.get(before));
                    if let Some(cut) = before.and_then(|before| cut(before, item)) {
                        cx.report(cut);
                        continue;
                    }
                    match &item.kind {
                        NodeKind::Mapping(mapping) => {
                            allows.extend(mapping.entries.iter().filter_map(|entry| one(entry, cx)));
                        }
                        _ => {
                            cx.mismatch(item, "a code with its reason, as in `EVC0901: read by the analytics account`");
                        }
                    }
                }
            }
            _ => cx.mismatch(node, "codes with their reasons, as in `[EVC0901: read by the analytics account]`"),
        }
        Some(Self(allows))
    }
}

/// A reason that YAML ended at a comma: what comes after it stands alone, in the same brackets.
fn cut(before: &Node, rest: &Node) -> Option<Diagnostic> {
    let NodeKind::Mapping(mapping) = &before.kind else { return None };
    let first = mapping.entries.last()?;
    let bare = |node: &Node| match &node.kind {
        NodeKind::Scalar(scalar) if scalar.style == ScalarStyle::Plain => Some(scalar.text.clone()),
        _ => None,
    };
    let (start, rest_of) = (bare(&first.value)?, bare(rest)?);
    // A comma and a space are between them, and not the dash of another item.
    let is_beside = (1..=2).contains(&rest.span.range().start.saturating_sub(first.value.span.range().end));
    if Code::parse(&rest_of).is_some() || !is_beside {
        return None;
    }
    let reason = format!("{start}, {rest_of}");
    let span = Span::new(rest.span.file, first.value.span.range().start..rest.span.range().end);
    let quoted = format!("'{}'", reason.replace('\'', "''"));
    Some(
        Diagnostic::new(Code::EVC0012, span, "YAML ends the text at the comma")
            .help(format!("quote it: `{quoted}`"))
            .replace("quote it", span, quoted),
    )
}

fn one(Entry { key, value }: &Entry, cx: &mut Decoder) -> Option<Allow> {
    let Some(code) = Code::parse(&key.text) else {
        let known = ALL.iter().filter(|code| can_be_allowed(**code)).map(|code| code.as_str());
        cx.report(
            Diagnostic::new(Code::EVC0105, key.span, format!("there is no code `{}`", key.text))
                .suggest(&key.text, known),
        );
        return None;
    };
    if code.severity() == Severity::Error {
        cx.bad_value(key.span, format!("`{code}` is an error; only warnings and advice can be allowed"));
        return None;
    }
    if !can_be_allowed(code) && !code.is_of_change() {
        cx.bad_value(key.span, format!("`{code}` is a note, which asks for nothing"));
        return None;
    }
    if !can_be_allowed(code) {
        cx.bad_value(key.span, format!("`{code}` is about a change of the spec, and is over when that is deployed"));
        return None;
    }
    let reason = String::decode(value, cx)?;
    if reason.trim().is_empty() {
        cx.bad_value(value.span, "what is allowed needs a reason");
        return None;
    }
    Some(Allow { code, span: key.span, reason })
}

/// Whether an `allow:` may name it: a warning or advice about the spec as it stands.
fn can_be_allowed(code: Code) -> bool {
    matches!(code.severity(), Severity::Warning | Severity::Advice) && !code.is_of_change()
}

impl JsonSchema for Allows {
    fn schema_name() -> Cow<'static, str> {
        "Allows".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let one = json_schema!({
            "type": "object",
            "minProperties": 0,
            "propertyNames": {"pattern": "^[Ee][Vv][Cc][0-9]{4}$"},
            "additionalProperties": {"type": ["string", "number", "boolean"], "description": "Why it is fine here."}
        });
        json_schema!({
            "description": "Warnings and advice that are fine here, each with the reason.",
            "anyOf": [one, {"type": "array", "items": one}, {"type": "null"}],
            "examples": [[{"EVC0902": "read by the analytics account"}]]
        })
    }
}
