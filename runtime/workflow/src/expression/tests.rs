//! What an expression gives here is what it gives in the reference implementation, in the version that Step Functions runs: over the
//! compiler's table of expressions, over all of the machines that it has written, and over paths of every shape.
//!
//! The reference needs `node` and the npm package `jsonata@2.0.6`, in `target/tools/node/node_modules` or where `EVC_NODE_MODULES`
//! says; without it, its test says so and passes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;

use super::*;

mod bounded;

/// Room for a result.
fn room() -> Cell<usize> {
    Cell::new(bounds::VALUE)
}

/// Variables and `$states` that do not change.
struct World {
    variables: Map<String, Value>,
    states: Value,
    spent: Spent,
}

impl Names for World {
    fn variable(&self, name: &str) -> Option<&Value> {
        self.variables.get(name)
    }

    fn states(&self) -> &Value {
        &self.states
    }

    fn seed(&self) -> u64 {
        7
    }

    fn now_ms(&self) -> u64 {
        1_764_331_200_123
    }

    fn spent(&self) -> &Spent {
        &self.spent
    }
}

/// Lists with no, one and several elements, since JSONata treats these differently; what may be there and what may not.
fn worlds() -> Vec<World> {
    let line = |id: &str, quantity: u32| json!({"productId": id, "quantity": quantity, "price": 9.5, "discount": 0.5, "tags": ["t", id]});
    let lists = [vec![], vec![line("a", 1)], vec![line("a", 1), line("b", 2), line("c", 3)]];
    let world = |items: Vec<Value>| {
        let variables = json!({
            "input": {"orderId": "5f3c1b52-7c0e-4f6a-9d59-0a4f7b1c2d3e", "customerId": "c-1", "items": items,
                "totalAmount": 19.99, "status": "PAID", "createdAt": "2026-01-01T00:00:00.000Z", "express": true,
                "labels": {"color": "red"}, "payload": {"x": [1, [2]]}, "retry-after": 3, "weight": 1.5,
                "timeout": "PT5M", "nothing": null, "until": "2026-11-28T12:00:00Z", "n": 3},
            "payment": {"paymentId": "p-1"}, "reserve_inventory": {"reserved": true, "reservationId": "r-1"},
            "sum": {"total": 7}, "item": line("z", 5), "index": 2, "error": {"name": "Declined", "cause": "no funds"},
            "execution": {"id": "e", "name": "n", "startTime": "2026-01-01T00:00:00.000Z"}, "shipment": {},
            "undo": [{"step": "payment", "with": {"orderId": "o"}}, {"step": "first"}],
        });
        let states = json!({
            "input": {"item": line("i", 1), "index": 1}, "result": {"Payload": {"ok": [true]}, "StatusCode": 200},
            "errorOutput": {"Error": "Declined", "Cause": "{\"errorType\":\"Declined\",\"errorMessage\":\"no funds\"}"},
            "context": {"Execution": {"Id": "w/e", "Name": "e", "StartTime": "2026-01-01T00:00:00.000Z"},
                "State": {"Name": "s", "EnteredTime": "2026-01-01T00:00:01.000Z", "RetryCount": 2},
                "Map": {"Item": {"Index": 1, "Value": "v"}}, "Task": {"Token": "t"}},
        });
        let Value::Object(variables) = variables else { panic!("an object") };
        World { variables, states, spent: Spent::default() }
    };
    lists.map(world).into()
}

/// Every expression that there is to try.
fn expressions() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let table =
        std::fs::read_to_string(root.join("compiler/core/src/expr/tests/cases.txt")).expect("the compiler's table");
    let mut found: Vec<String> =
        table.lines().filter_map(|line| line.strip_prefix("  = ")).map(str::to_owned).collect();
    let stacks = std::fs::read_dir(root.join("generated")).expect("generated stacks").flatten();
    for folder in stacks.filter_map(|stack| std::fs::read_dir(stack.path().join("workflows")).ok()) {
        for file in folder.flatten() {
            let text = std::fs::read_to_string(file.path()).expect("a machine");
            gather(&serde_json::from_str(&text).expect("JSON"), &mut found);
        }
    }
    let parts =
        ["", ".items", ".items.productId", ".items.tags", ".payload.x", ".nothing", ".nothing.at", ".status.at"];
    found.extend(parts.map(|part| format!("$input{part}")));
    found.extend(
        ["$missing", "$undo", "$undo.step", "$undo.with.orderId", "$index", "$error", "$states.result"]
            .map(str::to_owned),
    );
    found.sort();
    found.dedup();
    // Time and chance are no part of the comparison.
    found.retain(|text| !["$now", "$millis", "$uuid", "$random"].iter().any(|function| text.contains(function)));
    found
}

fn gather(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            let jsonata = text.strip_prefix("{%").and_then(|text| text.strip_suffix("%}"));
            found.extend(jsonata.map(|jsonata| jsonata.trim().to_owned()));
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| gather(field, found)),
        _ => {}
    }
}

fn shown(result: Result<Value, QueryError>) -> String {
    result.map_or_else(|_| "fails".to_owned(), |value| canonical(&value))
}

/// JSON with sorted keys.
fn canonical(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Value::Object(fields) => {
            let sorted: BTreeMap<_, _> = fields.iter().map(|(name, value)| (name, canonical(value))).collect();
            format!("{sorted:?}")
        }
        other => other.to_string(),
    }
}

#[test]
fn paths_that_are_followed_here_give_what_the_library_gives() {
    let mut followed = 0;
    for text in expressions() {
        let expression = Expression::parse(&text).expect("JSONata");
        followed += usize::from(expression.path.is_some());
        for world in worlds() {
            assert_eq!(
                shown(expression.evaluate(&world, &room(), 0)),
                shown(expression.query(&world, &room(), 0)),
                "{text}"
            );
        }
    }
    assert!(followed > 30, "{followed} plain paths");
}

/// Expressions that use what the guards stand around: each has to give the same with them and without.
const GUARDED: &[&str] = &[
    "$pad('a', 5, '-') & $pad('b', -4)",
    "$map($input.items, $uppercase ~> $string)",
    "$map($input.items.productId, $uppercase)",
    "$map($input.items.productId, $pad(?, 3, '.'))",
    "$map([1, 2, 3], $string)",
    "$reduce([[1], [2], [3]], $append)",
    "$reduce([1..10], function($a, $b) { $a + $b })",
    "$reduce($input.items, function($all, $line) { $merge([$all, {$line.productId: $line.quantity}]) }, {})",
    "$input.items ~> $map(function($l) { $l.quantity * 2 }) ~> $sum()",
    "$input.items ~> $count",
    "$input.items.productId ~> $join('-')",
    "$input.items.productId ~> $join",
    "($f := function($n) { $n <= 1 ? 1 : $n * $f($n - 1) }; $f(10))",
    "($f := function($n, $all) { $n = 0 ? $all : $f($n - 1, $append($all, $n)) }; $f(1000, [])[-1])",
    "($even := function($n) { $n = 0 ? true : $odd($n - 1) }; $odd := function($n) { $n = 0 ? false : $even($n - 1) }; $even(10))",
    "[1..5].($ * 2)",
    "[1..5][$ > 2]",
    "[1..5][[0, 2, 2]]",
    "[1..5][[1..2]]",
    "[[1..3], [4..6]]",
    "[[1, 2], $input.items.quantity]",
    "[$input.items.tags]",
    "$input.items.[productId, tags]",
    "$input.items.{'a': productId, 'b': tags}",
    "$input.items{productId: quantity}",
    "$input.items{$string(quantity): $sum(price)}",
    "$input.items^(>quantity).productId",
    "$input.items^(<price, >quantity)[0].productId",
    "$sort($input.items, function($a, $b) { $a.quantity < $b.quantity }).productId",
    "$sort([3, 1, 2])",
    "$input.items#$i.{'at': $i, 'id': productId}",
    "$input.items@$l.tags@$t.{'l': $l.productId, 't': $t}",
    "$input.items@$l.$input.items[quantity > $l.quantity].{'small': $l.productId, 'big': productId}",
    "$input.items.tags.%.productId",
    "$input ~> |items|{'quantity': quantity + 1, 'seen': true}, ['price']|",
    "$input.labels ~> |$|{'x': 1}|",
    "$input.**.productId",
    "$input.labels.*",
    "$input.*",
    "$string($input.labels, true)",
    "$string($input)",
    "$replace('a-b-c', '-', '+')",
    "$replace('a-b-c', /-/, '+', 1)",
    "$replace('abc', /(b)/, '$1$1$0')",
    "$replace('abc', /b/, function($m) { $uppercase($m.match) })",
    "$match('a1b2', /[a-z]([0-9])/).groups",
    "$match('a1b2', /[a-z]/)[1].index",
    "$split('a,b,c', ',')",
    "$split('a1b2c', /[0-9]/)",
    "$split('abc', '')",
    "$contains('abc', /b/)",
    "$input.orderId.$split('-')",
    "$input.status.$pad(9, '.')",
    "$input.status.$uppercase()",
    "$input.status.$match(/P/).match",
    "$input.status.$replace(/P/, 'Q')",
    "$input.status.$split(/A/)",
    "$input.status.$replace('P', 'p')",
    "$distinct($input.items.tags)",
    "$distinct([1, 1, 2, {'a': 1}, {'a': 1}])",
    "$keys($input.items)",
    "$keys($input.labels)",
    "$map([1], function() { $keys({}) })",
    "$zip([1, 2], [3, 4])",
    "$spread($input.labels)",
    "$each($input.labels, function($v, $k) { $k & '=' & $v })",
    "$sift($input, function($v) { $type($v) = 'string' })",
    "$single($input.items, function($l) { $l.productId = 'a' })",
    "$filter($input.items, function($l, $i) { $i > 0 }).productId",
    "$lookup($input, 'items').productId",
    "$map($input.items, function($l) { $lookup($l, 'tags') })",
    "$formatInteger(1999, 'I') & $formatInteger(12, 'w') & $formatInteger(7, '000')",
    "$formatNumber(1234.5, '#,##0.00')",
    "$fromMillis(0, '[Y0001]-[M01,2-2]')",
    "$toMillis('2026-11-29T00:00:00Z')",
    "($x := $input.items; $x = $x)",
    "$input.items[0] = $input.items[0]",
    "'a' in $input.items.productId",
    "($c := $trim ~> $uppercase; $c(' a '))",
    "($add := function($a, $b) { $a + $b }; $inc := $add(1, ?); $inc(2))",
    "function($x) { $x }(3)",
    "($split := function($t) { 'mine' }; $split('a'))",
    "$exists($uppercase)",
    "$type($uppercase)",
    "$input.items[]",
    "$input.items[0][]",
    "$input.items.tags[]",
    "$input.items[quantity > 1][0].productId",
    "$input.items[-1].productId",
    "$input.items[$ = $input.items[0]].productId",
    "$input.items.(quantity > 1 ? productId : 'few')",
    "$input.items.($l := $; $l.productId & $l.quantity)",
    "$input.items.$input.status",
    "$input.items.$uppercase(productId)",
    "{'a': $input.items.productId, 'b': [1..3]}",
    "{'f': $uppercase('x'), 'none': $missing}",
    "[[[1]]]",
    "[]",
    "{}",
    "($)",
    "$parse('[1, {\"a\": 2}]')",
    "$partition([1..5], 2)",
    "$eachIsUnknown(1)",
    "[3, 1].$^($)",
    "$input.payload.x.$",
    "$input.payload.x[0]",
    "$input.(items.quantity; status)",
    "($g := function($h, $n) { $n = 0 ? 0 : $h($h, $n - 1) }; $g($g, 500))",
    "$map([1..3], function($v, $i, $a) { $v + $i + $count($a) })",
    "$zip($contains())",
    "$zip($pad())",
    "[1..3] ~> $map($string) ~> $join(',')",
    "[1..3] ~> $map(function($x) { $x * 2 })[0]",
    "$append([1], [[2]])",
    "$base64encode('a') & $base64decode('YQ==') & $encodeUrlComponent('ä?')",
    "$not($exists($input.items[0])) ? 'none' : $input.items[0].productId",
];

/// What the library reads as later versions than that of Step Functions do, or what the script below does not know.
const BEYOND: &[&str] = &["[1..3] ~> $map(function($x) { $x * 2 })[0]", "$eachIsUnknown(1)"];

#[test]
fn guards_change_nothing() {
    let known: Vec<String> = GUARDED.iter().map(|text| (*text).to_owned()).collect();
    let mut differ = Vec::new();
    for text in expressions().into_iter().chain(known) {
        let expression = Expression::parse(&text).expect("JSONata");
        let parsed = parsed(&text).expect("JSONata");
        for world in worlds() {
            let values = expression.values(&world);
            let by = |guarded| shown(expression.evaluate_by_library(&world, &parsed, &values, guarded, (&room(), 0)));
            let (with, without) = (by(true), by(false));
            if with != without {
                differ.push(format!("{text}\n  with:    {with}\n  without: {without}"));
            }
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

const SCRIPT: &str = "
const jsonata = require('jsonata');
const { createHash } = require('crypto');
const lines = require('fs').readFileSync(0, 'utf8').trim().split('\\n').map(JSON.parse);
const chunk = (list, size) => list.length ? [list.slice(0, size), ...chunk(list.slice(size), size)] : [];
(async () => {
  for (const [text, variables] of lines) {
    try {
      const expression = jsonata(text);
      expression.registerFunction('parse', text => JSON.parse(text));
      expression.registerFunction('hash', (text, how) => createHash('sha256').update(text).digest('hex'));
      expression.registerFunction('partition', chunk);
      expression.registerFunction('range', (from, to, step) => Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step));
      const value = await expression.evaluate(undefined, variables);
      console.log(value === undefined ? 'null fails' : typeof value === 'function' ? 'null fails' : JSON.stringify(value));
    } catch (error) { console.log('null fails'); }
  }
})();";

#[test]
fn the_reference_engine_agrees() {
    let told = std::env::var_os("EVC_NODE_MODULES").map(PathBuf::from);
    let must = told.is_some();
    let modules =
        told.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/node/node_modules"));
    if !modules.join("jsonata").exists() {
        assert!(!must, "no jsonata in {}", modules.display());
        let _ = writeln!(std::io::stderr(), "skipped: no jsonata in {}", modules.display());
        return;
    }
    let (mut lines, mut ours) = (String::new(), Vec::new());
    let known = GUARDED.iter().map(|text| (*text).to_owned()).filter(|text| !BEYOND.contains(&text.as_str()));
    for text in expressions().into_iter().chain(known) {
        let expression = Expression::parse(&text).expect("JSONata");
        for world in worlds() {
            let mut variables = world.variables.clone();
            variables.insert("states".to_owned(), world.states.clone());
            let _ = writeln!(lines, "{}", json!([text, variables]));
            ours.push((text.clone(), shown(expression.evaluate(&world, &room(), 0))));
        }
    }
    let mut node = Command::new("node")
        .args(["-e", SCRIPT])
        .env("NODE_PATH", modules)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node runs");
    let mut input = node.stdin.take().expect("piped");
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()).expect("node reads"));
    let output = node.wait_with_output().expect("node ends");
    writer.join().expect("written");
    assert!(output.status.success());
    let theirs = String::from_utf8(output.stdout).expect("text");
    let theirs: Vec<String> = theirs
        .lines()
        .map(|line| {
            if line == "null fails" {
                "fails".to_owned()
            } else {
                canonical(&serde_json::from_str(line).expect("JSON"))
            }
        })
        .collect();
    assert_eq!(ours.len(), theirs.len());
    let differ: Vec<String> = ours
        .iter()
        .zip(&theirs)
        .filter(|((_, ours), theirs)| ours != *theirs)
        .map(|((text, ours), theirs)| format!("{text}\n  here:      {ours}\n  reference: {theirs}"))
        .collect();
    assert!(differ.is_empty(), "{} of {} differ:\n{}", differ.len(), ours.len(), differ.join("\n"));
}

#[test]
fn time_and_chance_are_given() {
    let world = &worlds()[0];
    let evaluate = |text: &str| Expression::parse(text).expect("JSONata").evaluate(world, &room(), 0);
    assert_eq!(evaluate("$now()"), Ok(json!("2025-11-28T12:00:00.123Z")));
    assert_eq!(evaluate("$now('[Y0001]-[M01]')"), Ok(json!("2025-11")));
    assert_eq!(evaluate("$millis() - 1764331200000"), Ok(json!(123)));
    assert_eq!(evaluate("$uuid()"), evaluate("$uuid()"));
    assert_ne!(evaluate("[$uuid(), $uuid()][0]"), evaluate("[$uuid(), $uuid()][1]"));
    assert_eq!(evaluate("$random(3) = $random(3)"), Ok(json!(true)));
    assert_eq!(evaluate("$random() < 1"), Ok(json!(true)));
}

#[test]
fn whole_numbers_have_the_digits_of_javascript() {
    let world = &worlds()[0];
    let text = |text: &str| {
        Expression::parse(text).expect("JSONata").evaluate(world, &room(), 0).expect("a number").to_string()
    };
    assert_eq!(text("3 * 1"), "3");
    assert_eq!(text("0 * -1"), "0");
    assert_eq!(text("9007199254740993 * 208.9"), "1881603924315393300");
    assert_eq!(text("1.5 * 1"), "1.5");
}

#[test]
fn ranges_are_bounded_and_may_be_empty() {
    let world = &worlds()[0];
    let evaluate = |text: &str| Expression::parse(text).expect("JSONata").evaluate(world, &room(), 0);
    assert_eq!(evaluate("$range(1, 9, 3)"), Ok(json!([1, 4, 7])));
    assert_eq!(evaluate("$range(3, 1, -1)"), Ok(json!([3, 2, 1])));
    assert_eq!(evaluate("$range(1, 0, 1)"), Ok(json!([])));
    for wrong in ["$range(0, -9223372036854775808, -1)", "$range(1, 2, 0)", "$range(0, 1000, 1)"] {
        assert!(evaluate(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn errors_name_the_expression_and_no_value() {
    let world = &worlds()[2];
    let error = Expression::parse("$number($input.customerId)")
        .expect("JSONata")
        .evaluate(world, &room(), 0)
        .expect_err("no number");
    assert_eq!(error.0, "The JSONata expression '$number($input.customerId)' failed: D3030");
    assert!(Expression::parse("$input.").is_err());
}
