//! Types to JSON Schema, draft 2020-12.
//!
//! <https://json-schema.org/draft/2020-12/schema>

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{Kind, MAX_INTEGER, Range, Tagged, Type, Types};

/// The declared types that a schema names, and where it looks for them.
struct Names<'a, 'p> {
    at: &'p str,
    used: BTreeSet<&'a str>,
    /// Whether the document is one of OpenAPI.
    openapi: bool,
}

impl Types {
    /// The schema of a type as a document of its own: what it names stands under `$defs`, in alphabetical order.
    pub fn json_schema(&self, ty: &Type) -> Value {
        let mut document = Map::new();
        document.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
        if let Kind::Named(name) = &ty.kind {
            document.insert("title".into(), name.as_str().into());
        }
        let mut names = Names { at: "#/$defs/", used: BTreeSet::new(), openapi: false };
        let body = self.schema_of(self.named(ty), &mut names);
        document.extend(body);
        let mut definitions = BTreeMap::new();
        self.define(names, &mut definitions);
        if !definitions.is_empty() {
            document.insert("$defs".into(), Map::from_iter(definitions).into());
        }
        Value::Object(document)
    }

    /// The schema of a type as part of a document of OpenAPI, which has what it names at `at`, such as `#/components/schemas/`.
    /// Adds those names and what they name to `definitions`.
    pub fn json_schema_within(&self, ty: &Type, at: &str, definitions: &mut BTreeMap<String, Value>) -> Value {
        let mut names = Names { at, used: BTreeSet::new(), openapi: true };
        let schema = self.schema_of(ty, &mut names);
        self.define(names, definitions);
        Value::Object(schema)
    }

    /// Adds the schemas of what is named, and of what those name.
    fn define<'a>(&'a self, mut names: Names<'a, '_>, definitions: &mut BTreeMap<String, Value>) {
        while let Some(name) = names.used.iter().find(|name| !definitions.contains_key(**name)).copied() {
            let Some(declared) = self.declared.get(name) else { break };
            definitions.insert(name.to_owned(), Value::Object(self.schema_of(declared, &mut names)));
        }
    }

    fn schema_of<'a>(&'a self, ty: &'a Type, names: &mut Names<'a, '_>) -> Map<String, Value> {
        match &ty.kind {
            Kind::Any => Map::new(),
            Kind::String(range) => with_bounds(json!({ "type": "string" }), range, ["minLength", "maxLength"]),
            Kind::Integer(range) => {
                let range = Range { min: range.min.or(Some(-MAX_INTEGER)), max: range.max.or(Some(MAX_INTEGER)) };
                with_bounds(json!({ "type": "integer" }), &range, ["minimum", "maximum"])
            }
            Kind::Number(range) => with_bounds(json!({ "type": "number" }), range, ["minimum", "maximum"]),
            Kind::Money(range) => {
                let description =
                    "An exact decimal of at most 15 significant digits; read it as a decimal, not as a double.";
                with_bounds(json!({ "type": "number", "description": description }), range, ["minimum", "maximum"])
            }
            Kind::Boolean => object(json!({ "type": "boolean" })),
            Kind::Uuid => object(json!({
                "type": "string",
                "format": "uuid",
                "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
            })),
            Kind::Timestamp => object(json!({ "type": "string", "format": "date-time", "pattern": "Z$" })),
            Kind::Date => object(json!({ "type": "string", "format": "date" })),
            Kind::Duration => object(json!({ "type": "string", "format": "duration" })),
            Kind::Bytes => object(json!({ "type": "string", "contentEncoding": "base64" })),
            Kind::Enum(literals) => {
                let values: Vec<&str> = literals.iter().map(|literal| literal.value.as_str()).collect();
                object(json!({ "type": "string", "enum": values }))
            }
            Kind::List(item, range) => {
                let items = Value::Object(self.schema_of(item, names));
                with_bounds(json!({ "type": "array", "items": items }), range, ["minItems", "maxItems"])
            }
            Kind::Map(value) => {
                let values = Value::Object(self.schema_of(value, names));
                object(json!({ "type": "object", "additionalProperties": values }))
            }
            Kind::Record(_) => self.schema_of_record(ty, names),
            Kind::Named(name) if self.declared.contains_key(name) => {
                names.used.insert(name);
                object(json!({ "$ref": format!("{}{name}", names.at) }))
            }
            Kind::Named(_) => Map::new(),
            Kind::Union(members) | Kind::Tagged(Tagged { by: None, members, .. }) => {
                let members = members.iter().map(|member| Value::Object(self.schema_of(member, names)));
                object(json!({ "anyOf": members.collect::<Vec<_>>() }))
            }
            Kind::Tagged(Tagged { by: Some(by), members, .. }) => self.schema_of_union(by, members, names),
        }
    }

    /// One of several records, of which a value is exactly one. OpenAPI has a word for the field that tells which, and for where the
    /// record is that each value of it means. <https://spec.openapis.org/oas/v3.1.1.html#discriminator-object>
    fn schema_of_union<'a>(&'a self, by: &str, members: &'a [Type], names: &mut Names<'a, '_>) -> Map<String, Value> {
        let all: Vec<Value> = members.iter().map(|member| Value::Object(self.schema_of(member, names))).collect();
        let mut schema = object(json!({ "oneOf": all }));
        if names.openapi {
            let mut mapping = Map::new();
            for member in members {
                let Kind::Named(name) = &member.kind else { continue };
                let at = format!("{}{name}", names.at);
                mapping.extend(self.tags(by, member).into_iter().map(|tag| (tag.to_owned(), at.clone().into())));
            }
            schema.insert("discriminator".into(), json!({ "propertyName": by, "mapping": mapping }));
        }
        schema
    }

    fn schema_of_record<'a>(&'a self, ty: &'a Type, names: &mut Names<'a, '_>) -> Map<String, Value> {
        let fields = self.record(ty).unwrap_or_default();
        let required: Vec<&str> = fields.iter().filter(|(_, field)| !field.optional).map(|(name, _)| *name).collect();
        let properties: Map<String, Value> = fields
            .iter()
            .map(|(name, field)| ((*name).to_owned(), Value::Object(self.schema_of(&field.ty, names))))
            .collect();
        let mut schema = object(json!({ "type": "object", "properties": properties }));
        if !required.is_empty() {
            schema.insert("required".into(), json!(required));
        }
        schema
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn with_bounds<T: Copy + Into<Bound>>(schema: Value, range: &Range<T>, [min, max]: [&str; 2]) -> Map<String, Value> {
    let mut schema = object(schema);
    for (key, bound) in [(min, range.min), (max, range.max)] {
        if let Some(bound) = bound {
            schema.insert(key.into(), bound.into().0);
        }
    }
    schema
}

/// A bound as a JSON number: whole where it is whole, so that `0` does not come out as `0.0`.
struct Bound(Value);

impl From<u64> for Bound {
    fn from(bound: u64) -> Self {
        Self(bound.into())
    }
}

impl From<i64> for Bound {
    fn from(bound: i64) -> Self {
        Self(bound.into())
    }
}

impl From<f64> for Bound {
    fn from(bound: f64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "2^53 - 1 is exact in a double")]
        let whole = bound.fract() == 0.0 && bound.abs() <= MAX_INTEGER as f64;
        #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53 - 1")]
        Self(if whole { (bound as i64).into() } else { bound.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ty, types};
    use super::*;

    #[test]
    fn records_become_objects_and_names_definitions() {
        let types = types(&[
            ("Line", "{ sku: string(1..64), price: money(0..) }"),
            ("New", "{ items: [Line; 1..] }"),
            ("Order", "{ extends: New, orderId: uuid, note?: string }"),
        ]);
        let schema = types.json_schema(&ty("Order"));
        let expected = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Order",
            "type": "object",
            "properties": {
                "items": { "type": "array", "items": { "$ref": "#/$defs/Line" }, "minItems": 1 },
                "orderId": {
                    "type": "string",
                    "format": "uuid",
                    "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
                },
                "note": { "type": "string" },
            },
            "required": ["items", "orderId"],
            "$defs": { "Line": {
                "type": "object",
                "properties": {
                    "sku": { "type": "string", "minLength": 1, "maxLength": 64 },
                    "price": {
                        "type": "number",
                        "description": "An exact decimal of at most 15 significant digits; read it as a decimal, not as a double.",
                        "minimum": 0,
                    },
                },
                "required": ["sku", "price"],
            } },
        });
        assert_eq!(schema, expected);
    }

    /// An independent validator and ours give one verdict on the same values.
    #[test]
    fn the_schema_and_the_validator_agree() {
        let types = types(&[
            ("Line", "{ sku: string(1..3), count?: integer(1..) }"),
            ("Card", "{ kind: \"'card'\", number: string(..3) }"),
            ("Cash", "{ kind: cash | coins, of?: Paid }"),
            ("Paid", "{ at: date }"),
            ("Payment", "{ one-of: [Card, Cash], by: kind }"),
        ]);
        let values = [
            json!({ "kind": "card" }),
            json!({ "kind": "card", "number": "12" }),
            json!({ "kind": "card", "number": "1234", "sku": "a" }),
            json!({ "kind": "coins", "number": "1234" }),
            json!({ "kind": "cash", "of": {} }),
            json!({ "kind": "other", "sku": "a" }),
            json!(null),
            json!(true),
            json!(0),
            json!(1.5),
            json!(1e300),
            json!(""),
            json!("abcd"),
            json!("A"),
            json!("2026-11-21T10:00:00.000Z"),
            json!("2026-11-21T10:00:00+01:00"),
            json!("2026-02-30"),
            json!("2026-02-28"),
            json!("PT15M"),
            json!("P"),
            json!("1f0c9f1e-2b3c-4d5e-8f90-a1b2c3d4e5f6"),
            json!([]),
            json!(["A"]),
            json!({}),
            json!({ "sku": "a" }),
            json!({ "sku": "a", "count": 0 }),
            json!([{ "sku": "abc", "count": 2 }]),
        ];
        for shorthand in [
            "any",
            "string",
            "string(1..3)",
            "integer",
            "number(0..1)",
            "money",
            "boolean",
            "uuid",
            "timestamp",
            "date",
            "duration",
            "A | B",
            "[string]",
            "[Line; 1..]",
            "map(string)",
            "Line",
            "{ extends: Line, x?: any }",
            "Payment",
            "[Payment]",
        ] {
            let ty = ty(shorthand);
            let schema = types.json_schema(&ty);
            let validator = jsonschema::options().should_validate_formats(true).build(&schema).expect("a schema");
            for value in &values {
                let ours = types.validate(&ty, value);
                assert_eq!(validator.is_valid(value), ours.is_empty(), "{shorthand} {value} {ours:?}");
            }
        }
    }
}
