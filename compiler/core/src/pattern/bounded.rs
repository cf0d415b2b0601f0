//! What loops ask of a pattern: the fields that have one boolean in all that it matches, and whether it bounds a count.

use serde_json::Value;

use super::ast::{AnythingBut, Comparison, Constraint, Match, MatchKind, Object, Pattern};
use super::matching::accepts;
use crate::types::{Kind, Type, Types};

/// The fields, by their paths, that are the same boolean in all that a pattern matches.
pub fn booleans(pattern: &Pattern) -> Vec<(Vec<String>, bool)> {
    let mut found = Vec::new();
    walk(&pattern.root, &mut Vec::new(), &mut |path, matches| {
        if let [Match { kind: MatchKind::Boolean(boolean), .. }] = matches {
            found.push((path.iter().map(|name| (*name).to_owned()).collect(), *boolean));
        }
    });
    found
}

/// The fields, by their paths, that start with the same text in all that a pattern matches.
pub fn starts(pattern: &Pattern) -> Vec<(Vec<String>, String)> {
    let mut found = Vec::new();
    walk(&pattern.root, &mut Vec::new(), &mut |path, matches| {
        if let [Match { kind: MatchKind::Prefix(prefix, false), .. }] = matches {
            found.push((path.iter().map(|name| (*name).to_owned()).collect(), prefix.value.clone()));
        }
    });
    found
}

/// Whether a pattern cannot match what has these booleans.
pub fn rules_out(pattern: &Pattern, booleans: &[(Vec<String>, bool)]) -> bool {
    let mut out = false;
    walk(&pattern.root, &mut Vec::new(), &mut |path, matches| {
        let known = booleans.iter().find(|(known, _)| known.iter().map(String::as_str).eq(path.iter().copied()));
        out |= known.is_some_and(|(_, value)| !matches.iter().any(|one| accepts(&one.kind, &Value::from(*value))));
    });
    out
}

/// Whether a pattern cannot match what has texts that start so.
pub fn rules_out_starts(pattern: &Pattern, starts: &[(Vec<String>, String)]) -> bool {
    let mut out = false;
    walk(&pattern.root, &mut Vec::new(), &mut |path, matches| {
        let known = starts.iter().find(|(known, _)| known.iter().map(String::as_str).eq(path.iter().copied()));
        out |= known.is_some_and(|(_, start)| !matches.iter().any(|one| may_start(&one.kind, start)));
    });
    out
}

/// Whether a match takes any text that starts so.
fn may_start(one: &MatchKind, start: &str) -> bool {
    match one {
        MatchKind::Text(text) => text.starts_with(start),
        MatchKind::Prefix(prefix, false) => prefix.value.starts_with(start) || start.starts_with(&prefix.value),
        MatchKind::AnythingBut(AnythingBut::Prefixes(prefixes)) => {
            !prefixes.iter().any(|prefix| start.starts_with(&prefix.value))
        }
        MatchKind::Null | MatchKind::Boolean(_) | MatchKind::Number(_) | MatchKind::Numeric(_) => false,
        MatchKind::Exists(exists) => *exists,
        MatchKind::Prefix(_, true)
        | MatchKind::Suffix(..)
        | MatchKind::EqualsIgnoreCase(_)
        | MatchKind::Wildcard(_)
        | MatchKind::AnythingBut(_)
        | MatchKind::Cidr(_) => true,
    }
}

/// Whether it bounds a whole number: on one side, or, where the type has an end, to some of its values. That is what a counter comes to.
pub fn bounds_a_count(pattern: &Pattern, types: &Types, root: &Type) -> bool {
    let mut bounds = false;
    walk(&pattern.root, &mut Vec::new(), &mut |path, matches| {
        let is_bound = || {
            types.field_at(root, path).is_ok_and(|place| match &place.ty.kind {
                Kind::Integer(range) => is_bounded(matches, range.min.is_some() || range.max.is_some()),
                _ => false,
            })
        };
        bounds |= is_bound();
    });
    bounds
}

/// Whether matches bound a whole number, of a type that has an end or not.
fn is_bounded(matches: &[Match], has_end: bool) -> bool {
    let one_side = |one: &Match| match &one.kind {
        MatchKind::Numeric(numeric) => numeric.comparisons.iter().any(|(how, _)| *how != Comparison::Equal),
        _ => false,
    };
    let values = |one: &Match| {
        matches!(
            &one.kind,
            MatchKind::Number(_) | MatchKind::Numeric(_) | MatchKind::AnythingBut(AnythingBut::Numbers(_))
        )
    };
    matches.iter().any(one_side) || has_end && matches.iter().all(values)
}

fn walk<'a>(object: &'a Object, path: &mut Vec<&'a str>, visit: &mut dyn FnMut(&[&str], &[Match])) {
    for field in &object.fields {
        path.push(&field.name.value);
        match &field.constraint {
            Constraint::Object(inner) => walk(inner, path, visit),
            Constraint::AnyOf(matches) => visit(path, matches),
        }
        path.pop();
    }
}
