//! A value in a template: JSON, and the intrinsic functions of CloudFormation.

use indexmap::IndexMap;

use super::plan::LogicalId;

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
    Map(IndexMap<String, Value>),
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
    pub fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
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
