//! What a pattern says of the values that it matches: the type that they have.

use serde_json::Value;

use super::ast::{AnythingBut, Comparison, Constraint, Match, MatchKind, Object, Pattern};
use super::matching::accepts;
use crate::types::{Bound, Form, Kind, Shown, Step, Type, Types};

/// The type of those values of type `ty` that the pattern matches, as far as a type can say; none if it matches none of them.
pub fn narrowed(pattern: &Pattern, ty: &Type, types: &Types) -> Option<Type> {
    object(&pattern.root, &[], ty.clone(), types)
}

fn object(said: &Object, path: &[Step], ty: Type, types: &Types) -> Option<Type> {
    let mut ty = ty;
    for field in &said.fields {
        let mut path = path.to_vec();
        path.push(Step::Field(field.name.value.clone()));
        let at = at(&ty, &path, types);
        ty = match (&field.constraint, at.as_ref().map(|at| &types.resolve(at).kind)) {
            // What is in one item of a list is not known of the others.
            (Constraint::Object(inner), Some(Kind::List(..))) if needs(inner) => {
                present(&ty, &path, &Shown { count: 1, ..Shown::present() }, types)?
            }
            (Constraint::Object(_), None | Some(Kind::List(..))) | (Constraint::AnyOf(_), None) => ty,
            (Constraint::Object(inner), Some(_)) => {
                if needs(inner) {
                    ty = present(&ty, &path, &Shown::present(), types)?;
                }
                object(inner, &path, ty, types)?
            }
            (Constraint::AnyOf(matches), Some(kind)) => {
                let shown = any_of(matches, kind);
                present(&ty, &path, &shown, types)?
            }
        };
    }
    if said.or.is_empty() {
        return Some(ty);
    }
    let ways: Vec<Type> = said.or.iter().filter_map(|way| object(way, path, ty.clone(), types)).collect();
    types.join(&ways)
}

/// The type where `shown` is known at a path; what leads to something that is there is there too.
fn present(ty: &Type, path: &[Step], shown: &Shown, types: &Types) -> Option<Type> {
    let mut ty = ty.clone();
    for end in 1..if shown.present { path.len() } else { 0 } {
        ty = types.narrowed(&ty, &path[..end], &Shown::present())?;
    }
    types.narrowed(&ty, path, shown)
}

/// The type at a path of fields, none of them inside of a list or of something of which nothing is known.
fn at(ty: &Type, path: &[Step], types: &Types) -> Option<Type> {
    let mut ty = ty.clone();
    for step in path {
        let Step::Field(name) = step else { return None };
        let field = types.record(&ty)?.get(name.as_str()).map(|field| field.ty.clone())?;
        ty = field;
    }
    Some(ty)
}

/// Whether an object matches only where one of its fields is there.
fn needs(said: &Object) -> bool {
    let field = said.fields.iter().any(|field| match &field.constraint {
        Constraint::Object(inner) => needs(inner),
        Constraint::AnyOf(matches) => !may_be_absent(matches),
    });
    field || (!said.or.is_empty() && said.or.iter().all(needs))
}

fn may_be_absent(matches: &[Match]) -> bool {
    matches.iter().any(|one| one.kind == MatchKind::Exists(false))
}

/// What is known of a value of this kind that one of these matches.
fn any_of(matches: &[Match], kind: &Kind) -> Shown {
    if may_be_absent(matches) {
        return Shown::default();
    }
    match kind {
        // One of its items is matched.
        Kind::List(..) => Shown { count: 1, ..Shown::present() },
        Kind::Enum(literals) => {
            let taken = |text: &str| matches.iter().any(|one| accepts(&one.kind, &Value::from(text)));
            Shown::among(literals.iter().map(|literal| literal.value.clone()).filter(|text| taken(text)))
        }
        // It may be a list, of which one item is matched.
        Kind::Any => Shown::present(),
        _ => matches.iter().map(|one| of(&one.kind)).reduce(|a, b| a.or(&b)).unwrap_or_default(),
    }
}

/// What is known of a value that is matched in this way.
fn of(kind: &MatchKind) -> Shown {
    let number = |value: f64| {
        let bound = Some(Bound { value, open: false });
        Shown { least: bound, most: bound, ..Shown::of_form([Form::Number]) }
    };
    match kind {
        MatchKind::Text(text) => Shown::among([text.clone()]),
        MatchKind::Number(is) => number(is.value),
        MatchKind::Boolean(_) => Shown::of_form([Form::Boolean]),
        MatchKind::Prefix(..)
        | MatchKind::Suffix(..)
        | MatchKind::EqualsIgnoreCase(_)
        | MatchKind::Wildcard(_)
        | MatchKind::Cidr(_) => Shown::of_form([Form::Text]),
        MatchKind::AnythingBut(AnythingBut::Texts(texts)) => {
            Shown { without: texts.iter().map(|text| text.value.clone()).collect(), ..Shown::present() }
        }
        MatchKind::Null | MatchKind::AnythingBut(_) | MatchKind::Exists(true) => Shown::present(),
        MatchKind::Exists(false) => Shown::default(),
        MatchKind::Numeric(numeric) => {
            numeric.comparisons.iter().fold(Shown::of_form([Form::Number]), |shown, (comparison, with)| {
                let value = with.value.value;
                let bound = |open| Some(Bound { value, open });
                shown.and(&match comparison {
                    Comparison::Equal => number(value),
                    Comparison::Less => Shown { most: bound(true), ..Shown::present() },
                    Comparison::LessOrEqual => Shown { most: bound(false), ..Shown::present() },
                    Comparison::Greater => Shown { least: bound(true), ..Shown::present() },
                    Comparison::GreaterOrEqual => Shown { least: bound(false), ..Shown::present() },
                })
            })
        }
    }
}
