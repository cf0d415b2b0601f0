//! Events without a publisher or without a reader.
//!
//! A rule that matches an event reads it, wherever it sends it and whether or not it runs. An archive or an event log keeps
//! events, and does not count: nothing happens because of them. What a rule brings from another bus is published on the bus that it comes to.

use super::is_published;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Edge, Event, Id, Model, Relation, Thing};

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let forwards = model.forwards();
    for (id, event) in model.events.iter() {
        let is_forwarded = forwards.iter().any(|forward| forward.arrives == id && forward.to == event.bus);
        let is_matched = model.graph().to(Thing::Event(id)).any(|edge| edge.relation == Relation::Matches);
        let is_published = event.published_outside || is_forwarded || is_published(model, id);
        let is_read = event.consumed_outside || is_matched;
        let name = &event.head.name;
        let report = |code, what: &str| {
            let message = format!("{what} event `{name}`");
            Diagnostic::new(code, event.head.name_span, message).on(format!("events.{name}"))
        };
        match (is_published, is_read) {
            (true, true) => {}
            (false, false) => {
                diagnostics.push(report(Code::EVC0905, "nothing publishes or reads").help("use it, or take it out"));
            }
            (false, true) => diagnostics.push(never_published(model, id, report(Code::EVC0901, "nothing publishes"))),
            (true, false) => diagnostics.push(
                report(Code::EVC0902, "nothing reads")
                    .help("make a rule for it, or say `consumer: external` if something outside this spec reads it"),
            ),
        }
    }
}

fn never_published(model: &Model, event: Id<Event>, diagnostic: Diagnostic) -> Diagnostic {
    let carries = |edge: &&Edge| matches!(edge.from, Thing::Outbox(_)) && edge.relation == Relation::Publishes;
    match model.graph().to(Thing::Event(event)).find(carries) {
        Some(carried) => diagnostic
            .secondary(carried.span, "this outbox carries it, and no function that has the outbox lists it")
            .help("list it under `publishes` of the function that publishes it"),
        None => diagnostic.help(
            "list it under `publishes` of the function that does, or say `publisher: external` if something outside \
             this spec publishes it",
        ),
    }
}
