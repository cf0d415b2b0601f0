//! Records whose values have more fields than their types know, some of them by the names of fields of other records: what functions
//! over all fields give has the type that is said, by the reference implementation.

use serde_json::{Value as Json, json};

use super::{Case, Node, fault, modules};
use crate::expr::tests::file;
use crate::expr::{Expr, Scope};
use crate::source::Span;
use crate::types::{Type, Types, describe, testing};

/// The names, their types, and a value with more.
fn roots() -> [(&'static str, &'static str, Json); 5] {
    [
        ("order", "{ id: string, total: integer }", json!({ "id": "o", "total": 5, "note": ["n"], "by": { "a": 1 } })),
        ("patch", "{ note?: string, by: string }", json!({ "by": "me", "total": "much", "id": 7, "more": [1] })),
        ("tags", "map(string)", json!({ "a": "x", "total": "y" })),
        ("orders", "\"[{ id: string }; 1..]\"", json!([{ "id": "o", "n": 5 }, { "id": "p", "n": "q" }])),
        ("key", "id | note", json!("note")),
    ]
}

#[test]
fn fields_that_no_type_knows() {
    // An expression, and its type; `one or many` is told by a star.
    let cases = [
        ("$each(order, function($v) { $v })", "any*"),
        ("$each(order, function($v, $k) { $k })", "string; 2.."),
        ("$each(tags, function($v) { $v })", "string*"),
        ("$each({'a': 1, 'b': 2}, function($v) { $v })", "integer(1..2); 2..2"),
        ("$keys(order)", "string; 2.."),
        ("$keys(orders)", "string*"),
        ("$spread(order)", "map(any); 2.."),
        ("$spread(orders)", "map(any)*"),
        ("$spread({'a': 1})", "map(integer(1..1)); ..1*"),
        ("$sift(order, function($v) { $type($v) = 'string' })", "{ id?: string, total?: integer }"),
        ("$sift(tags, function($v) { $v = 'x' })", "map(string)"),
        ("$lookup(order, 'total')", "integer"),
        ("$lookup(order, key)", "any"),
        ("$lookup(order, tags.a)", "any"),
        ("$lookup({'id': 1, 'note': 2}, key)", "integer(1..2)"),
        ("$merge([order, patch])", "{ id: any, total: any, note?: any, by: string }"),
        ("$merge([patch, order])", "{ note?: any, by: any, id: string, total: integer }"),
        ("$merge([order, {'by': 'me'}])", "{ id: string, total: integer, by: 'me' }"),
        ("$merge([{'id': 1, 'by': 'me'}, order])", "{ id: string, by: any, total: integer }"),
        ("$merge([{'id': 1}, {'by': 'me'}])", "{ id: integer(1..1), by: 'me' }"),
        ("$merge([{'n': 1}, orders])", "{ n: any, id: string }"),
        ("$merge(orders)", "{ id: string }"),
        ("$merge([tags, order])", "map(any)"),
        ("$merge([tags, {'b': 'z'}])", "map(string)"),
        ("order.total > 5 ? tags : {}", "map(string)"),
        ("order.total > 5 ? tags : order", "map(any)"),
        ("$each($merge([order, patch]), function($v) { $v })", "any*"),
        ("$each($sift({'a': 1}, function($v) { $v > 0 }), function($v) { $v })", "integer(1..1); ..1*"),
    ];
    let types = Types::default();
    let named: Vec<(String, Type)> =
        roots().iter().map(|(name, of, _)| ((*name).to_owned(), testing::ty(of))).collect();
    let world = Json::Object(roots().into_iter().map(|(name, _, value)| (name.to_owned(), value)).collect());
    let scope = named.iter().fold(Scope::default(), |scope, (name, ty)| scope.with(name.clone(), ty.clone()));
    let cases: Vec<Case> = cases
        .iter()
        .map(|(text, expected)| {
            let span = Span::new(file(text).1, 0..text.len());
            let expr = Expr::parse(text, span, &scope.step_names()).expect("it is an expression");
            let checked = expr.check(&scope, &types);
            let star = if checked.one_or_many { "*" } else { "" };
            assert_eq!(
                format!("{}{star}", describe(&checked.ty).trim_start_matches('[').replace(']', "")),
                *expected,
                "{text}"
            );
            assert!(checked.diagnostics.is_empty(), "{text}: {:?}", checked.diagnostics);
            Case {
                types: Types::default(),
                printed: expr.to_asl(&scope),
                condition: None,
                text: (*text).to_owned(),
                roots: named.clone(),
                worlds: vec![world.clone()],
                checked,
            }
        })
        .collect();
    let Some(modules) = modules() else { return };
    let faults: Vec<String> = cases
        .iter()
        .zip(Node::start(&modules).evaluate(&cases))
        .filter_map(|(case, results)| fault(case, &results))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
