//! Values to JSON documents in a text, with what they refer to substituted.

use super::value::{escape, literal, out as yaml, part, substitute};
use crate::emit::Input;
use crate::lower::value::Value;
use crate::yaml::Out;

/// Documents up to this many characters stand in one line, longer ones over several. Access log formats, which must be one
/// line, are shorter.
const ONE_LINE: usize = 400;

/// Lists and maps up to this many characters stand in one line of a document over several.
const SHORT: usize = 120;

/// The document as a text, or as a `!Sub` if it refers to anything.
pub(super) fn out(document: &Value, input: Input<'_>) -> Out {
    let mut writer = Writer { input, bound: Vec::new(), substitutes: has_references(document) };
    let mut text = writer.one_line(document);
    if text.chars().count() > ONE_LINE {
        writer.bound.clear();
        text = writer.lines(document, 0);
    }
    if writer.substitutes { substitute(text, writer.bound) } else { literal(&text) }
}

/// Whether anything in the document is not a literal.
fn has_references(value: &Value) -> bool {
    match value {
        Value::Bool(_) | Value::Integer(_) | Value::Number(_) | Value::String(_) => false,
        Value::List(items) => items.iter().any(has_references),
        Value::Map(entries) => entries.values().any(has_references),
        Value::Because(_, value) => has_references(value),
        _ => true,
    }
}

struct Writer<'a> {
    input: Input<'a>,
    /// Values that cannot stand in a substitution, by the names they are bound to.
    bound: Vec<(String, Out)>,
    substitutes: bool,
}

impl Writer<'_> {
    /// The whole value in one line.
    fn one_line(&mut self, value: &Value) -> String {
        match value {
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(|item| self.one_line(item)).collect();
                format!("[{}]", items.join(", "))
            }
            Value::Map(entries) => {
                let entries: Vec<String> = entries
                    .iter()
                    .map(|(key, value)| format!("{}: {}", self.quote(key), self.one_line(value)))
                    .collect();
                format!("{{{}}}", entries.join(", "))
            }
            other => self.scalar(other),
        }
    }

    /// The value over several lines where it is long.
    fn lines(&mut self, value: &Value, indent: usize) -> String {
        let bound = self.bound.len();
        let short = self.one_line(value);
        if short.chars().count() <= SHORT {
            return short;
        }
        self.bound.truncate(bound);
        let inner = indent + 2;
        let (open, parts, close): (_, Vec<String>, _) = match value {
            Value::List(items) => ('[', items.iter().map(|item| self.lines(item, inner)).collect(), ']'),
            Value::Map(entries) => {
                let entry = |(key, value): (&String, &Value)| {
                    let key = self.quote(key);
                    format!("{key}: {}", self.lines(value, inner))
                };
                ('{', entries.iter().map(entry).collect(), '}')
            }
            other => return self.scalar(other),
        };
        let separator = format!(",\n{}", " ".repeat(inner));
        format!("{open}\n{}{}\n{}{close}", " ".repeat(inner), parts.join(&separator), " ".repeat(indent))
    }

    fn scalar(&mut self, value: &Value) -> String {
        match value {
            Value::Bool(value) => value.to_string(),
            Value::Integer(number) => number.to_string(),
            Value::Number(digits) => digits.clone(),
            Value::String(text) => self.quote(text),
            Value::Because(_, value) => self.one_line(value),
            Value::Ref(id) => format!("\"${{{id}}}\""),
            Value::Parameter(name) => format!("\"${{{name}}}\""),
            Value::Attribute(id, attribute) => format!("\"${{{id}.{attribute}}}\""),
            Value::Text(parts) => {
                // The names and ARNs that are substituted have no characters that JSON escapes.
                let text: String = parts.iter().map(part).collect();
                serde_json::Value::String(text).to_string()
            }
            other => {
                let value = yaml(other, self.input);
                let known = self.bound.iter().position(|(_, bound)| *bound == value);
                let at = known.unwrap_or_else(|| {
                    self.bound.push((format!("Value{}", self.bound.len() + 1), value));
                    self.bound.len() - 1
                });
                format!("\"${{{}}}\"", self.bound[at].0)
            }
        }
    }

    fn quote(&self, text: &str) -> String {
        let quoted = serde_json::Value::String(text.to_owned()).to_string();
        if self.substitutes { escape(&quoted) } else { quoted }
    }
}
