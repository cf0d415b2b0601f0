//! Outboxes: their events travel on one bus, and all have the field that says which thing an event is about.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Event, Id, Model, Outbox};
use crate::source::Spanned;
use crate::spec::scalar::Name;
use crate::types::{Attribute, describe};

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for outbox in model.outboxes.values() {
        one_bus(model, outbox, diagnostics);
        if let Some(aggregate) = &outbox.aggregate {
            for event in &outbox.publishes {
                diagnostics.extend(aggregate_of(model, aggregate, *event));
            }
        }
    }
}

/// The forwarder puts a batch of events on one bus.
fn one_bus(model: &Model, outbox: &Outbox, diagnostics: &mut Vec<Diagnostic>) {
    let Some((first, rest)) = outbox.publishes.split_first() else { return };
    let bus_of = |event: &Spanned<Id<Event>>| model.events[event.value].bus;
    let name_of = |event: &Spanned<Id<Event>>| &model.buses[bus_of(event)].head.name;
    for event in rest.iter().filter(|event| bus_of(event) != bus_of(first)) {
        let message = format!("the events of outbox `{}` travel on several buses", outbox.head.name);
        diagnostics.push(
            Diagnostic::new(Code::EVC0603, event.span, message)
                .label(format!("this one travels on `{}`", name_of(event)))
                .secondary(first.span, format!("the first one travels on `{}`", name_of(first)))
                .help("make one outbox for each bus"),
        );
    }
}

fn aggregate_of(model: &Model, aggregate: &Name, event: Spanned<Id<Event>>) -> Option<Diagnostic> {
    let name = &aggregate.value;
    let declared = &model.events[event.value];
    let it = format!("event `{}`", declared.head.name);
    let diagnostic = |message: String| Diagnostic::new(Code::EVC0603, event.span, message);
    let place = match model.types.field_at(&declared.detail, &[name.as_str()]) {
        Ok(place) => place,
        Err(no) if no.reported => return None,
        Err(_) => {
            return Some(
                diagnostic(format!("{it} has no field `{name}`, which says what it is about"))
                    .secondary(aggregate.span, "the outbox keeps events of one thing in order by this field")
                    .help("give the event the field, or make another outbox for it"),
            );
        }
    };
    if place.optional && !model.types.is_any(place.ty) {
        return Some(
            diagnostic(format!("field `{name}` of {it} may be absent, and it says what the event is about"))
                .secondary(aggregate.span, "the outbox keeps events of one thing in order by this field")
                .help("write the field without `?`"),
        );
    }
    let is_text = model.types.attribute(place.ty).is_none_or(|attribute| attribute == Attribute::S);
    (!is_text).then(|| {
        let ty = place.field.map_or_else(|| describe(place.ty), |field| describe(&field.ty));
        diagnostic(format!("field `{name}` of {it} is `{ty}`, and what an event is about is text"))
            .secondary(aggregate.span, "the outbox keeps events of one thing in order by this field")
            .help("use a field of type `string`, `uuid` or the like")
    })
}
