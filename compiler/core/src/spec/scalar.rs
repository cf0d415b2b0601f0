//! The small values of the language: durations, expressions, names of other things, free JSON.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::decode::{Case, Declared, Decode, Decoder, Item, Section};
use crate::diagnostics::{Edit, Fix};
use crate::source::{Span, Spanned};
use crate::yaml::{Node, NodeKind, ScalarStyle};

/// A span of time in whole seconds: `30s`, `15m`, `24h`, `90d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration {
    /// The length in seconds.
    pub seconds: u64,
}

impl Duration {
    /// A duration of so many seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self { seconds }
    }

    /// A duration of so many minutes.
    pub const fn minutes(minutes: u64) -> Self {
        Self { seconds: minutes * 60 }
    }

    /// A duration of so many hours.
    pub const fn hours(hours: u64) -> Self {
        Self { seconds: hours * 3_600 }
    }

    /// A duration of so many days.
    pub const fn days(days: u64) -> Self {
        Self { seconds: days * 86_400 }
    }

    /// Reads `30s`, `15m`, `24h`, `90d`.
    pub fn parse(text: &str) -> Option<Self> {
        let unit = text.chars().last()?;
        let scale = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return None,
        };
        let digits = text.strip_suffix(unit)?;
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        digits.parse::<u64>().ok()?.checked_mul(scale).map(|seconds| Self { seconds })
    }

    /// The length in whole days, rounded up.
    pub fn as_days(self) -> u64 {
        self.seconds.div_ceil(86_400)
    }
}

/// Written with the largest unit that divides it: `15m`.
impl std::fmt::Display for Duration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.seconds;
        match seconds {
            0 => f.write_str("0s"),
            _ if seconds.is_multiple_of(86_400) => write!(f, "{}d", seconds / 86_400),
            _ if seconds.is_multiple_of(3_600) => write!(f, "{}h", seconds / 3_600),
            _ if seconds.is_multiple_of(60) => write!(f, "{}m", seconds / 60),
            _ => write!(f, "{seconds}s"),
        }
    }
}

impl Decode for Duration {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let scalar = cx.scalar(node, "a duration such as `30s`, `15m`, `24h` or `90d`")?;
        let duration = Self::parse(&scalar.text);
        if duration.is_none() {
            let diagnostic = cx.bad_value(node.span, format!("`{}` is not a duration", scalar.text));
            diagnostic.help.push("write a whole number and a unit: `30s`, `15m`, `24h` or `90d`".to_owned());
            diagnostic.fixes.extend(meant(&scalar.text, node.span));
        }
        duration
    }
}

/// What is meant by a duration that is written in other words: `1min`, `5 sec`, `2 weeks`. A number alone may be seconds, and `3M` months.
fn meant(text: &str, span: Span) -> Option<Fix> {
    let digits = text.trim().bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.trim().split_at(digits);
    let number: u64 = number.parse().ok()?;
    let certain = !matches!(unit.trim(), "" | "M");
    let (number, unit) = match unit.trim().to_lowercase().as_str() {
        "" | "s" | "sec" | "secs" | "second" | "seconds" => (number, "s"),
        "m" | "min" | "mins" | "minute" | "minutes" => (number, "m"),
        "h" | "hr" | "hrs" | "hour" | "hours" => (number, "h"),
        "d" | "day" | "days" => (number, "d"),
        "w" | "week" | "weeks" => (number.checked_mul(7)?, "d"),
        _ => return None,
    };
    let text_of = format!("{number}{unit}");
    let edits = vec![Edit { span, text: text_of.clone() }];
    Some(Fix { title: format!("replace with `{text_of}`"), edits, certain })
}

impl JsonSchema for Duration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[0-9]+[smhd]$",
            "description": "A span of time: a whole number and a unit, `s`, `m`, `h` or `d`.",
            "examples": ["30s", "15m", "24h", "90d"]
        })
    }
}

/// A JSONata expression, as text. What it may name depends on where it stands; the model parses it.
#[derive(Debug, Clone)]
pub struct Expression {
    /// The text of the expression.
    pub text: String,
    /// Whether it stands bare in the YAML, so that offsets in the text are offsets in the file.
    pub style: ScalarStyle,
}

impl Decode for Expression {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let scalar = cx.scalar(node, "a JSONata expression")?;
        Some(Self { text: scalar.text.clone(), style: scalar.style })
    }
}

impl JsonSchema for Expression {
    fn schema_name() -> Cow<'static, str> {
        "Expression".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "number", "boolean"],
            "description": "A JSONata expression over `input` and the results of earlier steps, by their names.",
            "examples": ["input.orderId", "'Order ' & input.orderId", "input.totalAmount > 100"]
        })
    }
}

/// A tree of arguments: every text in it is a JSONata expression, numbers and booleans stand for themselves.
#[derive(Debug, Clone)]
pub struct Arguments(
    /// The tree as written.
    pub Node,
);

impl Decode for Arguments {
    fn decode(node: &Node, _: &mut Decoder) -> Option<Self> {
        Some(Self(node.clone()))
    }
}

impl JsonSchema for Arguments {
    fn schema_name() -> Cow<'static, str> {
        "Arguments".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Arguments: every text is a JSONata expression; numbers, booleans, lists and maps stand for themselves.",
            "examples": [{"orderId": "input.orderId", "message": "'Order ' & input.orderId"}]
        })
    }
}

/// An `EventBridge` event pattern, or the part of one about the detail. The model parses it.
#[derive(Debug, Clone)]
pub struct PatternNode(
    /// The pattern as written.
    pub Node,
);

impl Decode for PatternNode {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        if let NodeKind::Mapping(_) = node.kind {
            return Some(Self(node.clone()));
        }
        cx.mismatch(node, "an event pattern, which is a map");
        None
    }
}

impl JsonSchema for PatternNode {
    fn schema_name() -> Cow<'static, str> {
        "Pattern".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "minProperties": 0,
            "description": "An event pattern in EventBridge's own language, checked against the event's type.",
            "examples": [{"status": ["PLACED"]}, {"totalAmount": [{"numeric": [">", 0]}]}]
        })
    }
}

/// A payload type in the shorthand of the language.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeExpr(
    /// The type.
    pub crate::types::Type,
);

impl Decode for TypeExpr {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        crate::types::decode(node, &mut cx.diagnostics).map(Self)
    }
}

impl JsonSchema for TypeExpr {
    fn schema_name() -> Cow<'static, str> {
        "Type".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let this = json_schema!({"$ref": "#/definitions/Type"});
        json_schema!({
            "description": "A payload type: `string integer number money boolean uuid timestamp date duration bytes any`, bounds in \
                parentheses as in `string(1..64)`, `[T]` for a list, `map(T)`, `A | B` for an enumeration, the name of a declared \
                type, or a map of fields for a record; `name?` marks a field that may be absent. Under `types:`, `one-of` with the names of records and \
                `by` with the field that tells them apart.",
            "anyOf": [
                {"type": "string", "examples": ["string", "integer(1..)", "money", "PENDING | PAID", "[OrderLine]", "Order"]},
                {"type": "array", "items": this, "minItems": 1, "maxItems": 1},
                {"type": "object", "properties": {"one-of": false}, "additionalProperties": this},
                {
                    "type": "object",
                    "properties": {
                        "one-of": {
                            "type": "array", "items": {"type": "string", "pattern": "^[A-Z][A-Za-z0-9]*$"}, "minItems": 1,
                            "description": "The records that a value may be: names of declared types."
                        },
                        "by": {"type": "string", "minLength": 1, "description": "The field that each of them has, with values of its own."}
                    },
                    "required": ["one-of", "by"],
                    "additionalProperties": false
                }
            ]
        })
    }
}

/// Any JSON value.
#[derive(Debug, Clone)]
pub struct Json(
    /// The value as written.
    pub Node,
);

impl Decode for Json {
    fn decode(node: &Node, _: &mut Decoder) -> Option<Self> {
        Some(Self(node.clone()))
    }
}

impl JsonSchema for Json {
    fn schema_name() -> Cow<'static, str> {
        "Json".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"description": "Any value."})
    }
}

/// The name of something declared elsewhere.
pub type Name = Spanned<String>;

/// Sections are objects whose keys are names in the case of their kind.
impl<T: Item + JsonSchema> JsonSchema for Section<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("{}Section", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let pattern = match T::CASE {
            Case::Kebab => "^[a-z][a-z0-9]*(-[a-z0-9]+)*$",
            Case::Pascal | Case::RustType | Case::LogicalId => "^[A-Z][A-Za-z0-9]*$",
        };
        let mut name = json_schema!({"pattern": pattern, "maxLength": T::CASE.longest()});
        if T::MIN_NAME > 1 {
            name.insert("minLength".to_owned(), T::MIN_NAME.into());
        }
        json_schema!({
            "type": ["object", "null"],
            "propertyNames": name,
            "additionalProperties": generator.subschema_for::<T>()
        })
    }
}

impl<T: JsonSchema> JsonSchema for Declared<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// One value or a list of at least one.
pub fn one_or_more<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let one = generator.subschema_for::<T>();
    json_schema!({"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]})
}

/// One value or a list of them: what [`Vec`] decodes from.
pub fn one_or_many<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let one = generator.subschema_for::<T>();
    json_schema!({"anyOf": [one, {"type": "array", "items": one}]})
}

/// A map from names or free text.
pub fn map_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let value = generator.subschema_for::<T>();
    json_schema!({"type": "object", "additionalProperties": value})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_print() {
        for (text, seconds) in [("0s", 0), ("30s", 30), ("15m", 900), ("24h", 86_400), ("90d", 7_776_000)] {
            assert_eq!(Duration::parse(text), Some(Duration::seconds(seconds)), "{text}");
        }
        assert_eq!(Duration::seconds(900).to_string(), "15m");
        assert_eq!(Duration::seconds(86_400).to_string(), "1d");
        for text in ["", "s", "15", "1.5h", "-1s", "1w", "99999999999999999999d"] {
            assert_eq!(Duration::parse(text), None, "{text}");
        }
    }
}
