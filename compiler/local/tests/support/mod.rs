//! Systems of `specs/` on virtual time: whoever carries out what they order is given by the test.

#![allow(dead_code, clippy::expect_used, clippy::panic, reason = "what a test expects; no test uses all of it")]

use std::collections::BTreeMap;
use std::sync::Arc;

use evc_compiler::session;
use evc_local::sim::lambda::{Ended, Function, Order};
use evc_local::stack::Place;
use evc_local::{Stack, System};
use serde_json::Value;

/// 2026-01-01T00:00:00Z.
pub(crate) const START_MS: u64 = 1_767_225_600_000;

/// The stack of a spec, in its environment `dev`.
pub(crate) fn stack(name: &str, text: &str) -> Arc<Stack> {
    let analysis = session::analyze_text(name, text);
    assert!(!analysis.has_errors(), "{:?}", analysis.diagnostics);
    let model = analysis.model.as_ref().expect("a model");
    let planned = session::plan(model);
    let place = Place::local(&format!("{}-dev", model.service.value), "http://127.0.0.1:4566");
    Arc::new(Stack::resolve(&planned.plan, "dev", place, &BTreeMap::new(), &|_| String::new()).expect("a stack"))
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
