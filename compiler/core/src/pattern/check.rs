//! Patterns against types: every mistake, and whether the pattern can match at all.

use super::ast::{Constraint, Field, Match, Object, Pattern};
use super::{judge, operators};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::types::{FieldAt, Kind, Type, Types, describe};

/// Whether a pattern matches values of a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// All of them.
    Always,
    /// Some of them, as far as can be told.
    Sometimes,
    /// None: with the place of the first reason, and the reason.
    Never(Span, String),
}

/// Everything in a pattern that cannot match values of type `root`: an event's [`super::envelope`], or its detail for the
/// pattern of a `where:`. Fields that nothing is known about match anything.
pub fn check(pattern: &Pattern, types: &Types, root: &Type) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    walk(&pattern.root, &mut Vec::new(), types, root, &mut diagnostics);
    diagnostics
}

fn walk<'a>(
    object: &'a Object,
    path: &mut Vec<&'a str>,
    types: &Types,
    root: &Type,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for field in &object.fields {
        path.push(&field.name.value);
        match locate(field, path, types, root) {
            Err(None) => {}
            Err(Some(diagnostic)) => diagnostics.push(*diagnostic),
            Ok(place) => match &field.constraint {
                Constraint::Object(inner) => walk(inner, path, types, root, diagnostics),
                Constraint::AnyOf(matches) => {
                    let problem =
                        |one| judge::never(one, &place, types).or_else(|| judge::by_spelling(one, &place, types));
                    diagnostics.extend(matches.iter().filter_map(problem));
                }
            },
        }
        path.pop();
    }
    for alternative in &object.or {
        walk(alternative, path, types, root, diagnostics);
    }
}

/// What stands at the path of a field, or what to say if nothing does; `Err(None)` if that has been said.
fn locate<'a>(
    field: &Field,
    path: &[&str],
    types: &'a Types,
    root: &'a Type,
) -> Result<FieldAt<'a>, Option<Box<Diagnostic>>> {
    let no = match types.field_at(root, path) {
        Ok(place) => return Ok(place),
        Err(no) if no.reported => return Err(None),
        // One of several types may have it.
        Err(no) if matches!(no.within.kind, Kind::Union(_)) => return Err(None),
        Err(no) => no,
    };
    let name = field.name.value.as_str();
    let message = if no.known.is_empty() {
        format!("`{}` has no field `{name}`", describe(no.within))
    } else {
        format!("unknown field `{name}`")
    };
    let diagnostic = Diagnostic::new(Code::EVC0305, field.name.span, message);
    Err(Some(Box::new(if operators::NAMES.contains(&name) {
        diagnostic.help(format!("an operator stands in a list: `[{{ {name}: … }}]`"))
    } else {
        diagnostic.suggest(name, no.known)
    })))
}

/// Whether the pattern can match values of type `root`. Fields are looked at one by one, so what only contradicts together
/// counts as [`Verdict::Sometimes`].
pub fn can_match(pattern: &Pattern, types: &Types, root: &Type) -> Verdict {
    object(&pattern.root, &mut Vec::new(), types, root)
}

fn object<'a>(object_: &'a Object, path: &mut Vec<&'a str>, types: &Types, root: &Type) -> Verdict {
    let mut verdict = Verdict::Always;
    for field in &object_.fields {
        path.push(&field.name.value);
        let next = match locate(field, path, types, root) {
            Err(Some(diagnostic)) if !tolerates_absence(&field.constraint) => {
                Verdict::Never(diagnostic.primary.span, diagnostic.message)
            }
            Err(_) => Verdict::Sometimes,
            Ok(place) => match &field.constraint {
                Constraint::Object(inner) => object(inner, path, types, root),
                Constraint::AnyOf(matches) => any_of(matches, &place, types),
            },
        };
        path.pop();
        verdict = both(verdict, next);
    }
    let alternatives = object_.or.iter().map(|alternative| object(alternative, path, types, root));
    alternatives.reduce(either).map_or(verdict.clone(), |or| both(verdict, or))
}

/// Whether an object without the field can match.
fn tolerates_absence(constraint: &Constraint) -> bool {
    match constraint {
        Constraint::AnyOf(matches) => matches.iter().any(|one| one.kind == super::MatchKind::Exists(false)),
        Constraint::Object(object) => tolerate_absence(object),
    }
}

fn tolerate_absence(object: &Object) -> bool {
    object.fields.iter().all(|field| tolerates_absence(&field.constraint))
        && (object.or.is_empty() || object.or.iter().any(tolerate_absence))
}

fn any_of(matches: &[Match], place: &FieldAt<'_>, types: &Types) -> Verdict {
    let leaf = judge::item(place.ty, types);
    let mut reason = None;
    let mut alive = Vec::new();
    for one in matches {
        match judge::never(one, place, types) {
            // Excluding what cannot be is a mistake, but matches; so is asking whether what has no leaves is absent.
            Some(diagnostic)
                if !(matches!(one.kind, super::MatchKind::AnythingBut(_)) && diagnostic.code != Code::EVC0309
                    || judge::is_vacuous(one, place, types)) =>
            {
                reason = reason.or(Some((diagnostic.primary.span, diagnostic.message)));
            }
            _ => alive.push(&one.kind),
        }
    }
    if let (true, Some((span, reason))) = (alive.is_empty(), reason) {
        return Verdict::Never(span, reason);
    }
    if matches.iter().any(|one| judge::is_vacuous(one, place, types)) {
        return Verdict::Always;
    }
    let there = !place.optional && !place.many && !matches!(place.ty.kind, Kind::List(..)) && !types.is_any(leaf);
    let covered = judge::domain(leaf)
        .is_some_and(|values| values.iter().all(|value| alive.iter().any(|one| super::matching::accepts(one, value))));
    if there && (covered || alive.iter().any(|one| judge::always(one, leaf, types))) {
        Verdict::Always
    } else {
        Verdict::Sometimes
    }
}

fn both(a: Verdict, b: Verdict) -> Verdict {
    match (a, b) {
        (never @ Verdict::Never(..), _) | (_, never @ Verdict::Never(..)) => never,
        (Verdict::Always, Verdict::Always) => Verdict::Always,
        _ => Verdict::Sometimes,
    }
}

fn either(a: Verdict, b: Verdict) -> Verdict {
    match (a, b) {
        (Verdict::Always, _) | (_, Verdict::Always) => Verdict::Always,
        (never @ Verdict::Never(..), Verdict::Never(..)) => never,
        _ => Verdict::Sometimes,
    }
}
