//! JSON values of scenarios. A text that begins with `$` is a reference to something known by then; `$$` begins a text with one `$`.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};

use crate::source::Spanned;
use crate::spec::decode::{Decode, Decoder};
use crate::yaml::{Node, NodeKind, ScalarStyle};

/// A JSON value, with references in it.
#[derive(Debug, Clone)]
pub struct Payload(
    /// The value as written.
    pub Node,
);

/// What a reference names: `$id`, `$input.items.0.price`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The first name: `input`.
    pub name: String,
    /// The way from there: names of fields, and numbers of items, from 0.
    pub way: Vec<String>,
}

impl Reference {
    /// Reads `input.items.0.price`, without the `$`. `None` if that is no way.
    pub fn parse(text: &str) -> Option<Self> {
        let mut names = text.split('.').map(str::to_owned);
        let (name, way): (String, Vec<String>) = (names.next()?, names.collect());
        (is_name(&name) && way.iter().all(|name| is_name(name))).then_some(Self { name, way })
    }

    /// What stands at the way in a value.
    pub fn follow<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.way.iter().try_fold(value, |value, name| match value {
            Value::Array(items) => items.get(name.parse::<usize>().ok()?),
            _ => value.get(name),
        })
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "${}", self.name)?;
        self.way.iter().try_for_each(|name| write!(f, ".{name}"))
    }
}

fn is_name(text: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    !text.is_empty() && text.chars().all(letter)
}

impl Payload {
    /// The value, with what `lookup` gives for each reference. Fails with the first reference that it gives nothing for.
    pub fn value(&self, lookup: &dyn Fn(&Reference) -> Option<Value>) -> Result<Value, Reference> {
        resolved(&self.0, lookup)
    }

    /// All references in it, with their places.
    pub fn references(&self) -> Vec<Spanned<Reference>> {
        let mut found = Vec::new();
        collect(&self.0, &mut found);
        found
    }
}

/// The reference that a value is, if it is one.
pub fn reference(node: &Node) -> Option<Reference> {
    let text = text_of(node)?.strip_prefix('$')?;
    Reference::parse(text).filter(|_| !text.starts_with('$'))
}

/// A text that a value is for certain.
fn text_of(node: &Node) -> Option<&str> {
    match &node.kind {
        NodeKind::Scalar(scalar) => Some(scalar.text.as_str()),
        NodeKind::Null | NodeKind::Sequence(_) | NodeKind::Mapping(_) | NodeKind::Error => None,
    }
}

/// The value of a node that is no map, no list and no reference.
pub fn scalar(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Scalar(scalar) if scalar.style != ScalarStyle::Plain || scalar.text.starts_with('$') => {
            let text = Cow::from(scalar.text.as_str());
            Value::String(text.strip_prefix('$').filter(|rest| rest.starts_with('$')).unwrap_or(&text).to_owned())
        }
        _ => node.json().unwrap_or(Value::Null),
    }
}

fn resolved(node: &Node, lookup: &dyn Fn(&Reference) -> Option<Value>) -> Result<Value, Reference> {
    if let Some(reference) = reference(node) {
        return lookup(&reference).ok_or(reference);
    }
    match &node.kind {
        NodeKind::Sequence(items) => items.iter().map(|item| resolved(item, lookup)).collect(),
        NodeKind::Mapping(mapping) => {
            let entry = |entry: &crate::yaml::Entry| Ok((entry.key.text.clone(), resolved(&entry.value, lookup)?));
            Ok(Value::Object(mapping.entries.iter().map(entry).collect::<Result<Map<_, _>, _>>()?))
        }
        NodeKind::Null | NodeKind::Scalar(_) | NodeKind::Error => Ok(scalar(node)),
    }
}

fn collect(node: &Node, found: &mut Vec<Spanned<Reference>>) {
    if let Some(reference) = reference(node) {
        found.push(Spanned::new(reference, node.span));
    }
    match &node.kind {
        NodeKind::Sequence(items) => items.iter().for_each(|item| collect(item, found)),
        NodeKind::Mapping(mapping) => mapping.entries.iter().for_each(|entry| collect(&entry.value, found)),
        NodeKind::Null | NodeKind::Scalar(_) | NodeKind::Error => {}
    }
}

impl Decode for Payload {
    fn decode(node: &Node, _: &mut Decoder) -> Option<Self> {
        Some(Self(node.clone()))
    }
}

impl JsonSchema for Payload {
    fn schema_name() -> Cow<'static, str> {
        "Payload".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Any value. A text `$NAME` or `$NAME.field.0` is what was captured under the name; `{ file: order.json }` is what the file has."
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::source::SourceMap;

    fn payload(text: &str) -> Payload {
        let mut sources = SourceMap::default();
        let file = sources.add("a.test.yaml", text);
        Payload(crate::yaml::parse(&sources, file).0)
    }

    #[test]
    fn references_stand_for_what_is_known() {
        let known = json!({ "id": "o-1", "input": { "items": [{ "price": 5 }] } });
        let lookup = |reference: &Reference| reference.follow(known.get(&reference.name)?).cloned();
        let of = |text: &str| payload(text).value(&lookup).map_err(|reference| reference.to_string());
        assert_eq!(
            of("{ a: $id, b: [$input.items.0.price], c: 5, d: '5', e: true }"),
            Ok(json!({ "a": "o-1", "b": [5], "c": 5, "d": "5", "e": true }))
        );
        assert_eq!(of("{ a: $$id, b: '$ 5', c: $ }"), Ok(json!({ "a": "$id", "b": "$ 5", "c": "$" })));
        assert_eq!(of("{ a: $other.x }"), Err("$other.x".to_owned()));
        assert_eq!(of("{ a: $input.items.1 }"), Err("$input.items.1".to_owned()));
    }
}
