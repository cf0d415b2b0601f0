//! A resource of the template.

use super::value::Map;

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
    /// Its `DeletionPolicy`, for what holds data.
    pub deletion_policy: Option<Value>,
    /// Its `UpdateReplacePolicy`, for what holds data.
    pub update_replace_policy: Option<Value>,
    /// Its `CreationPolicy`.
    pub creation_policy: Option<Value>,
    /// Its `UpdatePolicy`.
    pub update_policy: Option<Value>,
    /// Its `Metadata`, which tells `sam build` how to build it.
    pub metadata: Map,
    /// The condition under which it is made.
    pub condition: Option<String>,
    /// What in the spec it comes from: "table `orders`".
    pub origin: String,
    /// Where that is.
    pub span: Span,
    /// What the spec calls it: `functions.pay.role`. Known once all resources are there.
    pub address: String,
    /// Where an override changes it.
    pub overridden: Option<Span>,
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
            deletion_policy: None,
            update_replace_policy: None,
            creation_policy: None,
            update_policy: None,
            metadata: Map::default(),
            condition: None,
            origin: origin.into(),
            span,
            address: String::new(),
            overridden: None,
        }
    }

    /// A map beside its properties, by CloudFormation's name: `Metadata`, `CreationPolicy`, `UpdatePolicy`.
    pub fn attribute(&self, name: &str) -> Option<&Map> {
        let policy = match name {
            "Metadata" => return Some(&self.metadata),
            "CreationPolicy" => self.creation_policy.as_ref()?,
            "UpdatePolicy" => self.update_policy.as_ref()?,
            _ => return None,
        };
        if let Value::Map(entries) = policy { Some(entries) } else { None }
    }

    /// Where to say what is wrong with it: at the override that changes it, or at what it comes from.
    pub fn place(&self) -> Span {
        self.overridden.unwrap_or(self.span)
    }

    /// The item of the spec that it is of, as `allow:` takes it: `functions.pay` for a role of that function.
    pub fn item(&self) -> String {
        self.address.splitn(3, '.').take(2).collect::<Vec<_>>().join(".")
    }

    /// Sets what becomes of it and its data when it leaves the stack.
    #[must_use]
    pub fn removal(mut self, removal: Value) -> Self {
        self.deletion_policy = Some(removal.clone());
        self.update_replace_policy = Some(removal);
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
