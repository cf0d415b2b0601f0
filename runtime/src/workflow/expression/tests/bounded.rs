//! Nothing that an expression does takes more than its bounds, whatever its data, and what it meets has a name.

use std::time::{Duration, Instant};

use super::*;

/// A world with much in it, as far as a state may have it.
fn large() -> World {
    let numbers: Vec<u32> = (0..50_000).collect();
    let rows: Vec<Value> = (0..2_000).map(|n| json!({"id": format!("row-{n}"), "n": n, "tags": ["a", "b"]})).collect();
    let variables = json!({
        "input": {"width": 1_000_000_000, "text": "a".repeat(200_000), "numbers": numbers, "rows": rows, "one": 1},
    });
    let Value::Object(variables) = variables else { panic!("an object") };
    World { variables, states: json!({}), spent: Spent::default() }
}

/// The highest resident size that this process had so far, bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()).unwrap_or(0) * 1024
}

fn outcome(text: &str, world: &World) -> Result<Value, String> {
    let expression = Expression::parse(text).map_err(|error| error.0)?;
    expression.evaluate(world, &room()).map_err(|error| error.0)
}

/// Each of these took more than a gigabyte or more than a minute, or ended the process, before there were bounds.
const GROWS: &[(&str, &[Bound])] = &[
    // One call with a number.
    ("$pad('', $input.width)", &[Bound::Text]),
    ("$pad('', -$input.width, '#')", &[Bound::Text]),
    ("$map([$input.width], function($w) { $pad('', $w) })", &[Bound::Text]),
    ("($p := $pad(?, 1000000000); $p('a'))", &[Bound::Text]),
    ("$input.text.$pad(1000000000)", &[Bound::Text]),
    ("'a' ~> $pad(1000000000)", &[Bound::Text]),
    ("($f := $pad; $f('a', 1000000000))", &[Bound::Text]),
    ("$formatInteger(1000000000000, 'I')", &[Bound::Width]),
    ("$fromMillis(0, '[Y,1000000000]')", &[Bound::Width]),
    ("[-9223372036854775807..9223372036854775807]", &[Bound::Range]),
    ("[1..$input.width]", &[Bound::List]),
    // In proportion to the product of what is given.
    ("$join($split($input.text, ''), $input.text)", &[Bound::List]),
    ("$join($input.rows.id, $input.text)", &[Bound::Text]),
    ("$replace($input.text, 'a', $input.text)", &[Bound::Text]),
    ("$replace($input.text, /a/, $input.text)", &[Bound::Text]),
    ("$replace($input.text, /a+/, '$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0')", &[Bound::Text]),
    ("$match($input.text, /a/)", &[Bound::Bytes]),
    ("$distinct($input.numbers)", &[Bound::Steps]),
    // Doubling.
    ("$reduce([1..60], function($a, $b) { $a & $a }, 'x')", &[Bound::Text, Bound::Bytes]),
    ("$reduce([1..60], function($a, $b) { $append($a, $a) }, [1])", &[Bound::List, Bound::Value, Bound::Bytes]),
    ("$reduce([1..60], function($a, $b) { {'l': $a, 'r': $a} }, 1)", &[Bound::Value, Bound::Bytes]),
    ("$string($reduce([1..60], function($a, $b) { {'l': $a, 'r': $a} }, 1))", &[Bound::Value, Bound::Bytes]),
    ("$reduce([1..60], function($a, $b) { [[$a], [$a]] }, 1)", &[Bound::Value, Bound::Bytes]),
    ("($f := function($n, $t) { $n = 0 ? $t : $f($n - 1, $t & $t) }; $f(60, 'x'))", &[Bound::Text, Bound::Bytes]),
    // Loops in loops.
    (
        "$map($input.numbers, function($a) { $map($input.numbers, function($b) { $a * $b }) })",
        &[Bound::Bytes, Bound::Steps],
    ),
    ("$map([1..100000], function($a) { $map([1..100000], function($b) { $a * $b }) })", &[Bound::Bytes, Bound::Steps]),
    (
        "$sum($map($input.rows, function($a) { $count($map($input.rows, function($b) { $a.n * $b.n })) }))",
        &[Bound::Steps, Bound::Bytes],
    ),
    ("$input.numbers.($a := $; $input.numbers.($a * $))", &[Bound::Bytes, Bound::Steps]),
    ("$input.rows@$a.$input.rows@$b.$input.rows@$c.{'a': $a.n}", &[Bound::Bytes, Bound::Steps]),
    ("$input.rows.{'all': $input.rows}", &[Bound::Value, Bound::Bytes]),
    ("$map($input.rows, function() { $input.rows })", &[Bound::Value, Bound::Bytes, Bound::Steps]),
    ("[1..1000].$input.numbers", &[Bound::Bytes, Bound::List]),
    ("[1..1000].$input.**", &[Bound::Bytes, Bound::List, Bound::Steps]),
    ("[1..1000].{'o': $input}.o.numbers", &[Bound::Bytes]),
    ("$map([1..1000], function() { $append([$input], []) }).numbers", &[Bound::Bytes]),
    ("$map([1..1000], function() { $lookup($input, 'rows') }).n", &[Bound::Bytes]),
    ("$reduce([1..1000], function($all, $i) { [$all, {'o': $input}] }, []).o.numbers", &[Bound::Value]),
    ("($o := {'l': $input.numbers}; $r := [1..100000].$o; $r.l)", &[Bound::Value, Bound::Steps, Bound::Bytes]),
    ("[1..1000][$map([1..100000], function() { 0 })]", &[Bound::Index]),
    ("$input.rows ~> |**|{'x': $$}|", &[Bound::Value, Bound::Steps, Bound::Bytes]),
    // Without end.
    ("($f := function($n) { $f($n + 1) }; $f(0))", &[Bound::Steps]),
    ("($f := function($n) { 1 + $f($n + 1) }; $f(0))", &[Bound::Stack]),
    ("($f := function($n) { $g($n) }; $g := function($n) { $f($n) }; $f(0))", &[Bound::Steps]),
    ("($f := function($n) { [$f($n + 1)] }; $f(0))", &[Bound::Stack]),
    ("($f := function($n) { $map([1], function($x) { $f($n) }) }; $f(0))", &[Bound::Stack]),
    ("($y := function($h) { $h($h) }; $y($y))", &[Bound::Steps]),
    // Deep.
    ("$reduce([1..100000], function($a, $b) { {'a': $a} }, 1)", &[Bound::Depth]),
    ("$reduce([1..100000], function($a, $b) { [[$a]] }, 1)", &[Bound::Depth]),
    ("$string($reduce([1..500], function($a, $b) { {'a': $a} }, 1))", &[Bound::Depth]),
];

#[test]
fn whatever_grows_meets_a_bound() {
    let world = large();
    let before = peak();
    let mut wrong = Vec::new();
    for (text, bounds) in GROWS {
        world.spent.0.set(0);
        let begun = Instant::now();
        let found = outcome(text, &world);
        let (took, grown) = (begun.elapsed(), peak().saturating_sub(before) >> 20);
        let named =
            found.as_ref().err().is_some_and(|why| bounds.iter().any(|bound| why.ends_with(&bound.to_string())));
        eprintln!(
            "{took:>10.1?} {grown:>5} MiB  {text}  {:?}",
            found.as_ref().err().map(|e| e.rsplit(':').next().unwrap_or("").to_owned())
        );
        // Other tests run at the same time, and builds without optimisation are slow.
        let fast = took < Duration::from_secs(if cfg!(debug_assertions) { 20 } else { 3 });
        if !named || !fast || grown > 400 {
            let shown = found.map(|value| value.to_string().chars().take(80).collect::<String>());
            wrong.push(format!("{text}: {took:?}, {grown} MiB, {shown:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
