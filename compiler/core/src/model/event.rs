//! Events, and the bus that each travels on.

use super::bus::bus_of;
use super::graph::{Relates, Relation};
use super::names::head;
use super::{Bus, Head, Id, Model, Thing};
use crate::diagnostics::Diagnostic;
use crate::source::{Span, Spanned};
use crate::spec::event::Publisher;
use crate::spec::{Declared, Sections};
use crate::types::Type;

/// An event.
#[derive(Debug, Clone)]
pub struct Event {
    /// Name, places, description.
    pub head: Head,
    /// The `source` on the wire.
    pub source: Spanned<String>,
    /// The `detail-type` on the wire.
    pub detail_type: Spanned<String>,
    /// What it carries.
    pub detail: Type,
    /// The bus it travels on.
    pub bus: Id<Bus>,
    /// Whether something outside publishes it.
    pub published_outside: bool,
    /// Whether a rule outside brings it to its bus.
    pub forwarded_outside: bool,
    /// Whether something outside reads it.
    pub consumed_outside: bool,
}

pub(super) fn event(
    sections: &Sections,
    model: &mut Model,
    name: &str,
    item: &Declared<crate::spec::event::Event>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Event {
    let bus = bus_of(sections, model, item.bus.as_ref(), item.name_span, &format!("event `{name}`"), diagnostics);
    diagnostics.extend(model.types.check_type(&item.detail.0));
    Event {
        head: head(name, item, item.description.as_ref(), &item.allow),
        source: item.source.clone(),
        detail_type: item.detail_type.clone(),
        detail: item.detail.0.clone(),
        bus,
        published_outside: item.publisher.is_some(),
        forwarded_outside: item.publisher.as_ref().is_some_and(|publisher| publisher.value == Publisher::Forwarded),
        consumed_outside: item.consumer.is_some(),
    }
}

impl Relates for Event {
    fn relate(&self, tell: &mut dyn FnMut(Relation, Thing, Span)) {
        tell(Relation::TravelsOn, Thing::Bus(self.bus), self.head.name_span);
    }
}

impl Model {
    /// The events that travel on a bus.
    pub fn events_on(&self, bus: Id<Bus>) -> impl Iterator<Item = (Id<Event>, &Event)> {
        self.events.iter().filter(move |(_, event)| event.bus == bus)
    }
}
