use super::pattern;
use crate::pattern::{parse, to_json, to_text};
use crate::types::testing::{node, render};
use serde_json::json;

fn problems(text: &str) -> String {
    let mut diagnostics = Vec::new();
    parse(&node(text), &mut diagnostics);
    render(text, &diagnostics).join("; ")
}

#[test]
fn what_is_refused_and_where() {
    for (text, expected) in [
        ("x", "EVC0301 expected a map of fields, found text @ x"),
        ("{}", "EVC0301 expected at least one field, found an empty map @ {}"),
        ("{ a: {} }", "EVC0301 expected at least one field, found an empty map @ {}"),
        ("{ a: x }", "EVC0301 expected a list of values for `a`, found text @ x"),
        ("{ a: 1 }", "EVC0301 expected a list of values for `a`, found a number @ 1"),
        ("{ a: [] }", "EVC0301 expected at least one value for `a`, found an empty list @ []"),
        ("{ a: [[x]] }", "EVC0301 expected a value or an operator, found a list in a list @ [x]"),
        ("{ a: { prefix: x } }", "EVC0301 the operator `prefix` must stand in a list @ { prefix: x }"),
        ("{ a: { numeric: ['>', 0] } }", "EVC0301 the operator `numeric` must stand in a list @ { numeric: ['>', 0] }"),
        ("{ a: [{ prefix: x, suffix: y }] }", "EVC0301 expected one operator, found 2 @ suffix"),
        ("{ a: [{}] }", "EVC0301 expected an operator, found an empty map @ {}"),
        ("{ $or: x }", "EVC0301 `$or` takes a list of maps, found text @ x"),
        ("{ $or: [{ a: [1] }] }", "EVC0301 `$or` needs at least 2 alternatives, found 1 @ [{ a: [1] }]"),
        ("{ $or: [{ a: [1] }, x] }", "EVC0301 expected a map of fields, found text @ x"),
        (
            "{ $or: [{ a: [1] }, { prefix: [x] }] }",
            "EVC0301 `prefix` cannot be the name of a field inside `$or` @ prefix",
        ),
        ("{ a: [{ prefx: x }] }", "EVC0302 unknown operator `prefx` @ prefx"),
        ("{ a: [{ prefix: { suffix: x } }] }", "EVC0302 `prefix` cannot be combined with `suffix` @ suffix"),
        ("{ a: [{ anything-but: { cidr: x } }] }", "EVC0302 `anything-but` cannot be combined with `cidr` @ cidr"),
        ("{ a: [{ prefix: 1 }] }", "EVC0303 `prefix` takes a text, found a number @ 1"),
        ("{ a: [{ exists: 'true' }] }", "EVC0303 `exists` takes `true` or `false`, found text @ 'true'"),
        ("{ a: [{ wildcard: a**b }] }", "EVC0303 `*` cannot follow `*` @ **"),
        ("{ a: [{ wildcard: 'a\\b*' }] }", "EVC0303 `\\` can stand before `*` and `\\` only @ \\b"),
        (
            "{ a: [{ cidr: 10.0.0.0 }] }",
            "EVC0303 expected an address and a number of bits, found `10.0.0.0` @ 10.0.0.0",
        ),
        ("{ a: [{ cidr: 10.0.0/24 }] }", "EVC0303 `10.0.0` is not an IP address @ 10.0.0"),
        ("{ a: [{ cidr: 10.0.0.0/32 }] }", "EVC0303 expected at most 31 bits, found `32` @ 32"),
        (
            "{ a: [{ numeric: 5 }] }",
            "EVC0303 `numeric` takes a list such as `[\">\", 0, \"<=\", 5]`, found a number @ 5",
        ),
        ("{ a: [{ numeric: [] }] }", "EVC0303 expected a comparison, found an empty list @ []"),
        ("{ a: [{ numeric: ['~', 1] }] }", "EVC0303 expected one of `=`, `<`, `<=`, `>`, `>=`, found `~` @ '~'"),
        ("{ a: [{ numeric: [0, '>'] }] }", "EVC0303 expected one of `=`, `<`, `<=`, `>`, `>=`, found `0` @ 0"),
        ("{ a: [{ numeric: ['>'] }] }", "EVC0303 expected a number after `>`, found the end of the list @ '>'"),
        ("{ a: [{ numeric: ['<', 5, '>', 0] }] }", "EVC0303 `>` cannot follow `<` @ '>'"),
        ("{ a: [{ numeric: ['=', 5, '<', 9] }] }", "EVC0303 `<` cannot follow `=` @ '<'"),
        ("{ a: [{ numeric: ['>', 5, '<', 5] }] }", "EVC0303 no number is above 5 and below 5 @ 5, '<', 5"),
        ("{ a: [{ numeric: ['>', 0, '<', 9, '<', 5] }] }", "EVC0303 expected at most two comparisons @ '<'"),
        (
            "{ a: [{ numeric: ['>', 5000000001] }] }",
            "EVC0303 `5000000001` is beyond ±5.0e9, the numbers that EventBridge compares @ 5000000001",
        ),
        (
            "{ a: [{ numeric: ['>', 0.1234567] }] }",
            "EVC0303 `0.1234567` has more than the 6 digits behind the point that EventBridge compares @ 0.1234567",
        ),
        ("{ a: [{ numeric: ['>', x] }] }", "EVC0303 `>` takes a number, found text @ x"),
        (
            "{ a: [{ anything-but: [] }] }",
            "EVC0303 `anything-but` takes at least one text or number, found a list @ []",
        ),
        ("{ a: [{ anything-but: [1, x] }] }", "EVC0303 `anything-but` takes texts or numbers, found both @ [1, x]"),
        (
            "{ a: [{ anything-but: { prefix: '' } }] }",
            "EVC0303 expected a text of at least one character, found an empty one @ ''",
        ),
        // Every mistake is reported, not only the first.
        (
            "{ a: x, b: [{ foo: 1 }], c: [] }",
            "EVC0301 expected a list of values for `a`, found text @ x; EVC0302 unknown operator `foo` @ foo; EVC0301 expected at least one value for `c`, found an empty list @ []",
        ),
        (
            "{ a: [1], $or: [{ a: [2] }, { b: [1] }] }",
            "EVC0310 the values of `a` are listed twice, of which EventBridge keeps one list @ a",
        ),
        ("{ $or: [{ a: [2] }, { a: [1] }] }", ""),
    ] {
        assert_eq!(problems(text), expected, "{text}");
    }
}

#[test]
fn large_patterns_are_measured() {
    let sized = |count: usize| format!("{{ a: ['{}'] }}", "x".repeat(count));
    assert_eq!(problems(&sized(2000)), "");
    assert!(problems(&sized(3000)).starts_with("EVC0311 the pattern has 3010 characters as JSON"));
    assert!(problems(&sized(5000)).starts_with("EVC0304 the pattern has 5010 characters as JSON"));

    let or = |field: &str| {
        let alternatives: Vec<String> = (0..11).map(|at| format!("{{ {field}{at}: [1] }}")).collect();
        format!("{field}: {{ $or: [{}] }}", alternatives.join(", "))
    };
    let text = format!("{{ {}, {}, {} }}", or("a"), or("b"), or("c"));
    assert!(problems(&text).starts_with("EVC0304 the pattern has 1331 combinations"), "{}", problems(&text));
}

#[test]
fn json_is_as_written() {
    let text = "{ b: [1, 3.018e2, 300.0, 012, 'x', true, null], a: { c: [{ numeric: ['>', 0.10, '<=', 5] }, { anything-but: [x] }, \
                { anything-but: { wildcard: [a*, '*b'] } }, { prefix: { equals-ignore-case: A } }, { exists: false }] }, \
                $or: [{ d: [{ cidr: 10.0.0.0/8 }] }, { e: ['\"'] }] }";
    assert_eq!(
        to_text(&pattern(text)),
        r#"{"b":[1,3.018e2,300.0,"012","x",true,null],"a":{"c":[{"numeric":[">",0.10,"<=",5]},{"anything-but":"x"},{"anything-but":{"wildcard":["a*","*b"]}},{"prefix":{"equals-ignore-case":"A"}},{"exists":false}]},"$or":[{"d":[{"cidr":"10.0.0.0/8"}]},{"e":["\""]}]}"#
    );
    assert_eq!(to_json(&pattern("{ a: [1, 3.018e2, 5.0] }")), json!({ "a": [1, 301.8, 5.0] }));
}
