//! The tree that every spec is decoded from: YAML with a span on every node.

use crate::diagnostics::Edit;
use crate::source::Span;

/// A value in a YAML document.
#[derive(Debug, Clone)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// The text it was read from. A collection ends with its last child; an empty value has an empty span.
    pub span: Span,
}

/// The kinds of value.
#[derive(Debug, Clone)]
pub enum NodeKind {
    /// An empty value, `~` or `null`.
    Null,
    /// A string, number or boolean; what it is depends on what is expected.
    Scalar(Scalar),
    /// A list.
    Sequence(Vec<Node>),
    /// A map, in the order written.
    Mapping(Mapping),
    /// Something about which a diagnostic has already been raised; later stages stay silent.
    Error,
}

/// Text with the way it was written.
#[derive(Debug, Clone)]
pub struct Scalar {
    /// The text after unescaping and folding.
    pub text: String,
    /// How it was written.
    pub style: ScalarStyle,
}

/// How a scalar was written: quoted text is always a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalarStyle {
    /// Bare: may be a number or boolean.
    Plain,
    /// In single or double quotes.
    Quoted,
    /// A `|` or `>` block.
    Block,
}

/// Entries in the order written. Keys are unique: a later duplicate is reported and dropped.
#[derive(Debug, Clone, Default)]
pub struct Mapping {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Where a further one could be written, if there is such a place.
    pub room: Option<Box<Room>>,
}

/// Where a further entry of a map can be written: after the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// The place, behind a comment if there is one.
    pub span: Span,
    /// How far the keys are indented; nothing for a map in braces.
    pub indent: Option<usize>,
}

impl Room {
    /// What has to be written there to add this entry, `else: { end: true }`.
    pub fn edit(&self, entry: &str) -> Edit {
        let text = match self.indent {
            Some(indent) => format!("\n{:indent$}{entry}", ""),
            None => format!(", {entry}"),
        };
        Edit { span: self.span, text }
    }
}

/// A key and its value.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key.
    pub key: Key,
    /// The value.
    pub value: Node,
}

/// The text of a key and its place.
#[derive(Debug, Clone)]
pub struct Key {
    /// The text after unescaping.
    pub text: String,
    /// Its place, with quotes if it has them.
    pub span: Span,
}

impl Mapping {
    /// The entry with this key.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key.text == key)
    }
}

impl Node {
    /// Says what this is, for messages: "a list", "a map", "text", "a number".
    pub fn describe(&self) -> &'static str {
        match &self.kind {
            NodeKind::Null => "nothing",
            NodeKind::Scalar(scalar) => scalar.describe(),
            NodeKind::Sequence(_) => "a list",
            NodeKind::Mapping(_) => "a map",
            NodeKind::Error => "an error",
        }
    }

    /// The text of a scalar, as it is written.
    pub fn scalar_text(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::Scalar(scalar) => Some(&scalar.text),
            NodeKind::Null | NodeKind::Sequence(_) | NodeKind::Mapping(_) | NodeKind::Error => None,
        }
    }

    /// The JSON that this stands for; `None` if a part of it could not be read.
    pub fn json(&self) -> Option<serde_json::Value> {
        Some(match &self.kind {
            NodeKind::Null => serde_json::Value::Null,
            NodeKind::Scalar(scalar) => match (scalar.as_bool(), scalar.as_integer(), scalar.as_number()) {
                (Some(value), ..) => value.into(),
                (_, Some(value), _) => value.into(),
                (.., Some(value)) => value.into(),
                _ => scalar.text.as_str().into(),
            },
            NodeKind::Sequence(items) => items.iter().map(Self::json).collect::<Option<Vec<_>>>()?.into(),
            NodeKind::Mapping(mapping) => {
                let pairs = mapping.entries.iter().map(|entry| Some((entry.key.text.clone(), entry.value.json()?)));
                serde_json::Value::Object(pairs.collect::<Option<_>>()?)
            }
            NodeKind::Error => return None,
        })
    }
}

impl Scalar {
    /// The boolean this is, if bare `true` or `false`.
    pub fn as_bool(&self) -> Option<bool> {
        match (self.style, self.text.as_str()) {
            (ScalarStyle::Plain, "true") => Some(true),
            (ScalarStyle::Plain, "false") => Some(false),
            _ => None,
        }
    }

    /// The whole number this is, if bare decimal digits with an optional sign.
    pub fn as_integer(&self) -> Option<i64> {
        (self.style == ScalarStyle::Plain).then(|| self.text.parse().ok())?
    }

    /// The number this is, if bare and finite, written as JSON writes numbers.
    pub fn as_number(&self) -> Option<f64> {
        let numeric = self.text.starts_with(|first: char| first.is_ascii_digit() || first == '-');
        (self.style == ScalarStyle::Plain && numeric)
            .then(|| self.text.parse().ok().filter(|number: &f64| number.is_finite()))?
    }

    pub(super) fn describe(&self) -> &'static str {
        if self.as_bool().is_some() {
            "a boolean"
        } else if self.as_number().is_some() {
            "a number"
        } else {
            "text"
        }
    }
}
