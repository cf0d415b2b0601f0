//! What is printed means what was written: both are evaluated, over generated expressions and over the table, by two engines:
//! `jsonata-core`, and the reference implementation in the version that Step Functions runs.
//!
//! The reference needs `node` and the npm package `jsonata@2.0.6`, in `target/tools/node/node_modules` or where `EVC_NODE_MODULES`
//! says; without it, its test says so and passes.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jsonata_core::evaluator::{Context, Evaluator};
use jsonata_core::value::JValue;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::RngSeed;
use serde_json::{Value as Json, json};

use super::{file, scope};
use crate::expr::{Checked, Expr, variable_name};
use crate::source::Span;

/// What roots hold: with no, one and several items, since JSONata treats these differently.
fn worlds() -> Vec<Json> {
    let line = |id: &str, quantity: u32| json!({"productId": id, "quantity": quantity, "price": 9.5, "discount": 0.5, "tags": ["t", id]});
    let items = [vec![], vec![line("a", 1)], vec![line("a", 1), line("b", 2), line("c", 3)]];
    let world = |items: Vec<Json>| {
        json!({
            "input": {"orderId": "5f3c1b52-7c0e-4f6a-9d59-0a4f7b1c2d3e", "customerId": "c-1", "items": items,
                "totalAmount": 19.5, "status": "PAID", "createdAt": "2026-01-01T00:00:00.000Z", "express": true,
                "labels": {"color": "red"}, "payload": {"x": [1, [2]]}, "retry-after": 3, "weight": 1.5, "timeout": "PT5M"},
            "payment": {"paymentId": "p-1"},
            "reserve-inventory": {"reserved": true, "reservationId": "r-1"},
            "sum": {"total": 7},
            "item": line("z", 5),
            "index": 2,
            "error": {"name": "Declined", "cause": "no funds"},
            "execution": {"id": "e", "name": "n", "startTime": "2026-01-01T00:00:00.000Z"},
            "shipment": {}, "refund": {},
        })
    };
    items.map(world).into()
}

/// Evaluates what was written with the roots as the document, or what is printed with the roots as variables.
fn evaluate(text: &str, world: &Json, as_variables: bool) -> Result<JValue, String> {
    let ast = jsonata_core::parser::parse(text).map_err(|error| format!("`{text}` does not parse: {error}"))?;
    let value = |json: &Json| JValue::from_json_str(&json.to_string()).map_err(|error| error.to_string());
    if !as_variables {
        return Evaluator::new().evaluate(&ast, &value(world)?).map_err(|_| "failed".to_owned());
    }
    let mut context = Context::new();
    for (root, json) in world.as_object().into_iter().flatten() {
        context.bind(variable_name(root), value(json)?);
    }
    Evaluator::with_context(context).evaluate(&ast, &JValue::Undefined).map_err(|_| "failed".to_owned())
}

/// What is printed for a text; none if it is no expression, such as `1.a`.
fn print(text: &str) -> Option<String> {
    let scope = scope();
    let span = Span::new(file(text).1, 0..text.len());
    Expr::parse(text, span, &scope.step_names()).ok().map(|expr| expr.to_asl(&scope))
}

/// What is printed for a text with what its check found, if it found no mistake.
fn check(text: &str) -> Option<(String, Checked)> {
    let scope = scope();
    let expr = Expr::parse(text, Span::new(file(text).1, 0..text.len()), &scope.step_names()).ok()?;
    let checked = expr.check(&scope, &super::types());
    // `any` may be nothing; inside an object it would leave a field out.
    let may_leave_out = text.contains("{'k'") && text.contains("payload");
    (checked.diagnostics.is_empty() && !checked.untyped && !may_leave_out).then(|| (expr.to_asl(&scope), checked))
}

/// Expressions in plain JSONata, where names with hyphens are in backticks; any of them may fail at run time.
fn expression() -> impl Strategy<Value = String> {
    let root = prop::sample::select(vec![
        "input",
        "input.items",
        "input.orderId",
        "input.weight",
        "input.labels.color",
        "input.payload.x",
        "payment.paymentId",
        "`reserve-inventory`.reserved",
        "sum.total",
        "item.quantity",
        "index",
        "input.`retry-after`",
        "input.missing",
        "\"input\".status",
        "error.cause",
        "item",
    ]);
    let leaf = prop_oneof![
        4 => root.prop_map(str::to_owned),
        1 => prop::sample::select(vec!["1", "2.5", "'a'", "true", "[1, 2]", "\"x\\n\"", "-1"]).prop_map(str::to_owned),
    ];
    // What stands inside a predicate or map: fields of the value at hand.
    let inner = prop::sample::select(vec![
        "quantity > 1",
        "productId = 'a'",
        "0",
        "-1",
        "$",
        "tags",
        "quantity * 2",
        "$exists(tags)",
        "{'id': productId}",
        "input",
        "$.quantity",
    ]);
    leaf.prop_recursive(4, 24, 3, move |part| {
        let inner = inner.clone();
        prop_oneof![
            (
                part.clone(),
                prop::sample::select(vec!["+", "-", "*", "/", "%", "&", "=", "!=", "<", ">=", "and", "or", "in"]),
                part.clone()
            )
                .prop_map(|(a, operator, b)| format!("{a} {operator} {b}")),
            part.clone().prop_map(|a| format!("({a})")),
            (part.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}[{b}]")),
            (part.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}).({b})")),
            (part.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}).[{b}]")),
            part.clone().prop_map(|a| format!("{a}[]")),
            part.clone().prop_map(|a| format!("{a}.items.price")),
            part.clone().prop_map(|a| format!("({a})^(>quantity)")),
            (part.clone(), part.clone(), part.clone()).prop_map(|(a, b, c)| format!("{a} ? {b} : {c}")),
            (part.clone(), part.clone()).prop_map(|(a, b)| format!("[{a}, {b}]")),
            (part.clone(), part.clone()).prop_map(|(a, b)| format!("{{'k': {a}, 'l': {b}}}")),
            (part.clone(), part.clone()).prop_map(|(a, b)| format!("( $local := {a}; $local & {b} )")),
            (prop::sample::select(vec!["string", "count", "exists", "sum", "not", "keys", "boolean"]), part.clone())
                .prop_map(|(function, a)| format!("${function}({a})")),
            (part.clone(), part.clone()).prop_map(|(a, b)| format!("$map({a}, function($v) {{ $v & {b} }})")),
            (part.clone(), part).prop_map(|(a, b)| format!("{a} ~> $append({b})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(800), rng_seed: RngSeed::Fixed(2026), failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn printing_keeps_the_meaning(text in expression()) {
        let Some(printed) = print(&text) else { return Ok(()) };
        for world in worlds() {
            let (written, printed_value) = (evaluate(&text, &world, false), evaluate(&printed, &world, true));
            prop_assert_eq!(written, printed_value, "{} printed as {}", text, printed);
        }
    }

    #[test]
    fn a_value_is_of_the_type_it_was_given(text in expression()) {
        let Some((printed, checked)) = check(&text) else { return Ok(()) };
        for world in worlds() {
            let value = evaluate(&printed, &world, true);
            // What `any` turns out to be may fail.
            prop_assert!(value.is_ok() || text.contains("payload"), "{} fails", text);
            let Ok(value) = value else { continue };
            if matches!(value, JValue::Undefined) {
                let said = checked.may_be_absent || checked.one_or_many || text.contains("payload");
                prop_assert!(said, "{} gives nothing", text);
                continue;
            }
            let json = value.to_json_string().ok().and_then(|text| serde_json::from_str::<Json>(&text).ok()).unwrap_or_default();
            let types = super::types();
            let mut problems = types.validate(&checked.ty, &json);
            if checked.one_or_many && types.validate(&checked.element(&types), &json).is_empty() {
                problems.clear();
            }
            prop_assert!(problems.is_empty(), "{} gives {}: {:?}", text, json, problems);
        }
    }

    #[test]
    fn any_text_gives_a_tree_or_a_diagnostic(text in "[a-z$`'\"(){}\\[\\]<>=+*/%.,:;?|@#^~! 0-9\\\\é-]{0,60}") {
        let span = Span::new(file(&text).1, 0..text.len());
        if let Ok(expr) = Expr::parse(&text, span, &scope().step_names()) {
            let checked = expr.check(&scope(), &super::types());
            for diagnostic in checked.diagnostics {
                prop_assert!(diagnostic.primary.span.range().end <= text.len());
            }
            expr.to_asl(&scope());
        }
    }
}

/// The reference evaluates them in `oracle.rs`.
#[test]
fn conversions_fail_where_a_text_is_something_else() {
    let world = worlds()[0].clone();
    for (text, expected) in [
        ("$toUuid(input.orderId)", Ok("\"5f3c1b52-7c0e-4f6a-9d59-0a4f7b1c2d3e\"")),
        ("$toUuid(input.customerId)", Err(())),
        ("$toTimestamp(input.createdAt)", Ok("\"2026-01-01T00:00:00.000Z\"")),
        ("$toTimestamp(input.customerId)", Err(())),
        ("$toDate(input.createdAt)", Ok("\"2026-01-01\"")),
        ("$toDate('2026-13-01')", Err(())),
        ("$toOneOf(input.status, ['PAID', 'OPEN'])", Ok("\"PAID\"")),
        ("$toOneOf(input.customerId, ['PAID', 'OPEN'])", Err(())),
        ("input.orderId ~> $toUuid()", Ok("\"5f3c1b52-7c0e-4f6a-9d59-0a4f7b1c2d3e\"")),
    ] {
        let printed = print(text).expect("an expression");
        let value = evaluate(&printed, &world, true).map(|value| value.to_json_string().unwrap_or_default());
        assert_eq!(value.as_deref().map_err(|_| ()), expected, "{text}");
    }
}

#[test]
fn deep_and_long_expressions_are_refused_in_time() {
    let steps = scope().step_names();
    for text in
        ["(".repeat(4000), "[".repeat(4000), "-".repeat(8000), "1+".repeat(4000), "a.".repeat(4000), "x".repeat(9000)]
    {
        let span = Span::new(file(&text).1, 0..text.len());
        assert!(Expr::parse(&text, span, &steps).is_err());
    }
}

/// The expressions of the table that are printed, with what is printed.
fn table() -> Vec<(String, String)> {
    let lines: Vec<&str> = include_str!("cases.txt").lines().collect();
    let printed =
        lines.windows(3).filter_map(|lines| Some((lines[0].to_owned(), lines[2].strip_prefix("  = ")?.to_owned())));
    // Names with hyphens are ours: the reference has them in backticks.
    printed
        .map(|(text, printed)| {
            let text = text.replace("$reserve-", "reserve-").replace("$reserve_inventory", "reserve-inventory");
            let text = text
                .replace('`', "")
                .replace("reserve-inventory", "`reserve-inventory`")
                .replace("retry-after", "`retry-after`");
            (text, printed)
        })
        // Conversions are ours.
        .filter(|(text, _)| !["$toUuid", "$toTimestamp", "$toDate", "$toOneOf"].iter().any(|own| text.contains(own)))
        .filter(|(text, _)| !text.contains("$input") && !text.contains("$now") && !text.contains("$uuid"))
        .collect()
}

const SCRIPT: &str = "
const jsonata = require('jsonata');
const lines = require('fs').readFileSync(0, 'utf8').trim().split('\\n').map(JSON.parse);
(async () => {
  for (const [text, printed, world, variables] of lines) {
    const run = async (source, data, bindings) => {
      try { return JSON.stringify(await jsonata(source).evaluate(data, bindings)) ?? 'nothing'; }
      catch (error) { return 'error ' + error.code; }
    };
    const [a, b] = [await run(text, world, {}), await run(printed, undefined, variables)];
    if (a !== b || /^error S/.test(b)) console.log(`${text} gives ${a}; ${printed} gives ${b}`);
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
        let mut stderr = std::io::stderr();
        let _ = writeln!(stderr, "skipped: no jsonata in {}", modules.display());
        return;
    }
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let generated = (0..500).filter_map(|_| expression().new_tree(&mut runner).ok()).filter_map(|tree| {
        let text = tree.current();
        print(&text).map(|printed| (text, printed))
    });
    let mut lines = String::new();
    for (text, printed) in table().into_iter().chain(generated) {
        for world in worlds() {
            let roots = world.as_object().into_iter().flatten();
            let variables: serde_json::Map<_, _> =
                roots.map(|(root, value)| (variable_name(root), value.clone())).collect();
            let _ = writeln!(lines, "{}", json!([text, printed, world, variables]));
        }
    }
    let mut node = Command::new("node")
        .args(["-e", SCRIPT])
        .env("NODE_PATH", modules)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node runs");
    node.stdin.take().expect("piped").write_all(lines.as_bytes()).expect("node reads");
    let output = node.wait_with_output().expect("node ends");
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
}
