//! Events that a workflow publishes, and a function that it calls publishes as well: those who read them get two.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Body, Call, Edge, Event, Id, Model, Relation, Step, StepId, Thing, Workflow};
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
    let does: Vec<(StepId, Does)> = body.iter().map(|(id, step)| (id, does(model, body, step))).collect();
    for (at, one) in does.iter().filter(|(_, one)| !one.publishes.is_empty()) {
        for (event, span) in &one.publishes {
            let calls = does.iter().flat_map(|(other, does)| does.calls.iter().map(move |call| (*other, call)));
            // What failed has published nothing, as a rule: what comes after its `catch` alone is instead of it.
            let is_after = |one: StepId, other: StepId| body.from(body.onward(one)).contains(&other);
            let meets = |other: StepId| *at == other || is_after(*at, other) || is_after(other, *at);
            let mut calls = calls.filter(|(_, (known, ..))| known == event);
            let Some((_, (_, call, published, name))) = calls.find(|(other, _)| meets(*other)) else { continue };
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

fn does(model: &Model, body: &Body, step: &Step) -> Does {
    let mut found = Does::default();
    let mut add = |step: &Step| {
        if let Some(publish) = step.publish()
            && let Some(event) = publish.event
        {
            found.publishes.push((event, publish.span));
        }
        found.calls.extend(step.call().into_iter().flat_map(|call| published_by(model, call)));
    };
    add(step);
    for body in step.bodies() {
        body.walk(&mut add);
    }
    if step.compensates() {
        let undos = body.steps.iter().filter_map(|step| step.undo.as_ref());
        found.calls.extend(undos.flat_map(|undo| published_by(model, undo)));
    }
    found
}

/// The events that a function publishes which is called.
fn published_by(model: &Model, call: &Call) -> Vec<(Id<Event>, Span, Span, String)> {
    let Some(function) = call.function else { return Vec::new() };
    let name = &model.functions[function].head.name;
    let published = |edge: &Edge| {
        let (Relation::Publishes | Relation::PublishesThroughOutbox, Thing::Event(event)) = (&edge.relation, edge.to)
        else {
            return None;
        };
        Some((event, call.span, edge.span, name.clone()))
    };
    model.graph().from(Thing::Function(function)).filter_map(published).collect()
}
