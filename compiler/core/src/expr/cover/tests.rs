//! Conditions that cover all there is, and what others leave.

use super::*;
use crate::types::testing;

#[test]
fn conditions_cover_or_leave_something() {
    for (conditions, expected) in [
        (vec!["input.state = 'A'", "input.state = 'B'", "input.state = 'C'"], "nothing"),
        (vec!["input.state = 'A'", "'B' = input.state"], "input.state: C"),
        (vec!["input.state in ['A', 'B']"], "input.state: C"),
        (vec!["input.state != 'A'"], "input.state: A"),
        (vec!["input.state = 'A'", "input.state != 'A'"], "nothing"),
        (vec!["input.state = 'A' or input.state = 'B'", "$not(input.state = 'A' or input.state = 'B')"], "nothing"),
        (vec!["input.state = 'A' and input.count > 3", "input.state = 'B'"], "input.state: C"),
        (
            vec![
                "input.state = 'A' and input.flag",
                "input.state = 'A' and $not(input.flag)",
                "input.state in ['B', 'C']",
            ],
            "nothing",
        ),
        (vec!["input.flag", "$not(input.flag)"], "nothing"),
        (vec!["input.flag = true", "input.flag = false"], "nothing"),
        (vec!["input.flag"], "some `input.flag` is false"),
        (vec!["input.count > 5", "input.count <= 5"], "nothing"),
        (vec!["input.count > 5", "input.count < 5"], "some `input.count` is 5"),
        (vec!["input.count >= 1", "input.count = 0"], "nothing"),
        (vec!["input.price > 0"], "some `input.price` is 0"),
        (vec!["input.price > 1", "input.price < 1", "input.price = 1"], "nothing"),
        (vec!["$exists(input.maybe)", "$not($exists(input.maybe))"], "nothing"),
        (vec!["input.maybe = 'A'", "input.maybe != 'A'"], "some `input.maybe` is absent"),
        (vec!["input.text = 'x'", "input.text != 'x'"], "nothing"),
        (vec!["input.text = 'x'"], "some `input.text` is something else"),
        (vec!["$contains(input.text, 'x')", "$not($contains(input.text, 'x'))"], "nothing"),
        (vec!["true"], "nothing"),
        (vec!["input.price > input.count", "input.count >= input.price"], "nothing"),
        (
            vec!["input.price > input.count", "input.price < input.count"],
            "some `input.count` is the same as `input.price`",
        ),
        (vec!["input.text > 'm'", "input.text <= 'm'"], "nothing"),
        (vec!["input.text = input.text & 'x'", "input.text != input.text & 'x'"], "nothing"),
    ] {
        let input =
            "{ state: A | B | C, flag: boolean, count: integer(0..), price: money(0..), maybe?: A | B, text: string }";
        let (scope, types) = (Scope::default().with("input", testing::ty(input)), Types::default());
        let parsed: Vec<Expr> = conditions
            .iter()
            .filter_map(|text| {
                let span = crate::source::Span::new(testing::file(), 0..text.len());
                Expr::parse(text, span, &std::collections::BTreeSet::new()).ok()
            })
            .collect();
        let refs: Vec<&Expr> = parsed.iter().collect();
        let found = match left(&refs, &scope, &types) {
            Left::Nothing => "nothing".to_owned(),
            Left::Values { path, values, .. } => format!("{path}: {}", values.join(", ")),
            Left::Some(told) => format!("some {}", told.unwrap_or_default()),
        };
        assert_eq!(found, expected, "{conditions:?}");
    }
}
