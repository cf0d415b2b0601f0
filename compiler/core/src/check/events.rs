//! Events without a publisher or without a reader. One of each that look alike are one mistake.
//!
//! A rule that matches an event reads it, wherever it sends it and whether or not it runs, also one that is a raw resource. An archive or an event log keeps
//! events, and does not count: nothing happens because of them. What a rule brings from another bus is published on the bus that it comes to.

use super::is_published;
use crate::diagnostics::{Code, Diagnostic, letters_apart};
use crate::model::{Edge, Event, Forward, Id, Model, Relation, Thing, is_read_by_raw_rule};

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let forwards = model.forwards();
    let pairs = pairs(model, &forwards);
    for (unpublished, unread) in &pairs {
        diagnostics.push(alike(model, *unpublished, *unread));
    }
    for (id, event) in model.events.iter() {
        let (is_published, is_read) = use_of(model, id, &forwards);
        if pairs.iter().any(|(unpublished, unread)| *unpublished == id || *unread == id) {
            continue;
        }
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

/// Whether something publishes an event, and whether something reads it.
fn use_of(model: &Model, id: Id<Event>, forwards: &[Forward]) -> (bool, bool) {
    let event = &model.events[id];
    let is_forwarded = forwards.iter().any(|forward| forward.arrives == id && forward.to == event.bus);
    let is_matched = model.graph().to(Thing::Event(id)).any(|edge| edge.relation == Relation::Matches);
    let is_published = event.published_outside || is_forwarded || is_published(model, id);
    (is_published, event.consumed_outside || is_matched || is_read_by_raw_rule(model, event))
}

/// Events that nothing publishes, each with the one that nothing reads and that is probably meant by it.
fn pairs(model: &Model, forwards: &[Forward]) -> Vec<(Id<Event>, Id<Event>)> {
    let known: Vec<(Id<Event>, (bool, bool))> =
        model.events.ids().map(|id| (id, use_of(model, id, forwards))).collect();
    let of = |is: (bool, bool), code: Code| {
        let allowed = move |id: &Id<Event>| model.events[*id].head.allow.0.iter().any(|allow| allow.code == code);
        known.iter().filter(move |(_, found)| *found == is).map(|(id, _)| *id).filter(move |id| !allowed(id))
    };
    let mut unread: Vec<Id<Event>> = of((true, false), Code::EVC0902).collect();
    let mut pairs = Vec::new();
    for unpublished in of((false, true), Code::EVC0901) {
        let rank = |id: &Id<Event>| likeness(&model.events[unpublished], &model.events[*id]);
        let best = unread.iter().copied().filter_map(|id| Some((rank(&id)?, id))).min();
        if let Some((_, best)) = best {
            unread.retain(|id| *id != best);
            pairs.push((unpublished, best));
        }
    }
    pairs
}

/// How far two events are from being the same to those who look at their names, if that is near.
fn likeness(a: &Event, b: &Event) -> Option<usize> {
    let near = |a: &str, b: &str| letters_apart(a, b, (a.chars().count().min(b.chars().count()) / 3).max(1));
    let (source, detail_type) = (near(&a.source, &b.source), near(&a.detail_type, &b.detail_type));
    let name = near(&a.head.name, &b.head.name).filter(|_| source.is_some());
    // `Order Placed` and `Order Paid` of one source are near by their letters, and are two events.
    let words = |text: &str| text.split_whitespace().count();
    let same_words = words(&a.detail_type) == words(&b.detail_type);
    match (source, detail_type, name) {
        (Some(0), Some(0), _) => Some(0),
        (Some(source), Some(detail_type), _) if same_words && source + detail_type <= 3 => Some(source + detail_type),
        (_, _, Some(name)) if name <= 2 => Some(name),
        _ => None,
    }
}

/// Reports an event that is read and not published with the one like it that is published and not read.
fn alike(model: &Model, unpublished: Id<Event>, unread: Id<Event>) -> Diagnostic {
    let (read, published) = (&model.events[unpublished], &model.events[unread]);
    let (read_name, published_name) = (&read.head.name, &published.head.name);
    let message = format!("nothing publishes event `{read_name}`, and nothing reads event `{published_name}`");
    let mut diagnostic = Diagnostic::new(Code::EVC0914, read.head.name_span, message)
        .on(format!("events.{read_name}"))
        .secondary(published.head.name_span, "this is like it, and only published");
    let edge = |id: Id<Event>, is: &dyn Fn(&Edge) -> bool| {
        model.graph().to(Thing::Event(id)).find(|edge| is(edge)).map(|edge| edge.span)
    };
    if let Some(span) = edge(unpublished, &|edge| edge.relation == Relation::Matches) {
        diagnostic = diagnostic.secondary(span, format!("`{read_name}` is read here"));
    }
    let publishes = |edge: &Edge| {
        matches!(edge.relation, Relation::Publishes | Relation::PublishesIn(_) | Relation::PublishesThroughOutbox)
    };
    if let Some(span) = edge(unread, &publishes) {
        diagnostic = diagnostic.secondary(span, format!("`{published_name}` is published here"));
    }
    if read.bus != published.bus && *read.source == *published.source && *read.detail_type == *published.detail_type {
        let (to, from) = (&model.buses[read.bus].head.name, &model.buses[published.bus].head.name);
        return diagnostic.help(format!("they are the same but for their bus: let a rule bring `{published_name}` from bus `{from}` to bus `{to}`, or read it there"));
    }
    diagnostic
        .help("if they are meant to be one, let both sides use one of them, with one `source` and one `detail-type`")
}
