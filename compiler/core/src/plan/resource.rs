//! A resource of the template.

use super::map::Map;

use super::logical_id::LogicalId;
use super::value::Value;
use crate::source::Span;

/// A resource of the template.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Its type, such as `AWS::DynamoDB::Table`.
    pub type_: String,
    /// Its properties by their CloudFormation names.
    pub properties: Map,
    /// What must be there before it, beyond what its properties refer to.
    pub depends_on: Vec<LogicalId>,
    /// Its `DeletionPolicy` and `UpdateReplacePolicy`, for what holds data.
    pub removal: Option<Value>,
    /// Its `Metadata`, which tells `sam build` how to build it.
    pub metadata: Map,
    /// The condition under which it is made.
    pub condition: Option<String>,
    /// What in the spec it comes from: "table `orders`".
    pub origin: String,
    /// Where that is.
    pub span: Span,
}

impl Resource {
    /// A resource with properties and nothing more.
    pub fn new(
        type_: &str,
        origin: impl Into<String>,
        span: Span,
        properties: impl IntoIterator<Item = (&'static str, Value)>,
    ) -> Self {
        Self {
            type_: type_.to_owned(),
            properties: properties.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
            depends_on: Vec::new(),
            removal: None,
            metadata: Map::default(),
            condition: None,
            origin: origin.into(),
            span,
        }
    }

    /// Sets what becomes of it and its data when it leaves the stack.
    #[must_use]
    pub fn removal(mut self, removal: Value) -> Self {
        self.removal = Some(removal);
        self
    }

    /// Adds properties after those there are.
    #[must_use]
    pub fn and(mut self, properties: impl IntoIterator<Item = (&'static str, Value)>) -> Self {
        self.properties.extend(properties.into_iter().map(|(key, value)| (key.to_owned(), value)));
        self
    }

    /// Adds a property, if there is a value for it.
    #[must_use]
    pub fn with(mut self, property: &str, value: impl Into<Option<Value>>) -> Self {
        if let Some(value) = value.into() {
            self.properties.insert(property.to_owned(), value);
        }
        self
    }
}
