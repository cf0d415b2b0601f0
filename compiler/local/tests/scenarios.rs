//! Scenarios of the systems here, of the documents and of new projects pass; what is not as expected is told.

#![allow(clippy::expect_used, clippy::panic, reason = "what a test expects")]

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use evc_compiler::session::{self, Scenarios};
use evc_compiler::source::World;
use evc_local::Stack;
use evc_local::scenario::{Report, Suite};
use evc_local::stack::Place;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

struct Disk;

impl World for Disk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }
}

struct Files<'f>(&'f [(&'f str, &'f str)]);

impl World for Files<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let found = self.0.iter().find(|(name, _)| Path::new(name) == path);
        found.map(|(_, text)| text.as_bytes().to_vec()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// Runs all scenarios of a file with a seed.
fn run(scenarios: &Scenarios, seed: u64) -> Vec<(String, Report)> {
    let Scenarios { file, analysis } = scenarios;
    let told = evc_compiler::report::short::render(&analysis.diagnostics, &analysis.sources);
    assert!(!analysis.has_errors(), "{told}");
    let (file, model) = (file.as_ref().expect("scenarios"), analysis.model.as_ref().expect("a system"));
    let planned = session::plan(model);
    let place = Place::local("test", "http://127.0.0.1:4566");
    let stack = Stack::resolve(&planned.plan, &model.environments[0].name, place, &BTreeMap::new(), &|_| String::new());
    let suite = Suite { model, file, stack: Arc::new(stack.expect("a stack")) };
    let one = |(name, scenario): (&evc_compiler::spec::scalar::Name, _)| {
        (name.value.clone(), suite.run(scenario, seed).expect("a system"))
    };
    file.scenarios.iter().map(one).collect()
}

fn all_pass(scenarios: &Scenarios, seed: u64) {
    for (name, report) in run(scenarios, seed) {
        assert!(report.failures.is_empty(), "`{name}` with seed {seed}: {:#?}", report.failures);
    }
}

#[test]
fn scenarios_of_the_systems_here_pass_with_any_seed() {
    let mut count = 0;
    for entry in fs::read_dir(root().join("specs")).expect("specs") {
        let path = entry.expect("an entry").path();
        if session::is_scenarios(&path) {
            count += 1;
            let scenarios = session::scenarios(&Disk, &path).expect("a readable file");
            (1..=3).for_each(|seed| all_pass(&scenarios, seed));
        }
    }
    assert!(count > 0, "there are none");
}

#[test]
fn scenarios_of_a_new_project_pass() {
    let templates = root().join("compiler/cli/templates");
    let scenarios = session::scenarios(&Disk, &templates.join("shop.test.yaml")).expect("a readable file");
    all_pass(&scenarios, 1);
}

/// The blocks of `yaml` of a document: the spec, and its scenarios.
fn documented(page: &str) -> Vec<String> {
    let mut blocks = page.split("```yaml").skip(1);
    let block = |text: &str| text.split_once('\n').expect("a line").1.split("```").next().expect("a block").to_owned();
    vec![block(blocks.next().expect("a spec")), block(blocks.next().expect("scenarios"))]
}

#[test]
fn scenarios_of_the_documents_pass() {
    let page = fs::read_to_string(root().join("docs/scenarios.md")).expect("the page");
    let blocks = documented(&page);
    let files = [("spec.yaml", blocks[0].as_str()), ("shop.test.yaml", blocks[1].as_str())];
    let scenarios = session::scenarios(&Files(&files), Path::new("shop.test.yaml")).expect("the scenarios");
    all_pass(&scenarios, 1);
}

/// The failure that the page shows comes of a rule that has lost its condition.
#[test]
fn a_rule_without_its_condition_is_noticed() {
    let page = fs::read_to_string(root().join("docs/scenarios.md")).expect("the page");
    let blocks = documented(&page);
    let spec = blocks[0].replace("    where: { total: [{ numeric: [\">\", 0] }] }\n", "");
    assert_ne!(spec, blocks[0]);
    let files = [("spec.yaml", spec.as_str()), ("shop.test.yaml", blocks[1].as_str())];
    let scenarios = session::scenarios(&Files(&files), Path::new("shop.test.yaml")).expect("the scenarios");
    let failed: Vec<(String, Report)> =
        run(&scenarios, 1).into_iter().filter(|(_, report)| !report.failures.is_empty()).collect();
    let [(name, report)] = failed.as_slice() else { panic!("one fails: {failed:?}") };
    assert_eq!(name, "an order for nothing is not shipped");
    let [failure] = report.failures.as_slice() else { panic!("{:?}", report.failures) };
    assert_eq!(failure.expected, "no call of ship");
    let hop = report.hops.iter().find(|hop| Some(hop.id) == failure.hop).expect("a hop");
    assert_eq!((hop.thing.as_str(), hop.text.as_str()), ("functions.ship", "runs"));
}

#[test]
fn the_same_seed_gives_the_same() {
    let path = root().join("specs/orders.test.yaml");
    let scenarios = session::scenarios(&Disk, &path).expect("a readable file");
    let hops = |seed| {
        let all = run(&scenarios, seed).into_iter().map(|(_, report)| report.hops);
        serde_json::to_string(&all.collect::<Vec<_>>()).expect("JSON")
    };
    assert!(hops(5) == hops(5), "two runs of a seed differ");
    assert!(hops(5) != hops(6), "two seeds give the same");
}

const SPEC: &str = r#"
evc: 1
service: shop
types:
  Order: { orderId: uuid, total: money(0..) }
events:
  OrderPlaced: { source: shop.orders, detail-type: Order Placed, detail: Order, publisher: external }
tables:
  orders: { item: Order, key: orderId }
queues:
  mails: { to: mail, message: { orderId: uuid } }
functions:
  get-order: { api: { route: "GET /orders/{orderId}", auth: none }, input: { orderId: uuid }, output: Order, tables: { orders: get } }
  place: { tables: { orders: put }, sends: mails, idempotent: true }
  mail: {}
  approve: { input: { orderId: uuid }, output: { by: string } }
workflows:
  approval:
    engine: step-functions
    input: Order
    output: { by: string }
    timeout: 1h
    steps:
      ask: { wait: { signal: { by: string } , call: approve, with: { orderId: input.orderId } } , timeout: 10m }
      done: { succeed: { by: ask.by } }
rules:
  place-orders: { event: OrderPlaced, to: [{ function: place }, { workflow: approval }] }
"#;

/// What scenarios find, one line a failure.
fn failures(scenarios: &str) -> Vec<String> {
    let text = format!("evc-test: 1\nspec: spec.yaml\nscenarios:\n{scenarios}");
    let files = [("spec.yaml", SPEC), ("shop.test.yaml", text.as_str())];
    let scenarios = session::scenarios(&Files(&files), Path::new("shop.test.yaml")).expect("the scenarios");
    let told = |(_, report): (String, Report)| {
        let one = |it: evc_local::scenario::Failure| format!("{} | {}", it.expected, it.observed.join("; "));
        report.failures.into_iter().map(one).collect::<Vec<_>>()
    };
    run(&scenarios, 1).into_iter().flat_map(told).collect()
}

#[test]
fn what_is_not_as_expected_is_told_with_what_was_observed() {
    let found = failures(
        "
  a:
    mocks: { place: [{ given: { total: 5 }, does: [{ put: orders }, { send: mails }] }, { error: Internal }], mail: {} }
    send:
      - { event: OrderPlaced, detail: { orderId: 0d1b4b3e-0000-4000-8000-000000000001, total: 5 }, times: 2 }
      - { event: OrderPlaced, detail: { total: 6 } }
    expect:
      - { call: place, with: { total: 5 }, times: 2 }
      - { row: orders, key: { orderId: 0d1b4b3e-0000-4000-8000-000000000001 }, has: { total: 7 } }
      - { message: mails, times: 1 }
      - { call: mail, with: { orderId: 0d1b4b3e-0000-4000-8000-000000000001 }, times: 1 }
      - { workflow: approval, ended: running, times: 2 }
      - { not: { dead-letters: none } }
      - { dead-letters: functions.place }
      - dead-letters: none
",
    );
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(found[0].starts_with(r#"2 times call of place with {"total":5} | once; place {"#), "{}", found[0]);
    assert!(found[1].contains("total is 7, and was 5"), "{}", found[1]);
    assert!(found[2].starts_with("dead letters of none | "), "{}", found[2]);
}

#[test]
fn signals_are_answered_and_time_passes() {
    let found = failures(
        "
  answered:
    mocks: { place: {} }
    send:
      - { start: approval, with: { total: 5 } }
      - { signal: ask, of: approval, answer: { by: kim } }
    expect:
      - { workflow: approval, output: { by: kim } }
  too late:
    send:
      - { start: approval }
      - { wait: 11m }
    expect:
      - { workflow: approval, ended: failed }
  not yet:
    send:
      - { start: approval }
      - { wait: 9m }
    expect:
      - { workflow: approval, ended: running }
  nobody waits:
    send: { signal: ask, of: approval, answer: { by: kim } }
",
    );
    assert_eq!(found, ["step `ask` waits for a signal | no execution is there"]);
}

#[test]
fn who_writes_needs_a_mock_and_who_reads_gets_a_sample() {
    let found = failures(
        "
  a sample:
    send:
      - { route: GET /orders/0d1b4b3e-0000-4000-8000-000000000001, answer: { total: 10 } }
      - { route: GET /orders/7, status: 400 }
  no mock:
    send: { event: OrderPlaced }
",
    );
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].starts_with("a mock of `place` that takes {"), "{}", found[0]);
}
