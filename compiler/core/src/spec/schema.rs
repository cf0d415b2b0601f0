//! The JSON Schema of the language, draft-07, made from the sections' types: what editors complete and lint by.

use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};

use super::Spec;
use super::scalar::{Arguments, Duration, Expression, TypeExpr};
use super::workflow::{Branch, Choice, Retry, Steps};

/// The schema as JSON, keys sorted.
pub fn schema() -> Value {
    let settings = SchemaSettings::draft07().with_transform(schemars::transform::RecursiveTransform(tidy));
    let mut schema = settings.into_generator().into_root_schema_for::<Spec>();
    schema.insert("title".to_owned(), "evc spec".into());
    schema.to_value()
}

/// Removes what editors stumble over: `null` beside an optional value, number formats, empty defaults.
fn tidy(schema: &mut Schema) {
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

/// The schema of a step: one alternative for each key that says what the step does.
pub fn step(generator: &mut SchemaGenerator) -> Schema {
    let name = json_schema!({"type": "string"});
    let expression = generator.subschema_for::<Expression>();
    let arguments = generator.subschema_for::<Arguments>();
    let duration = generator.subschema_for::<Duration>();
    let steps = generator.subschema_for::<Steps>();
    let branch = generator.subschema_for::<Branch>();
    let undo = call_schema(generator);
    let choices = {
        let choice = generator.subschema_for::<Choice>();
        json_schema!({"type": "array", "items": choice})
    };
    let retries = one_or_many_retries(generator);
    let catch = json_schema!({
        "type": ["object", "null"],
        "description": "Where to go on errors, by the error's name; `All` is every other error.",
        "additionalProperties": name
    });
    let with = described(&arguments, "What it is given: for each field of the input an expression.");
    let detail = described(&arguments, "The detail of the event: for each field an expression.");
    let timeout = described(&duration, "How long the step may take, retries not counted.");
    let heartbeat = described(
        &duration,
        "When to take a call for dead (`HeartbeatSeconds`), below its timeout. A function that a workflow calls sends no heartbeats: it has to be done by then.",
    );
    let otherwise =
        described(&name, "Where to go when no condition holds; without it, to the step that is written next.");
    let cause = described(&expression, "Why, for people: an expression that gives a text.");
    let rounds =
        described(&steps, "The steps of a round, which know the item as `item` and its position from 0 as `index`.");
    let onward: &[(&str, &Schema)] = &[];
    let works = [("retry", &retries), ("catch", &catch)];
    let concurrency = json_schema!({
        "type": "integer", "minimum": 1, "maximum": 1000,
        "description": "The most rounds at once. Step Functions runs at most 40, with or without this."
    });
    let wait = json_schema!({
        "description": "How long: a duration, or a map with `until` and a timestamp.",
        "anyOf": [
            duration,
            {"type": "object", "properties": {"until": expression}, "required": ["until"], "additionalProperties": false}
        ]
    });
    let signal = signal_schema(generator, &with);
    let section = json_schema!({
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$"},
        "additionalProperties": branch
    });
    let only_true = json_schema!({"const": true});
    let any = json_schema!({});
    let alternatives = [
        alternative(
            "call",
            "Calls a function; its result is bound to the step's name.",
            &name,
            &[("with", &with), ("undo", &undo), ("timeout", &timeout), ("heartbeat", &heartbeat), works[0], works[1]],
        ),
        alternative("choose", "Goes one of several ways.", &choices, &[("else", &otherwise)]),
        alternative("parallel", "Runs branches at the same time.", &section, &works),
        alternative(
            "for-each",
            "Runs steps once for each item of a list.",
            &expression,
            &[("steps", &rounds), ("concurrency", &concurrency), works[0], works[1]],
        ),
        alternative(
            "wait",
            "Waits for an answer, which is bound to the step's name.",
            &signal,
            &[("timeout", &timeout), works[0], works[1]],
        ),
        alternative("wait", "Waits for some time.", &wait, onward),
        alternative("publish", "Puts an event on its bus.", &name, &[("with", &detail), works[0], works[1]]),
        alternative("set", "Binds values to the step's name.", &arguments, onward),
        alternative("compensate", "Runs the `undo` of every completed step, last first.", &only_true, onward),
        alternative("succeed", "Ends the execution well, perhaps with an output.", &any, onward),
        alternative("fail", "Ends the execution with an error.", &name, &[("cause", &cause)]),
    ];
    json_schema!({
        "description": "A step: one key says what it does, `then` and `end` where it goes.",
        "oneOf": alternatives
    })
}

/// The same values, with a description. In draft-07 whatever stands beside `$ref` is ignored, hence `allOf`.
fn described(schema: &Schema, what: &str) -> Schema {
    let schema = schema.clone();
    if schema.get("$ref").is_some() {
        return json_schema!({"description": what, "allOf": [schema]});
    }
    let mut schema = schema;
    schema.insert("description".to_owned(), what.into());
    schema
}

fn alternative(kind: &str, what: &str, value: &Schema, more: &[(&str, &Schema)]) -> Value {
    let mut properties = Map::new();
    properties.insert(kind.to_owned(), described(value, what).to_value());
    for (key, schema) in more {
        properties.insert((*key).to_owned(), (*schema).clone().to_value());
    }
    let text = |what: &str| serde_json::json!({"type": "string", "description": what});
    properties.insert("description".to_owned(), text("What the step is for, for people."));
    if !matches!(kind, "choose" | "succeed" | "fail") {
        properties.insert("then".to_owned(), text("The step that follows, instead of the one written after this."));
        properties.insert(
            "end".to_owned(),
            serde_json::json!({"type": "boolean", "description": "Ends the workflow, or its branch, after this step."}),
        );
    }
    let mut required = vec![kind];
    if kind == "for-each" {
        required.push("steps");
    }
    serde_json::json!({
        "type": "object",
        "description": what,
        "properties": properties,
        "required": required,
        "additionalProperties": false
    })
}

fn call_schema(generator: &mut SchemaGenerator) -> Schema {
    let with = generator.subschema_for::<Arguments>();
    json_schema!({
        "type": "object",
        "description": "The call that takes back what this one did.",
        "properties": {"call": {"type": "string"}, "with": with},
        "required": ["call"],
        "additionalProperties": false
    })
}

fn signal_schema(generator: &mut SchemaGenerator, with: &Schema) -> Schema {
    let answer = generator.subschema_for::<TypeExpr>();
    let answer = described(&answer, "What the answer carries.");
    json_schema!({
        "type": "object",
        "description": "What answers, and the function that asks: it finds the token with which to answer in its context.",
        "properties": {"signal": answer, "call": {"type": "string"}, "with": with},
        "required": ["signal", "call"],
        "additionalProperties": false
    })
}

fn one_or_many_retries(generator: &mut SchemaGenerator) -> Schema {
    let retry = generator.subschema_for::<Retry>();
    json_schema!({"type": "array", "items": retry, "description": "When to try again; the first entry that matches counts."})
}

/// The schema as it is checked in at `docs/evc.schema.json`.
pub fn text() -> String {
    format!("{:#}\n", schema())
}
