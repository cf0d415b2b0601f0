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
    let text = writer.short(document, ONE_LINE).unwrap_or_else(|| {
        writer.bound.clear();
        writer.lines(document, 0)
    });
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
    /// The whole value in one line, if it has at most so many characters.
    fn short(&mut self, value: &Value, most: usize) -> Option<String> {
        let mut text = String::new();
        (self.one_line(value, most, &mut text) && text.chars().count() <= most).then_some(text)
    }

    /// Adds the value in one line. Stops, and says `false`, once the text surely has more characters than it may: every list
    /// and map of a long document is tried, and most of them are long.
    fn one_line(&mut self, value: &Value, most: usize, text: &mut String) -> bool {
        match value {
            Value::List(items) => {
                text.push('[');
                for (at, item) in items.iter().enumerate() {
                    text.push_str(if at > 0 { ", " } else { "" });
                    if !self.one_line(item, most, text) {
                        return false;
                    }
                }
                text.push(']');
            }
            Value::Map(entries) => {
                text.push('{');
                for (at, (key, value)) in entries.iter().enumerate() {
                    text.push_str(if at > 0 { ", " } else { "" });
                    text.push_str(&self.quote(key));
                    text.push_str(": ");
                    if !self.one_line(value, most, text) {
                        return false;
                    }
                }
                text.push('}');
            }
            other => text.push_str(&self.scalar(other)),
        }
        // A character has at most four bytes.
        text.len() / 4 <= most
    }

    /// The value over several lines where it is long.
    fn lines(&mut self, value: &Value, indent: usize) -> String {
        let bound = self.bound.len();
        if let Some(short) = self.short(value, SHORT) {
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
            Value::Because(_, value) => self.short(value, usize::MAX).unwrap_or_default(),
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
