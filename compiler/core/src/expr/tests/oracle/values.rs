//! Random types, and values of them.

use serde_json::{Map, Value as Json, json};

use super::random::Random;
use crate::source::Span;
use crate::types::{Field, Kind, Range, Record, Tagged, Type, Types, testing};

/// The names of fields, so that records of different types share some.
const FIELDS: [&str; 8] = ["a", "b", "c", "kind", "n", "list", "note", "on"];

/// A field that no type knows of. Where records are joined, that it has the name of a known field of another is left aside.
const UNKNOWN: &str = "more";

/// The values by which the records of [`UNION`] are told apart.
const TAGS: [&str; 3] = ["\"'X'\"", "Y | Z", "\"'W'\""];

/// A declared union of two or three random records.
const UNION: &str = "U";

/// Declared types that others name: a discriminated union, and its records.
pub(super) fn declared(random: &mut Random) -> Types {
    let mut types = Types::default();
    let names: Vec<String> = (0..2 + random.below(2)).map(|at| format!("M{at}")).collect();
    for (name, tags) in names.iter().zip(TAGS) {
        let mut member = record(random, 0);
        if let Kind::Record(record) = &mut member.kind {
            let kind = Field { ty: testing::ty(tags), optional: false, name_span: Span::default() };
            record.fields.insert("kind".to_owned(), kind);
        }
        types.declared.insert(name.clone(), member);
    }
    let union = testing::ty(&format!("{{ one-of: [{}], by: kind }}", names.join(", ")));
    types.declared.insert(UNION.to_owned(), union);
    types.unite();
    types
}

/// A record with some fields.
pub(super) fn record(random: &mut Random, depth: usize) -> Type {
    let count = 2 + random.below(5);
    let start = random.below(FIELDS.len());
    let field = |at: usize| {
        let optional = random.one_in(3);
        let ty = some(random, depth);
        (FIELDS[(start + at) % FIELDS.len()].to_owned(), Field { ty, optional, name_span: Span::default() })
    };
    let fields = (0..count).map(field).collect();
    of(Kind::Record(Record { extends: None, exact: false, fields }))
}

fn of(kind: Kind) -> Type {
    Type { kind, span: Span::default() }
}

fn some(random: &mut Random, depth: usize) -> Type {
    let scalars = [
        "string",
        "string",
        "string(1..)",
        "integer",
        "integer(0..9)",
        "integer(1..)",
        "number",
        "boolean",
        "money",
        "uuid",
        "timestamp",
        "date",
        "duration",
        "X | Y | Z",
        "Y | Z",
        "X | W",
    ];
    match random.below(if depth == 0 { 12 } else { 22 }) {
        0..12 => testing::ty(random.pick(&scalars)),
        12..16 => {
            let (min, max) = [(None, None), (None, None), (Some(1), None), (Some(2), Some(3))][random.below(4)];
            of(Kind::List(Box::new(some(random, depth - 1)), Range { min, max }))
        }
        16 => of(Kind::Map(Box::new(some(random, depth - 1)))),
        17..20 => record(random, depth - 1),
        _ => testing::ty(UNION),
    }
}

/// A value of a type.
pub(super) fn value(random: &mut Random, ty: &Type, types: &Types) -> Json {
    let ty = types.named(ty);
    match &ty.kind {
        Kind::Any | Kind::Named(_) => json!(null),
        Kind::String(range) => {
            let text = random.pick(&["", "X", "a", "A b", "12", "x,y", "2026-11-21T10:00:00.000Z", "é"]);
            if range.min.unwrap_or(0) > 0 && text.is_empty() { json!("q") } else { json!(text) }
        }
        Kind::Integer(range) => {
            let least = range.min.unwrap_or(-3);
            let most = range.max.unwrap_or(least + 12);
            let span = usize::try_from(most - least + 1).unwrap_or(1);
            json!(least + i64::try_from(random.below(span)).unwrap_or(0))
        }
        Kind::Number(_) | Kind::Money(_) => {
            random.pick(&[&json!(0), &json!(1.5), &json!(-2), &json!(7), &json!(0.25)]).clone()
        }
        Kind::Boolean => json!(random.one_in(2)),
        Kind::Uuid => json!("5f3c1b52-7c0e-4f6a-9d59-0a4f7b1c2d3e"),
        Kind::Timestamp => json!("2026-11-21T10:00:00.000Z"),
        Kind::Date => json!("2026-11-21"),
        Kind::Duration => json!("PT5M"),
        Kind::Bytes => json!("YQ=="),
        Kind::Enum(literals) => json!(literals[random.below(literals.len())].value),
        Kind::List(item, Range { min, max }) => {
            let least = usize::try_from(min.unwrap_or(0)).unwrap_or(0);
            let most = max.map_or(least + 3, |max| usize::try_from(max).unwrap_or(least));
            let count = least + random.below(most - least + 1);
            (0..count).map(|_| value(random, item, types)).collect()
        }
        Kind::Map(inner) => {
            let keys = ["a", "kind", "x"].into_iter().take(random.below(4));
            keys.map(|key| (key.to_owned(), value(random, inner, types))).collect::<Map<_, _>>().into()
        }
        Kind::Record(_) => {
            let mut fields = Map::new();
            for (name, field) in types.record(ty).unwrap_or_default() {
                if !field.optional || random.one_in(2) {
                    fields.insert(name.to_owned(), value(random, &field.ty, types));
                }
            }
            // Records may have more fields than their types know.
            if random.one_in(3) {
                let values = [json!("u"), json!(5), json!(true), json!(["u"]), json!({ "a": ["u"] })];
                fields.insert(UNKNOWN.to_owned(), random.pick(&values.each_ref()).clone());
            }
            fields.into()
        }
        Kind::Union(members) | Kind::Tagged(Tagged { members, .. }) => {
            let at = random.below(members.len());
            value(random, &members[at], types)
        }
    }
}
