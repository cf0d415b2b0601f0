//! `evc match` says which rules match an event, what targets get, and why other rules do not match.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Command, Output};

const SPEC: &str = "evc: 1
service: shop
buses: { main: {}, side: {} }
events:
  Placed: { bus: main, source: shop, detail-type: Placed, detail: { id: uuid, lines: [{ sku: string, qty: integer }] }, publisher: external }
  Moved: { bus: side, source: shop, detail-type: Moved, detail: { id: uuid }, publisher: external }
environments: { dev: { rules: { big: { enabled: false } } }, prod: {} }
functions: { all: {}, some: { input: { of: uuid } }, other: {} }
rules:
  all: { event: Placed, to: [{ function: all }, { function: some, input: { of: detail.id } }] }
  big: { event: Placed, where: { lines: { sku: [a], qty: [{ numeric: ['>', 1] }] } }, to: { function: all } }
  moved: { event: Moved, to: { function: other } }
  idle: { event: Placed, to: { function: other }, enabled: false }
";

/// Asks about an event, from a folder of the test's own.
fn evc_match(test: &str, event: &str, arguments: &[&str]) -> (Output, String) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("match-{test}"));
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("shop.yaml"), SPEC).expect("a spec");
    std::fs::write(folder.join("event.json"), event).expect("an event");
    let mut command = Command::new(env!("CARGO_BIN_EXE_evc"));
    command.current_dir(&folder).args(["match", "shop.yaml", "event.json"]).args(arguments);
    let output = command.output().expect("evc runs");
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output, told)
}

const PLACED: &str = r#"{"source": "shop", "detail-type": "Placed",
    "detail": {"id": "0b5e1b76-3c50-4f3a-9f0e-2f4ff1a1d7c1", "lines": [{"sku": "a", "qty": 1}, {"sku": "b", "qty": 2}]}}"#;

#[test]
fn what_matches_and_what_does_not() {
    let (output, told) = evc_match("all", PLACED, &[]);
    assert_eq!(
        told,
        r#"Placed of shop
  is event `Placed` on bus `main`  shop.yaml:5:3

✓ all  shop.yaml:10:3
    function `all` gets {"id":"0b5e1b76-3c50-4f3a-9f0e-2f4ff1a1d7c1","lines":[{"sku":"a","qty":1},{"sku":"b","qty":2}]}
    function `some` gets {"of":"0b5e1b76-3c50-4f3a-9f0e-2f4ff1a1d7c1"}
✗ big  shop.yaml:11:3
    no one item of `detail.lines` has all of {"sku":["a"],"qty":[{"numeric":[">",1]}]}  shop.yaml:11:34
✗ moved  shop.yaml:12:3
    reads bus `side`
✗ idle  shop.yaml:13:3
    matches, and is switched off

1 of 4 rules match it
"#
    );
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(evc_match("all", PLACED, &["--rule", "big"]).0.status.code(), Some(1));
}

#[test]
fn an_event_that_is_none_of_the_spec() {
    let entry = r#"[{"Source": "shop", "DetailType": "Place", "Detail": "{}"}]"#;
    let (output, told) = evc_match("none", entry, &["--rule", "all"]);
    assert!(told.contains("is no event of the spec; did you mean `Placed`: Placed of shop?"), "{told}");
    assert!(told.contains("`detail-type` is \"Place\"; the rule asks for [\"Placed\"]"), "{told}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn the_bus_that_an_entry_names() {
    let entry = r#"[{"Source": "shop", "DetailType": "Placed", "Detail": "{}", "EventBusName": "shop-dev-side"}]"#;
    let (output, told) = evc_match("bus", entry, &["--rule", "all"]);
    assert!(told.contains("is no event of this bus; event `Placed` travels on `main`"), "{told}");
    assert_eq!(output.status.code(), Some(1));
    let both = r#"{"source": "shop", "detail-type": "Placed", "detail": {"lines": [{"sku": "a", "qty": 2}]}}"#;
    let (_, told) = evc_match("bus", both, &["--rule", "big"]);
    assert!(told.contains("is switched off in `dev`"), "{told}");
}

#[test]
fn for_programs() {
    let (_, told) = evc_match("json", PLACED, &["--json", "--bus", "main"]);
    let told: serde_json::Value = serde_json::from_str(&told).expect("JSON");
    let detail = &told["rules"][0]["targets"][1]["event"]["detail"];
    assert_eq!(*detail, serde_json::json!({"of": "0b5e1b76-3c50-4f3a-9f0e-2f4ff1a1d7c1"}));
    assert_eq!(told["rules"][1]["misses"][0]["path"], "detail.lines");
    assert_eq!(told["declared"][0]["problems"], serde_json::json!([]));
}

#[test]
fn what_cannot_be_asked() {
    for (event, arguments, expected) in [
        ("{}", vec![], "is no event: an event has the field `detail-type`; found none"),
        ("{", vec![], "is no event: it is not JSON"),
        ("[]", vec![], "is no event: there is none in the list"),
        (
            r#"{"Source": "s", "DetailType": "d", "Detail": "{}", "EventBusName": "mine"}"#,
            vec![],
            "the event is put on bus `mine`, which is none of the spec",
        ),
        (PLACED, vec!["--rule", "bigg"], "there is no rule `bigg`; did you mean `big`?"),
        (PLACED, vec!["--bus", "mian"], "there is no bus `mian`; did you mean `main`?"),
    ] {
        let (output, told) = evc_match("cannot", event, &arguments);
        assert!(told.contains(expected), "{told}");
        assert_eq!(output.status.code(), Some(2));
    }
}
