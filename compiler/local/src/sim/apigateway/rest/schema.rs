//! Models: JSON Schema of draft 4, as API Gateway takes it.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings-models.html>
//! <https://datatracker.ietf.org/doc/html/draft-fge-json-schema-validation-00>

use fancy_regex::Regex;
use serde_json::{Map, Value, json};

/// How deep a document is looked at: `serde_json` reads none that is deeper, and a schema may refer to itself.
const DEPTH: usize = 256;

/// What is wrong with a document, each violation in words; nothing if it is right.
pub(super) fn violations(schema: &Value, document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    Checked { root: schema }.check(schema, document, "", DEPTH, &mut found);
    found
}

struct Checked<'s> {
    root: &'s Value,
}

impl Checked<'_> {
    fn check(&self, schema: &Value, value: &Value, at: &str, depth: usize, found: &mut Vec<String>) {
        let Some(schema) = schema.as_object() else { return };
        let mut say = |what: String| found.push(if at.is_empty() { what } else { format!("{at} {what}") });
        let Some(depth) = depth.checked_sub(1) else { return say("is nested too deep".to_owned()) };
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            return match reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer)) {
                Some(named) => self.check(named, value, at, depth, found),
                None => say(format!("has a schema `{reference}` that is not there")),
            };
        }
        let types = schema.get("type").map(|types| types.as_array().map_or(std::slice::from_ref(types), Vec::as_slice));
        if let Some(types) = types
            && !types.iter().filter_map(Value::as_str).any(|ty| is_of(value, ty))
        {
            let types: Vec<String> = types.iter().map(Value::to_string).collect();
            say(format!(
                "instance type ({}) does not match any allowed primitive type (allowed: [{}])",
                kind(value),
                types.join(",")
            ));
        }
        if let Some(allowed) = schema.get("enum").and_then(Value::as_array)
            && !allowed.iter().any(|allowed| same(allowed, value))
        {
            say(format!("instance value ({value}) not found in enum (possible values: {})", json!(allowed)));
        }
        match value {
            Value::String(text) => of_text(schema, text, &mut say),
            Value::Number(number) => of_number(schema, number.as_f64().unwrap_or_default(), &mut say),
            Value::Array(items) => self.of_list(schema, items, at, depth, found),
            Value::Object(entries) => self.of_object(schema, entries, at, depth, found),
            _ => {}
        }
        self.combined(schema, value, at, depth, found);
    }

    fn holds(&self, schema: &Value, value: &Value, depth: usize) -> bool {
        let mut found = Vec::new();
        self.check(schema, value, "", depth, &mut found);
        found.is_empty()
    }

    fn combined(&self, schema: &Map<String, Value>, value: &Value, at: &str, depth: usize, found: &mut Vec<String>) {
        let schemas = |name: &str| schema.get(name).and_then(Value::as_array);
        for schema in schemas("allOf").into_iter().flatten() {
            self.check(schema, value, at, depth, found);
        }
        let mut say = |what: &str| found.push(format!("{at} {what}").trim_start().to_owned());
        let matching = |all: &Vec<Value>| all.iter().filter(|schema| self.holds(schema, value, depth)).count();
        if schemas("anyOf").is_some_and(|all| matching(all) == 0) {
            say("instance failed to match at least one required schema (anyOf)");
        }
        if schemas("oneOf").is_some_and(|all| matching(all) != 1) {
            say("instance failed to match exactly one schema (oneOf)");
        }
        if schema.get("not").is_some_and(|schema| self.holds(schema, value, depth)) {
            say("instance matched a schema which it should not have");
        }
    }

    fn of_list(&self, schema: &Map<String, Value>, items: &[Value], at: &str, depth: usize, found: &mut Vec<String>) {
        let length = items.len() as u64;
        let mut say = |what: String| found.push(format!("{at} {what}").trim_start().to_owned());
        if let Some(least) = count(schema, "minItems").filter(|least| length < *least) {
            say(format!("array is too short: must have at least {least} elements but instance has {length} elements"));
        }
        if let Some(most) = count(schema, "maxItems").filter(|most| length > *most) {
            say(format!("array is too long: must have at most {most} elements but instance has {length} elements"));
        }
        let again = |(index, item): (usize, &Value)| items.iter().take(index).any(|before| same(before, item));
        if schema.get("uniqueItems") == Some(&json!(true)) && items.iter().enumerate().any(again) {
            say("array must not contain duplicate elements".to_owned());
        }
        for (index, item) in items.iter().enumerate() {
            let of_item = match schema.get("items") {
                Some(Value::Array(each)) => each.get(index),
                all => all,
            };
            if let Some(of_item) = of_item {
                self.check(of_item, item, &format!("{at}/{index}"), depth, found);
            }
        }
    }

    fn of_object(
        &self,
        schema: &Map<String, Value>,
        entries: &Map<String, Value>,
        at: &str,
        depth: usize,
        found: &mut Vec<String>,
    ) {
        let size = entries.len() as u64;
        let mut say = |what: String| found.push(format!("{at} {what}").trim_start().to_owned());
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        let missing: Vec<&Value> =
            required.filter(|name| !name.as_str().is_some_and(|name| entries.contains_key(name))).collect();
        if !missing.is_empty() {
            say(format!("object has missing required properties ({})", json!(missing)));
        }
        if let Some(least) = count(schema, "minProperties").filter(|least| size < *least) {
            say(format!("object has too few properties (found {size} but schema requires at least {least})"));
        }
        if let Some(most) = count(schema, "maxProperties").filter(|most| size > *most) {
            say(format!("object has too many properties (found {size} but schema requires at most {most})"));
        }
        let named = schema.get("properties").and_then(Value::as_object);
        let patterns = schema.get("patternProperties").and_then(Value::as_object);
        for (name, value) in entries {
            let at = format!("{at}/{name}");
            let own = named.and_then(|named| named.get(name));
            let by_pattern = patterns.into_iter().flatten().filter(|(pattern, _)| fits(pattern, name));
            let all: Vec<&Value> = own.into_iter().chain(by_pattern.map(|(_, schema)| schema)).collect();
            for schema in &all {
                self.check(schema, value, &at, depth, found);
            }
            if all.is_empty() {
                match schema.get("additionalProperties") {
                    Some(Value::Bool(false)) => {
                        found.push(format!(
                            "object instance has properties which are not allowed by the schema: [{}]",
                            json!(name)
                        ));
                    }
                    Some(others @ Value::Object(_)) => self.check(others, value, &at, depth, found),
                    _ => {}
                }
            }
        }
    }
}

fn count(schema: &Map<String, Value>, name: &str) -> Option<u64> {
    schema.get(name).and_then(Value::as_u64)
}

fn of_text(schema: &Map<String, Value>, text: &str, say: &mut dyn FnMut(String)) {
    // Characters are code points.
    let length = text.chars().count() as u64;
    if let Some(least) = count(schema, "minLength").filter(|least| length < *least) {
        say(format!("string {} is too short (length: {length}, required minimum: {least})", json!(text)));
    }
    if let Some(most) = count(schema, "maxLength").filter(|most| length > *most) {
        say(format!("string is too long (length: {length}, maximum allowed: {most})"));
    }
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str).filter(|pattern| !fits(pattern, text)) {
        say(format!("ECMA 262 regex {} does not match input string {}", json!(pattern), json!(text)));
    }
}

fn of_number(schema: &Map<String, Value>, number: f64, say: &mut dyn FnMut(String)) {
    let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
    let excluded = |name: &str| schema.get(name) == Some(&json!(true));
    if let Some(least) = bound("minimum")
        && (number < least || excluded("exclusiveMinimum") && number <= least)
    {
        say(format!("numeric instance is lower than the required minimum (minimum: {least}, found: {number})"));
    }
    if let Some(most) = bound("maximum")
        && (number > most || excluded("exclusiveMaximum") && number >= most)
    {
        say(format!("numeric instance is greater than the required maximum (maximum: {most}, found: {number})"));
    }
    if let Some(of) =
        bound("multipleOf").filter(|of| *of > 0.0 && ((number / of) - (number / of).round()).abs() > f64::EPSILON)
    {
        say(format!("remainder of division is not zero ({number} / {of})"));
    }
}

/// A pattern that is none matches nothing.
fn fits(pattern: &str, text: &str) -> bool {
    Regex::new(pattern).is_ok_and(|regex| regex.is_match(text).unwrap_or(false))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn is_of(value: &Value, ty: &str) -> bool {
    let own = kind(value);
    // In draft 4, `8.0` is no integer.
    own == ty || (ty == "number" && own == "integer")
}

/// Equal values; numbers are if they are the same however they are written.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => a.total_cmp(&b).is_eq(),
            _ => a == b,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same verdict as another validator.
    #[test]
    fn verdicts_are_those_of_draft_4() {
        let schema = json!({
            "$schema": "http://json-schema.org/draft-04/schema#",
            "type": "object",
            "properties": {
                "id": { "type": "string", "pattern": "^(?=a)[a-z]+$", "minLength": 2, "maxLength": 3 },
                "count": { "type": "integer", "minimum": 1, "maximum": 9, "exclusiveMaximum": true },
                "lines": { "type": "array", "items": { "$ref": "#/definitions/Line" }, "minItems": 1, "maxItems": 2, "uniqueItems": true },
                "kind": { "enum": ["A", "B", 1] },
                "labels": { "type": "object", "additionalProperties": { "type": "string" } },
                "either": { "oneOf": [{ "type": "string" }, { "type": ["string", "null"] }, { "type": "integer" }] },
                "any": { "anyOf": [{ "type": "boolean" }, { "not": { "type": "object" } }] },
            },
            "required": ["id"],
            "additionalProperties": false,
            "definitions": { "Line": { "type": "object", "properties": { "n": { "type": "number" }, "within": { "$ref": "#/definitions/Line" } }, "required": ["n"] } },
        });
        let judge = jsonschema::options().build(&schema).expect("a schema");
        for document in [
            json!({ "id": "ab" }),
            json!({}),
            json!([]),
            json!("x"),
            json!({ "id": "a" }),
            json!({ "id": "abcd" }),
            json!({ "id": "bc" }),
            json!({ "id": "äb" }),
            json!({ "id": 7 }),
            json!({ "id": "ab", "count": 1 }),
            json!({ "id": "ab", "count": 9 }),
            json!({ "id": "ab", "count": 8.0 }),
            json!({ "id": "ab", "count": 1.5 }),
            json!({ "id": "ab", "count": "1" }),
            json!({ "id": "ab", "lines": [] }),
            json!({ "id": "ab", "lines": [{ "n": 1 }] }),
            json!({ "id": "ab", "lines": [{ "n": 1 }, { "n": 1.0 }] }),
            json!({ "id": "ab", "lines": [{ "n": 1 }, { "n": 2 }, { "n": 3 }] }),
            json!({ "id": "ab", "lines": [{}] }),
            json!({ "id": "ab", "lines": [{ "n": 1, "within": { "n": "x" } }] }),
            json!({ "id": "ab", "kind": "A" }),
            json!({ "id": "ab", "kind": "C" }),
            json!({ "id": "ab", "kind": 1.0 }),
            json!({ "id": "ab", "labels": { "a": "b" } }),
            json!({ "id": "ab", "labels": { "a": 1 } }),
            json!({ "id": "ab", "either": "x" }),
            json!({ "id": "ab", "either": null }),
            json!({ "id": "ab", "either": 5 }),
            json!({ "id": "ab", "either": true }),
            json!({ "id": "ab", "any": {} }),
            json!({ "id": "ab", "any": 1 }),
            json!({ "id": "ab", "more": 1 }),
            json!({ "id": null }),
        ] {
            let found = violations(&schema, &document);
            assert_eq!(found.is_empty(), judge.is_valid(&document), "{document}: {found:?}");
        }
    }

    #[test]
    fn violations_say_where_and_what() {
        let schema = json!({ "type": "object", "properties": { "lines": { "type": "array", "items": { "type": "integer" } } }, "required": ["id"] });
        assert_eq!(
            violations(&schema, &json!({ "lines": [1, "2"] })),
            [
                r#"object has missing required properties (["id"])"#,
                r#"/lines/1 instance type (string) does not match any allowed primitive type (allowed: ["integer"])"#,
            ]
        );
        let endless = json!({ "$ref": "#" });
        assert_eq!(violations(&endless, &json!(1)), ["is nested too deep"]);
    }
}
