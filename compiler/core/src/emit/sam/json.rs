//! Values to JSON documents in a text, with what they refer to substituted.

use super::value::{escape, literal, out as yaml, part, substitute};
use crate::emit::Input;
use crate::plan::value::Value;
use crate::yaml::Out;

/// Documents up to this many characters stand in one line, longer ones over several. Access log formats, which must be one
/// line, are shorter.
const ONE_LINE: usize = 400;

/// Lists and maps up to this many characters stand in one line of a document over several.
const SHORT: usize = 120;

/// The document as a text, or as a `!Sub` if it refers to anything.
pub(super) fn out<'a>(document: &'a Value, input: Input<'a>) -> Out<'a> {
    let mut writer = Writer { input, text: String::new(), bound: Vec::new(), substitutes: has_references(document) };
    if !writer.short(document, ONE_LINE) {
        writer.lines(document, 0);
    }
    let Writer { text, bound, substitutes, .. } = writer;
    if substitutes { substitute(text, bound) } else { literal(text) }
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
    text: String,
    /// Values that cannot stand in a substitution, by the names they are bound to.
    bound: Vec<(String, Out<'a>)>,
    substitutes: bool,
}

impl<'a> Writer<'a> {
    /// Adds the whole value in one line, if it has at most so many characters there.
    fn short(&mut self, value: &'a Value, most: usize) -> bool {
        let (start, bound) = (self.text.len(), self.bound.len());
        // A character has at most four bytes.
        let fits = self.one_line(value, start + 4 * most) && self.text[start..].chars().count() <= most;
        if !fits {
            self.text.truncate(start);
            self.bound.truncate(bound);
        }
        fits
    }

    /// Adds the value in one line. Stops, and says `false`, once the text has more than `end` bytes: every list and map of a
    /// long document is tried, and most of them are long.
    fn one_line(&mut self, value: &'a Value, end: usize) -> bool {
        match value {
            Value::List(items) => {
                self.text.push('[');
                for (at, item) in items.iter().enumerate() {
                    self.text.push_str(if at > 0 { ", " } else { "" });
                    if !self.one_line(item, end) {
                        return false;
                    }
                }
                self.text.push(']');
            }
            Value::Map(entries) => {
                self.text.push('{');
                for (at, (key, value)) in entries.iter().enumerate() {
                    self.text.push_str(if at > 0 { ", " } else { "" });
                    self.key(key);
                    if !self.one_line(value, end) {
                        return false;
                    }
                }
                self.text.push('}');
            }
            other => self.scalar(other),
        }
        self.text.len() <= end
    }

    /// Adds the value, over several lines where it is long.
    fn lines(&mut self, value: &'a Value, indent: usize) {
        if self.short(value, SHORT) {
            return;
        }
        let inner = indent + 2;
        match value {
            Value::List(items) => {
                self.text.push('[');
                for (at, item) in items.iter().enumerate() {
                    self.line(if at > 0 { "," } else { "" }, inner);
                    self.lines(item, inner);
                }
                self.line("", indent);
                self.text.push(']');
            }
            Value::Map(entries) => {
                self.text.push('{');
                for (at, (key, value)) in entries.iter().enumerate() {
                    self.line(if at > 0 { "," } else { "" }, inner);
                    self.key(key);
                    self.lines(value, inner);
                }
                self.line("", indent);
                self.text.push('}');
            }
            other => self.scalar(other),
        }
    }

    /// Ends a line, after `end`, and begins the next.
    fn line(&mut self, end: &str, indent: usize) {
        self.text.push_str(end);
        self.text.push('\n');
        self.text.extend(std::iter::repeat_n(' ', indent));
    }

    fn key(&mut self, key: &str) {
        self.quote(key);
        self.text.push_str(": ");
    }

    fn scalar(&mut self, value: &'a Value) {
        match value {
            Value::Bool(value) => self.text.push_str(if *value { "true" } else { "false" }),
            Value::Integer(number) => self.text.push_str(&number.to_string()),
            Value::Number(digits) => self.text.push_str(digits),
            Value::String(text) => self.quote(text),
            Value::Because(_, value) => drop(self.one_line(value, usize::MAX)),
            Value::Ref(id) => self.substitution(id.as_str()),
            Value::Parameter(name) => self.substitution(name),
            Value::Attribute(id, attribute) => self.substitution(&format!("{id}.{attribute}")),
            Value::Text(parts) => {
                // The names and ARNs that are substituted have no characters that JSON escapes.
                let text: String = parts.iter().map(part).collect();
                self.text.push_str(&quoted(&text));
            }
            other => {
                let value = yaml(other, self.input);
                let known = self.bound.iter().position(|(_, bound)| *bound == value);
                let at = known.unwrap_or_else(|| {
                    self.bound.push((format!("Value{}", self.bound.len() + 1), value));
                    self.bound.len() - 1
                });
                let name = self.bound[at].0.clone();
                self.substitution(&name);
            }
        }
    }

    /// Adds a text that is what `!Sub` has for a name.
    fn substitution(&mut self, name: &str) {
        self.text.push_str("\"${");
        self.text.push_str(name);
        self.text.push_str("}\"");
    }

    fn quote(&mut self, text: &str) {
        let quoted = quoted(text);
        self.text.push_str(&if self.substitutes { escape(&quoted) } else { quoted });
    }
}

/// A text as JSON writes it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
