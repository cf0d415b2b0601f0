//! A template as it is deployed, whoever wrote it: what every check of `audit/` looks at.
//!
//! It is made of a plan (`of_plan.rs`) or of what somebody wrote (`of_node.rs`), and borrows from it. A node has the place that it was
//! written at, if it was: what evc derives has none, and is reported where the thing stands that it was derived from.

mod call;
mod of_functions;
mod of_node;
mod of_plan;
mod of_template;
mod references;

use std::borrow::Cow;

use indexmap::IndexMap;

use crate::source::Span;

pub use call::{Call, Name, Part};
pub use of_node::{call, condition, node};
pub use of_plan::of_plan;
pub use of_template::of_template;
pub use references::{From, Reference, To};

/// A template.
#[derive(Debug, Clone, Default)]
pub struct Template<'a> {
    /// The transforms that it is put through, such as `AWS::Serverless-2016-10-31`.
    pub transforms: Vec<Cow<'a, str>>,
    /// Its parameters, by name.
    pub parameters: IndexMap<Cow<'a, str>, Parameter<'a>>,
    /// Its mappings, by name: top-level key, second-level key, value.
    pub mappings: IndexMap<Cow<'a, str>, Mapping<'a>>,
    /// Its conditions, by name.
    pub conditions: IndexMap<Cow<'a, str>, Condition<'a>>,
    /// Its resources, by logical id.
    pub resources: IndexMap<Cow<'a, str>, Resource<'a>>,
    /// What SAM adds to resources of a kind, if it is there.
    pub globals: Option<Node<'a>>,
    /// Its outputs, by name.
    pub outputs: IndexMap<Cow<'a, str>, Output<'a>>,
}

/// A parameter.
#[derive(Debug, Clone)]
pub struct Parameter<'a> {
    /// Where its name stands.
    pub place: Span,
    /// Its type, such as `String` or `List<AWS::EC2::Subnet::Id>`.
    pub type_: Cow<'a, str>,
    /// The value that it has unless another is given.
    pub default: Option<Cow<'a, str>>,
    /// The values that it may have; none for any.
    pub allowed: Vec<Cow<'a, str>>,
}

/// A mapping.
#[derive(Debug, Clone)]
pub struct Mapping<'a> {
    /// Where its name stands.
    pub place: Span,
    /// Top-level key, second-level key, value.
    pub keys: IndexMap<Cow<'a, str>, IndexMap<Cow<'a, str>, Node<'a>>>,
}

/// A condition.
#[derive(Debug, Clone)]
pub struct Condition<'a> {
    /// Where its name stands.
    pub place: Span,
    /// What it is.
    pub value: Node<'a>,
}

/// A resource.
#[derive(Debug, Clone)]
pub struct Resource<'a> {
    /// Where its logical id stands; or the thing that it was derived from.
    pub place: Span,
    /// Who made it.
    pub origin: Origin<'a>,
    /// Its type, such as `AWS::SQS::Queue`, and where that stands, if somebody wrote it.
    pub type_: Name<'a>,
    /// The condition under which it is made.
    pub condition: Option<Name<'a>>,
    /// What must be there before it, beyond what it refers to.
    pub depends_on: Vec<Name<'a>>,
    /// What becomes of it when it leaves the stack.
    pub deletion_policy: Option<Node<'a>>,
    /// What becomes of it when it is replaced.
    pub update_replace_policy: Option<Node<'a>>,
    /// Attributes of the resource that are seldom there: `CreationPolicy`, `UpdatePolicy`, `Metadata`.
    pub others: Vec<Entry<'a>>,
    /// Its properties.
    pub properties: Map<'a>,
    /// Whether somebody changed what evc derived.
    pub touched: bool,
}

/// Who made a resource.
#[derive(Debug, Clone)]
pub enum Origin<'a> {
    /// evc, for something in the spec: "table `orders`". What nobody wrote has no place of its own.
    Derived(&'a str),
    /// Somebody, as it stands: in a foreign template, or with its type in the spec.
    Written,
}

/// An output.
#[derive(Debug, Clone)]
pub struct Output<'a> {
    /// Where its name stands.
    pub place: Span,
    /// The condition under which it is there.
    pub condition: Option<Name<'a>>,
    /// Its value.
    pub value: Node<'a>,
    /// The name under which other stacks import it.
    pub export: Option<Node<'a>>,
}

/// A value, with its place if somebody wrote it.
#[derive(Debug, Clone)]
pub struct Node<'a> {
    /// What it is.
    pub kind: Kind<'a>,
    /// Where it was written.
    pub place: Option<Span>,
}

/// What a value is.
#[derive(Debug, Clone)]
pub enum Kind<'a> {
    /// Nothing: `null` in a foreign template.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it is written.
    Number(Cow<'a, str>),
    /// Text.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Node<'a>>),
    /// A map.
    Map(Map<'a>),
    /// A call of an intrinsic function: what it gives is known when it is deployed.
    Call(Box<Call<'a>>),
    /// What has been reported, and is taken for right.
    Error,
}

/// A map, in the order written.
#[derive(Debug, Clone, Default)]
pub struct Map<'a> {
    /// Its entries; keys are unique.
    pub entries: Vec<Entry<'a>>,
}

/// A key and its value.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// The key, and where it stands, if somebody wrote it.
    pub key: Name<'a>,
    /// The value.
    pub value: Node<'a>,
}

impl<'a> Map<'a> {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node<'a>> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// A key with its value.
    pub fn entry(&self, key: &str) -> Option<&Entry<'a>> {
        self.entries.iter().find(|entry| entry.key.text == key)
    }
}

impl<'a> Node<'a> {
    /// A value that nobody wrote.
    pub fn derived(kind: Kind<'a>) -> Self {
        Self { kind, place: None }
    }

    /// The value of a key, if this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Node<'a>> {
        self.as_map()?.get(key)
    }

    /// The value at the end of a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Node<'a>> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The map that this is.
    pub fn as_map(&self) -> Option<&Map<'a>> {
        if let Kind::Map(map) = &self.kind { Some(map) } else { None }
    }

    /// The items of the list that this is.
    pub fn as_list(&self) -> Option<&[Node<'a>]> {
        if let Kind::List(items) = &self.kind { Some(items) } else { None }
    }

    /// The items of a list, or this alone: policies write one or many.
    pub fn one_or_many(&self) -> &[Node<'a>] {
        self.as_list().unwrap_or(std::slice::from_ref(self))
    }

    /// The text that this is.
    pub fn as_text(&self) -> Option<&str> {
        if let Kind::Text(text) = &self.kind { Some(text) } else { None }
    }

    /// The literal that this is, as text: CloudFormation takes `"5"` for a number and `5` for text.
    pub fn as_literal(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) | Kind::Number(text) => Some(text),
            Kind::Bool(value) => Some(if *value { "true" } else { "false" }),
            Kind::Null | Kind::List(_) | Kind::Map(_) | Kind::Call(_) | Kind::Error => None,
        }
    }

    /// The number that this is, however it is written.
    pub fn as_number(&self) -> Option<f64> {
        match &self.kind {
            Kind::Text(text) | Kind::Number(text) => text.parse().ok().filter(|number: &f64| number.is_finite()),
            Kind::Null | Kind::Bool(_) | Kind::List(_) | Kind::Map(_) | Kind::Call(_) | Kind::Error => None,
        }
    }

    /// The boolean that this is, however it is written.
    pub fn as_bool(&self) -> Option<bool> {
        self.as_literal().and_then(|text| text.parse().ok())
    }

    /// The call that this is.
    pub fn as_call(&self) -> Option<&Call<'a>> {
        if let Kind::Call(call) = &self.kind { Some(call) } else { None }
    }

    /// The logical id or parameter that this refers to as a whole, by `Ref` or by `Fn::GetAtt`, whatever the attribute; also as all that
    /// there is of a text or a list.
    pub fn referent(&self) -> Option<&str> {
        match self.as_call()? {
            Call::Ref(name) | Call::GetAtt(name, _) => Some(&name.text),
            Call::Sub { parts, bound } => match parts.as_slice() {
                [Part::Ref(name)] => match bound.iter().find(|entry| entry.key.text == name.text) {
                    Some(own) => own.value.referent(),
                    None => Some(&name.text),
                },
                [Part::GetAtt(name, _)] => Some(&name.text),
                _ => None,
            },
            Call::Join(_, list) => match list.as_list()? {
                [only] => only.referent(),
                _ => None,
            },
            Call::Select(index, list) => list.as_list()?.get(index.as_literal()?.parse::<usize>().ok()?)?.referent(),
            _ => None,
        }
    }

    /// Says what this is, for messages: "a list", "text".
    pub fn describe(&self) -> &'static str {
        match &self.kind {
            Kind::Null | Kind::Error => "nothing",
            Kind::Bool(_) => "a boolean",
            Kind::Number(_) => "a number",
            Kind::Text(_) => "text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a map",
            Kind::Call(_) => "the result of a function",
        }
    }
}

impl<'a> Resource<'a> {
    /// Whether somebody wrote it, or something of it.
    pub fn is_touched(&self) -> bool {
        matches!(self.origin, Origin::Written) || self.touched
    }

    /// The value of a property.
    pub fn property(&self, name: &str) -> Option<&Node<'a>> {
        self.properties.get(name)
    }

    /// Where to report something about a property: its name if somebody wrote it, else the resource.
    pub fn place_of(&self, property: &str) -> Span {
        self.properties.entry(property).and_then(|entry| entry.key.place).unwrap_or(self.place)
    }
}

impl<'a> Template<'a> {
    /// The resources of a type, with their logical ids.
    pub fn of_type<'t>(&'t self, type_: &'t str) -> impl Iterator<Item = (&'t str, &'t Resource<'a>)> {
        let of_type = self.resources.iter().filter(move |(_, resource)| resource.type_.text == type_);
        of_type.map(|(id, resource)| (&**id, resource))
    }
}
