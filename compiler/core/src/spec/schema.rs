//! The JSON Schema of the language, draft-07, made from the sections' types: what editors complete and lint by.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::Spec;

/// The schema as JSON, keys sorted.
pub fn schema() -> Value {
    let settings = SchemaSettings::draft07().with_transform(schemars::transform::RecursiveTransform(tidy));
    let mut schema = settings.into_generator().into_root_schema_for::<Spec>();
    schema.insert("title".to_owned(), "evc spec".into());
    schema.to_value()
}

/// Removes what editors stumble over: `null` beside an optional value, number formats, empty defaults.
pub(crate) fn tidy(schema: &mut Schema) {
    let Some(object) = schema.as_object_mut() else { return };
    object.remove("format");
    if object.get("default").is_some_and(|default| {
        default.is_null()
            || default.as_object().is_some_and(Map::is_empty)
            || default.as_array().is_some_and(Vec::is_empty)
    }) {
        object.remove("default");
    }
    if let Some(Value::Array(types)) = object.get_mut("type")
        && types.len() == 2
        && types.iter().any(|name| name == "null")
        && !types.iter().any(|name| name == "object")
    {
        types.retain(|name| name != "null");
        let only = types.remove(0);
        object.insert("type".to_owned(), only);
    }
    // Where no key must be there, nothing at all is a map without keys: `dev:`. A map that says how many keys it has at
    // least, if none, is one that must be written.
    let is_map = object.get("type").is_some_and(|kind| kind == "object");
    if is_map && !object.contains_key("required") && !object.contains_key("minProperties") {
        object.insert("type".to_owned(), serde_json::json!(["object", "null"]));
    }
    if let Some(Value::Array(options)) = object.get_mut("anyOf")
        && options.len() == 2
    {
        options.retain(|option| option != &serde_json::json!({"type": "null"}));
        if options.len() == 1 {
            let Some(Value::Object(only)) = options.pop() else { return };
            object.remove("anyOf");
            // In draft-07 whatever stands beside `$ref` is ignored.
            if only.contains_key("$ref") {
                object.insert("allOf".to_owned(), Value::Array(vec![Value::Object(only)]));
            } else {
                object.extend(only);
            }
        }
    }
}

/// The schema as it is checked in at `docs/evc.schema.json`.
pub fn text() -> String {
    format!("{:#}\n", schema())
}
