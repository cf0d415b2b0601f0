//! Searches with regular expressions: nothing interrupts one, so what it may take is known before it begins.

use super::*;

/// A text of `a` and `b` without an order.
fn shuffled(length: usize) -> String {
    let mut random = 7_u64;
    let mut next = || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        if random >> 63 == 0 { 'a' } else { 'b' }
    };
    (0..length).map(|_| next()).collect()
}

fn world_of(text: &str) -> World {
    let Value::Object(variables) = json!({ "input": { "text": text, "few": vec!["some words"; 30] } }) else {
        panic!("an object")
    };
    World { variables, states: json!({}), spent: Spent::default() }
}

/// Each of these took from some seconds to minutes, and the clock was not looked at.
#[test]
fn a_search_that_takes_long_is_not_begun() {
    let worlds = [world_of(&shuffled(100_000)), world_of(&"x".repeat(250_000))];
    let patterns = [
        (0, "[ab]*a[ab]{9000}c"),
        (0, "[ab]*a[ab]{900}c"),
        (1, "x.{1000,2000}y"),
        (1, "x[^;]{3000};"),
        (1, "x[^;]{800};"),
    ];
    for (world, pattern) in patterns {
        for call in [
            format!("$contains($input.text, /{pattern}/)"),
            format!("$input.text.$contains(/{pattern}/)"),
            format!("($input.text ~> $contains(/{pattern}/))"),
            format!("($c := $contains(?, /{pattern}/); $c($input.text))"),
            format!("$exists($match($input.text, /{pattern}/))"),
            format!("$count($split($input.text, /{pattern}/))"),
            format!("$length($replace($input.text, /{pattern}/, 'b'))"),
            format!("$exists($input.text ~> /{pattern}/)"),
            format!("($p := /{pattern}/; $contains($input.text, $p))"),
            format!("($p := /{pattern}/; $exists($p($input.text)))"),
            format!("$count($map([$input.text], /{pattern}/))"),
        ] {
            worlds[world].spent.steps.set(0);
            let begun = Instant::now();
            let found = outcome(&call, &worlds[world]);
            let bounds = [Bound::Pattern, Bound::AppliedPattern, Bound::Steps];
            let named =
                found.as_ref().err().is_some_and(|why| bounds.iter().any(|bound| why.ends_with(&bound.to_string())));
            assert!(named, "{call}: {found:?}");
            assert!(begun.elapsed() < Duration::from_secs(2), "{call}: {:?}", begun.elapsed());
        }
    }
}

/// A pattern is made anew for each call, which for some takes longer than the search.
#[test]
fn patterns_that_are_made_again_and_again_are_bounded() {
    let world = world_of("");
    for text in [
        r"$count($input.few[$contains($, /\w+ \w+/)])",
        r"$count($filter($input.few, function($t) { $contains($t, /\w+ \w+/) }))",
        r"$count($map($input.few, function($t) { $match($t, /\p{L}/) }))",
    ] {
        world.spent.steps.set(0);
        let found = outcome(text, &world);
        assert!(found.is_ok(), "{text}: {found:?}");
        // A second's worth of them is all that an evaluation may take.
        assert!(world.spent.steps.get() > 30 * 900, "{text}: {}", world.spent.steps.get());
    }
}

#[test]
fn ordinary_patterns_are_left_to_search() {
    let world = world_of(&"a name, a number 17, and mail@example.org; ".repeat(5_000));
    for text in [
        r"$contains($input.text, /[\w.+-]+@[\w-]+\.[a-z]{2,}/)",
        r"$contains($substring($input.text, 0, 10000), /^.{1,500}$/)",
        r"$count($match($input.text, /[0-9]{2,4}/)) > 1000",
        r"$length($replace($input.text, /\s+/, ' '))",
        r"$count($input.few[$contains($, /^[a-z]+ [a-z]+$/)])",
        r"$contains('5f3c1b52-7c0e-4f6a-9d59-0a4f7b1c2d3e', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i)",
        r"$contains($input.text, /\p{Greek}/)",
        "$contains($input.text, 'mail')",
        "$contains('', 'mail')",
        "$exists('abc' ~> /b/)",
        "$exists($map(['abc'], /b/))",
    ] {
        world.spent.steps.set(0);
        let found = outcome(text, &world);
        assert!(found.is_ok(), "{text}: {found:?}");
    }
}
