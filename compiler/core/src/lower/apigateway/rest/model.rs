//! The type of a body as the JSON schema that API Gateway checks it by: draft 4.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings-models.html>

use serde_json::{Map, Value as Json, json};

use crate::lower::apigateway::forms::{BASE64, of_format};
use crate::plan::value::Value;
use crate::types::{Type, Types};

/// The schema of a type.
pub(super) fn schema(types: &Types, ty: &Type) -> Value {
    let mut schema = json!({ "$schema": "http://json-schema.org/draft-04/schema#" });
    if let (Json::Object(schema), Json::Object(entries)) = (&mut schema, draft_4(types.json_schema(ty))) {
        schema.extend(entries);
    }
    // There is no `null` in a schema of a type.
    Value::from_json(&schema).unwrap_or_else(|| Value::map::<&str>([]))
}

/// Draft 2020-12 as draft 4: definitions have another place, and formats that draft 4 does not know, or that API Gateway may not
/// look at, become patterns.
fn draft_4(schema: Json) -> Json {
    match schema {
        Json::Object(entries) => {
            let mut converted = Map::new();
            for (key, value) in entries {
                match (key.as_str(), value) {
                    ("$schema", _) => {}
                    ("$defs", value) => drop(converted.insert("definitions".to_owned(), named(value))),
                    ("properties", value) => drop(converted.insert(key, named(value))),
                    ("$ref", Json::String(path)) => {
                        converted.insert(key, path.replacen("#/$defs/", "#/definitions/", 1).into());
                    }
                    ("format", Json::String(format)) => {
                        if let Some(pattern) = of_format(&format) {
                            converted.insert("pattern".to_owned(), pattern.into());
                        }
                    }
                    ("pattern", value) => drop(converted.entry(key).or_insert(value)),
                    ("contentEncoding", _) => drop(converted.insert("pattern".to_owned(), BASE64.into())),
                    (_, value) => drop(converted.insert(key, draft_4(value))),
                }
            }
            Json::Object(converted)
        }
        Json::Array(items) => items.into_iter().map(draft_4).collect(),
        other => other,
    }
}

/// Schemas by names that mean nothing as keywords.
fn named(schemas: Json) -> Json {
    match schemas {
        Json::Object(entries) => Json::Object(entries.into_iter().map(|(name, it)| (name, draft_4(it))).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::testing::{ty, types};

    #[test]
    fn schemas_are_of_draft_4() {
        let types = types(&[("Line", "{ sku: string(1..3), format?: date }")]);
        let converted =
            draft_4(types.json_schema(&ty("{ lines: [Line; 1..], at: timestamp, key: uuid, data: bytes }")));
        let expected = json!({
            "type": "object",
            "properties": {
                "lines": { "type": "array", "items": { "$ref": "#/definitions/Line" }, "minItems": 1 },
                "at": { "type": "string", "pattern": of_format("date-time") },
                "key": {
                    "type": "string",
                    "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
                },
                "data": { "type": "string", "pattern": BASE64 },
            },
            "required": ["lines", "at", "key", "data"],
            "definitions": { "Line": {
                "type": "object",
                "properties": {
                    "sku": { "type": "string", "minLength": 1, "maxLength": 3 },
                    "format": { "type": "string", "pattern": of_format("date") },
                },
                "required": ["sku"],
            } },
        });
        assert_eq!(converted, expected);
    }

    /// What the patterns let through, the types do; and they refuse what has another shape.
    #[test]
    fn patterns_let_through_what_the_types_do() {
        let types = types(&[]);
        let cases = [
            ("timestamp", "2026-11-21T10:00:00.000Z", true),
            ("timestamp", "2026-11-21T10:00:00Z", false),
            ("timestamp", "2026-13-21T10:00:00.000Z", false),
            ("date", "2026-11-21", true),
            ("date", "2026-1-1", false),
            ("duration", "PT15M", true),
            ("duration", "P1DT2H", true),
            ("duration", "P", false),
            ("duration", "P1DT", false),
            ("bytes", "aGVsbG8=", true),
            ("bytes", "aGVsbG8", false),
        ];
        for (kind, value, fits) in cases {
            let schema = draft_4(types.json_schema(&ty(kind)));
            let validator = jsonschema::options().build(&schema).expect("a schema");
            assert_eq!(validator.is_valid(&json!(value)), fits, "{kind} {value}");
            if fits {
                assert_eq!(types.validate(&ty(kind), &json!(value)), [], "{kind} {value}");
            }
        }
    }
}
