//! A value in a template: JSON, and the intrinsic functions of CloudFormation.

mod map;

pub use map::{Key, Map};

use super::LogicalId;
use crate::source::Span;
use crate::spec::scalar::Duration;
use crate::yaml::{Node, NodeKind, Scalar};

/// A value of a property.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number that is not whole, as text that JSON and YAML read as that number.
    Number(String),
    /// Text, never substituted.
    String(String),
    /// A list.
    List(Vec<Value>),
    /// A map.
    Map(Map),
    /// `!Ref` of a resource.
    Ref(LogicalId),
    /// `!Ref` of a parameter or a pseudo parameter such as `AWS::Region`.
    Parameter(String),
    /// `!GetAtt`.
    Attribute(LogicalId, &'static str),
    /// `!Sub`: text with values in between.
    Text(Vec<Part>),
    /// `!FindInMap [Environments, !Ref Environment, key]`: the value of this environment.
    ByEnvironment(String),
    /// A JSON document as text: the value is written as JSON, with what it refers to substituted.
    Json(Box<Value>),
    /// `!If`: a condition and two values. `None` is `AWS::NoValue`.
    If(String, Box<Value>, Option<Box<Value>>),
    /// `!Select` of `!Split`: the part with this index, from 0, of what a text has between separators.
    Piece(usize, &'static str, Box<Value>),
    /// `!Join`: the texts of a list as one, with a separator in between.
    Join(&'static str, Box<Value>),
    /// `!Split`: a list of the parts of a text between separators.
    Split(&'static str, Box<Value>),
    /// The availability zone with this number, from 0, of those that the account has in the Region.
    Zone(u64),
    /// A value with why it is there, which the template says in comments.
    Because(Vec<Reason>, Box<Value>),
}

/// Why a value is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What to say.
    pub text: String,
    /// The place in the spec that caused it.
    pub span: Span,
}

/// A part of a [`Value::Text`].
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Text as it is; a `${` in it is escaped.
    Literal(String),
    /// The `!Ref` of a resource.
    Ref(LogicalId),
    /// The value of a parameter or pseudo parameter.
    Parameter(&'static str),
    /// An attribute of a resource.
    Attribute(LogicalId, &'static str),
}

impl Value {
    /// Text, never substituted.
    pub fn string(text: impl Into<String>) -> Self {
        Self::String(text.into())
    }

    /// A map of known keys.
    pub fn map<K: Into<Key>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }

    /// A list.
    pub fn list(items: impl IntoIterator<Item = Self>) -> Self {
        Self::List(items.into_iter().collect())
    }

    /// A number of seconds, bytes or the like.
    pub fn count(number: u64) -> Self {
        Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }

    /// The only one, or a list of several: how policies write what may be one or many.
    pub fn one_or_many(items: impl IntoIterator<Item = Self>) -> Self {
        let mut items: Vec<Self> = items.into_iter().collect();
        match items.len() {
            1 => items.remove(0),
            _ => Self::List(items),
        }
    }

    /// The value of a pseudo parameter such as `AWS::AccountId`.
    pub fn pseudo(name: &str) -> Self {
        Self::Parameter(name.to_owned())
    }

    /// A duration in seconds.
    pub fn seconds(duration: Duration) -> Self {
        Self::count(duration.seconds)
    }

    /// The `Arn` attribute of a resource.
    pub fn arn(id: &LogicalId) -> Self {
        Self::Attribute(id.clone(), "Arn")
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::String(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::String(value)
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Self::List(items)
    }
}

impl Value {
    /// A JSON value. `None` if there is a `null` in it, which CloudFormation allows nowhere in a template.
    pub fn from_json(json: &serde_json::Value) -> Option<Self> {
        Some(match json {
            serde_json::Value::Null => return None,
            serde_json::Value::Bool(value) => Self::Bool(*value),
            serde_json::Value::Number(number) => {
                number.as_i64().map_or_else(|| Self::Number(number.to_string()), Self::Integer)
            }
            serde_json::Value::String(text) => Self::String(text.clone()),
            serde_json::Value::Array(items) => {
                Self::List(items.iter().map(Self::from_json).collect::<Option<Vec<_>>>()?)
            }
            serde_json::Value::Object(entries) => {
                let entries = entries.iter().map(|(key, value)| Some((key.clone(), Self::from_json(value)?)));
                Self::Map(entries.collect::<Option<Map>>()?)
            }
        })
    }
}

/// `!Sub` text: the parts in order.
pub fn text(parts: impl IntoIterator<Item = Part>) -> Value {
    Value::Text(parts.into_iter().collect())
}

impl From<&str> for Part {
    fn from(text: &str) -> Self {
        Self::Literal(text.to_owned())
    }
}

impl Value {
    /// A value of the spec as a value of the template. `None` for `null`, and for what has been reported.
    pub(crate) fn from_node(node: &Node) -> Option<Self> {
        match &node.kind {
            NodeKind::Null | NodeKind::Error => None,
            NodeKind::Scalar(scalar) => Some(scalar_value(scalar)),
            NodeKind::Sequence(items) => Some(Self::list(items.iter().filter_map(Self::from_node))),
            NodeKind::Mapping(mapping) => {
                let entries = mapping.entries.iter();
                Some(Self::map(
                    entries.filter_map(|entry| Some((entry.key.text.clone(), Self::from_node(&entry.value)?))),
                ))
            }
        }
    }
}

fn scalar_value(scalar: &Scalar) -> Value {
    if let Some(value) = scalar.as_bool() {
        return value.into();
    }
    if let Some(value) = scalar.as_integer() {
        return Value::Integer(value);
    }
    match scalar.as_number().and_then(serde_json::Number::from_f64) {
        // As JSON writes it, with a point, without which YAML 1.1 takes `1e5` for text.
        Some(number) if number.to_string().contains('.') => Value::Number(number.to_string()),
        Some(number) => Value::Number(number.to_string().replace('e', ".0e")),
        None => scalar.text.as_str().into(),
    }
}

/// A description as AWS takes it: in one line, of at most `limit` characters.
pub(crate) fn description(text: Option<&String>, limit: usize) -> Option<Value> {
    let text = text?.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        return None;
    }
    if text.chars().count() <= limit {
        return Some(text.into());
    }
    let kept: String = text.chars().take(limit.saturating_sub(3)).collect();
    Some(format!("{}...", kept.trim_end()).into())
}
