//! Events without a publisher or without a reader.
//!
//! A rule that matches an event reads it, wherever it sends it and whether or not it runs. An archive or an event log keeps
//! events, and does not count: nothing happens because of them.

use super::published;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Event, Id, Model};

pub(super) fn check(model: &Model, found: &mut Vec<Diagnostic>) {
    let published = published(model);
    let mut read = vec![false; model.events.len()];
    for rule in model.rules.values() {
        rule.events.iter().for_each(|event| read[event.value.index()] = true);
    }
    for (id, event) in model.events.iter() {
        let is_published = event.published_outside || published[id.index()];
        let is_read = event.consumed_outside || read[id.index()];
        let name = &event.head.name;
        let report = |code, what: &str| {
            let message = format!("{what} event `{name}`");
            Diagnostic::new(code, event.head.name_span, message).on(format!("events.{name}"))
        };
        match (is_published, is_read) {
            (true, true) => {}
            (false, false) => {
                found.push(report(Code::EVC0905, "nothing publishes or reads").help("use it, or take it out"));
            }
            (false, true) => found.push(never_published(model, id, report(Code::EVC0901, "nothing publishes"))),
            (true, false) => found.push(
                report(Code::EVC0902, "nothing reads")
                    .help("make a rule for it, or say `consumer: external` if something outside this spec reads it"),
            ),
        }
    }
}

fn never_published(model: &Model, event: Id<Event>, diagnostic: Diagnostic) -> Diagnostic {
    let carrier = model.outboxes.values().flat_map(|outbox| &outbox.publishes).find(|carried| carried.value == event);
    match carrier {
        Some(carried) => diagnostic
            .secondary(carried.span, "this outbox carries it, and no function that has the outbox lists it")
            .help("list it under `publishes` of the function that publishes it"),
        None => diagnostic.help(
            "list it under `publishes` of the function that does, or say `publisher: external` if something outside \
             this spec publishes it",
        ),
    }
}
