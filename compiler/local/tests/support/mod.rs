//! Systems of `specs/` on virtual time: whoever carries out what they order is given by the test.

#![allow(dead_code, clippy::expect_used, clippy::panic, reason = "what a test expects; no test uses all of it")]

use std::collections::BTreeMap;
use std::sync::Arc;

use evc_compiler::session;
use evc_local::sim::dynamodb::Kept;
use evc_local::sim::lambda::{Ended, Function, Order};
use evc_local::stack::Place;
use evc_local::system::Caller;
use evc_local::{Stack, System};
use serde_json::{Value, json};

/// 2026-01-01T00:00:00Z.
pub(crate) const START_MS: u64 = 1_767_225_600_000;

/// The stack of a spec, in its environment `dev`; places are lines.
pub(crate) fn stack(name: &str, text: &str) -> Arc<Stack> {
    let analysis = session::analyze_text(name, text);
    assert!(!analysis.has_errors(), "{:?}", analysis.diagnostics);
    let model = analysis.model.as_ref().expect("a model");
    let planned = session::plan(model);
    let place = Place::local(&format!("{}-dev", model.service.value), "http://127.0.0.1:4566");
    let place_of = |span| format!("{name}:{}", analysis.sources.position(span).line);
    Arc::new(Stack::resolve(&planned.plan, "dev", place, &BTreeMap::new(), &place_of).expect("a stack"))
}

pub(crate) fn orders() -> System {
    let stack = stack("orders.yaml", include_str!("../../../../specs/orders.yaml"));
    System::new(vec![stack], Kept::Memory, START_MS, 7).expect("a system")
}

pub(crate) fn event_store() -> System {
    let stack = stack("event-store.yaml", include_str!("../../../../specs/event-store.yaml"));
    System::new(vec![stack], Kept::Memory, START_MS, 7).expect("a system")
}

/// An invocation, as a handler sees it: its number, its function, its event.
pub(crate) struct Call {
    pub(crate) invocation: u64,
    pub(crate) function: Arc<Function>,
    pub(crate) event: Value,
}

impl Call {
    /// What the spec calls the function, without its section.
    pub(crate) fn name(&self) -> &str {
        self.function.address.split_once('.').map_or(&self.function.address, |(_, name)| name)
    }
}

/// What a handler does.
pub(crate) type Handler<'h> = &'h mut dyn FnMut(&mut System, &Call) -> Ended;

/// Carries out what is ordered now, until nothing is.
pub(crate) fn settle(system: &mut System, handler: Handler<'_>) {
    loop {
        system.advance(system.now_ms());
        let orders = system.take_orders();
        if orders.is_empty() {
            return;
        }
        for order in orders {
            let Order::Invoke { invocation, function, payload, .. } = order else { continue };
            let function = system.functions().find(&function).expect("a function").clone();
            let call = Call { invocation, function, event: serde_json::from_str(&payload).expect("JSON") };
            let ended = handler(system, &call);
            system.invocation_ended(invocation, ended);
        }
    }
}

/// Lets so much time pass, with all that is due on the way.
pub(crate) fn pass(system: &mut System, ms: u64, handler: Handler<'_>) {
    let until = system.now_ms() + ms;
    settle(system, handler);
    while let Some(next) = system.next_ms().filter(|next| *next <= until) {
        system.advance(next);
        settle(system, handler);
    }
    system.advance(until);
}

/// What a mock answers to an event of a function.
pub(crate) type Mock<'m> = &'m mut dyn FnMut(&str, &Value) -> Ended;

/// Lets so much time pass, with mocks in the place of handlers.
pub(crate) fn pass_mocked(system: &mut System, ms: u64, mock: Mock<'_>) {
    pass(system, ms, &mut |_, call| mock(call.name(), &call.event));
}

pub(crate) fn put(system: &mut System, bus: &str, source: &str, detail_type: &str, detail: &Value) {
    let entry =
        json!({ "EventBusName": bus, "Source": source, "DetailType": detail_type, "Detail": detail.to_string() });
    let answer = system.call(&Caller::default(), "AWSEvents.PutEvents", json!({ "Entries": [entry] })).expect("put");
    assert_eq!(answer["FailedEntryCount"], 0, "{answer}");
}

pub(crate) fn error(name: &str) -> Ended {
    Ended::Error { name: name.to_owned(), message: "no".to_owned() }
}

/// A call from outside of the stacks.
pub(crate) fn call(system: &mut System, target: &str, body: Value) -> Value {
    system.call(&Caller::default(), target, body).unwrap_or_else(|refusal| panic!("{target}: {refusal}"))
}

pub(crate) fn order_placed(status: &str) -> Value {
    json!({ "orderId": "o-1", "status": status, "customer": "c", "items": [], "timestamp": "2026-01-01T00:00:00Z" })
}

/// The detail of an order that was created.
pub(crate) fn created() -> Value {
    json!({
        "orderId": "0d1b4b3e-0000-4000-8000-000000000001", "customerId": "c-1", "status": "PENDING",
        "items": [{ "productId": "p", "quantity": 1, "price": 5 }], "totalAmount": 5,
        "createdAt": "2026-01-01T00:00:00Z", "metadata": { "eventId": "e-1" },
    })
}
