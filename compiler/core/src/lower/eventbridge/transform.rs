//! The input transformer of a rule's target.
//!
//! The target still gets an event, with the envelope of the original and a detail of its own: functions find the event's id
//! there, by which they drop duplicates, and the starter of a workflow names the execution after it.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html>

#![warn(clippy::wildcard_enum_match_arm, reason = "a kind of anything that is forgotten here must not compile")]

use std::fmt::Write as _;

use indexmap::IndexMap;
use serde_json::Value as Json;

use evc_interface::event::METADATA;

use crate::diagnostics::{Code, Diagnostic};
use crate::expr::{Plain, Template};
use crate::model::{Destination, Rule, Target, keeps_event_id};
use crate::plan::builder::Builder;
use crate::plan::value::Value;
use crate::plan::work;

/// The fields of the envelope that every target gets.
const ENVELOPE: [&str; 5] = ["id", "detail-type", "source", "account", "time"];

/// The most variables of a transformer, and the most characters of its template.
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_InputTransformer.html>
const MAX_VARIABLES: usize = 100;
const MAX_TEMPLATE: usize = 8192;

/// The whole event as it came; only ever the value of a field.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html#eb-transform-input-predefined>
const WHOLE: &str = "<aws.events.event.json>";

/// The transformer of a target that has an `input`, or that takes something else than the event.
pub(super) fn transformer(b: &mut Builder<'_>, rule: &Rule, target: &Target) -> Option<Value> {
    // The engine of workflows on Redis takes a message that says what to do with the event.
    let start = match target.to {
        Destination::Workflow(id) if b.model.workflows[id].redis().is_some() => {
            Some(work::start_of(&b.model.workflows[id]))
        }
        Destination::Function(_) | Destination::Workflow(_) | Destination::Queue(_) | Destination::Bus(_) => None,
    };
    match (start, &target.input) {
        (None, None) => None,
        (Some(start), None) => Some(Value::map([("InputTemplate", format!("{start}{WHOLE}}}").into())])),
        (start, Some(input)) => Some(of_input(b, rule, start, input)),
    }
}

fn of_input(b: &mut Builder<'_>, rule: &Rule, start: Option<String>, input: &Template) -> Value {
    let model = b.model;
    let end = if start.is_some() { "}}" } else { "}" };
    let mut writer = Writer { paths: IndexMap::new(), text: start.unwrap_or_default() + "{" };
    for field in ENVELOPE {
        let variable = writer.variable(&[field]);
        let _ = write!(writer.text, "\"{field}\":<{variable}>,");
    }
    writer.text.push_str("\"detail\":");
    writer.detail(input, keeps_event_id(model, rule, input));
    writer.text.push_str(end);
    let (variables, characters) = (writer.paths.len(), writer.text.chars().count());
    if variables > MAX_VARIABLES || characters > MAX_TEMPLATE {
        let message = format!("this is too much for an input transformer: {variables} paths, {characters} characters");
        let help =
            format!("it has at most {MAX_VARIABLES} paths and {MAX_TEMPLATE} characters, the envelope's among them");
        b.diagnostics.push(Diagnostic::new(Code::EVC0614, input.span(), message).help(help));
    }
    let paths = writer.paths.into_iter().map(|(variable, path)| (variable, Value::from(path)));
    Value::map([("InputPathsMap", Value::map(paths)), ("InputTemplate", writer.text.into())])
}

struct Writer {
    /// The JSON path of each variable.
    paths: IndexMap<String, String>,
    text: String,
}

impl Writer {
    /// The variable for a path in the event. Each path has one.
    fn variable(&mut self, path: &[&str]) -> String {
        let path = format!("$.{}", path.join("."));
        if let Some((variable, _)) = self.paths.iter().find(|(_, known)| **known == path) {
            return variable.clone();
        }
        let variable = format!("v{}", self.paths.len());
        self.paths.insert(variable.clone(), path);
        variable
    }

    fn detail(&mut self, input: &Template, keeps_event_id: bool) {
        match input {
            Template::Object(fields, _) if keeps_event_id => {
                let variable = self.variable(&["detail", METADATA]);
                let _ = write!(self.text, "{{\"metadata\":<{variable}>");
                for (key, value) in fields {
                    self.text.push(',');
                    self.field(&key.text, value);
                }
                self.text.push('}');
            }
            Template::Object(..) | Template::Expr(_) | Template::List(..) | Template::Null(_) | Template::Error(_) => {
                self.value(input);
            }
        }
    }

    fn field(&mut self, key: &str, value: &Template) {
        self.literal(&key.into());
        self.text.push(':');
        self.value(value);
    }

    fn value(&mut self, template: &Template) {
        match template {
            Template::Expr(expr) => match expr.plain() {
                Some(Plain::Path(path)) => {
                    let variable = self.variable(&path);
                    let _ = write!(self.text, "<{variable}>");
                }
                Some(Plain::Literal(literal)) => self.literal(&literal),
                // Has been reported.
                None => self.text.push_str("null"),
            },
            Template::Object(fields, _) => {
                self.text.push('{');
                for (number, (key, value)) in fields.iter().enumerate() {
                    self.text.push_str(if number == 0 { "" } else { "," });
                    self.field(&key.text, value);
                }
                self.text.push('}');
            }
            Template::List(items, _) => {
                self.text.push('[');
                for (number, item) in items.iter().enumerate() {
                    self.text.push_str(if number == 0 { "" } else { "," });
                    self.value(item);
                }
                self.text.push(']');
            }
            Template::Null(_) | Template::Error(_) => self.text.push_str("null"),
        }
    }

    /// JSON in which nothing looks like a variable: `<` and `>` cannot be escaped in a template, but in JSON they can.
    fn literal(&mut self, json: &Json) {
        self.text.push_str(&json.to_string().replace('<', "\\u003c").replace('>', "\\u003e"));
    }
}
