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

/// Variables and `$states` that do not change.
struct World {
    variables: Map<String, Value>,
    states: Value,
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
        World { variables, states }
    };
    lists.map(world).into()
}

/// Every expression that there is to try.
fn expressions() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let table = std::fs::read_to_string(root.join("compiler/src/expr/tests/cases.txt")).expect("the compiler's table");
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
            assert_eq!(shown(expression.evaluate(&world)), shown(expression.query(&world)), "{text}");
        }
    }
    assert!(followed > 30, "{followed} plain paths");
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
        told.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/node/node_modules"));
    if !modules.join("jsonata").exists() {
        assert!(!must, "no jsonata in {}", modules.display());
        let _ = writeln!(std::io::stderr(), "skipped: no jsonata in {}", modules.display());
        return;
    }
    let (mut lines, mut ours) = (String::new(), Vec::new());
    for text in expressions() {
        let expression = Expression::parse(&text).expect("JSONata");
        for world in worlds() {
            let mut variables = world.variables.clone();
            variables.insert("states".to_owned(), world.states.clone());
            let _ = writeln!(lines, "{}", json!([text, variables]));
            ours.push((text.clone(), shown(expression.evaluate(&world))));
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
    let evaluate = |text: &str| Expression::parse(text).expect("JSONata").evaluate(world);
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
    let text = |text: &str| Expression::parse(text).expect("JSONata").evaluate(world).expect("a number").to_string();
    assert_eq!(text("3 * 1"), "3");
    assert_eq!(text("0 * -1"), "0");
    assert_eq!(text("9007199254740993 * 208.9"), "1881603924315393300");
    assert_eq!(text("1.5 * 1"), "1.5");
}

#[test]
fn ranges_are_bounded_and_may_be_empty() {
    let world = &worlds()[0];
    let evaluate = |text: &str| Expression::parse(text).expect("JSONata").evaluate(world);
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
    let error =
        Expression::parse("$number($input.customerId)").expect("JSONata").evaluate(world).expect_err("no number");
    assert_eq!(error.0, "The JSONata expression '$number($input.customerId)' failed: D3030");
    assert!(Expression::parse("$input.").is_err());
}
