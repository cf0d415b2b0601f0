//! What no trace and no log shows: the values of secrets.

use std::fmt;

use serde_json::{Value, json};

/// What stands where a hidden text was.
const INSTEAD: &str = "[secret]";

/// A text that is shorter than this is hidden from nobody: it would be found in everything.
const SHORTEST: usize = 4;

/// How many texts are hidden at most: the oldest go first.
const MOST: usize = 1_000;

/// Texts that nobody may see, the longest first: one may be part of another.
#[derive(Default)]
pub(super) struct Hidden(Vec<String>);

/// They are in no debugging output either.
impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hidden({})", self.0.len())
    }
}

impl Hidden {
    /// Hides a value; of one that is JSON, also each text in it.
    pub(super) fn add(&mut self, value: &str) {
        if let Ok(json @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str::<Value>(value) {
            self.add_texts(&json);
        }
        self.add_text(value);
        self.0.sort_by_key(|text| std::cmp::Reverse(text.len()));
    }

    fn add_texts(&mut self, json: &Value) {
        match json {
            Value::String(text) => self.add_text(text),
            Value::Array(items) => items.iter().for_each(|item| self.add_texts(item)),
            Value::Object(entries) => entries.values().for_each(|value| self.add_texts(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn add_text(&mut self, text: &str) {
        // As it stands within a JSON text, and as it is.
        let escaped = json!(text).to_string();
        let escaped = escaped.trim_matches('"').to_owned();
        for text in [text.to_owned(), escaped] {
            if text.len() >= SHORTEST && !self.0.contains(&text) {
                self.0.push(text);
            }
        }
        if self.0.len() > MOST {
            self.0.remove(0);
        }
    }

    pub(super) fn out_of(&self, text: &mut String) {
        for hidden in &self.0 {
            if text.contains(hidden) {
                *text = text.replace(hidden, INSTEAD);
            }
        }
    }

    pub(super) fn out_of_json(&self, json: &mut Value) {
        if self.0.is_empty() {
            return;
        }
        match json {
            Value::String(text) => self.out_of(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.out_of_json(item)),
            Value::Object(entries) => entries.values_mut().for_each(|value| self.out_of_json(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hidden_text_is_found_wherever_it_stands() {
        let mut hidden = Hidden::default();
        hidden.add(r#"{"key": "sk-12345", "note": "a\"b\\c", "n": "x"}"#);
        hidden.add("hunter2");
        hidden.add("abc");
        let mut json =
            json!({ "a": ["Bearer sk-12345"], "b": { "c": r#"{"note":"a\"b\\c"}"# }, "d": "hunter22 abc x" });
        hidden.out_of_json(&mut json);
        assert_eq!(
            json,
            json!({ "a": ["Bearer [secret]"], "b": { "c": r#"{"note":"[secret]"}"# }, "d": "[secret]2 abc x" })
        );
        assert_eq!(format!("{hidden:?}"), format!("Hidden({})", hidden.0.len()));
    }
}
