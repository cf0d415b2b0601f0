//! The JSON Schema of a step: one alternative for each form of each kind.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};

use super::step::Retry;
use super::steps::{Branch, Choice, KINDS, Onward, Shared, Syntax};
use super::variables::assign_schema;
use crate::spec::scalar::{Arguments, Duration, Expression};

/// One way to write a step of a kind.
#[derive(Debug)]
pub(super) struct Form {
    /// What such a step does.
    pub(super) what: &'static str,
    /// The value of the kind's key.
    pub(super) value: Schema,
    /// Keys of its own that it must have.
    pub(super) needs: Vec<(&'static str, Schema)>,
    /// Keys of its own that it may have.
    pub(super) may: Vec<(&'static str, Schema)>,
    /// Keys that it may have as other kinds do.
    pub(super) shares: &'static [Shared],
}

/// The schema of a step.
pub(super) fn step(generator: &mut SchemaGenerator) -> Schema {
    // Definitions stand where they are first asked for; these keep the place that they have always had.
    generator.subschema_for::<Expression>();
    generator.subschema_for::<Branch>();
    generator.subschema_for::<Choice>();
    let mut alternatives = Vec::new();
    for kind in KINDS {
        for form in (kind.forms)(generator) {
            alternatives.push(alternative(kind, &form, generator));
        }
    }
    json_schema!({
        "description": "A step: one key says what it does, `then` and `end` where it goes.",
        "oneOf": alternatives
    })
}

fn alternative(kind: &Syntax, form: &Form, generator: &mut SchemaGenerator) -> Value {
    let mut properties = Map::new();
    properties.insert(kind.key.to_owned(), described(&form.value, form.what).to_value());
    for (key, schema) in form.needs.iter().chain(&form.may) {
        properties.insert((*key).to_owned(), schema.clone().to_value());
    }
    for key in form.shares {
        let (key, schema) = shared(*key, generator);
        properties.insert(key.to_owned(), schema.to_value());
    }
    let text = |what: &str| serde_json::json!({"type": "string", "description": what});
    properties.insert("description".to_owned(), text("What the step is for, for people."));
    match kind.onward {
        Onward::Then => {
            properties.insert("then".to_owned(), text("The step that follows, instead of the one written after this."));
            properties.insert(
                "end".to_owned(),
                serde_json::json!({"type": "boolean", "description": "Ends the workflow, or its branch, after this step."}),
            );
        }
        Onward::Own(_) => {}
    }
    let required: Vec<&str> = [kind.key].into_iter().chain(form.needs.iter().map(|(key, _)| *key)).collect();
    serde_json::json!({
        "type": "object",
        "description": form.what,
        "properties": properties,
        "required": required,
        "additionalProperties": false
    })
}

/// A key that several kinds have.
fn shared(key: Shared, generator: &mut SchemaGenerator) -> (&'static str, Schema) {
    match key {
        Shared::Assign => ("assign", assign_schema(generator)),
        Shared::Retry => {
            let retry = generator.subschema_for::<Retry>();
            let schema = json_schema!({"type": "array", "items": retry, "description": "When to try again; the first entry that matches counts."});
            ("retry", schema)
        }
        Shared::Catch => {
            let schema = json_schema!({
                "type": ["object", "null"],
                "description": "Where to go on errors, by the error's name; `All` is every other error.",
                "additionalProperties": name()
            });
            ("catch", schema)
        }
        Shared::Undo => {
            let with = generator.subschema_for::<Arguments>();
            let schema = json_schema!({
                "type": "object",
                "description": "The call that takes back what this one did.",
                "properties": {"call": {"type": "string"}, "with": with},
                "required": ["call"],
                "additionalProperties": false
            });
            ("undo", schema)
        }
        Shared::Timeout => {
            let duration = generator.subschema_for::<Duration>();
            ("timeout", described(&duration, "How long the step may take, retries not counted."))
        }
    }
}

/// The schema of a name.
pub(super) fn name() -> Schema {
    json_schema!({"type": "string"})
}

/// The same values, with a description. In draft-07 whatever stands beside `$ref` is ignored, hence `allOf`.
pub(super) fn described(schema: &Schema, what: &str) -> Schema {
    let schema = schema.clone();
    if schema.get("$ref").is_some() {
        return json_schema!({"description": what, "allOf": [schema]});
    }
    let mut schema = schema;
    schema.insert("description".to_owned(), what.into());
    schema
}
