//! Things that are declared and that nothing in the spec uses.
//!
//! What an output tells is used by those who read the output, so it counts as used.

use std::collections::HashSet;

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Destination, Head, Input, Integration, Model, OutputValue, Property, Thing, Transport};

pub(super) fn check(model: &Model, found: &mut Vec<Diagnostic>) {
    let told = told(model);
    functions(model, &told, found);
    tables(model, &told, found);
    outboxes(model, found);
    queues(model, &told, found);
    buses(model, &told, found);
    caches(model, found);
    networks(model, found);
}

/// The things that outputs tell of. Where the dead letters of one go says nothing of its use.
fn told(model: &Model) -> HashSet<Thing> {
    let things = model.outputs.iter().filter_map(|output| match output.value {
        OutputValue::Of(_, Property::DeadLetterQueueUrl | Property::WorkDeadLetterQueueUrl)
        | OutputValue::DashboardName
        | OutputValue::DashboardUrl => None,
        OutputValue::Of(thing, Property::Name | Property::Arn | Property::Url | Property::Id) => Some(thing),
    });
    things.collect()
}

fn report(code: Code, section: &str, head: &Head, message: String, help: &str) -> Diagnostic {
    Diagnostic::new(code, head.name_span, message).help(help).on(format!("{section}.{}", head.name))
}

/// A function that says an `input` may be invoked by whoever has the right to.
fn functions(model: &Model, told: &HashSet<Thing>, found: &mut Vec<Diagnostic>) {
    for (id, function) in model.functions.iter() {
        let is_callable = !matches!(function.input, Input::Nothing);
        if is_callable || !function.triggers.is_empty() || told.contains(&Thing::Function(id)) {
            continue;
        }
        let message = format!("nothing invokes function `{}`", function.head.name);
        let help = "give it a route, make it the target of a rule, a queue or a schedule, or name it in `outputs`";
        found.push(report(Code::EVC0904, "functions", &function.head, message, help));
    }
}

fn tables(model: &Model, told: &HashSet<Thing>, found: &mut Vec<Diagnostic>) {
    for (id, table) in model.tables.iter() {
        let is_used = model.functions.values().any(|function| function.tables.iter().any(|used| used.table == id))
            || model.routes().any(|(_, route)| matches!(&route.integration, Integration::Table(to) if to.table == id));
        if !is_used && !told.contains(&Thing::Table(id)) {
            let message = format!("no function and no API uses table `{}`", table.head.name);
            let help = "list it under `tables` of the functions that use it, or name it in `outputs`";
            found.push(report(Code::EVC0905, "tables", &table.head, message, help));
        }
    }
}

fn outboxes(model: &Model, found: &mut Vec<Diagnostic>) {
    for (id, outbox) in model.outboxes.iter() {
        let used = |function: &crate::model::Function| function.outbox.is_some_and(|outbox| outbox.value == id);
        if outbox.changes.is_none() && !model.functions.values().any(used) {
            let message = format!("no function publishes through outbox `{}`", outbox.head.name);
            let help = format!("say `outbox: {}` on the functions that do", outbox.head.name);
            found.push(report(Code::EVC0905, "outboxes", &outbox.head, message, &help));
        }
    }
}

fn queues(model: &Model, told: &HashSet<Thing>, found: &mut Vec<Diagnostic>) {
    for (id, queue) in model.queues.iter() {
        if told.contains(&Thing::Queue(id)) {
            continue;
        }
        let sent = model.functions.values().flat_map(|function| &function.sends).any(|sent| sent.value == id);
        let routed = model.rules.values().flat_map(|rule| &rule.targets);
        let is_filled = sent || routed.into_iter().any(|target| target.to == Destination::Queue(id));
        let (what, help) = match (is_filled, queue.to.is_some()) {
            (true, true) => continue,
            (false, true) => (
                "nothing sends to",
                "list it under `sends` of a function, make it the target of a rule, or name it in `outputs`",
            ),
            (true, false) => ("nothing works off", "say `to:` and a function, or name it in `outputs`"),
            (false, false) => ("nothing sends to or works off", "use it, or name it in `outputs`"),
        };
        let message = format!("{what} queue `{}`", queue.head.name);
        found.push(report(Code::EVC0905, "queues", &queue.head, message, help));
    }
}

fn buses(model: &Model, told: &HashSet<Thing>, found: &mut Vec<Diagnostic>) {
    for (id, bus) in model.buses.iter() {
        let has_events = model.events_on(id).next().is_some();
        let is_read = model.rules.values().any(|rule| rule.bus == id);
        let targets = model.rules.values().flat_map(|rule| &rule.targets);
        let is_filled = targets.into_iter().any(|target| target.to == Destination::Bus(id));
        let carries_work = model.on_redis().any(|(.., redis)| redis.transport == Transport::EventBridge(id));
        if !has_events && !is_read && !is_filled && !carries_work && !told.contains(&Thing::Bus(id)) {
            let message = format!("no event travels on bus `{}`", bus.head.name);
            let help = format!("say `bus: {}` on the events that do, or name it in `outputs`", bus.head.name);
            found.push(report(Code::EVC0905, "buses", &bus.head, message, &help));
        }
    }
}

fn caches(model: &Model, found: &mut Vec<Diagnostic>) {
    let clients = model.cache_clients();
    for (id, cache) in model.caches.iter() {
        if !clients.iter().any(|client| client.cache == id) {
            let message = format!("nothing uses cache `{}`", cache.head.name);
            let help = format!("say `cache: {}` on the functions and workflows that do", cache.head.name);
            found.push(report(Code::EVC0905, "caches", &cache.head, message, &help));
        }
    }
}

fn networks(model: &Model, found: &mut Vec<Diagnostic>) {
    for (id, network) in model.networks.iter() {
        if !model.caches.values().any(|cache| cache.network.is_some_and(|network| network.value == id)) {
            let message = format!("no cache is in network `{}`", network.head.name);
            let help = format!("say `network: {}` on the caches that are", network.head.name);
            found.push(report(Code::EVC0905, "networks", &network.head, message, &help));
        }
    }
}
