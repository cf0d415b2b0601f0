//! Random types, values of them and patterns over them, which have texts and numbers in common so that they meet.

use std::sync::LazyLock;

use serde_json::{Map, Value as Json, json};

use crate::random::Random;
use crate::source::{Span, Spanned};
use crate::types::{Field, Kind, Range, Record, Tagged, Type, Types, testing};

/// The names of fields, so that patterns and records of different types share some.
const FIELDS: [&str; 6] = ["a", "b", "c", "kind", "n", "on"];
/// The keys of maps.
const KEYS: [&str; 3] = ["a", "kind", "x"];
/// What texts are, in part: of different lengths and cases, numbers, addresses, what wildcards are about.
const TEXTS: [&str; 20] = [
    "",
    "a",
    "b",
    "A",
    "ab",
    "AB",
    "aB",
    "abc",
    "abab",
    "a*b",
    "a\\b",
    "1",
    "true",
    "X",
    "Y",
    "é",
    "É",
    "10.0.0.7",
    "10.0.1.7",
    "2001:db8::1",
];
const WILDCARDS: [&str; 12] = ["*", "a*", "*b", "a*b", "*a*", "*ab*ab*", "ab*b", "a\\*b", "a\\\\*", "*1", "10.*", "ab"];
const BLOCKS: [&str; 5] = ["10.0.0.0/24", "10.0.0.0/8", "10.0.1.6/31", "0.0.0.0/0", "2001:db8::/32"];
const NUMBERS: [f64; 11] = [-3.0, -0.5, 0.0, 0.25, 1.0, 1.5, 2.0, 3.0, 5.0, 9.0, 12.0];

/// Types without parts.
static SCALARS: LazyLock<[Type; 26]> = LazyLock::new(|| {
    [
        "string",
        "string(1..)",
        "string(..2)",
        "string(2..3)",
        "integer",
        "integer(0..9)",
        "integer(1..)",
        "integer(..3)",
        "integer(2..2)",
        "number",
        "number(0..1)",
        "number(0.25..)",
        "money",
        "money(0..5)",
        "boolean",
        "boolean",
        "uuid",
        "timestamp",
        "date",
        "duration",
        "bytes",
        "X | Y",
        "a | ab | AB",
        "X",
        "b | c",
        "Status",
    ]
    .map(testing::ty)
});

/// Declared types that others name.
pub(super) fn declared() -> Types {
    testing::types(&[
        ("Status", "X | Y | ab"),
        ("Item", "{ kind: X | Y, n: integer(0..5), on?: boolean }"),
        ("One", "{ kind: X | 'ab', a: string(..3), n?: integer(0..5) }"),
        ("Other", "{ kind: \"'Y'\", a?: boolean, b: { a: X | Y } }"),
        ("Third", "{ kind: \"'b'\", n: integer(3..9), c?: [string] }"),
        ("Either", "{ one-of: [One, Other, Third], by: kind }"),
        ("Tree", "{ a: string, b?: Tree, c?: [Tree] }"),
    ])
}

fn of(kind: Kind) -> Type {
    Type { kind, span: Span::default() }
}

/// A record with some fields.
pub(super) fn record(random: &mut Random, depth: usize) -> Type {
    let (count, start) = (1 + random.below(4), random.below(FIELDS.len()));
    let field = |at: usize| {
        let optional = random.one_in(3);
        let ty = some(random, depth);
        (FIELDS[(start + at) % FIELDS.len()].to_owned(), Field { ty, optional, name_span: Span::default() })
    };
    of(Kind::Record(Record { extends: None, exact: false, fields: (0..count).map(field).collect() }))
}

fn some(random: &mut Random, depth: usize) -> Type {
    match random.below(if depth == 0 { 26 } else { 51 }) {
        at @ 0..26 => SCALARS[at].clone(),
        26..33 => {
            let (min, max) = [(None, None), (Some(1), None), (None, Some(2)), (Some(1), Some(1))][random.below(4)];
            of(Kind::List(Box::new(some(random, depth - 1)), Range { min, max }))
        }
        33..36 => of(Kind::Map(Box::new(some(random, depth - 1)))),
        36 => {
            let literals = ["1", "10.0.0.7", "b"].map(|text| Spanned::new(text.to_owned(), Span::default()));
            of(if random.one_in(2) { Kind::Any } else { Kind::Enum(literals.to_vec()) })
        }
        37..39 => testing::ty("Item"),
        39 => testing::ty("Tree"),
        40 => of(Kind::Union(vec![testing::ty("string"), testing::ty("integer(0..9)")])),
        48..51 => testing::ty("Either"),
        _ => record(random, depth - 1),
    }
}

/// A value of a type.
pub(super) fn value(random: &mut Random, ty: &Type, types: &Types, depth: usize) -> Json {
    let ty = types.named(ty);
    match &ty.kind {
        Kind::Any | Kind::Named(_) => anything(random, 2),
        Kind::String(range) => {
            let mut text: Vec<char> = random.pick(&TEXTS).chars().collect();
            while (text.len() as u64) < range.min.unwrap_or(0) {
                text.push('b');
            }
            text.truncate(usize::try_from(range.max.unwrap_or(99)).expect("few"));
            json!(text.into_iter().collect::<String>())
        }
        Kind::Integer(range) => {
            let least = range.min.unwrap_or(range.max.unwrap_or(10) - 12);
            let most = range.max.unwrap_or(least + 15);
            json!(least + i64::try_from(random.below(usize::try_from(most - least + 1).expect("few"))).expect("few"))
        }
        Kind::Number(range) | Kind::Money(range) => {
            let within = NUMBERS.into_iter().chain([0.75, 4.5]).filter(|number| {
                range.min.is_none_or(|min| min <= *number) && range.max.is_none_or(|max| *number <= max)
            });
            let within: Vec<f64> = within.collect();
            let number = within[random.below(within.len())];
            // Whole ones are written either way.
            if random.one_in(2) { whole(number) } else { json!(number) }
        }
        Kind::Boolean => json!(random.one_in(2)),
        Kind::Uuid => json!("5f3c1b52-7c0e-4f6a-9d59-0a4f7b1c2d3e"),
        Kind::Timestamp => json!("2026-11-21T10:00:00.000Z"),
        Kind::Date => json!("2026-11-21"),
        Kind::Duration => json!(random.pick(&["PT5M", "P1D"])),
        Kind::Bytes => json!(random.pick(&["", "YQ=="])),
        Kind::Enum(literals) => json!(literals[random.below(literals.len())].value),
        Kind::List(item, Range { min, max }) => {
            let least = usize::try_from(min.unwrap_or(0)).expect("few");
            let most = max.map_or(least + 3, |max| usize::try_from(max).expect("few"));
            let most = if depth == 0 { least } else { most };
            let count = least + random.below(most - least + 1);
            (0..count).map(|_| value(random, item, types, depth.saturating_sub(1))).collect()
        }
        Kind::Map(inner) => {
            let keys = KEYS.into_iter().filter(|_| random.one_in(2)).collect::<Vec<_>>();
            let entries = keys.into_iter().map(|key| (key.to_owned(), value(random, inner, types, depth)));
            entries.collect::<Map<_, _>>().into()
        }
        Kind::Record(_) => {
            let mut fields = Map::new();
            for (name, field) in types.record(ty).unwrap_or_default() {
                if !field.optional || depth > 0 && random.one_in(2) {
                    fields.insert(name.to_owned(), value(random, &field.ty, types, depth.saturating_sub(1)));
                }
            }
            fields.into()
        }
        Kind::Union(members) | Kind::Tagged(Tagged { members, .. }) => {
            let at = random.below(members.len());
            value(random, &members[at], types, depth)
        }
    }
}

/// Any JSON at all.
pub(super) fn anything(random: &mut Random, depth: usize) -> Json {
    match random.below(if depth == 0 { 5 } else { 8 }) {
        0 => json!(null),
        1 => json!(random.one_in(2)),
        2 => json!(NUMBERS[random.below(NUMBERS.len())]),
        3 | 4 => json!(random.pick(&TEXTS)),
        5 => (0..random.below(3)).map(|_| anything(random, depth - 1)).collect(),
        _ => {
            let fields = (0..random.below(4)).map(|_| (random.pick(&FIELDS).to_owned(), anything(random, depth - 1)));
            fields.collect::<Map<_, _>>().into()
        }
    }
}

/// A pattern over values of a type, as EventBridge takes it.
pub(super) fn pattern(random: &mut Random, ty: &Type, types: &Types, depth: usize) -> Json {
    let mut fields = Map::new();
    let known = names(ty, types);
    for _ in 0..=random.below(if known.len() > 1 { 3 } else { 1 }) {
        let stray = random.one_in(if known.is_empty() { 1 } else { 20 });
        let (name, inner) = if stray { (random.pick(&FIELDS), None) } else { known[random.below(known.len())] };
        fields.insert(name.to_owned(), constraint(random, inner, types, depth));
    }
    if random.one_in(5) {
        let alternatives = (0..2 + random.below(2)).map(|_| pattern(random, ty, types, depth.saturating_sub(1)));
        fields.insert("$or".into(), alternatives.collect());
        if random.one_in(2) {
            fields.retain(|name, _| name == "$or");
        }
    }
    fields.into()
}

/// The fields that patterns can name of values of a type, with their types: arrays leave no trace in paths.
fn names<'a>(ty: &'a Type, types: &'a Types) -> Vec<(&'a str, Option<&'a Type>)> {
    let ty = types.resolve(ty);
    match &ty.kind {
        Kind::Record(_) => {
            let fields = types.record(ty).unwrap_or_default();
            fields.into_iter().map(|(name, field)| (name, Some(&field.ty))).collect()
        }
        Kind::Map(inner) => KEYS.map(|key| (key, Some(&**inner))).to_vec(),
        Kind::List(item, _) => names(item, types),
        Kind::Any => FIELDS.map(|name| (name, None)).to_vec(),
        _ => Vec::new(),
    }
}

fn constraint(random: &mut Random, ty: Option<&Type>, types: &Types, depth: usize) -> Json {
    let any = of(Kind::Any);
    let ty = types.resolve(ty.unwrap_or(&any));
    let leads_on = if names(ty, types).is_empty() { 40 } else { 0 };
    let deeper = depth > 0 && if leads_on > 0 { random.one_in(leads_on) } else { !random.one_in(6) };
    if deeper {
        return pattern(random, ty, types, depth - 1);
    }
    let count = [1, 1, 1, 2, 2, 3][random.below(6)];
    (0..count).map(|_| one(random, ty, types)).collect()
}

/// One item of a list of alternatives, mostly such as fits the type.
fn one(random: &mut Random, ty: &Type, types: &Types) -> Json {
    let ty = types.resolve(ty);
    if random.one_in(6) {
        return json!({ "exists": random.one_in(2) });
    }
    match &ty.kind {
        _ if random.one_in(12) => any_item(random),
        Kind::List(item, _) => one(random, item, types),
        Kind::Boolean if !random.one_in(4) => json!(random.one_in(2)),
        Kind::Integer(_) | Kind::Number(_) | Kind::Money(_) => number_item(random),
        Kind::String(_) | Kind::Bytes => text_item(random, &TEXTS.map(str::to_owned)),
        Kind::Enum(literals) => {
            let texts: Vec<String> = literals.iter().map(|literal| literal.value.clone()).collect();
            if random.one_in(4) { text_item(random, &TEXTS.map(str::to_owned)) } else { text_item(random, &texts) }
        }
        Kind::Uuid | Kind::Timestamp | Kind::Date | Kind::Duration => {
            let known = ["5f3c1b52-7c0e-4f6a-9d59-0a4f7b1c2d3e", "2026-11-21T10:00:00.000Z", "2026-11-21", "PT5M", "P"];
            text_item(random, &known.map(str::to_owned))
        }
        Kind::Union(members) | Kind::Tagged(Tagged { members, .. }) => {
            let at = random.below(members.len());
            one(random, &members[at], types)
        }
        Kind::Any | Kind::Boolean | Kind::Map(_) | Kind::Record(_) | Kind::Named(_) => any_item(random),
    }
}

fn any_item(random: &mut Random) -> Json {
    match random.below(4) {
        0 => json!(null),
        1 => json!(random.one_in(2)),
        2 => number_item(random),
        _ => text_item(random, &TEXTS.map(str::to_owned)),
    }
}

fn number(random: &mut Random) -> Json {
    let number = NUMBERS[random.below(NUMBERS.len())];
    whole(number)
}

/// A whole number as one is written mostly, without a fraction.
fn whole(number: f64) -> Json {
    format!("{number}").parse::<i64>().map_or_else(|_| json!(number), Json::from)
}

fn number_item(random: &mut Random) -> Json {
    match random.below(6) {
        0 | 1 => number(random),
        2 => json!({ "anything-but": number(random) }),
        3 => json!({ "anything-but": (0..=random.below(3)).map(|_| number(random)).collect::<Vec<_>>() }),
        4 => json!({ "numeric": [random.pick(&["=", "<", "<=", ">", ">="]), number(random)] }),
        _ => {
            let at = random.below(NUMBERS.len() - 1);
            let above = at + 1 + random.below(NUMBERS.len() - at - 1);
            let (low, high) = (random.pick(&[">", ">="]), random.pick(&["<", "<="]));
            json!({ "numeric": [low, NUMBERS[at], high, NUMBERS[above]] })
        }
    }
}

fn text_item(random: &mut Random, from: &[String]) -> Json {
    let text = |random: &mut Random| json!(from[random.below(from.len())]);
    let other_case = |random: &mut Random| {
        let text = &from[random.below(from.len())];
        json!(if random.one_in(2) { text.to_uppercase() } else { text.to_lowercase() })
    };
    let part = |random: &mut Random| {
        let text: Vec<char> = from[random.below(from.len())].chars().collect();
        let (start, end) = (random.below(text.len() + 1), random.below(text.len() + 1));
        let part = if random.one_in(2) { &text[..end] } else { &text[start..] };
        json!(part.iter().collect::<String>())
    };
    let texts = |random: &mut Random, one: &dyn Fn(&mut Random) -> Json| {
        let count = 1 + random.below(3);
        let list: Vec<Json> = (0..count).map(|_| one(random)).collect();
        if let [only] = list.as_slice() { only.clone() } else { json!(list) }
    };
    let wildcard = |random: &mut Random| json!(random.pick(&WILDCARDS));
    match random.below(16) {
        0..3 => text(random),
        3 => json!({ "prefix": part(random) }),
        4 => json!({ "suffix": part(random) }),
        5 => json!({ "prefix": { "equals-ignore-case": part(random) } }),
        6 => json!({ "suffix": { "equals-ignore-case": part(random) } }),
        7 => json!({ "equals-ignore-case": other_case(random) }),
        8 => json!({ "wildcard": wildcard(random) }),
        9 => json!({ "cidr": random.pick(&BLOCKS) }),
        10 | 11 => json!({ "anything-but": texts(random, &text) }),
        12 => json!({ "anything-but": { "prefix": texts(random, &part) } }),
        13 => json!({ "anything-but": { "suffix": texts(random, &part) } }),
        14 => json!({ "anything-but": { "equals-ignore-case": texts(random, &other_case) } }),
        _ => json!({ "anything-but": { "wildcard": texts(random, &wildcard) } }),
    }
}

/// An event that is of no type.
pub(super) fn event(random: &mut Random) -> Json {
    let fields = (0..=random.below(5)).map(|_| (random.pick(&FIELDS).to_owned(), anything(random, 3)));
    fields.collect::<Map<_, _>>().into()
}
