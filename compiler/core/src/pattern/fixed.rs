//! What a pattern fixes: the type of the values that it matches, and the fields that have one boolean in all of them.

use serde_json::Value;

use super::ast::{Comparison, Constraint, Match, MatchKind, Object, Pattern};
use super::judge::item;
use super::matching::accepts;
use crate::types::{Field, Kind, Range, Record, Type, Types, is_text};

/// The type of those values of type `ty` that a pattern matches, as far as a type can say: what it says of enumerations and texts, of
/// ranges, and of what is there.
pub fn fixed(pattern: &Pattern, types: &Types, ty: &Type) -> Type {
    object(&pattern.root, types, ty)
}

fn object(object_: &Object, types: &Types, ty: &Type) -> Type {
    let Some(fields) = types.record(ty) else { return ty.clone() };
    let fields = fields.into_iter().map(|(name, field)| {
        let said = object_.fields.iter().find(|said| said.name.value == name);
        let fixed = match said.map(|said| &said.constraint) {
            None => field.clone(),
            Some(Constraint::Object(inner)) => Field { ty: object(inner, types, &field.ty), ..field.clone() },
            Some(Constraint::AnyOf(matches)) => {
                let absent = matches.iter().any(|one| one.kind == MatchKind::Exists(false));
                let ty = if absent { field.ty.clone() } else { leaf(matches, types, &field.ty) };
                Field { ty, optional: field.optional && absent, ..field.clone() }
            }
        };
        (name.to_owned(), fixed)
    });
    Type { kind: Kind::Record(Record { extends: None, fields: fields.collect() }), span: ty.span }
}

fn leaf(matches: &[Match], types: &Types, ty: &Type) -> Type {
    let resolved = types.resolve(ty);
    // One item of a list that matches says nothing of the others.
    if !std::ptr::eq(item(ty, types), resolved) {
        return ty.clone();
    }
    let kind = match &resolved.kind {
        Kind::Enum(literals) => {
            let taken = |text: &str| matches.iter().any(|one| accepts(&one.kind, &Value::from(text)));
            Some(Kind::Enum(literals.iter().filter(|literal| taken(&literal.value)).cloned().collect()))
        }
        kind if is_text(kind) => texts(matches),
        Kind::Integer(range) => hull(matches, true).map(|hull| {
            let most = |a: Option<i64>, b: Option<i64>| a.max(b);
            let least = |a: Option<i64>, b: Option<i64>| match (a, b) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
            #[expect(clippy::cast_possible_truncation, reason = "a bound of a pattern is within ±5e9")]
            let whole = |bound: Option<f64>| bound.map(|bound| bound as i64);
            Kind::Integer(Range { min: most(range.min, whole(hull.min)), max: least(range.max, whole(hull.max)) })
        }),
        Kind::Number(range) => hull(matches, false).map(|hull| Kind::Number(within(range, &hull))),
        Kind::Money(range) => hull(matches, false).map(|hull| Kind::Money(within(range, &hull))),
        _ => None,
    };
    kind.map_or_else(|| ty.clone(), |kind| Type { kind, span: ty.span })
}

fn within(a: &Range<f64>, b: &Range<f64>) -> Range<f64> {
    let join = |a: Option<f64>, b: Option<f64>, pick: fn(f64, f64) -> f64| match (a, b) {
        (Some(a), Some(b)) => Some(pick(a, b)),
        (a, b) => a.or(b),
    };
    Range { min: join(a.min, b.min, f64::max), max: join(a.max, b.max, f64::min) }
}

/// The texts that are listed, if only such are.
fn texts(matches: &[Match]) -> Option<Kind> {
    let text = |one: &Match| match &one.kind {
        MatchKind::Text(text) => Some(crate::source::Spanned::new(text.clone(), one.span)),
        _ => None,
    };
    matches.iter().map(text).collect::<Option<Vec<_>>>().map(Kind::Enum)
}

/// The least range that has all numbers that match, if only numbers do. What lies at an open end of it is taken in, save with whole
/// numbers.
fn hull(matches: &[Match], whole: bool) -> Option<Range<f64>> {
    let step = if whole { 1.0 } else { 0.0 };
    let mut ranges = Vec::new();
    for one in matches {
        let mut range = Range { min: None, max: None };
        match &one.kind {
            MatchKind::Number(number) => range = Range { min: Some(number.value), max: Some(number.value) },
            MatchKind::Numeric(numeric) => {
                for (how, number) in &numeric.comparisons {
                    let number = number.value.value;
                    let bound = match how {
                        Comparison::Equal => Range { min: Some(number), max: Some(number) },
                        Comparison::Greater => Range { min: Some((number + step).floor().max(number)), max: None },
                        Comparison::GreaterOrEqual => Range { min: Some(number), max: None },
                        Comparison::Less => Range { min: None, max: Some((number - step).ceil().min(number)) },
                        Comparison::LessOrEqual => Range { min: None, max: Some(number) },
                    };
                    range = within(&range, &bound);
                }
            }
            _ => return None,
        }
        ranges.push(range);
    }
    let ends = |of: fn(&Range<f64>) -> Option<f64>, pick: fn(f64, f64) -> f64| {
        ranges.iter().map(of).collect::<Option<Vec<f64>>>()?.into_iter().reduce(pick)
    };
    Some(Range { min: ends(|range| range.min, f64::min), max: ends(|range| range.max, f64::max) })
}

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

/// Whether a pattern cannot match what has these booleans.
pub fn rules_out(pattern: &Pattern, booleans: &[(Vec<String>, bool)]) -> bool {
    let mut out = false;
    walk(&pattern.root, &mut Vec::new(), &mut |path, matches| {
        let known = booleans.iter().find(|(known, _)| known.iter().map(String::as_str).eq(path.iter().copied()));
        out |= known.is_some_and(|(_, value)| !matches.iter().any(|one| accepts(&one.kind, &Value::from(*value))));
    });
    out
}

/// Whether it bounds a whole number on one side: what a counter comes to.
pub fn bounds_a_count(pattern: &Pattern, types: &Types, root: &Type) -> bool {
    let mut bounds = false;
    walk(&pattern.root, &mut Vec::new(), &mut |path, matches| {
        let is_whole = || types.field_at(root, path).is_ok_and(|place| matches!(place.ty.kind, Kind::Integer(_)));
        let is_bound = |one: &Match| match &one.kind {
            MatchKind::Numeric(numeric) => numeric.comparisons.iter().any(|(how, _)| *how != Comparison::Equal),
            _ => false,
        };
        bounds |= matches.iter().any(is_bound) && is_whole();
    });
    bounds
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
