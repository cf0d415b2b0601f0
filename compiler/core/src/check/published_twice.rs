//! Events that a workflow publishes, and a function that it calls publishes as well: those who read them get two.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Body, Event, Id, Model, Relation, StepId, Thing, Workflow};
use crate::source::Span;

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for workflow in model.workflows.values() {
        in_body(model, workflow, &workflow.body, diagnostics);
    }
}

/// What a step does, bodies inside of it included: the events that it publishes, and those of the functions that it calls, with both places.
#[derive(Default)]
struct Does {
    publishes: Vec<(Id<Event>, Span)>,
    calls: Vec<(Id<Event>, Span, Span, String)>,
}

fn in_body(model: &Model, workflow: &Workflow, body: &Body, diagnostics: &mut Vec<Diagnostic>) {
    let does: Vec<(StepId, Does)> = body.iter().map(|(id, step)| (id, does(model, step))).collect();
    for (at, one) in does.iter().filter(|(_, one)| !one.publishes.is_empty()) {
        for (event, span) in &one.publishes {
            let meets =
                |other: StepId| *at == other || body.after([*at]).contains(&other) || body.after([other]).contains(at);
            let called = does.iter().filter(|(other, _)| meets(*other)).flat_map(|(_, other)| &other.calls);
            let Some((_, call, published, name)) = called.into_iter().find(|(known, ..)| known == event) else {
                continue;
            };
            let event_name = &model.events[*event].head.name;
            let message =
                format!("event `{event_name}` is published here, and by function `{name}`, which the workflow calls");
            let diagnostic = Diagnostic::new(Code::EVC0913, *span, message)
                .on(format!("workflows.{}", workflow.head.name))
                .secondary(*call, format!("`{name}` is called here"));
            diagnostics.push(
                diagnostic
                    .secondary(*published, "and publishes it too")
                    .note("they are two events with ids of their own, so that who reads them takes them for two")
                    .help("let one of the two publish it"),
            );
        }
    }
}

fn does(model: &Model, step: &crate::model::Step) -> Does {
    let mut found = Does::default();
    let mut add = |step: &crate::model::Step| {
        if let Some(publish) = step.publish()
            && let Some(event) = publish.event
        {
            found.publishes.push((event, publish.span));
        }
        let Some(call) = step.call() else { return };
        let Some(function) = call.function else { return };
        for edge in model.graph().from(Thing::Function(function)) {
            if let (Relation::Publishes | Relation::PublishesThroughOutbox, Thing::Event(event)) =
                (&edge.relation, edge.to)
            {
                found.calls.push((event, call.span, edge.span, model.functions[function].head.name.clone()));
            }
        }
    };
    add(step);
    for body in step.bodies() {
        body.walk(&mut add);
    }
    found
}
