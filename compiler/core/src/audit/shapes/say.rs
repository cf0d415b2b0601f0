//! What is said of values that do not fit.

use super::path::Path;
use super::problem::Problem;
use crate::audit::template::{Call, Entry, Name, Node};
use crate::aws::{self, Bounds, Shape};
use crate::diagnostics::{Code, list};

pub(super) fn wrong_kind(found: &str, shape: Shape, path: &Path<'_>) -> Problem {
    let mut kinds: Vec<&str> = shape.kinds.iter().map(aws::Kind::describe).collect();
    kinds.dedup();
    let expected = kinds.join(" or ");
    Problem::new(Code::EVC1017, path.place, format!("{} is {found}; expected {expected}", path.subject()))
}

pub(super) fn never(path: &Path<'_>) -> Problem {
    Problem::new(Code::EVC1019, path.place, format!("{} must not be there", path.subject()))
}

pub(super) fn none_of(names: &[&str], path: &Path<'_>) -> Problem {
    let message = match names {
        [only] => format!("{} lacks `{only}`", path.subject()),
        _ => format!("{} has none of {}", path.subject(), list(names)),
    };
    Problem::new(Code::EVC1018, path.place, message)
}

pub(super) fn together(one: &Name<'_>, other: &Name<'_>, path: &Path<'_>) -> Problem {
    let place = other.place.or(one.place).unwrap_or(path.place);
    let message = format!("{} has both `{}` and `{}`, which exclude each other", path.subject(), one.text, other.text);
    Problem::new(Code::EVC1019, place, message)
}

/// A value is like what it must not be like.
pub(super) fn excluded(node: &Node<'_>, not: Shape, path: &Path<'_>) -> Problem {
    let entry = |name: &&'static str| node.as_map().and_then(|map| map.entry(name));
    match not.required.iter().filter_map(entry).collect::<Vec<_>>().as_slice() {
        [one, other, ..] => together(&one.key, &other.key, path),
        [only] => never(&path.at(&only.key.text, only.key.place)),
        [] => Problem::new(Code::EVC1019, path.place, format!("{} is what it must not be", path.subject())),
    }
}

/// The bounds of a number, for messages.
pub(super) fn range(bounds: &Bounds) -> String {
    match (bounds.minimum, bounds.maximum) {
        (Some(least), Some(most)) => format!("{least} to {most}"),
        (Some(least), None) => format!("at least {least}"),
        (None, Some(most)) => format!("at most {most}"),
        (None, None) => match (bounds.above, bounds.below) {
            (Some(above), Some(below)) => format!("more than {above} and less than {below}"),
            (Some(above), None) => format!("more than {above}"),
            (None, Some(below)) => format!("less than {below}"),
            (None, None) => String::new(),
        },
    }
}

/// What a condition asks for, for messages: "`FifoQueue` is `true`", "`Code` has `ZipFile`".
pub(super) fn describe(condition: Shape) -> Option<String> {
    // Of a property that only has to be there, nothing is said.
    let is_any = |shape: &Shape| {
        !shape.never
            && shape.values.is_empty()
            && shape.pattern.is_none()
            && shape.bounds.is_none()
            && shape.more.is_none()
            && shape.properties.is_empty()
            && shape.required.is_empty()
    };
    let said = condition.properties.iter().filter(|(_, shape)| !is_any(shape)).map(|(name, shape)| {
        if shape.values.is_empty() && !shape.required.is_empty() && shape.properties.iter().all(|(_, it)| is_any(it)) {
            let names: Vec<String> = shape.required.iter().map(|name| format!("`{name}`")).collect();
            return Some(format!("`{name}` has {}", names.join(" and ")));
        }
        let mut values: Vec<&str> = shape.values.clone();
        values.dedup();
        let is = match values.as_slice() {
            [] => return None,
            values => values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(" or "),
        };
        let absent = if condition.required.contains(name) { "" } else { ", or not there" };
        Some(format!("`{name}` is {is}{absent}"))
    });
    said.collect::<Option<Vec<_>>>().filter(|said| !said.is_empty()).map(|said| said.join(" and "))
}

/// Whether a value takes what it stands for out.
pub(super) fn is_no_value(node: &Node<'_>) -> bool {
    matches!(node.as_call(), Some(Call::Ref(name)) if name.text == "AWS::NoValue")
}

/// A property that has to be there, and that a condition takes out.
pub(super) fn left_out(entry: &Entry<'_>, path: &Path<'_>) -> Option<Problem> {
    let Some(Call::If(condition, yes, no)) = entry.value.as_call() else { return None };
    let when = match (is_no_value(yes), is_no_value(no)) {
        (false, false) => return None,
        (true, _) => "holds",
        (false, true) => "does not hold",
    };
    let message = format!("{} lacks `{}` where `{}` {when}", path.subject(), entry.key.text, condition.text);
    Some(Problem::new(Code::EVC1018, entry.value.place.or(entry.key.place).unwrap_or(path.place), message))
}
