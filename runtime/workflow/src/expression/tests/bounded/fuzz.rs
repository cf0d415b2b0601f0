//! Generated expressions: whatever it is, it gives a value or a named error, in time.

use proptest::prelude::*;

use super::*;

/// A leaf: data, and literals at the ends of what numbers and texts can be.
fn leaf() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "$input",
        "$input.items",
        "$input.items.tags",
        "$input.text",
        "$input.n",
        "$input.none",
        "$",
        "$$",
        "items",
        "*",
        "**",
        "0",
        "-1",
        "1e308",
        "-1e308",
        "9007199254740993",
        "1e-320",
        "0.5",
        "2147483648",
        "-9223372036854775808",
        "''",
        "'a'",
        "'\u{1F600}'",
        "'\u{0}'",
        "'[Y0001]-[M01]'",
        "'[YI,3-2]'",
        "'I'",
        "'w'",
        "'#,##0.00;(0)'",
        "'%'",
        "'$0$1'",
        "null",
        "true",
        "[]",
        "{}",
        "/a/",
        "/(a*)*b/",
        "/(?:)/",
        "/[^]]/i",
        "$uppercase",
        "$pad",
        "[1..20]",
        "function($x) { $x }",
    ])
    .prop_map(str::to_owned)
}

fn expression() -> impl Strategy<Value = String> {
    let functions = vec![
        "pad",
        "formatInteger",
        "formatNumber",
        "formatBase",
        "fromMillis",
        "toMillis",
        "parseInteger",
        "substring",
        "split",
        "join",
        "replace",
        "match",
        "contains",
        "round",
        "power",
        "sqrt",
        "number",
        "string",
        "append",
        "zip",
        "spread",
        "merge",
        "distinct",
        "sort",
        "reverse",
        "shuffle",
        "keys",
        "lookup",
        "each",
        "sift",
        "map",
        "filter",
        "reduce",
        "single",
        "base64decode",
        "base64encode",
        "decodeUrl",
        "encodeUrl",
        "length",
        "sum",
        "max",
        "average",
        "parse",
        "partition",
        "range",
        "hash",
        "now",
        "millis",
        "random",
        "error",
        "assert",
        "type",
        "exists",
        "boolean",
        "trim",
        "substringBefore",
    ];
    leaf().prop_recursive(4, 24, 4, move |inner| {
        let operators = vec!["+", "-", "*", "/", "%", "&", "=", "!=", "<", "in", "and", "~>", ".", "@$v.", "#$i."];
        prop_oneof![
            4 => (prop::sample::select(functions.clone()), prop::collection::vec(inner.clone(), 0..4))
                .prop_map(|(name, args)| format!("${name}({})", args.join(", "))),
            2 => (inner.clone(), prop::sample::select(operators), inner.clone()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a})[{b}]")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[{a}..{b}]")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}).{{'k': {b}}}")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}){{$string({b}): {a}}}")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a})^(>{b})")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("$map({a}, function($x, $y) {{ {b} }})")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} ~> |{b}|{{'z': 1}}|)")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("($v := {a}; $f := function($x) {{ {b} }}; $f($v))")),
            1 => (inner.clone(), inner).prop_map(|(a, b)| format!("({a} ? {b})")),
        ]
    })
}

fn small() -> World {
    let Value::Object(variables) = json!({
        "input": { "items": [{ "tags": ["a", "b"], "n": 1 }, { "tags": [], "n": -2 }], "text": "aab \u{1F600}", "n": 3 },
    }) else {
        panic!("an object")
    };
    World { variables, states: json!({}), spent: Spent::default() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Whatever it is, it gives a value or a named error, in time; and with guards what it gives without.
    #[test]
    fn anything_ends(text in expression()) {
        let world = small();
        let Ok(expression) = Expression::parse(&text) else { return Ok(()) };
        let begun = Instant::now();
        let _ = expression.evaluate(&world, &room(), 0);
        prop_assert!(begun.elapsed() < Duration::from_secs(30), "{text}: {:?}", begun.elapsed());
        let parsed = parsed(&text).map_err(|error| TestCaseError::fail(error.0))?;
        let values = expression.values(&world);
        let chance = ["$shuffle", "$random"].iter().any(|name| text.contains(name));
        // Only what costs little is evaluated without guards.
        if !chance && parsed.cost.is_some_and(|cost| cost.is_small(40)) {
            let by = |guarded| {
                catch_unwind(AssertUnwindSafe(|| shown(expression.evaluate_by_library(&world, &parsed, &values, guarded, (&room(), 0)))))
                    .unwrap_or_default()
            };
            prop_assert_eq!(by(true), by(false), "{}", text);
        }
    }
}
