//! The ways of a system that has a stage of each kind, with figures of its own and with overrides.

use super::{First, json, text, ways};
use crate::session::{analyze_text, plan};

const SPEC: &str = "evc: 1
service: shop
environments: { dev: {}, prod: { functions: { ship: { timeout: 2m } } } }
caches: { state: {} }
types: { Order: { id: uuid } }
events:
  Placed: { source: shop, detail-type: Placed, detail: Order }
  Shipped: { source: shop, detail-type: Shipped, detail: Order }
  Paid: { source: bank, detail-type: Paid, detail: Order, publisher: external }
outboxes: { order-events: { publishes: [Placed] } }
functions:
  place: { api: POST /orders, input: Order, outbox: order-events }
  ship: { input: Order, publishes: Shipped }
  note: { input: Order, api: POST /notes, sends: [hasty] }
  notify: { input: Order, timeout: 10s }
  slow: { input: Order, timeout: 15m }
queues:
  shipments: { to: ship, visibility: 20m }
  hasty: { message: Order, to: notify, receives: 100, visibility: 10m, retention: 1h, allow: [EVC0619: it is gone by then] }
rules:
  ship-it: { event: Placed, to: { queue: shipments } }
  tell: { event: Shipped, to: { function: notify, retry: { attempts: 3, max-age: 1h } } }
  book: { event: Paid, to: [{ workflow: booking }, { workflow: quick }, { function: slow }] }
schedules:
  nightly: { every: 1d, to: { workflow: booking, retry: { attempts: 5, max-age: 1h } }, input: { id: 00000000-0000-4000-8000-000000000000 } }
workflows:
  booking: { input: Order, timeout: 2h, steps: { sent: { publish: Shipped, with: { id: input.id } } } }
  quick: { engine: redis, input: Order, timeout: 10m, steps: { sent: { call: notify, with: { id: input.id } } } }
overrides:
  NotifyFunctionAsync: { properties: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 900 } }
";

#[test]
fn every_way_is_told_with_its_stages() {
    let analysis = analyze_text("spec.yaml", SPEC);
    assert!(!analysis.has_errors(), "{:?}", analysis.diagnostics);
    let model = analysis.model.as_ref().expect("the spec names its service");
    let planned = plan(model);
    let ways = ways(&planned.plan);
    insta::assert_snapshot!(text(&ways, &|span| format!("spec.yaml:{}", analysis.sources.position(span).line)));
    let lines = json(&ways, &|span| format!("spec.yaml:{}", analysis.sources.position(span).line));
    assert!(lines.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{lines}");
    insta::assert_snapshot!("ways_as_json", lines);
    let lost = ways.iter().flat_map(|way| &way.hops).filter(|hop| hop.first == First::Retention);
    assert!(lost.clone().count() == 1 && lost.clone().all(|hop| hop.dead.is_none()));
}

/// One try gives up at once; and what a rule brings to another bus goes on with the rules there, and to no third one.
#[test]
fn one_try_and_several_buses() {
    const SPEC: &str = "evc: 1
service: shop
buses: { first: {}, second: {}, third: {} }
types: { Order: { id: uuid } }
tables: { orders: { item: Order, key: id } }
events:
  Placed: { source: shop, detail-type: Placed, detail: Order, bus: first }
  PlacedThere: { source: shop, detail-type: Placed, detail: Order, bus: second }
  Unread: { source: shop, detail-type: Unread, detail: Order, bus: first, publisher: external }
outboxes: { order-events: { changes-of: orders, insert: { event: Placed }, attempts: 0 } }
functions:
  place: { api: POST /orders, input: Order, tables: { orders: put } }
  ship: { input: Order, timeout: 15s }
rules:
  over: { event: Placed, to: { bus: second, retry: { attempts: 0 } } }
  unread: { event: Unread, to: { bus: second } }
  ship-it: { event: PlacedThere, to: { function: ship } }
";
    let analysis = analyze_text("spec.yaml", SPEC);
    assert!(!analysis.has_errors(), "{:?}", analysis.diagnostics);
    let model = analysis.model.as_ref().expect("the spec names its service");
    let planned = plan(model);
    insta::assert_snapshot!(text(&ways(&planned.plan), &|span| format!(
        "spec.yaml:{}",
        analysis.sources.position(span).line
    )));
}

#[test]
fn a_system_without_ways_says_so() {
    let analysis = analyze_text("spec.yaml", "evc: 1\nservice: shop\nfunctions: { ping: { api: GET /ping } }\n");
    let model = analysis.model.as_ref().expect("the spec names its service");
    let planned = plan(model);
    assert_eq!(text(&ways(&planned.plan), &|_| String::new()), "nothing is delivered by rules, schedules or queues\n");
}
