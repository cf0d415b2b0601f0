//! Whether a pattern matches an event.
//!
//! A field whose value is a list matches if one of its items does; fields within a list of objects must match in one and the
//! same object. <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns-arrays.html>,
//! <https://github.com/aws/event-ruler#json-array-matching>

use serde_json::Value;

use super::ast::{AnythingBut, Constraint, Match, MatchKind, Object, Pattern};

/// What may stand at a path of fields.
type Said<'a> = (Vec<&'a str>, &'a [Match]);

/// Whether the pattern matches a value: a whole event, or its detail if that is what the pattern is of.
pub fn matches(pattern: &Pattern, value: &Value) -> bool {
    any_way(vec![(&pattern.root, Vec::new())], &mut Vec::new(), &mut |said| {
        let mut said = said.to_vec();
        said.sort_by_cached_key(|(path, _)| order(path));
        object(&said, 0, Some(value), &[value]).is_some()
    })
}

/// Whether the test holds for one choice of alternatives from every `$or`. Each in turn joins the fields beside it, so that items
/// of lists are chosen for both together.
fn any_way<'a>(
    mut objects: Vec<(&'a Object, Vec<&'a str>)>,
    said: &mut Vec<Said<'a>>,
    test: &mut dyn FnMut(&[Said<'a>]) -> bool,
) -> bool {
    let Some((next, path)) = objects.pop() else { return test(said) };
    let before = said.len();
    for field in &next.fields {
        let path: Vec<&str> = path.iter().copied().chain([field.name.value.as_str()]).collect();
        match &field.constraint {
            Constraint::Object(inner) => objects.push((inner, path)),
            Constraint::AnyOf(matches) => said.push((path, matches)),
        }
    }
    let found = if next.or.is_empty() {
        any_way(objects, said, test)
    } else {
        next.or.iter().any(|alternative| {
            let mut objects = objects.clone();
            objects.push((alternative, path.clone()));
            any_way(objects, said, test)
        })
    };
    said.truncate(before);
    found
}

/// The matcher goes through a pattern in the order of its paths, whose names it joins by dots. It matters where fields must be absent.
fn order(path: &[&str]) -> Vec<String> {
    let last = path.len().saturating_sub(1);
    path.iter().enumerate().map(|(at, name)| if at == last { (*name).to_owned() } else { format!("{name}.") }).collect()
}

/// Whether all that is said holds within a value, and if so, whether something that is there was chosen for it. `anywhere` holds every
/// value at the same path that is in no other item of a list than those chosen so far: a field is absent if it is in none of them,
/// so that one which comes before all choices must be in no item.
fn object(said: &[Said<'_>], depth: usize, value: Option<&Value>, anywhere: &[&Value]) -> Option<bool> {
    if let Some(Value::Array(items)) = value {
        return list(said, depth, items, anywhere);
    }
    // What is said of the value itself comes before what is said of its fields.
    let (of_value, of_fields) = said.split_at(said.partition_point(|(path, _)| path.len() == depth));
    let mut chosen = false;
    if !of_value.is_empty() && !anywhere.iter().any(|value| has_leaf(value)) {
        let may_be_absent = |matches: &[Match]| matches.iter().any(|one| one.kind == MatchKind::Exists(false));
        of_value.iter().all(|(_, matches)| may_be_absent(matches)).then_some(())?;
    } else if !of_value.is_empty() {
        let leaf = value.filter(|value| !value.is_object())?;
        of_value.iter().all(|(_, matches)| takes(matches, leaf)).then_some(())?;
        chosen = true;
    }
    for group in of_fields.chunk_by(|(a, _), (b, _)| a.get(depth) == b.get(depth)) {
        let Some(name) = group.first().and_then(|(path, _)| path.get(depth)) else { continue };
        let mut below = Vec::new();
        match value {
            Some(value) if chosen => reach(value, name, &mut below),
            _ => anywhere.iter().for_each(|value| reach(value, name, &mut below)),
        }
        chosen |= object(group, depth + 1, value.and_then(|value| value.get(*name)), &below)?;
    }
    Some(chosen)
}

/// The same of a list. Its scalars go with each of its items that are objects or lists; all else must hold in one of those.
fn list(said: &[Said<'_>], depth: usize, items: &[Value], anywhere: &[&Value]) -> Option<bool> {
    let (inner, scalars): (Vec<&Value>, Vec<&Value>) =
        items.iter().partition(|item| item.is_object() || item.is_array());
    let is_taken =
        |(path, matches): &Said<'_>| path.len() == depth && scalars.iter().any(|scalar| takes(matches, scalar));
    let rest: Vec<Said<'_>> = said.iter().filter(|one| !is_taken(one)).cloned().collect();
    let chosen = rest.len() < said.len();
    let found = match inner.as_slice() {
        _ if rest.is_empty() => Some(false),
        [] => object(&rest, depth, None, anywhere),
        inner => inner.iter().find_map(|item| object(&rest, depth, Some(item), anywhere)),
    };
    found.map(|in_item| in_item || chosen)
}

/// Whether one of several matches takes a scalar that is there.
fn takes(matches: &[Match], leaf: &Value) -> bool {
    matches.iter().any(|one| one.kind != MatchKind::Exists(false) && accepts(&one.kind, leaf))
}

/// Collects the values of a field in all objects, through lists.
fn reach<'a>(value: &'a Value, name: &str, into: &mut Vec<&'a Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| reach(item, name, into)),
        Value::Object(fields) => into.extend(fields.get(name)),
        _ => {}
    }
}

/// Objects are on the way to leaves, not leaves; an empty list has none.
fn has_leaf(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_leaf),
        value => !value.is_object(),
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
