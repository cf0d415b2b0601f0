//! Nothing that an expression does takes more than its bounds, whatever its data, and what it meets has a name.

use std::time::{Duration, Instant};

use super::*;

mod fuzz;
mod patterns;

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
    world.spent.time.set(Duration::ZERO);
    let expression = Expression::parse(text).map_err(|error| error.0)?;
    expression.evaluate(world, &room(), 0).map_err(|error| error.0)
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
    ("$distinct($map([1..5000], function($i) { $append([1..60], $i) }))", &[Bound::Steps]),
    // Doubling.
    ("$reduce([1..60], function($a, $b) { $a & $a }, 'x')", &[Bound::Text, Bound::Bytes]),
    ("$reduce([1..60], function($a, $b) { $append($a, $a) }, [1])", &[Bound::List, Bound::Value, Bound::Bytes]),
    ("$reduce([1..60], function($a, $b) { {'l': $a, 'r': $a} }, 1)", &[Bound::Value, Bound::Bytes]),
    ("$string($reduce([1..60], function($a, $b) { {'l': $a, 'r': $a} }, 1))", &[Bound::Value, Bound::Bytes]),
    ("$reduce([1..60], function($a, $b) { [[$a], [$a]] }, 1)", &[Bound::Value, Bound::Bytes]),
    ("($f := function($n, $t) { $n = 0 ? $t : $f($n - 1, $t & $t) }; $f(60, 'x'))", &[Bound::Text, Bound::Bytes]),
    ("$map([1..1000], function() { $input & '' })", &[Bound::Bytes]),
    ("$map([1..1000], function() { $string($input) })", &[Bound::Bytes]),
    ("$map([1..1000], function() { $merge([$input, $input]) })", &[Bound::Bytes, Bound::Value]),
    ("$map([1..1000], function() { $zip($input.numbers, $input.numbers) })", &[Bound::Bytes]),
    (
        "($f := function($n, $x) { $n = 0 ? 0 : $f($n - 1, ($n > 0 ? $input.numbers.$ : 0)) + 1 }; $f(300, 0))",
        &[Bound::Bytes],
    ),
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
    ("$count($input.rows@$a.[1..1000]#$j)", &[Bound::Bytes]),
    ("$count([1..1000]#$i.[1..1000]#$j)", &[Bound::Bytes]),
    ("$count([1..300]#$i.[1..400]#$j.[1..1000]#$k)", &[Bound::Bytes]),
    ("$count($input.rows@$a.($input.numbers)#$j)", &[Bound::Bytes]),
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
    // What only looks at much, again and again.
    ("$count($input.numbers[49999 in $input.numbers])", &[Bound::Steps]),
    ("($list := [1..120000]; $count($list[7 in $list]))", &[Bound::Steps]),
    ("$map([1..50000], function($i) { $i in $input.numbers })", &[Bound::Steps]),
    ("$map([1..50000], function() { $sum($input.numbers) })", &[Bound::Steps]),
    ("$map([1..50000], function() { $average($input.numbers) })", &[Bound::Steps]),
    ("$map([1..50000], function() { $not($input.numbers) })", &[Bound::Steps]),
    ("$map([1..50000], function() { $length($input.text) })", &[Bound::Steps]),
    ("$map([1..50000], function() { $contains($input.text, 'b') })", &[Bound::Steps]),
    ("$map([1..50000], function() { $exists($input.numbers.none) })", &[Bound::Steps]),
    ("$map([1..50000], function() { $lookup($input.numbers, 'none') })", &[Bound::Steps]),
    ("($f := $sum; $map([1..50000], function() { $f($input.numbers) }))", &[Bound::Bytes]),
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

/// A function keeps the one before it: each of these ended the process, whose stack had no room to drop the chain.
const CHAINS: &[&str] = &[
    "($f := $reduce([1..130000], function($f, $i) { $append(?, $f) }, 1); 1)",
    "($f := $reduce([1..130000], function($f, $i) { function() { $f } }, 1); 1)",
    "($o := $reduce([1..130000], function($o, $i) { {'f': $o.f ~> $string} }, {'f': $string}); 1)",
    "($o := $reduce([1..130000], function($o, $i) { {'f': function($x) { $o.f($x) }} }, {'f': $string}); 1)",
    "($g := function($n, $f) { $n = 0 ? 1 : $g($n - 1, function() { $f }) }; $g(60000, 1))",
    "($h := function($a, $b) { $b }; $g := function($n, $f) { $n = 0 ? 1 : $g($n - 1, $h(?, $f)) }; $g(60000, 1))",
    "$count($map([1..100000], function($i) { function($x) { [$i, $input] } }))",
];

/// `/a.*z|a/` looks at the whole rest of the text for each match.
#[test]
fn patterns_that_look_at_all_the_rest_end_in_time() {
    let world = large();
    for call in
        ["$match($input.text, /a.*z|a/)", "$split($input.text, /a.*z|a/)", "$replace($input.text, /a.*z|a/, 'b')"]
    {
        world.spent.time.set(Duration::from_millis(bounds::TRANSITION_TIME_MS - 400));
        let begun = Instant::now();
        let expression = Expression::parse(&format!("$length($string({call}))")).unwrap();
        let found = expression.evaluate(&world, &room(), 0);
        assert!(
            found.as_ref().is_err_and(|why| why.0.ends_with(&Bound::TransitionTime.to_string())),
            "{call}: {found:?}"
        );
        assert!(begun.elapsed() < Duration::from_secs(3), "{call}: {:?}", begun.elapsed());
    }
}

#[test]
fn the_evaluations_of_a_transition_share_one_clock() {
    let world = large();
    let expression = Expression::parse("$sum($input.numbers)").unwrap();
    assert!(expression.evaluate(&world, &room(), 0).is_ok());
    let taken = world.spent.time.get();
    assert!(!taken.is_zero());
    world.spent.time.set(Duration::from_millis(bounds::TRANSITION_TIME_MS));
    let found = expression.evaluate(&world, &room(), 0);
    assert!(found.as_ref().is_err_and(|why| why.0.ends_with(&Bound::TransitionTime.to_string())), "{found:?}");
}

/// The library's time and memory grow with the square of a picture: each of these took from ten seconds to a minute, or gigabytes.
#[test]
fn pictures_are_bounded() {
    let world = large();
    for text in [
        "$toMillis('1', $pad('', 24000, '[Y]'))",
        "$toMillis('1', $join($map([1..1000], function() { '[Y]' })))",
        "('1' ~> $toMillis($pad('', 24000, '[Y]')))",
        "$fromMillis(0, $pad('', 90000, '[YI]'))",
        "$fromMillis(0, '[Y' & $pad('', 500000, '0,') & ']')",
        "$fromMillis(0, '[Y]', $pad('', 1000000, '-'))",
        "$now($pad('', 100000, '[Y]'))",
        "$formatInteger(1, $pad('', 1000000, '0,'))",
        "($f := $formatInteger; $f(1, $pad('', 1000000, '0,')))",
        "[1].$formatInteger($pad('', 1000000, '0,'))",
        "$parseInteger('1', $pad('', 400000, '0,'))",
        "$string(1).$parseInteger($pad('', 400000, '0,'))",
        "($p := $parseInteger('1', ?); $p($pad('', 400000, '0,')))",
        "$formatNumber(1e300, $pad('', 1000000, '#,'))",
        "$formatNumber(1.5, '0.0', {'decimal-separator': $pad('', 1000000, '.')})",
        "$input.numbers[$contains($fromMillis($input.text), 'x')]",
    ] {
        world.spent.steps.set(0);
        let found = outcome(text, &world);
        assert!(found.as_ref().is_err_and(|why| why.ends_with(&Bound::Picture.to_string())), "{text}: {found:?}");
    }
    let most = [32, 33].map(|markers| format!("$fromMillis(0, '{}')", "[Y]".repeat(markers)));
    assert_eq!(most.map(|text| outcome(&text, &world).is_ok()), [true, false]);
    let begun = Instant::now();
    let widest = format!("$toMillis('{}', '{}')", "1".repeat(100_000), "[Y,9-999]".repeat(28));
    let _ = outcome(&widest, &world);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[test]
fn chains_of_functions_are_bounded() {
    let world = large();
    for text in CHAINS {
        let found = outcome(text, &world);
        assert!(found.as_ref().is_err_and(|why| why.ends_with(&Bound::Functions.to_string())), "{text}: {found:?}");
    }
    let within = "($f := $reduce([1..1500], function($f, $i) { function() { $f } }, 1); 1)";
    // As deep in calls as may be, where the least of the stack is left.
    let deep = format!("($d := function($n) {{ $n = 0 ? {within} : 1 + $d($n - 1) }}; $sum($map([300..330], $d)))");
    for text in [within, &deep, "$count($map([1..1000], function($i) { function() { $i } }))"] {
        world.spent.steps.set(0);
        let found = outcome(text, &world);
        assert!(found.is_ok(), "{text}: {found:?}");
    }
}

#[test]
fn whatever_grows_meets_a_bound() {
    let world = large();
    let before = peak();
    let mut wrong = Vec::new();
    for (text, bounds) in GROWS {
        world.spent.steps.set(0);
        let begun = Instant::now();
        let found = outcome(text, &world);
        let (took, grown) = (begun.elapsed(), peak().saturating_sub(before) >> 20);
        let named =
            found.as_ref().err().is_some_and(|why| bounds.iter().any(|bound| why.ends_with(&bound.to_string())));
        // Other tests run at the same time, and builds without optimisation are slow.
        let fast = took < Duration::from_secs(if cfg!(debug_assertions) { 20 } else { 3 });
        if !named || !fast || grown > 400 {
            let shown = found.map(|value| value.to_string().chars().take(80).collect::<String>());
            wrong.push(format!("{text}: {took:?}, {grown} MiB, {shown:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_an_evaluation_may_take_is_left_to_ordinary_ones() {
    let world = large();
    let ordinary = [
        "$count($input.numbers[$ > 100])",
        "$sum($map($input.rows, function($r) { $r.n * 2 }))",
        "$count($reduce($input.rows[n < 800], function($all, $r) { $append($all, {'id': $r.id}) }, []))",
        "$count($input.rows.{'id': id, 'n': n, 'first': tags[0]})",
        "$count($distinct($input.rows.tags))",
        "$length($join($input.rows.id, ', '))",
        "$count($input.rows@$a.tags#$i.{'a': $a.n, 'i': $i})",
        "$count([1..100]#$i.[1..100]#$j.{'i': $i, 'j': $j})",
        "$length($string($input.rows))",
        "$count($sort($input.rows, function($a, $b) { $a.n < $b.n }))",
        "$length($replace($input.text, 'a', 'bc'))",
        "$count($split($input.text, 'aaaa'))",
        "($f := function($n) { $n <= 0 ? 0 : 1 + $f($n - 1) }; $f(300))",
        "($f := function($n, $s) { $n = 0 ? $s : $f($n - 1, $s + $n) }; $f(20000, 0))",
        "$count([1..100000])",
        "$count($input.rows ~> |$[n < 50]|{'seen': true}|)",
        "$count($input.rows[id in $input.rows.id])",
        "$map($input.rows, function($r) { $r.n / $sum($input.rows.n) })",
        "$count($input.numbers[$ in [1, 2, 3]])",
        "$map($input.rows, function($r) { $lookup($input, 'one') })",
        "$length($pad('', 100000))",
        "$count($match($input.text, /a/, 3))",
        "$length($replace($input.text, /a/, '0123456789abcdef', 3))",
        "$length($replace($input.text, 'a', '0123456789abcdef', 3))",
    ];
    for text in ordinary {
        world.spent.steps.set(0);
        let found = outcome(text, &world);
        assert!(found.is_ok(), "{text}: {found:?}");
    }
}

/// A value inside of this many others.
fn deep(levels: usize) -> Value {
    // `json!` would go down into what it is given, once for each level.
    let object = |inner| Value::Object([("a".to_owned(), Value::Array(vec![inner]))].into_iter().collect());
    (0..levels).fold(json!(1), |inner, _| object(inner))
}

/// What doubles with each of its parts, whatever the data: nothing of it may be evaluated without guards.
#[test]
fn chains_that_double_meet_a_bound() {
    let world = &worlds()[2];
    let chain = |times: usize, open: &str, inner: &str, close: &str| {
        format!("{}{inner}{}", open.repeat(times), close.repeat(times))
    };
    for text in [
        chain(100, "$base64encode(", "$input.orderId", ")"),
        chain(90, "$string([", "'\"'", "])"),
        // The library evaluates what a `$map` goes through twice.
        chain(24, "$map(", "[1, 2]", ", function($x) { [$x, $x] })"),
        chain(60, "(", "[1, 2]", ").[$, $]"),
        chain(60, "(", "$input", ").{'l': $, 'r': $}"),
        format!(
            "($a0 := 'x' & $input.orderId; {} $a60)",
            (0..60).map(|n| format!("$a{} := $a{n} & $a{n};", n + 1)).collect::<String>()
        ),
    ] {
        let begun = Instant::now();
        let found = outcome(&text, world);
        assert!(found.is_err(), "{text}: {}", found.map(|value| value.to_string().len()).unwrap_or_default());
        assert!(begun.elapsed() < Duration::from_secs(20), "{text}: {:?}", begun.elapsed());
    }
}

#[test]
fn deep_data_is_refused_or_passed_on() {
    let Value::Object(variables) = json!({ "input": { "deep": deep(60), "deeper": deep(150) } }) else {
        panic!("an object")
    };
    let world = World { variables, states: json!({}), spent: Spent::default() };
    let twice = |name: &str| outcome(&format!("[$input.{name}, $string($input.{name})]"), &world);
    assert!(twice("deep").is_ok());
    assert!(twice("deeper").is_err_and(|why| why.ends_with(&Bound::Depth.to_string())));
}

#[test]
fn a_deep_expression_fits_the_stack_of_a_thread() {
    let world = &worlds()[2];
    let nested = |open: &str, inner: &str, close: &str| format!("{}{inner}{}", open.repeat(300), close.repeat(300));
    for text in [
        nested("(", "1", ")"),
        nested("[", "1", "]"),
        nested("{'a': ", "1", "}"),
        nested("$map([1], function($x) { ", "$x", " })"),
        nested("$input.items[", "true", "]"),
        nested("-", "1", ""),
        format!("1{}", " & 1".repeat(900)),
    ] {
        // A parser that refuses it says so; nothing else may end the process.
        let _ = outcome(&text, world);
    }
}

#[test]
fn the_same_expression_takes_the_same_steps() {
    let world = large();
    let taken = |text: &str| {
        world.spent.steps.set(0);
        (outcome(text, &world), world.spent.steps.get())
    };
    for text in [
        "$sum($map($input.rows[n < 100], function($r) { $r.n * $count($input.rows[n < $r.n]) }))",
        "$sum($map($input.rows, function($r) { $r.n * $count($input.rows[n < $r.n]) }))",
        "$map($input.rows, function($r) { $filter($input.rows, function($s) { $s.n = $r.n }) })",
    ] {
        let (first, second) = (taken(text), taken(text));
        assert_eq!(first, second);
        assert!(first.0.as_ref().err().is_none_or(|why| !why.ends_with(&Bound::Time.to_string())), "{first:?}");
        assert!(first.1 > 10_000, "{first:?}");
    }
}
