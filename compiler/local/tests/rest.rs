//! The REST API of `order-pipe` on virtual time: from a request to the table, its stream, the bus and the queues, and again by a replay.

#![allow(clippy::expect_used, clippy::panic, reason = "what a test expects")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use evc_compiler::session;
use evc_local::sim::apigateway::{Request, Response};
use evc_local::sim::dynamodb::Kept;
use evc_local::sim::lambda::{Ended, Order};
use evc_local::stack::Place;
use evc_local::system::Caller;
use evc_local::trace::Kind;
use evc_local::{Stack, System};
use serde_json::{Value, json};

/// 2026-01-01T00:00:00Z.
const START_MS: u64 = 1_767_225_600_000;

fn order_pipe() -> System {
    let text = include_str!("../../../specs/order-pipe.yaml");
    let analysis = session::analyze_text("order-pipe.yaml", text);
    assert!(!analysis.has_errors(), "{:?}", analysis.diagnostics);
    let planned = session::plan(analysis.model.as_ref().expect("a model"));
    let place = Place::local("order-pipe-dev", "http://127.0.0.1:4566");
    let stack = Stack::resolve(&planned.plan, "dev", place, &BTreeMap::new(), &|_| String::new()).expect("a stack");
    System::new(vec![Arc::new(stack)], Kept::Memory, START_MS, 7).expect("a system")
}

fn called(system: &mut System, method: &str, path: &str, body: &str) -> (u16, Value) {
    let answered: Arc<Mutex<Option<Response>>> = Arc::default();
    let slot = answered.clone();
    let (id, stage) = system.apis().all().map(|api| (api.id.clone(), api.stage.clone())).next().expect("an API");
    let request = Request {
        method: method.to_owned(),
        path: format!("/{}{path}", stage.expect("a stage")),
        body: body.as_bytes().to_vec(),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        ..Request::default()
    };
    system.request(&id, request, Box::new(move |response| *slot.lock().expect("a lock") = Some(response)));
    let response = answered.lock().expect("a lock").take().expect("an answer");
    (response.status, serde_json::from_slice(&response.body).expect("JSON"))
}

/// Lets a minute pass; the events that functions were given, by function.
fn given(system: &mut System) -> Vec<(String, Value)> {
    let mut given = Vec::new();
    for _ in 0..60 {
        system.advance(system.now_ms() + 1_000);
        for order in system.take_orders() {
            let Order::Invoke { invocation, function, payload, .. } = order else { continue };
            let address = system.functions().find(&function).expect("a function").address.clone();
            let batch: Value = serde_json::from_str(&payload).expect("JSON");
            for record in batch["Records"].as_array().expect("records") {
                let event = serde_json::from_str(record["body"].as_str().expect("a body")).expect("an event");
                given.push((address.trim_start_matches("functions.").to_owned(), event));
            }
            system.invocation_ended(invocation, Ended::Answer(r#"{"batchItemFailures":[]}"#.to_owned()));
        }
    }
    given
}

fn names(given: &[(String, Value)]) -> Vec<(&str, &str)> {
    given
        .iter()
        .map(|(function, event)| (function.as_str(), event["detail"]["status"].as_str().unwrap_or_default()))
        .collect()
}

const ORDER: &str = r#"{"customerId": "it's \"c\" $x #end", "items": [{"productId": "p", "quantity": 1, "price": 9.99}], "labels": {"a": "b"}}"#;

#[test]
fn an_order_goes_from_the_api_to_its_handlers_and_comes_again_by_a_replay() {
    let mut system = order_pipe();
    let (status, made) = called(&mut system, "POST", "/orders", ORDER);
    assert_eq!((status, &made["status"], &made["createdAt"]), (201, &json!("CREATED"), &json!(START_MS)));
    assert_eq!(names(&given(&mut system)), [("note-created", "CREATED")]);
    let path = format!("/orders/{}/{START_MS}", made["orderId"].as_str().expect("an id"));
    let (status, read) = called(&mut system, "GET", &path, "");
    let sent: Value = serde_json::from_str(ORDER).expect("JSON");
    assert_eq!((status, &read["customerId"], &read["labels"]), (200, &sent["customerId"], &sent["labels"]));
    assert_eq!(called(&mut system, "PATCH", &path, r#"{"status": "PAID"}"#).0, 200);
    assert_eq!(names(&given(&mut system)), [("note-updated", "PAID")]);

    // All of it is because of the request.
    let request = system.trace.all().find(|hop| hop.kind == Kind::Request).expect("the request");
    let kinds: Vec<Kind> = system.trace.of_root(request.root).iter().map(|hop| hop.kind).collect();
    for kind in [Kind::Call, Kind::Row, Kind::Event, Kind::Rule, Kind::Message] {
        assert!(kinds.contains(&kind), "{kind:?} is not in {kinds:?}");
    }

    let bus = "arn:aws:events:us-east-1:000000000000:event-bus/order-pipe-dev-orders";
    let asked = json!({
        "ReplayName": "first-minute", "EventSourceArn": "arn:aws:events:us-east-1:000000000000:archive/order-pipe-dev-orders",
        "EventStartTime": START_MS / 1_000, "EventEndTime": START_MS / 1_000 + 30, "Destination": { "Arn": bus },
    });
    system.call(&Caller::default(), "AWSEvents.StartReplay", asked).expect("a replay");
    let again = given(&mut system);
    assert_eq!(names(&again), [("note-created", "CREATED")], "what occurred later is not replayed");
    assert_eq!(again[0].1["replay-name"], "first-minute");
}

#[test]
fn what_the_api_refuses_is_never_written() {
    let mut system = order_pipe();
    for (body, status) in [("{}", 400), ("", 400), (r#"{"customerId": "c", "items": []}"#, 400)] {
        let (answered, problem) = called(&mut system, "POST", "/orders", body);
        assert_eq!((answered, &problem["title"]), (status, &json!("InvalidInput")), "{body}");
    }
    assert_eq!(called(&mut system, "GET", "/orders/none/1", "").0, 404);
    assert_eq!(called(&mut system, "GET", "/orders/none/yesterday", "").0, 400);
    assert_eq!(called(&mut system, "DELETE", "/orders", "").0, 403);
    // Without the right to write, the caller is told nothing.
    assert!(system.set_without_rights("order-pipe-dev-OrdersApiRole", true));
    let refused = called(&mut system, "POST", "/orders", ORDER);
    assert_eq!(refused, (500, json!({ "title": "InternalError", "status": 500 })));
    assert!(system.trace.all().all(|hop| hop.kind != Kind::Row));
    system.set_without_rights("order-pipe-dev-OrdersApiRole", false);
    assert_eq!(called(&mut system, "POST", "/orders", ORDER).0, 201);
}
