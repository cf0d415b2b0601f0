//! Why a pattern does not match an event: the conditions that fail, and what they look at.

use serde_json::Value;

use super::ast::{Constraint, Field, Object, Pattern};
use super::json::to_text;
use super::matching::matches;
use crate::source::Span;

/// A condition that fails.
#[derive(Debug, Clone, PartialEq)]
pub struct Miss {
    /// The field that it is about: `detail.order.total`.
    pub path: String,
    /// What it asks for, as JSON: `[{"numeric":[">",100]}]`.
    pub asks: String,
    /// Where the spec says so.
    pub span: Span,
    /// What the event has there.
    pub saw: Saw,
    /// Of how many alternatives of a `$or` this is in the one that comes nearest; 0 outside of a `$or`.
    pub alternatives: usize,
}

/// What an event has where a condition looks.
#[derive(Debug, Clone, PartialEq)]
pub enum Saw {
    /// Nothing.
    Absent,
    /// This value; several, if lists lead there.
    Value(Value),
    /// Items of a list, each of the conditions holds for one of them, and all of them hold for none.
    NotTogether,
}

/// The conditions of a pattern that fail for a value, in the order written; empty if the pattern matches.
pub fn misses(pattern: &Pattern, value: &Value) -> Vec<Miss> {
    if matches(pattern, value) {
        return Vec::new();
    }
    let mut found = Vec::new();
    of_object(&pattern.root, &[], value, &mut found);
    if found.is_empty() {
        together(&pattern.root, &[], value, &mut found);
    }
    if found.is_empty() {
        // What holds of one item beside a `$or`, and in it of another one.
        let name = first_name(&pattern.root).unwrap_or_default();
        let (asks, span, saw) = (to_text(pattern), pattern.root.span, Saw::NotTogether);
        found.push(Miss { path: name.to_owned(), asks, span, saw, alternatives: 0 });
    }
    found
}

/// The first field that an object names.
fn first_name(object: &Object) -> Option<&str> {
    let own = object.fields.first().map(|field| field.name.as_str());
    own.or_else(|| object.or.iter().find_map(first_name))
}

/// Reports the conditions within an object that fail each by itself.
fn of_object(object: &Object, path: &[&Field], value: &Value, found: &mut Vec<Miss>) {
    for field in &object.fields {
        let path: Vec<&Field> = path.iter().copied().chain([field]).collect();
        match &field.constraint {
            Constraint::Object(inner) => of_object(inner, &path, value, found),
            Constraint::AnyOf(ways) => {
                if !matches(&alone(&path, field.constraint.clone()), value) {
                    let span = ways.first().map_or(field.name.span, |first| first.span);
                    found.push(miss(&path, asks(field), span, saw(&path, value)));
                }
            }
        }
    }
    let tries = object.or.iter().map(|alternative| {
        let mut own = Vec::new();
        of_object(alternative, path, value, &mut own);
        own
    });
    if let Some(nearest) = tries.min_by_key(Vec::len) {
        found.extend(nearest.into_iter().map(|miss| Miss { alternatives: object.or.len(), ..miss }));
    }
}

/// Reports the innermost objects of which each condition holds, and not all for one item of a list.
fn together(object: &Object, path: &[&Field], value: &Value, found: &mut Vec<Miss>) {
    for field in &object.fields {
        let Constraint::Object(inner) = &field.constraint else { continue };
        let path: Vec<&Field> = path.iter().copied().chain([field]).collect();
        if matches(&alone(&path, field.constraint.clone()), value) {
            continue;
        }
        let before = found.len();
        together(inner, &path, value, found);
        if found.len() == before {
            let asks = to_text(&Pattern { root: inner.clone() });
            found.push(miss(&path, asks, field.name.span, Saw::NotTogether));
        }
    }
    let tries = object.or.iter().map(|alternative| {
        let mut own = Vec::new();
        together(alternative, path, value, &mut own);
        own
    });
    if let Some(nearest) = tries.filter(|own| !own.is_empty()).min_by_key(Vec::len) {
        found.extend(nearest.into_iter().map(|miss| Miss { alternatives: object.or.len(), ..miss }));
    }
}

fn miss(path: &[&Field], asks: String, span: Span, saw: Saw) -> Miss {
    let path = path.iter().map(|field| field.name.as_str()).collect::<Vec<_>>().join(".");
    Miss { path, asks, span, saw, alternatives: 0 }
}

/// What one field asks for.
fn asks(field: &Field) -> String {
    let root = Object { fields: vec![field.clone()], or: Vec::new(), span: field.name.span };
    let text = to_text(&Pattern { root });
    // `{"total":[..]}` without the name around it.
    let start = text.find(':').map_or(0, |at| at + 1);
    text.get(start..text.len() - 1).unwrap_or_default().to_owned()
}

/// A pattern of one condition.
fn alone(path: &[&Field], constraint: Constraint) -> Pattern {
    let mut constraint = constraint;
    let mut span = Span::default();
    for field in path.iter().rev() {
        span = field.name.span;
        let root = Object { fields: vec![Field { name: field.name.clone(), constraint }], or: Vec::new(), span };
        constraint = Constraint::Object(root);
    }
    match constraint {
        Constraint::Object(root) => Pattern { root },
        Constraint::AnyOf(_) => Pattern { root: Object { fields: Vec::new(), or: Vec::new(), span } },
    }
}

/// What the event has at the end of a path: all values, where it leads through lists.
fn saw(path: &[&Field], value: &Value) -> Saw {
    let mut values = vec![value];
    for field in path {
        values = values.into_iter().flat_map(items).filter_map(|one| one.get(field.name.as_str())).collect();
    }
    match values.as_slice() {
        [] => Saw::Absent,
        [only] => Saw::Value((*only).clone()),
        several => Saw::Value(several.iter().map(|one| (*one).clone()).collect()),
    }
}

fn items(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(of) => of.iter().flat_map(items).collect(),
        other => vec![other],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::pattern;
    use super::*;

    fn told(yaml: &str, value: &Value) -> Vec<(String, String, Saw)> {
        let misses = misses(&pattern(yaml), value);
        misses.into_iter().map(|miss| (miss.path, miss.asks, miss.saw)).collect()
    }

    #[test]
    fn each_condition_that_fails_is_told_with_what_it_saw() {
        let value =
            json!({"detail": {"total": 5, "state": "NEW", "lines": [{"sku": "a", "qty": 1}, {"sku": "b", "qty": 2}]}});
        assert_eq!(told("{ detail: { total: [5] } }", &value), []);
        assert_eq!(
            told("{ detail: { total: [{ numeric: ['>', 100] }], state: [NEW], gift: [{ exists: true }] } }", &value),
            [
                ("detail.total".into(), "[{\"numeric\":[\">\",100]}]".into(), Saw::Value(json!(5))),
                ("detail.gift".into(), "[{\"exists\":true}]".into(), Saw::Absent),
            ]
        );
        assert_eq!(
            told("{ detail: { lines: { sku: [c] } } }", &value),
            [("detail.lines.sku".into(), "[\"c\"]".into(), Saw::Value(json!(["a", "b"])))]
        );
    }

    #[test]
    fn conditions_that_hold_for_different_items_are_told_together() {
        let value = json!({"lines": [{"sku": "a", "qty": 1}, {"sku": "b", "qty": 2}]});
        assert_eq!(
            told("{ lines: { sku: [a], qty: [2] } }", &value),
            [("lines".into(), "{\"sku\":[\"a\"],\"qty\":[2]}".into(), Saw::NotTogether)]
        );
    }

    #[test]
    fn alternatives_of_which_none_holds_for_one_item_are_told() {
        let value = json!({"lines": [{"sku": "a", "qty": 1}, {"sku": "b", "qty": 2}]});
        let found = told("{ $or: [{ lines: { sku: [a], qty: [2] } }, { lines: { sku: [b], qty: [1] } }] }", &value);
        assert_eq!(found, [("lines".into(), "{\"sku\":[\"a\"],\"qty\":[2]}".into(), Saw::NotTogether)]);
        let found = told("{ lines: { sku: [a], $or: [{ qty: [2] }, { qty: [3] }] } }", &value);
        assert_eq!(found.len(), 1);
        let found = told("{ lines: { sku: [a] }, $or: [{ lines: { qty: [2] } }, { lines: { qty: [3] } }] }", &value);
        assert_eq!(found.iter().map(|(path, ..)| path.as_str()).collect::<Vec<_>>(), ["lines"]);
    }

    #[test]
    fn of_alternatives_the_nearest_is_told() {
        let pattern = pattern("{ $or: [{ a: [1], b: [1] }, { a: [2], b: [1] }] }");
        let found = misses(&pattern, &json!({"a": 1, "b": 2}));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].path.as_str(), found[0].alternatives), ("b", 2));
    }
}
