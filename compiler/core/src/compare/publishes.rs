//! Events that executions in flight publish: that their bus takes them, and that somebody still reads them.

use super::{Pair, ways_out};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Bus, Event, Id, Model, Workflow};
use crate::source::Span;
use crate::spec::bus::BusKind;

/// Looks at each event that the old workflow publishes.
pub(super) fn check(pair: &Pair<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut seen: Vec<Id<Event>> = Vec::new();
    for (event, span) in published(pair.old) {
        if !seen.contains(&event) {
            seen.push(event);
            diagnostics.extend(one(pair, &pair.before.events[event], span));
        }
    }
}

/// The events that the steps of a workflow publish, with the place of each.
fn published(workflow: &Workflow) -> Vec<(Id<Event>, Span)> {
    let mut found = Vec::new();
    workflow.body.walk(&mut |step| {
        if let Some(publish) = step.publish() {
            found.extend(publish.event.map(|event| (event, publish.span)));
        }
    });
    found
}

fn one(pair: &Pair<'_>, event: &Event, span: Span) -> Option<Diagnostic> {
    let (workflow, name) = (&pair.old.head.name, &event.head.name);
    let old_bus = &pair.before.buses[event.bus];
    let report = |code, at, message: String| {
        Diagnostic::new(code, at, message).secondary(span, "a step of the old spec publishes it")
    };
    let Some(bus) = same_bus(pair.now, old_bus) else {
        let message = format!(
            "executions in flight of `{workflow}` publish `{name}` on the bus `{}`, which is no longer there",
            old_bus.head.name
        );
        let moved = pair.now.events.values().find(|new| new.head.name == *name).map(|new| new.head.name_span);
        return Some(
            report(Code::EVC1001, moved.unwrap_or(pair.new.head.name_span), message)
                .secondary(old_bus.head.name_span, "the bus of the old spec")
                .help(ways_out(workflow)),
        );
    };
    // The role of a state machine lets it put events of the sources that its steps publish; that of the engine on Redis, those of all
    // workflows that it carries.
    let publishers: Vec<&Workflow> =
        if pair.on_redis() { pair.now.on_redis().map(|(_, workflow, _)| workflow).collect() } else { vec![pair.new] };
    let may = publishers.into_iter().flat_map(published).any(|(id, _)| {
        let new = &pair.now.events[id];
        new.bus == bus && new.source.value == event.source.value
    });
    if !may {
        let message = format!("executions in flight of `{workflow}` publish `{name}`, which they then may not");
        return Some(
            report(Code::EVC1001, pair.new.head.name_span, message)
                .note(format!(
                    "no step of {} publishes an event of the source `{}` on the bus `{}` any more, so the role no longer allows it; a \
                     running execution keeps its definition, and has the role as it is now",
                    if pair.on_redis() { "any workflow on Redis".to_owned() } else { format!("`{workflow}`") },
                    event.source.value,
                    old_bus.head.name
                ))
                .help(ways_out(workflow)),
        );
    }
    let declared = pair.now.events.values().any(|new| {
        new.bus == bus && new.source.value == event.source.value && new.detail_type.value == event.detail_type.value
    });
    (!declared).then(|| {
        let same_name = pair.now.events.values().find(|new| new.head.name == *name).map(|new| new.head.name_span);
        let message = format!(
            "executions in flight of `{workflow}` publish `{name}` with the detail-type `{}`, which no event has any more",
            event.detail_type.value
        );
        report(Code::EVC1002, same_name.unwrap_or(pair.new.head.name_span), message)
            .secondary(event.head.name_span, "the event of the old spec")
            .note("no rule of this spec reads it as that event; who else reads the bus is not known here")
    })
}

/// The bus that is the old one: of the same name if this stack makes it, the same one if it exists outside.
fn same_bus(now: &Model, old: &Bus) -> Option<Id<Bus>> {
    let is_same = |new: &Bus| match (old.kind, new.kind) {
        (BusKind::Default, BusKind::Default) => true,
        (BusKind::Imported, BusKind::Imported) => old.imported_name == new.imported_name,
        (BusKind::Custom, BusKind::Custom) => old.head.name == new.head.name,
        _ => false,
    };
    now.buses.iter().find(|(_, new)| is_same(new)).map(|(id, _)| id)
}
