//! Parts of patterns: the ways of which each is enough, a pattern of some of its fields, and the texts that a field is compared with.

use super::ast::{Constraint, Field, Match, MatchKind, Object, Pattern};
use super::limits::MAX_COMBINATIONS;
use crate::source::{Span, Spanned};
use crate::types::{Type, Types};

/// The patterns without a `$or` at their root of which one must match. Those of a pattern with more than EventBridge takes, which has
/// been reported, are cut.
pub fn ways(pattern: &Pattern) -> Vec<Pattern> {
    let mut ways = Vec::new();
    expand(&pattern.root, Object { fields: Vec::new(), or: Vec::new(), span: pattern.root.span }, &mut ways);
    ways.into_iter().map(|root| Pattern { root }).collect()
}

fn expand(object: &Object, mut so_far: Object, ways: &mut Vec<Object>) {
    so_far.fields.extend(object.fields.iter().cloned());
    if object.or.is_empty() && ways.len() < MAX_COMBINATIONS {
        ways.push(so_far);
        return;
    }
    for alternative in &object.or {
        // The place of a way is what only it has.
        expand(alternative, Object { span: alternative.span, ..so_far.clone() }, ways);
    }
}

impl Pattern {
    /// The pattern with those of its outermost fields alone whose names fit. What it has of `$or` is kept.
    #[must_use]
    pub fn only(&self, fits: &dyn Fn(&str) -> bool) -> Self {
        Self { root: only(&self.root, fits) }
    }

    /// The pattern without what it says of an outermost field, and that.
    pub fn split(&self, field: &str) -> (Self, Vec<Field>) {
        let mut of_it = Vec::new();
        let without = Self { root: split(&self.root, field, &mut of_it) };
        (without, of_it)
    }

    /// The texts that an outermost field may be, if it is only compared with whole texts; `None` if it says something else, or nothing.
    pub fn texts(&self, field: &str) -> Option<Vec<Spanned<&str>>> {
        let constraint = self.root.fields.iter().find(|one| one.name.value == field).map(|one| &one.constraint);
        let Some(Constraint::AnyOf(matches)) = constraint else { return None };
        let text = |one: &'_ Match| match &one.kind {
            MatchKind::Text(_) => Some(one.span),
            _ => None,
        };
        let spans: Option<Vec<Span>> = matches.iter().map(text).collect();
        let texts = matches.iter().filter_map(|one| match &one.kind {
            MatchKind::Text(text) => Some(text.as_str()),
            _ => None,
        });
        Some(texts.zip(spans?).map(|(text, span)| Spanned::new(text, span)).collect())
    }

    /// The pattern less fields that values of type `root` are not known to have: what can be judged of it where a type names only some
    /// of the fields that there are.
    #[must_use]
    pub fn known_part(&self, types: &Types, root: &Type) -> Self {
        Self { root: known(&self.root, &mut Vec::new(), types, root) }
    }

    /// Whether some part of it stands at this place.
    pub fn says(&self, place: Span) -> bool {
        says(&self.root, place)
    }
}

fn only(object: &Object, fits: &dyn Fn(&str) -> bool) -> Object {
    let fields = object.fields.iter().filter(|field| fits(&field.name.value)).cloned().collect();
    Object { fields, or: object.or.iter().map(|inner| only(inner, fits)).collect(), span: object.span }
}

fn split(object: &Object, name: &str, of_it: &mut Vec<Field>) -> Object {
    let (these, others) = object.fields.iter().cloned().partition(|field: &Field| field.name.value == name);
    of_it.extend::<Vec<Field>>(these);
    let or = object.or.iter().map(|inner| split(inner, name, of_it)).collect();
    Object { fields: others, or, span: object.span }
}

fn known<'a>(object: &'a Object, path: &mut Vec<&'a str>, types: &Types, root: &Type) -> Object {
    let mut fields = Vec::new();
    for field in &object.fields {
        path.push(&field.name.value);
        if types.field_at(root, path).is_ok() {
            let constraint = match &field.constraint {
                Constraint::Object(inner) => Constraint::Object(known(inner, path, types, root)),
                any_of @ Constraint::AnyOf(_) => any_of.clone(),
            };
            fields.push(Field { name: field.name.clone(), constraint });
        }
        path.pop();
    }
    let or = object.or.iter().map(|inner| known(inner, path, types, root)).collect();
    Object { fields, or, span: object.span }
}

fn says(object: &Object, place: Span) -> bool {
    let within = |span: Span| span.file == place.file && span.range().contains(&place.range().start);
    object.fields.iter().any(|field| {
        within(field.name.span)
            || match &field.constraint {
                Constraint::Object(inner) => says(inner, place),
                Constraint::AnyOf(matches) => matches.iter().any(|one| within(one.span)),
            }
    }) || object.or.iter().any(|inner| says(inner, place))
}
