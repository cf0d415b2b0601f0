//! What derived sections and words are made of: the schema of a map with known keys, that of a few words, and keys of which one is there.
//! The derives are in `compiler/macros`.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::decode::{Decoder, Fields};
use super::range::{Bound, Length, Range};
use crate::diagnostics::{Code, Diagnostic, list};
use crate::yaml::{Node, NodeKind};

/// An enum whose variants are words of the language.
pub trait Word: Copy + PartialEq + 'static {
    /// Every word in the order of the language, and what it stands for.
    const WORDS: &'static [(&'static str, Self)];

    /// How the language writes it.
    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, value)| *value == self).map_or("", |(word, _)| word)
    }
}

/// A section that may be written short, in place of its map.
pub trait Shorthand: Sized {
    /// Whether a value is written short: whatever is not a map, unless it is said here.
    fn is_short(node: &Node) -> bool {
        !matches!(node.kind, NodeKind::Mapping(_))
    }

    /// Reads a value that is written short.
    fn short(node: &Node, cx: &mut Decoder) -> Option<Self>;

    /// The schema of a value that is written short.
    fn short_schema(generator: &mut SchemaGenerator) -> Schema;
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
        let Key { name: key, required, schema } = key;
        let object = self.schema.ensure_object();
        if let Some(properties) = object.get_mut("properties").and_then(Value::as_object_mut) {
            properties.insert(key.to_owned(), schema.to_value());
        }
        if required && let Some(required) = object.entry("required").or_insert_with(|| json!([])).as_array_mut() {
            required.push(key.into());
        }
    }

    /// The schema: what the whole is, and keys of which exactly one is there.
    pub fn schema(self, about: &str, one_of: &[&str]) -> Schema {
        let mut schema = self.schema;
        schema.insert("description".to_owned(), about.into());
        if !one_of.is_empty() {
            let alternatives: Vec<Value> = one_of.iter().map(|key| json!({"required": [key]})).collect();
            schema.insert("oneOf".to_owned(), alternatives.into());
        }
        schema
    }

    /// The schema of the map or what is short for it, with what the whole is.
    pub fn schema_or(self, short: &Schema, about: &str) -> Schema {
        json_schema!({"description": about, "anyOf": [short, self.schema]})
    }
}

/// A key of a map.
#[derive(Debug)]
pub struct Key {
    name: &'static str,
    required: bool,
    schema: Schema,
}

impl Key {
    /// A key with the schema of its value and its line in the manual.
    pub fn new(name: &'static str, required: bool, mut schema: Schema, doc: &str) -> Self {
        schema.insert("description".to_owned(), doc.into());
        Self { name, required, schema }
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

#[cfg(test)]
mod tests {
    use evc_macros::{Section, Word};
    use schemars::JsonSchema as _;

    use super::*;
    use crate::source::{SourceMap, Spanned};
    use crate::spec::decode::Decode as _;
    use crate::spec::scalar::{Duration, Name};
    use crate::yaml::parse;

    /// What the derives are tried with.
    #[derive(Debug, Section)]
    #[section(what = "a sample", one_of("event", "events"), check = together)]
    struct Sample {
        /// Its name.
        #[key(length = 1..=4, what = "a name")]
        name: Name,
        /// How many: {range}, 2 without it.
        #[key(range = 1..=10, what = "the number of samples")]
        how_many: Option<Spanned<u64>>,
        /// How long: {range}.
        #[key(rename = "for", range = LONG)]
        time: Option<Spanned<Duration>>,
        /// Which.
        #[key(default)]
        kind: Kind,
        /// One.
        event: Option<Name>,
        /// Several.
        #[key(default)]
        events: Vec<Name>,
    }

    const LONG: Range<Duration> = Range::new("the time of a sample", Duration::seconds(1)..=Duration::minutes(15));

    fn together(sample: &Sample, _: &Fields<'_>, cx: &mut Decoder) {
        if let Some(many) = &sample.how_many
            && sample.kind == Kind::OnlyOne
            && many.value > 1
        {
            cx.bad_value(many.span, "there is only one");
        }
    }

    /// Which samples.
    #[derive(Debug, Clone, Copy, PartialEq, Default, Word)]
    #[word(what = "a kind of sample")]
    enum Kind {
        /// Any number.
        #[default]
        Many,
        /// One.
        OnlyOne,
        /// None at all.
        #[word(rename = "void")]
        Nothing,
    }

    /// What is read, and what is reported: each message with the text it is about.
    fn read(text: &str) -> (Option<Sample>, Vec<String>) {
        let mut sources = SourceMap::default();
        let file = sources.add("a.yaml", text);
        let (node, found) = parse(&sources, file);
        assert!(found.is_empty(), "{found:?}");
        let mut cx = Decoder::default();
        let sample = Sample::decode(&node, &mut cx);
        let told = |it: &Diagnostic| format!("{} {} | {}", it.code, it.message, sources.text(it.primary.span));
        (sample, cx.diagnostics.iter().map(told).collect())
    }

    #[test]
    fn a_section_is_read_by_its_keys() {
        let (sample, found) = read("{ name: a, how-many: 3, for: 5m, event: A }");
        assert!(found.is_empty(), "{found:?}");
        let sample = sample.unwrap();
        assert_eq!((sample.name.as_str(), sample.how_many.unwrap().value, sample.kind), ("a", 3, Kind::Many));
        assert_eq!((sample.time.unwrap().seconds, sample.event.unwrap().as_str()), (300, "A"));
        let sample = read("{ name: a, kind: void, events: A }").0.unwrap();
        assert_eq!((sample.kind, sample.events.len(), sample.kind.word()), (Kind::Nothing, 1, "void"));
    }

    #[test]
    fn what_is_wrong_with_a_section_is_reported_where_it_stands() {
        let cases: &[(&str, &[&str])] = &[
            ("{ event: A }", &["EVC0104 a sample needs the key `name` | event"]),
            ("{ name: a, event: A, evnt: B }", &["EVC0102 a sample has no key `evnt` | evnt"]),
            ("{ name: a }", &["EVC0104 a sample needs `event` or `events` | name"]),
            ("{ name: a, event: A, events: B }", &["EVC0105 a sample has `event` or `events`, not both | events"]),
            ("{ name: abcde, event: A }", &["EVC0105 a name has 1 to 4 characters, this one has 5 | abcde"]),
            ("{ name: a, event: A, how-many: 11 }", &["EVC0105 the number of samples is 1 to 10, found 11 | 11"]),
            ("{ name: a, event: A, for: 16m }", &["EVC0105 the time of a sample is `1s` to `15m`, found `16m` | 16m"]),
            ("{ name: a, event: A, kind: any }", &["EVC0105 `any` is not a kind of sample | any"]),
            ("{ name: a, event: A, how-many: b }", &["EVC0103 expected a whole number, zero or more, found text | b"]),
            ("{ name: a, event: A, how-many: 2, kind: only-one }", &["EVC0105 there is only one | 2"]),
            // Each key is looked at, whatever is missing beside it.
            (
                "{ event: A, how-many: 11 }",
                &[
                    "EVC0104 a sample needs the key `name` | event",
                    "EVC0105 the number of samples is 1 to 10, found 11 | 11",
                ],
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text).1, *expected, "{text}");
        }
    }

    #[test]
    fn the_schema_says_what_the_declaration_says() {
        let mut generator = SchemaGenerator::default();
        let schema = Sample::json_schema(&mut generator).to_value();
        assert_eq!(
            (&schema["description"], &schema["required"]),
            (&json!("What the derives are tried with."), &json!(["name"]))
        );
        assert_eq!(schema["oneOf"], json!([{"required": ["event"]}, {"required": ["events"]}]));
        let many = &schema["properties"]["how-many"];
        assert_eq!((&many["minimum"], &many["maximum"]), (&json!(1), &json!(10)));
        assert_eq!(many["description"], "How many: 1 to 10, 2 without it.");
        assert_eq!(schema["properties"]["for"]["description"], "How long: `1s` to `15m`.");
        assert_eq!(schema["properties"]["name"]["maxLength"], 4);
        assert!(schema["properties"]["events"]["anyOf"].is_array(), "{schema}");
        let nothing = json!({"type": "string", "const": "void", "description": "None at all."});
        assert_eq!(Kind::json_schema(&mut generator).to_value()["oneOf"][2], nothing);
    }
}
