//! Mapping templates: what a REST API makes of a request for a table or a workflow, and of the answer for the caller.
//!
//! Templates are Velocity. Every text of a request goes through `escapeJavaScript`, so that no data becomes part of a document's
//! structure; numbers and booleans of a body go as they are, because the API's model has refused anything else before; and
//! maps are read with `get`, since `$map.class` is not the entry `class`. Names of fields are letters, digits, `_` and `-`, and
//! need no escaping.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings.html>
//! <https://velocity.apache.org/engine/1.7/user-guide.html>

mod answer;
mod attribute;
mod fits;
mod plain;
mod problem;
mod source;
mod table;
mod workflow;

pub(super) use answer::{answer, started};
pub(super) use problem::{Problem, of_table, of_workflow};
pub(super) use source::header;
pub(super) use table::{action, request};
pub(super) use workflow::start;

use crate::plan::value::{Part, Value};

/// A text as the inside of a JSON string. `escapeJavaScript` escapes `'` as well, which JSON does not know.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html#util-template-reference>
fn escaped(value: &str) -> String {
    format!(r#"$util.escapeJavaScript({value}).replaceAll("\\'", "'")"#)
}

/// Stands in a template for the name of the resource that it is about. No name of the spec has such a character.
const RESOURCE: char = '\u{1}';

/// A template with the name of its resource.
fn about(template: &str, resource: Part) -> Value {
    let (before, after) = template.split_once(RESOURCE).unwrap_or((template, ""));
    Value::Text(vec![before.into(), resource, after.into()])
}
