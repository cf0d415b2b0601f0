//! `schemas/`: a JSON Schema for each event as it travels on its bus, and for what each function takes and returns.

use serde_json::{Map, Value, json};

use super::{Backend, Files, Input};
use crate::model::{Event, Input as Takes, Model};
use crate::types::Type;

/// Writes the schemas.
#[derive(Debug)]
pub struct Schema;

impl Backend for Schema {
    fn name(&self) -> &'static str {
        "schema"
    }

    fn emit(&self, input: Input<'_>, files: &mut Files) {
        let model = input.plan.model;
        for event in model.events.values() {
            write(files, &format!("schemas/events/{}.json", event.head.name), &envelope(model, event));
        }
        for function in model.functions.values() {
            let name = &function.head.name;
            if let Takes::Value(ty) = &function.input {
                write(files, &format!("schemas/functions/{name}.input.json"), &titled(model, ty, name, "input"));
            }
            if let Some(ty) = &function.output {
                write(files, &format!("schemas/functions/{name}.output.json"), &titled(model, ty, name, "output"));
            }
            for response in &function.responses {
                let Some(body) = &response.body else { continue };
                let status = response.status.value;
                let path = format!("schemas/functions/{name}.{status}.json");
                write(files, &path, &titled(model, body, name, &response.name));
            }
        }
    }
}

fn write(files: &mut Files, path: &str, schema: &Value) {
    files.add(path, format!("{schema:#}\n"));
}

fn titled(model: &Model, ty: &Type, function: &str, what: &str) -> Value {
    let mut schema = model.types.json_schema(ty);
    if let Value::Object(schema) = &mut schema {
        schema.insert("title".to_owned(), format!("{function} {what}").into());
    }
    schema
}

/// An event as `EventBridge` delivers it (<https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html>).
/// An event of an outbox has `detail.metadata` besides what the spec declares.
fn envelope(model: &Model, event: &Event) -> Value {
    let mut detail = match model.types.json_schema(&event.detail) {
        Value::Object(detail) => detail,
        _ => Map::new(),
    };
    let dialect = detail.remove("$schema").unwrap_or(Value::Null);
    let definitions = detail.remove("$defs");
    let text = json!({"type": "string"});
    let mut schema = json!({
        "$schema": dialect,
        "title": event.head.name,
        "description": event.head.description.clone().unwrap_or_default(),
        "type": "object",
        "properties": {
            "version": text,
            "id": text,
            "source": {"const": event.source.value},
            "detail-type": {"const": event.detail_type.value},
            "account": text,
            "time": {"type": "string", "format": "date-time"},
            "region": text,
            "resources": {"type": "array", "items": text},
            "detail": detail
        },
        "required": ["id", "source", "detail-type", "time", "detail"]
    });
    if let (Some(definitions), Value::Object(schema)) = (definitions, &mut schema) {
        schema.insert("$defs".to_owned(), definitions);
    }
    schema
}
