//! Patterns as JSON: what a template's `EventPattern` holds.

use serde_json::{Map, Value, json};

use super::ast::{AnythingBut, Constraint, Match, MatchKind, Number, Object, Pattern, Wildcard};
use crate::source::Spanned;

/// The pattern as a JSON value. Numbers are doubles here, as they are to EventBridge; [`to_text`] has them as written.
pub fn to_json(pattern: &Pattern) -> Value {
    object(&pattern.root, &mut |number| {
        let whole = number.text.parse::<i64>().map(Value::from);
        whole.unwrap_or_else(|_| Value::from(number.value))
    })
}

/// The pattern as compact JSON, in the order written and with its numbers as they are written.
pub fn to_text(pattern: &Pattern) -> String {
    // A number is first a text that no pattern can hold, since NUL is no character of YAML, and then put back bare.
    let value = object(&pattern.root, &mut |number| Value::from(format!("\0{}\0", number.text)));
    value.to_string().replace("\"\\u0000", "").replace("\\u0000\"", "")
}

type ToValue<'a> = &'a mut dyn FnMut(&Number) -> Value;

fn object(object_: &Object, number: ToValue<'_>) -> Value {
    let mut map = Map::new();
    for field in &object_.fields {
        let value = match &field.constraint {
            Constraint::Object(inner) => object(inner, number),
            Constraint::AnyOf(matches) => matches.iter().map(|one| match_(one, number)).collect(),
        };
        map.insert(field.name.value.clone(), value);
    }
    if !object_.or.is_empty() {
        map.insert("$or".into(), object_.or.iter().map(|inner| object(inner, number)).collect());
    }
    Value::Object(map)
}

fn match_(one: &Match, number: ToValue<'_>) -> Value {
    match &one.kind {
        MatchKind::Null => Value::Null,
        MatchKind::Boolean(boolean) => (*boolean).into(),
        MatchKind::Number(literal) => number(literal),
        MatchKind::Text(text) => text.as_str().into(),
        MatchKind::Prefix(text, false) => json!({ "prefix": text.value }),
        MatchKind::Prefix(text, true) => json!({ "prefix": { "equals-ignore-case": text.value } }),
        MatchKind::Suffix(text, false) => json!({ "suffix": text.value }),
        MatchKind::Suffix(text, true) => json!({ "suffix": { "equals-ignore-case": text.value } }),
        MatchKind::EqualsIgnoreCase(text) => json!({ "equals-ignore-case": text.value }),
        MatchKind::Wildcard(wildcard) => json!({ "wildcard": wildcard.value.text }),
        MatchKind::AnythingBut(excluded) => json!({ "anything-but": anything_but(excluded, number) }),
        MatchKind::Numeric(numeric) => {
            let parts = numeric.comparisons.iter();
            let list: Value = parts.flat_map(|(how, operand)| [how.as_str().into(), number(&operand.value)]).collect();
            json!({ "numeric": list })
        }
        MatchKind::Cidr(cidr) => json!({ "cidr": cidr.text }),
        MatchKind::Exists(exists) => json!({ "exists": exists }),
    }
}

fn anything_but(excluded: &AnythingBut, number: ToValue<'_>) -> Value {
    let texts = |texts: &[Spanned<String>]| one_or_list(texts.iter().map(|text| text.value.as_str().into()).collect());
    let wildcard = |one: &Spanned<Wildcard>| one.value.text.as_str().into();
    match excluded {
        AnythingBut::Texts(list) => texts(list),
        AnythingBut::Numbers(list) => one_or_list(list.iter().map(|one| number(&one.value)).collect()),
        AnythingBut::Prefixes(list) => json!({ "prefix": texts(list) }),
        AnythingBut::Suffixes(list) => json!({ "suffix": texts(list) }),
        AnythingBut::IgnoreCase(list) => json!({ "equals-ignore-case": texts(list) }),
        AnythingBut::Wildcards(list) => json!({ "wildcard": one_or_list(list.iter().map(wildcard).collect()) }),
    }
}

/// `[a]` and `a` mean the same in `anything-but`; the shorter is written.
fn one_or_list(mut values: Vec<Value>) -> Value {
    match values.len() {
        1 => values.remove(0),
        _ => Value::Array(values),
    }
}
