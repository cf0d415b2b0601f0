//! The same verdict as quamina, an independent matcher, on what both know. It has no ignore-case prefix and suffix, no nested
//! `anything-but` and no `$or`, and it misses events that lack a field which must be absent, if the pattern is about
//! another one as well.

use super::{naive, pattern};
use crate::pattern::{matches, to_json, to_text};
use proptest::prelude::*;
use serde_json::{Value, json};

fn matchers() -> impl Strategy<Value = &'static str> + Clone {
    prop::sample::select(vec![
        "a",
        "ab",
        "''",
        "1",
        "2.5",
        "1.0",
        "true",
        "null",
        "{ prefix: a }",
        "{ suffix: b }",
        "{ equals-ignore-case: AB }",
        "{ wildcard: a*b }",
        "{ wildcard: '*' }",
        "{ anything-but: a }",
        "{ anything-but: [a, ab] }",
        "{ numeric: ['>', 1] }",
        "{ numeric: ['>=', 1, '<', 2.5] }",
        "{ numeric: ['=', 1] }",
        "{ exists: true }",
        "{ exists: false }",
        "{ cidr: 10.0.0.0/24 }",
    ])
}

fn patterns() -> impl Strategy<Value = String> {
    let list = || {
        prop::collection::vec(matchers(), 1..3).prop_filter("exists stands alone in quamina", |list| {
            list.len() == 1 || !list.iter().any(|one| one.contains("exists"))
        })
    };
    let field = || {
        (prop::sample::select(vec!["x", "y"]), list()).prop_map(|(name, list)| format!("{name}: [{}]", list.join(", ")))
    };
    let fields = || {
        prop::collection::vec(field(), 1..3).prop_map(|mut fields| {
            fields.sort();
            fields.dedup_by(|a, b| a.split(':').next() == b.split(':').next());
            fields.join(", ")
        })
    };
    (fields(), fields(), 0..3).prop_map(|(top, inner, shape)| match shape {
        0 => format!("{{ {top} }}"),
        1 => format!("{{ o: {{ {inner} }} }}"),
        _ => format!("{{ {top}, o: {{ {inner} }} }}"),
    })
}

fn values() -> impl Strategy<Value = Value> {
    let scalar = prop::sample::select(vec![
        json!("a"),
        json!("ab"),
        json!("AB"),
        json!("acb"),
        json!(""),
        json!("b"),
        json!("10.0.0.7"),
        json!("10.0.1.7"),
        json!(1),
        json!(2),
        json!(2.5),
        json!(true),
        json!(false),
        json!(null),
    ]);
    prop_oneof![3 => scalar.clone(), 1 => prop::collection::vec(scalar, 0..3).prop_map(Value::from)]
}

fn events() -> impl Strategy<Value = Value> {
    let flat = || {
        (prop::option::of(values()), prop::option::of(values())).prop_map(|(x, y)| {
            let mut object = json!({ "z": 0 });
            for (name, value) in [("x", x), ("y", y)] {
                if let Some(value) = value {
                    object[name] = value;
                }
            }
            object
        })
    };
    let inner = prop_oneof![flat(), prop::collection::vec(flat(), 1..3).prop_map(Value::from)];
    (flat(), prop::option::of(inner)).prop_map(|(mut event, inner)| {
        if let Some(inner) = inner {
            event["o"] = inner;
        }
        event
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(2000), failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn quamina_agrees(text in patterns(), event in events()) {
        let naive = naive::matches(&to_json(&pattern(&text)), &event);
        prop_assert_eq!(matches(&pattern(&text), &event), naive, "naively: {} on {}", text, event);
        prop_assume!(!text.contains("exists: false") || text.matches(": [").count() == 1);
        let ours = pattern(&text);
        let mut theirs = quamina::Quamina::new();
        theirs.add_pattern("p".to_owned(), &to_text(&ours)).expect("a pattern that quamina knows");
        let expected = theirs.has_matches(event.to_string().as_bytes()).expect("an event");
        prop_assert_eq!(matches(&ours, &event), expected, "{} on {}", to_text(&ours), event);
    }
}
