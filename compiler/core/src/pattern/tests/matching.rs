use super::{naive, pattern};
use crate::pattern::{matches, to_json};
use serde_json::{Value, json};

fn matched(text: &str, detail: &Value) -> bool {
    let pattern = pattern(text);
    let matched = matches(&pattern, detail);
    assert_eq!(naive::matches(&to_json(&pattern), detail), matched, "naively: {text} on {detail}");
    matched
}

/// One event detail that each pattern matches and one that it does not.
#[test]
fn every_operator() {
    for (text, yes, no) in [
        ("{ s: [{ prefix: ab }] }", json!({ "s": "abc" }), json!({ "s": "xabc" })),
        ("{ s: [{ prefix: { equals-ignore-case: AB } }] }", json!({ "s": "abc" }), json!({ "s": "xab" })),
        ("{ s: [{ suffix: .png }] }", json!({ "s": "a.png" }), json!({ "s": "a.jpg" })),
        ("{ s: [{ suffix: { equals-ignore-case: .PNG } }] }", json!({ "s": "a.png" }), json!({ "s": "a.jpg" })),
        ("{ s: [{ anything-but: x }] }", json!({ "s": "y" }), json!({ "s": "x" })),
        ("{ n: [{ anything-but: [1, 2] }] }", json!({ "n": 3 }), json!({ "n": 2 })),
        ("{ s: [{ anything-but: { prefix: in } }] }", json!({ "s": "out" }), json!({ "s": "init" })),
        ("{ s: [{ anything-but: { suffix: [.a, .b] } }] }", json!({ "s": "x.c" }), json!({ "s": "x.b" })),
        ("{ s: [{ anything-but: { equals-ignore-case: [A, b] } }] }", json!({ "s": "c" }), json!({ "s": "a" })),
        ("{ s: [{ anything-but: { wildcard: '*/lib/*' } }] }", json!({ "s": "a/b" }), json!({ "s": "x/lib/y" })),
        ("{ n: [{ numeric: ['>', 0, '<=', 5] }] }", json!({ "n": 5 }), json!({ "n": 0 })),
        ("{ n: [{ numeric: ['=', 3.018e2] }] }", json!({ "n": 301.8 }), json!({ "n": 302 })),
        ("{ s: [{ exists: true }] }", json!({ "s": 1 }), json!({ "t": 1 })),
        ("{ s: [{ exists: false }] }", json!({ "t": 1 }), json!({ "s": 1 })),
        ("{ s: [{ wildcard: dir/*/x*.png }] }", json!({ "s": "dir/a/xyz.png" }), json!({ "s": "dir/xyz.png" })),
        ("{ $or: [{ a: [1] }, { b: [{ numeric: ['>', 5] }] }] }", json!({ "a": 2, "b": 6 }), json!({ "a": 2, "b": 5 })),
        (
            "{ t: [k], $or: [{ a: [1] }, { $or: [{ b: [2] }, { c: [3] }] }] }",
            json!({ "t": "k", "c": 3 }),
            json!({ "t": "z", "c": 3 }),
        ),
        ("{ ip: [{ cidr: 10.0.0.0/24 }] }", json!({ "ip": "10.0.0.9" }), json!({ "ip": "10.0.1.9" })),
        ("{ ip: [{ cidr: '2001:db8::/32' }] }", json!({ "ip": "2001:db8::1" }), json!({ "ip": "2001:db9::1" })),
        ("{ s: [{ equals-ignore-case: AbC }] }", json!({ "s": "aBc" }), json!({ "s": "abd" })),
        ("{ s: [null] }", json!({ "s": null }), json!({ "s": "x" })),
        ("{ s: [''] }", json!({ "s": "" }), json!({ "s": "x" })),
        ("{ s: [true] }", json!({ "s": true }), json!({ "s": "true" })),
        ("{ n: [1] }", json!({ "n": 1 }), json!({ "n": "1" })),
        ("{ a: [x] }", json!({ "a": ["y", "x"] }), json!({ "a": ["y"] })),
        (
            "{ a: { k: ['1'], v: ['2'] } }",
            json!({ "a": [{ "k": "1", "v": "2" }] }),
            json!({ "a": [{ "k": "1", "v": "3" }, { "k": "9", "v": "2" }] }),
        ),
        ("{ n: [300] }", json!({ "n": 3.0e2 }), json!({ "n": 301 })),
        // Beyond the emulator's list.
        ("{ s: [{ wildcard: 'a\\*b*' }] }", json!({ "s": "a*bc" }), json!({ "s": "axbc" })),
        ("{ s: [{ wildcard: '*ab*ab*' }] }", json!({ "s": "xababy" }), json!({ "s": "xaby" })),
        ("{ s: [{ wildcard: ab*b }] }", json!({ "s": "abb" }), json!({ "s": "ab" })),
        ("{ s: [{ anything-but: x }] }", json!({ "s": 1 }), json!({})),
        ("{ a: { b: [{ exists: false }] } }", json!({ "a": [{ "c": 1 }] }), json!({ "a": [{ "c": 1 }, { "b": 1 }] })),
        ("{ a: [{ exists: false }] }", json!({ "a": { "b": 1 } }), json!({ "a": null })),
        ("{ a: [{ exists: false }] }", json!({ "a": [] }), json!({ "a": [1] })),
        // Both alternatives and what stands beside them look at one and the same item.
        (
            "{ a: { k: [1] }, $or: [{ a: { v: [2] } }, { a: { v: [3] } }] }",
            json!({ "a": [{ "k": 1, "v": 3 }] }),
            json!({ "a": [{ "k": 1, "v": 9 }, { "k": 8, "v": 3 }] }),
        ),
        // A field is absent from the item that was chosen before, and paths are gone through in their order.
        (
            "{ a: { k: [1], v: [{ exists: false }] } }",
            json!({ "a": [{ "k": 1 }, { "v": 1 }] }),
            json!({ "a": [{ "k": 1, "v": 1 }, {}] }),
        ),
        (
            "{ a: { v: [1], k: [{ exists: false }] } }",
            json!({ "a": [{ "v": 1 }] }),
            json!({ "a": [{ "k": 1 }, { "v": 1 }] }),
        ),
        // What stands in a list itself is in none of its items, but a list in a list is one of them.
        (
            "{ $or: [{ a: { k: [1] } }, { b: [1] }], a: [x] }",
            json!({ "a": ["x", { "k": 1 }] }),
            json!({ "a": [["x"], { "k": 1 }] }),
        ),
    ] {
        assert!(matched(text, &yes), "{text} should match {yes}");
        assert!(!matched(text, &no), "{text} should not match {no}");
    }
}
