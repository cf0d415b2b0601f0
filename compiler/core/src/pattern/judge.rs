//! One match against one type: can it, must it, and if it never can, why.

use serde_json::Value;

use super::ast::{AnythingBut, Comparison, Match, MatchKind, Numeric};
use super::forms;
use super::matching::accepts;
use super::operators::MAX_NUMBER;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{Span, Spanned};
use crate::types::{FieldAt, Kind, Range, Type, Types, describe, is_text, number_problem, text_problem};

/// Reports why a match can never succeed against what stands at a field; `None` if it can.
pub(super) fn never(one: &Match, place: &FieldAt<'_>, types: &Types) -> Option<Diagnostic> {
    let diagnostic = problem(one, place, types)?;
    Some(match place.field {
        Some(field) => diagnostic.secondary(field.name_span, format!("declared here, as `{}`", describe(&field.ty))),
        None => diagnostic,
    })
}

fn problem(one: &Match, place: &FieldAt<'_>, types: &Types) -> Option<Diagnostic> {
    let leaf = item(place.ty, types);
    let kind = &leaf.kind;
    // What one of several types takes is taken; else it is told of all of them.
    if let Kind::Union(members) = kind
        && members.iter().any(|one_of| problem(one, &FieldAt { ty: types.resolve(one_of), ..*place }, types).is_none())
    {
        return None;
    }
    if let MatchKind::Exists(exists) = one.kind {
        return exists_problem(exists, place, leaf, one.span);
    }
    if matches!(kind, Kind::Any | Kind::Named(_)) {
        return None;
    }
    if matches!(kind, Kind::Record(_) | Kind::Map(_)) {
        let message = format!("a value is compared with `{}`, which has fields instead", describe(leaf));
        let help = "name the field of it that is compared: `field: [value]`";
        return Some(Diagnostic::new(Code::EVC0306, one.span, message).help(help));
    }
    let mismatch = |found: &str| {
        let message = format!("expected `{}`, found {found}", describe(leaf));
        Some(Diagnostic::new(Code::EVC0306, one.span, message))
    };
    match &one.kind {
        MatchKind::Null => mismatch("`null`")
            .map(|diagnostic| diagnostic.help("a field that is absent is matched by `{ exists: false }`")),
        MatchKind::Boolean(_) if *kind == Kind::Boolean => None,
        MatchKind::Boolean(boolean) => mismatch(&format!("the boolean `{boolean}`")),
        MatchKind::Number(number) if is_number(kind) => {
            number_problem(kind, &number.text).map(|reason| Diagnostic::new(Code::EVC0307, one.span, reason))
        }
        MatchKind::Number(number) => mismatch(&format!("the number `{}`", number.text)).map(|diagnostic| {
            if is_text(kind) {
                diagnostic.replace("make it a text", one.span, format!("'{}'", number.text))
            } else {
                diagnostic
            }
        }),
        MatchKind::Text(text) if is_text(kind) => literal(text, kind, one.span),
        MatchKind::Text(text) => mismatch(&format!("the text `{text}`")).map(|diagnostic| {
            let bare = is_number(kind) && serde_json::from_str::<f64>(text).is_ok()
                || *kind == Kind::Boolean && matches!(text.as_str(), "true" | "false");
            if bare { diagnostic.replace("remove the quotes", one.span, text.clone()) } else { diagnostic }
        }),
        MatchKind::Numeric(_) if is_beyond(kind) => {
            let message =
                format!("`numeric` compares numbers within ±5.0e9, and `{}` has none of them", describe(leaf));
            Some(
                Diagnostic::new(Code::EVC0309, one.span, message).help(
                    "name the values themselves, or let what publishes it say how great it is in a field of its own",
                ),
            )
        }
        MatchKind::Numeric(numeric) if is_number(kind) => numeric_problem(numeric, kind, leaf),
        MatchKind::AnythingBut(AnythingBut::Numbers(numbers)) if is_number(kind) => numbers.iter().find_map(|number| {
            let reason = number_problem(kind, &number.value.text)?;
            Some(Diagnostic::new(Code::EVC0307, number.span, format!("{reason}, so excluding it excludes nothing")))
        }),
        operator if works_on(operator, kind) => operator_problem(operator, kind, leaf, one.span),
        operator => {
            let (name, wants) = requirement(operator);
            let message = format!("`{name}` works on {wants}, but this is `{}`", describe(leaf));
            Some(Diagnostic::new(Code::EVC0308, one.span, message))
        }
    }
}

/// Whether a type has only numbers that EventBridge does not compare: a value beyond its numbers matches no `numeric`.
fn is_beyond(kind: &Kind) -> bool {
    bounds(kind).is_some_and(|range| {
        range.min.is_some_and(|min| min > MAX_NUMBER) || range.max.is_some_and(|max| max < -MAX_NUMBER)
    })
}

/// Reports a number that EventBridge compares by its spelling, of which a field of this type has several.
pub(super) fn by_spelling(one: &Match, place: &FieldAt<'_>, types: &Types) -> Option<Diagnostic> {
    let leaf = item(place.ty, types);
    if !matches!(leaf.kind, Kind::Number(_) | Kind::Money(_)) {
        return None;
    }
    let MatchKind::Number(number) = &one.kind else { return None };
    let is_far = number.value.abs() > MAX_NUMBER && number.value.fract() == 0.0;
    is_far.then(|| {
        let message = format!("`{}` is compared by its spelling, and a `{}` may be spelled otherwise", number.text, describe(leaf));
        Diagnostic::new(Code::EVC0315, one.span, message)
            .note("EventBridge compares numbers within ±5.0e9 by their value; beyond, `10000000000.0`, as a double is written, is another one than `10000000000`")
            .help("let the field be an `integer`, or let what publishes it say how great it is in a field of its own")
    })
}

/// Every value that a leaf of this type can have, where they are few.
pub(super) fn domain(leaf: &Type) -> Option<Vec<Value>> {
    match &leaf.kind {
        Kind::Enum(literals) => Some(literals.iter().map(|literal| literal.value.as_str().into()).collect()),
        Kind::Boolean => Some(vec![false.into(), true.into()]),
        _ => None,
    }
}

/// Whether a match takes every value that a leaf of this type can have.
pub(super) fn always(one: &MatchKind, leaf: &Type, types: &Types) -> bool {
    match (one, &leaf.kind) {
        (_, Kind::Union(members)) => members.iter().all(|one_of| {
            let one_of = types.resolve(one_of);
            !has_fields(one_of) && !matches!(one_of.kind, Kind::List(..) | Kind::Any) && always(one, one_of, types)
        }),
        (MatchKind::Exists(exists), _) => *exists,
        (MatchKind::Prefix(text, _) | MatchKind::Suffix(text, _), kind) => text.value.is_empty() && is_text(kind),
        (MatchKind::Wildcard(wildcard), kind) => wildcard.value.text == "*" && is_text(kind),
        (MatchKind::Numeric(numeric), kind) => bounds(kind).is_some_and(|range| {
            numeric.comparisons.iter().all(|(how, number)| {
                let number = number.value.value;
                match how {
                    Comparison::Equal => range.min == Some(number) && range.max == Some(number),
                    Comparison::Greater | Comparison::GreaterOrEqual => {
                        range.min.is_some_and(|min| how.holds(min, number))
                    }
                    Comparison::Less | Comparison::LessOrEqual => range.max.is_some_and(|max| how.holds(max, number)),
                }
            })
        }),
        _ => false,
    }
}

/// What the items of a list are, however deep; other types as they are.
pub(super) fn item<'a>(ty: &'a Type, types: &'a Types) -> &'a Type {
    let mut leaf = types.resolve(ty);
    while let Kind::List(inner, _) = &leaf.kind {
        leaf = types.resolve(inner);
    }
    leaf
}

/// Whether a match takes everything though it asks something: that what is no single value does not exist.
pub(super) fn is_vacuous(one: &Match, place: &FieldAt<'_>, types: &Types) -> bool {
    one.kind == MatchKind::Exists(false) && has_fields(item(place.ty, types))
}

fn has_fields(leaf: &Type) -> bool {
    matches!(leaf.kind, Kind::Record(_) | Kind::Map(_))
}

fn exists_problem(exists: bool, place: &FieldAt<'_>, leaf: &Type, span: Span) -> Option<Diagnostic> {
    if has_fields(leaf) {
        let found = if std::ptr::eq(place.ty, leaf) { describe(leaf) } else { describe(place.ty) };
        let matches = if exists { "never" } else { "always" };
        let message = format!("`exists` looks at single values, but this is `{found}`, so it {matches} matches");
        let diagnostic = Diagnostic::new(Code::EVC0308, span, message).note(
            "to EventBridge, a field that has fields is on the way to values, and is neither there nor absent itself",
        );
        return Some(match &leaf.kind {
            Kind::Map(_) => diagnostic.help("let what publishes it say so in a field of its own, and look at that"),
            _ if exists => diagnostic.help("look at one of its required fields"),
            _ => diagnostic.help("look at one of its required fields: `field: [{ exists: false }]`"),
        });
    }
    let may_be_absent = place.optional
        || place.many
        || matches!(place.ty.kind, Kind::List(..))
        || matches!(leaf.kind, Kind::Any | Kind::Named(_));
    if exists || may_be_absent {
        return None;
    }
    let diagnostic = Diagnostic::new(Code::EVC0309, span, "the field is required, so this never matches");
    Some(diagnostic.help("a field that may be absent is declared with `?` after its name"))
}

fn literal(text: &str, kind: &Kind, span: Span) -> Option<Diagnostic> {
    let reason = text_problem(kind, text)?;
    if let Kind::Enum(literals) = kind {
        let known: Vec<&str> = literals.iter().map(|literal| literal.value.as_str()).collect();
        let message = format!("`{text}` is not in the enumeration");
        return Some(Diagnostic::new(Code::EVC0307, span, message).suggest(text, known));
    }
    let code = if matches!(kind, Kind::String(_)) { Code::EVC0307 } else { Code::EVC0306 };
    Some(Diagnostic::new(code, span, reason))
}

fn numeric_problem(numeric: &Numeric, kind: &Kind, leaf: &Type) -> Option<Diagnostic> {
    let range = bounds(kind)?;
    let out = numeric.comparisons.iter().find(|(how, number)| {
        let number = number.value.value;
        match how {
            Comparison::Equal => number_problem(kind, &number.to_string()).is_some(),
            Comparison::Greater | Comparison::GreaterOrEqual => range.max.is_some_and(|max| !how.holds(max, number)),
            Comparison::Less | Comparison::LessOrEqual => range.min.is_some_and(|min| !how.holds(min, number)),
        }
    });
    let Some((how, number)) = out else { return between(numeric, kind, leaf) };
    let message = format!("no `{}` is {} {}", describe(leaf), how.as_str(), number.value.text);
    Some(Diagnostic::new(Code::EVC0307, number.span, message))
}

/// Reports two comparisons between which no whole number lies, or none that the type has.
fn between(numeric: &Numeric, kind: &Kind, leaf: &Type) -> Option<Diagnostic> {
    let Kind::Integer(_) = kind else { return None };
    let last = numeric.comparisons.last()?;
    let (mut least, mut most) = (f64::NEG_INFINITY, f64::INFINITY);
    for (how, number) in &numeric.comparisons {
        let value = number.value.value;
        match how {
            Comparison::Equal => (least, most) = (least.max(value), most.min(value)),
            Comparison::Greater => least = least.max(value.floor() + 1.0),
            Comparison::GreaterOrEqual => least = least.max(value.ceil()),
            Comparison::Less => most = most.min(value.ceil() - 1.0),
            Comparison::LessOrEqual => most = most.min(value.floor()),
        }
    }
    if least <= most {
        return None;
    }
    let told: Vec<String> =
        numeric.comparisons.iter().map(|(how, number)| format!("{} {}", how.as_str(), number.value.text)).collect();
    let message = format!("no `{}` is {}", describe(leaf), told.join(" and "));
    Some(Diagnostic::new(Code::EVC0309, last.1.span, message))
}

/// Operators on texts: whether one of an enumeration's literals is taken, and whether what is excluded can be.
fn operator_problem(operator: &MatchKind, kind: &Kind, leaf: &Type, span: Span) -> Option<Diagnostic> {
    if let MatchKind::AnythingBut(AnythingBut::Texts(texts)) = operator
        && let Some(diagnostic) = texts.iter().find_map(|text: &Spanned<String>| literal(&text.value, kind, text.span))
    {
        return Some(diagnostic.note("excluding what cannot be excludes nothing"));
    }
    if let MatchKind::AnythingBut(AnythingBut::Wildcards(wildcards)) = operator
        && let Some(all) = wildcards.iter().find(|one| one.value.text == "*")
    {
        let message = "every text is like `*`: all are excluded, and none matches this";
        return Some(Diagnostic::new(Code::EVC0309, all.span, message));
    }
    if let MatchKind::AnythingBut(but) = operator
        && let Some((text, at)) = forms::excluded_in_vain(but, kind)
    {
        let message = format!("no `{}` is like `{text}`", describe(leaf));
        let diagnostic = Diagnostic::new(Code::EVC0307, at, message);
        return Some(diagnostic.note("excluding what cannot be excludes nothing"));
    }
    let by_form = || (!forms::may_be(operator, kind)).then(|| forms::like(kind).unwrap_or("it is shorter").to_owned());
    if let Some(reason) = impossible(operator, kind).or_else(by_form) {
        let message = format!("no `{}` matches this: {reason}", describe(leaf));
        return Some(Diagnostic::new(Code::EVC0309, span, message));
    }
    let values = domain(leaf)?;
    if values.iter().any(|value| accepts(operator, value)) {
        return None;
    }
    let message = format!("no value of `{}` matches this", describe(leaf));
    Some(Diagnostic::new(Code::EVC0309, span, message))
}

/// Why no text of a type begins, ends or goes as an operator says; `None` if one can.
fn impossible(operator: &MatchKind, kind: &Kind) -> Option<String> {
    let (text, ignores_case) = match operator {
        MatchKind::Prefix(text, ignores_case) | MatchKind::Suffix(text, ignores_case) => (&text.value, *ignores_case),
        MatchKind::EqualsIgnoreCase(text) => (&text.value, true),
        _ => return None,
    };
    let length = text.chars().count() as u64;
    let longest = match kind {
        Kind::String(range) => range.max,
        Kind::Uuid => Some(36),
        Kind::Date => Some("2026-11-21".len() as u64),
        _ => None,
    };
    if let Some(longest) = longest.filter(|longest| length > *longest) {
        return Some(format!("`{text}` has {length} characters, and it has at most {longest}"));
    }
    let has = |taken: &dyn Fn(char) -> bool| text.chars().find(|next| !taken(*next));
    let found = match kind {
        Kind::Uuid if ignores_case => has(&|next| next.is_ascii_hexdigit() || next == '-'),
        Kind::Uuid => has(&|next| matches!(next, '0'..='9' | 'a'..='f' | '-')),
        Kind::Date => has(&|next| next.is_ascii_digit() || next == '-'),
        _ => None,
    };
    let of = if *kind == Kind::Uuid { "hexadecimal digits in lower case and hyphens" } else { "digits and hyphens" };
    found.map(|found| format!("`{found}` is not among {of}"))
}

fn is_number(kind: &Kind) -> bool {
    matches!(kind, Kind::Integer(_) | Kind::Number(_) | Kind::Money(_))
}

fn bounds(kind: &Kind) -> Option<Range<f64>> {
    match kind {
        #[expect(clippy::cast_precision_loss, reason = "bounds are within 2^53 - 1, which a double holds exactly")]
        Kind::Integer(range) => {
            Some(Range { min: range.min.map(|min| min as f64), max: range.max.map(|max| max as f64) })
        }
        Kind::Number(range) | Kind::Money(range) => Some(*range),
        _ => None,
    }
}

fn works_on(operator: &MatchKind, kind: &Kind) -> bool {
    match operator {
        MatchKind::Cidr(_) => matches!(kind, Kind::String(_) | Kind::Enum(_)),
        MatchKind::Numeric(_) | MatchKind::AnythingBut(AnythingBut::Numbers(_)) => false,
        _ => is_text(kind),
    }
}

/// The operator's name and what it works on.
fn requirement(operator: &MatchKind) -> (&'static str, &'static str) {
    match operator {
        MatchKind::Prefix(..) => ("prefix", "texts"),
        MatchKind::Suffix(..) => ("suffix", "texts"),
        MatchKind::EqualsIgnoreCase(_) => ("equals-ignore-case", "texts"),
        MatchKind::Wildcard(_) => ("wildcard", "texts"),
        MatchKind::Cidr(_) => ("cidr", "texts that are IP addresses"),
        MatchKind::AnythingBut(AnythingBut::Numbers(_)) => ("anything-but", "numbers when it lists numbers"),
        MatchKind::AnythingBut(_) => ("anything-but", "texts when it lists texts"),
        MatchKind::Numeric(_) => ("numeric", "numbers"),
        MatchKind::Null | MatchKind::Boolean(_) | MatchKind::Number(_) | MatchKind::Text(_) | MatchKind::Exists(_) => {
            ("exists", "single values")
        }
    }
}
