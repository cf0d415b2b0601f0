//! What derived sections and words are made of: the schema of a map with known keys, that of a few words, and keys of which one is there.
//! The derives are in `compiler/macros`.

use schemars::{Schema, json_schema};
use serde_json::{Value, json};

use super::decode::{Decoder, Fields};
use super::range::{Bound, Length, Range};
use crate::diagnostics::{Code, Diagnostic, list};

/// An enum whose variants are words of the language.
pub trait Word: Copy + PartialEq + 'static {
    /// Every word in the order of the language, and what it stands for.
    const WORDS: &'static [(&'static str, Self)];

    /// How the language writes it.
    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, value)| *value == self).map_or("", |(word, _)| word)
    }
}

/// The schema of a few words, each with what it means.
pub fn words(about: &str, words: &[(&str, &str)]) -> Schema {
    let one = |(word, doc): &(&str, &str)| json!({"type": "string", "const": word, "description": doc});
    let words: Vec<Value> = words.iter().map(one).collect();
    json_schema!({"oneOf": words, "description": about})
}

/// The schema of a map with known keys, in the making.
#[derive(Debug)]
pub struct Keys {
    schema: Schema,
}

impl Default for Keys {
    fn default() -> Self {
        Self { schema: json_schema!({"type": "object", "additionalProperties": false, "properties": {}}) }
    }
}

impl Keys {
    /// Adds a key.
    pub fn add(&mut self, key: Key) {
        let Key { key, required, schema } = key;
        let object = self.schema.ensure_object();
        if let Some(properties) = object.get_mut("properties").and_then(Value::as_object_mut) {
            properties.insert(key.to_owned(), schema.to_value());
        }
        if required && let Some(required) = object.entry("required").or_insert_with(|| json!([])).as_array_mut() {
            required.push(key.into());
        }
    }

    /// Says that exactly one of these keys is there.
    pub fn one_of(&mut self, keys: &[&str]) {
        let alternatives: Vec<Value> = keys.iter().map(|key| json!({"required": [key]})).collect();
        self.schema.insert("oneOf".to_owned(), alternatives.into());
    }

    /// The schema, with what the whole is.
    pub fn schema(self, about: &str) -> Schema {
        let mut schema = self.schema;
        schema.insert("description".to_owned(), about.into());
        schema
    }
}

/// A key of a map.
#[derive(Debug)]
pub struct Key {
    key: &'static str,
    required: bool,
    schema: Schema,
}

impl Key {
    /// A key with the schema of its value and its line in the manual.
    pub fn new(key: &'static str, required: bool, mut schema: Schema, doc: &str) -> Self {
        schema.insert("description".to_owned(), doc.into());
        Self { key, required, schema }
    }

    /// Says what a number or a duration is within, also where the line in the manual has `{range}`.
    #[must_use]
    pub fn range<T: Bound>(mut self, range: &Range<T>) -> Self {
        if let Some(doc) = self.schema.get("description").and_then(Value::as_str) {
            let doc = doc.replace("{range}", &range.text());
            self.schema.insert("description".to_owned(), doc.into());
        }
        if let Some((min, max)) = range.json() {
            self.schema.insert("minimum".to_owned(), min);
            self.schema.insert("maximum".to_owned(), max);
        }
        self
    }

    /// Says how long a text is.
    #[must_use]
    pub fn length(mut self, length: &Length) -> Self {
        self.schema.insert("minLength".to_owned(), length.min.into());
        self.schema.insert("maxLength".to_owned(), length.max.into());
        self
    }

    /// Says what a text looks like.
    #[must_use]
    pub fn pattern(mut self, pattern: &str) -> Self {
        self.schema.insert("pattern".to_owned(), pattern.into());
        self
    }
}

/// Reports a map in which not exactly one of `keys` is.
pub fn one_of(fields: &Fields<'_>, what: &str, keys: &[&'static str], cx: &mut Decoder) {
    let named = match keys {
        [one, other] => format!("`{one}` or `{other}`"),
        [start @ .., last] => format!("one of {} and `{last}`", list(start)),
        [] => return,
    };
    match fields.present(keys).as_slice() {
        [] => cx.report(Diagnostic::new(Code::EVC0104, fields.place(), format!("{what} needs {named}"))),
        [_] => {}
        [first, second, ..] => {
            let both = if keys.len() == 2 { ", not both" } else { "" };
            let message = format!("{what} has {named}{both}");
            let diagnostic = Diagnostic::new(Code::EVC0105, second.span, message);
            cx.report(diagnostic.secondary(first.span, "the first is here"));
        }
    }
}
