//! Whether a pattern matches an event.
//!
//! A field whose value is a list matches if one of its items does; fields within a list of objects must match in one and the
//! same object. <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns-arrays.html>,
//! <https://github.com/aws/event-ruler#json-array-matching>

use serde_json::Value;

use super::ast::{AnythingBut, Constraint, Match, MatchKind, Object, Pattern};

/// Whether the pattern matches a value: a whole event, or its detail if that is what the pattern is of.
pub fn matches(pattern: &Pattern, value: &Value) -> bool {
    object(&[&pattern.root], Some(value), &[value])
}

/// Whether all these objects match the value. `anywhere` holds every value at the same path, whichever items of lists lead
/// there: a field is absent only if it is in none of them.
fn object(objects: &[&Object], value: Option<&Value>, anywhere: &[&Value]) -> bool {
    if let Some(at) = objects.iter().position(|one| !one.or.is_empty()) {
        // Each alternative in turn joins the fields beside it, so that items of lists are chosen for both together.
        let Some(chosen) = objects.get(at) else { return false };
        let bare = Object { or: Vec::new(), ..(*chosen).clone() };
        return chosen.or.iter().any(|alternative| {
            let mut joined: Vec<&Object> =
                objects.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, one)| *one).collect();
            joined.extend([&bare, alternative]);
            object(&joined, value, anywhere)
        });
    }
    if let Some(Value::Array(items)) = value {
        let mut inner = items.iter().filter(|item| item.is_object() || item.is_array()).peekable();
        return if inner.peek().is_none() {
            object(objects, None, anywhere)
        } else {
            inner.any(|item| object(objects, Some(item), anywhere))
        };
    }
    let mut names: Vec<&str> = Vec::new();
    for field in objects.iter().flat_map(|one| &one.fields) {
        if !names.contains(&field.name.value.as_str()) {
            names.push(&field.name.value);
        }
    }
    names.into_iter().all(|name| {
        let value = value.and_then(|value| value.get(name));
        let mut below = Vec::new();
        for value in anywhere {
            reach(value, name, &mut below);
        }
        let mut inner = Vec::new();
        let constraints = objects.iter().flat_map(|one| &one.fields).filter(|field| field.name.value == name);
        constraints.into_iter().all(|field| match &field.constraint {
            Constraint::Object(object) => {
                inner.push(object);
                true
            }
            Constraint::AnyOf(matches) => matches.iter().any(|one| leaf(one, value, &below)),
        }) && (inner.is_empty() || object(&inner, value, &below))
    })
}

/// Collects the values of a field in all objects, through lists.
fn reach<'a>(value: &'a Value, name: &str, into: &mut Vec<&'a Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| reach(item, name, into)),
        Value::Object(fields) => into.extend(fields.get(name)),
        _ => {}
    }
}

fn leaf(one: &Match, value: Option<&Value>, anywhere: &[&Value]) -> bool {
    match one.kind {
        MatchKind::Exists(true) => value.is_some_and(has_leaf),
        MatchKind::Exists(false) => !anywhere.iter().any(|value| has_leaf(value)),
        _ => value.is_some_and(|value| any_scalar(value, &|scalar| accepts(&one.kind, scalar))),
    }
}

/// Objects are on the way to leaves, not leaves; an empty list has none.
fn has_leaf(value: &Value) -> bool {
    any_scalar(value, &|_| true)
}

fn any_scalar(value: &Value, test: &dyn Fn(&Value) -> bool) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| any_scalar(item, test)),
        Value::Object(_) => false,
        scalar => test(scalar),
    }
}

/// Whether a scalar that is there is matched. Numbers match as doubles, as they do in `EventBridge`.
pub(super) fn accepts(kind: &MatchKind, value: &Value) -> bool {
    let text = value.as_str();
    let like = |test: &dyn Fn(&str) -> bool| text.is_some_and(test);
    match kind {
        MatchKind::Null => value.is_null(),
        MatchKind::Boolean(boolean) => value.as_bool() == Some(*boolean),
        MatchKind::Number(number) => value.as_f64() == Some(number.value),
        MatchKind::Text(expected) => text == Some(expected),
        MatchKind::Prefix(prefix, false) => like(&|text| text.starts_with(&prefix.value)),
        MatchKind::Prefix(prefix, true) => like(&|text| fold(text).starts_with(&fold(prefix))),
        MatchKind::Suffix(suffix, false) => like(&|text| text.ends_with(&suffix.value)),
        MatchKind::Suffix(suffix, true) => like(&|text| fold(text).ends_with(&fold(suffix))),
        MatchKind::EqualsIgnoreCase(expected) => like(&|text| fold(text) == fold(expected)),
        MatchKind::Wildcard(wildcard) => like(&|text| wildcard.matches(text)),
        MatchKind::AnythingBut(excluded) => !excludes(excluded, value),
        MatchKind::Numeric(numeric) => value
            .as_f64()
            .is_some_and(|value| numeric.comparisons.iter().all(|(how, number)| how.holds(value, number.value.value))),
        MatchKind::Cidr(cidr) => like(&|text| cidr.contains(text)),
        MatchKind::Exists(exists) => *exists,
    }
}

fn excludes(excluded: &AnythingBut, value: &Value) -> bool {
    let Some(text) = value.as_str() else {
        let listed = |numbers: &[crate::source::Spanned<super::Number>]| {
            numbers.iter().any(|number| value.as_f64() == Some(number.value.value))
        };
        return matches!(excluded, AnythingBut::Numbers(numbers) if listed(numbers));
    };
    match excluded {
        AnythingBut::Texts(texts) => texts.iter().any(|one| one.value == text),
        AnythingBut::Numbers(_) => false,
        AnythingBut::Prefixes(texts) => texts.iter().any(|one| text.starts_with(&one.value)),
        AnythingBut::Suffixes(texts) => texts.iter().any(|one| text.ends_with(&one.value)),
        AnythingBut::IgnoreCase(texts) => texts.iter().any(|one| fold(&one.value) == fold(text)),
        AnythingBut::Wildcards(wildcards) => wildcards.iter().any(|one| one.value.matches(text)),
    }
}

fn fold(text: &str) -> String {
    text.to_lowercase()
}
