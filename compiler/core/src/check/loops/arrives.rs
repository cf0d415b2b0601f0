//! Rules of which the pattern takes nothing of what comes to their bus: who publishes it fixes values, or what brings it there lets others
//! through.

use super::published::{Passes, Published, Start};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Event, Id, Model, Rule};
use crate::source::Span;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let forwards = model.forwards();
    for rule in model.rules.values().filter(|rule| rule.enabled.same() != Some(&false)) {
        let mut comes: Vec<(Published, Span, &str)> = Vec::new();
        for event in &rule.events {
            if model.events[event.value].bus == rule.bus {
                let published = published(model, event.value);
                comes.extend(published.into_iter().map(|(published, span)| (published, span, "published here")));
            }
            for forward in forwards.iter().filter(|one| one.to == rule.bus && one.arrives == event.value) {
                let by = &model.rules[forward.rule];
                let passing = published(model, forward.event)
                    .into_iter()
                    .filter(|(one, _)| one.passes(model, by) != Passes::Never);
                let brought = passing.map(|(one, _)| one.brought(model, by, forward.arrives));
                comes.extend(brought.map(|one| (one, forward.span, "brought here by this")));
            }
        }
        if !comes.is_empty() && comes.iter().all(|(one, ..)| one.passes(model, rule) == Passes::Never) {
            diagnostics.push(report(model, rule, &comes));
        }
    }
}

/// An event as each of those publishes it who do, with the place.
pub(in crate::check) fn published(model: &Model, id: Id<Event>) -> Vec<(Published, Span)> {
    let mut found = Vec::new();
    let event = &model.events[id];
    if event.published_outside {
        found.push((Published::by_handler(model, id), event.head.name_span));
    }
    for function in model.functions.values() {
        let own = function.publishes.iter().chain(&function.outbox_events).filter(|own| own.value == id);
        found.extend(own.map(|own| (Published::by_handler(model, id), own.span)));
    }
    for changes in model.outboxes.values().filter_map(|outbox| outbox.changes.as_ref()) {
        let made = changes.events.iter().filter(|change| change.event.value == id);
        found.extend(made.map(|change| (Published::by_change(model, change), change.event.span)));
    }
    for workflow in model.workflows.values() {
        workflow.body.walk(&mut |step| {
            if let Some(publish) = step.publish().filter(|publish| publish.event == Some(id)) {
                let published = Published::by_step(model, id, step, publish.detail.as_ref(), &Start::default());
                found.push((published, publish.span));
            }
        });
    }
    found
}

fn report(model: &Model, rule: &Rule, comes: &[(Published, Span, &str)]) -> Diagnostic {
    let names: std::collections::BTreeSet<&str> =
        comes.iter().map(|(one, ..)| model.events[one.event].head.name.as_str()).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let what = if names.len() == 1 { "event" } else { "events" };
    let message = format!(
        "rule `{}` matches no {what} {} as bus `{}` gets it",
        rule.head.name,
        crate::diagnostics::list(&names),
        model.buses[rule.bus].head.name
    );
    let mut diagnostic =
        Diagnostic::new(Code::EVC0915, rule.head.name_span, message).on(format!("rules.{}", rule.head.name));
    for (_, span, how) in comes.iter().take(3) {
        diagnostic = diagnostic.secondary(*span, *how);
    }
    diagnostic
        .note("the values that are published, or let through to this bus, are others than those that the rule asks for")
        .help("let what publishes or brings it give such values, or change the rule; what others publish is `publisher: external`")
}
