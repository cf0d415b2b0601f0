//! Rules: the events that each reads, and what gets them.

use super::bus::{bus_of, default_bus};
use super::graph::{Relates, Relation};
use super::names::{find, find_all, head};
use super::settings::enabled;
use super::target::target_of;
use super::{Bus, DeadLetterSource, Event, Head, Id, Model, Setting, Target, Thing, envelope, patterns};
use crate::diagnostics::Diagnostic;
use crate::pattern::{Pattern, narrowed};
use crate::source::{Span, Spanned};
use crate::spec::scalar::Name;
use crate::spec::{Declared, Sections};
use crate::types::Type;

/// A rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Name, places, description.
    pub head: Head,
    /// The bus it reads.
    pub bus: Id<Bus>,
    /// The events it names, or those that its pattern can match.
    pub events: Vec<Spanned<Id<Event>>>,
    /// The whole pattern as `EventBridge` gets it. `None` if it could not be read.
    pub pattern: Option<Pattern>,
    /// What could be read of what the spec says of the detail: what checks look at.
    pub detail_pattern: Option<Pattern>,
    /// What could be read of the pattern that the spec wrote, for a rule that has one: what checks look at.
    pub written_pattern: Option<Pattern>,
    /// Whether the pattern says something of the `metadata` that publishers add to a detail, which those for checks leave out.
    pub of_metadata: bool,
    /// What gets the events.
    pub targets: Vec<Target>,
    /// Whether it runs.
    pub enabled: Setting<bool>,
}

pub(super) fn rule(
    sections: &Sections,
    model: &mut Model,
    name: &str,
    item: &Declared<crate::spec::rule::Rule>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Rule {
    let several = item.events.iter().flat_map(|events| &events.value);
    let names: Vec<Name> = item.event.iter().chain(several).cloned().collect();
    let events: Vec<Spanned<Id<Event>>> = find_all(sections, &names, diagnostics);
    let is_unread = item.bus.as_ref().is_some_and(|bus| bus.is_empty());
    let said = item.bus.as_ref().filter(|_| !is_unread);
    let bus = match (said, events.first()) {
        (None, Some(event)) => model.events[event.value].bus,
        // What it should read is missing or unknown, which is reported: any bus will do.
        (None, None) if item.pattern.is_none() => match model.buses.ids().next() {
            Some(bus) => bus,
            None => default_bus(model, item.name_span),
        },
        // The name is reported; what depends on the bus is not.
        (Some(name), Some(event)) if name.as_str() != "default" && !sections.buses.declares(name) => {
            let _: Option<Id<Bus>> = find(sections, name, diagnostics);
            model.events[event.value].bus
        }
        (None, None) if is_unread => bus_of(sections, model, item.bus.as_ref(), item.name_span, "", diagnostics),
        (bus, _) => bus_of(sections, model, bus, item.name_span, &format!("rule `{name}`"), diagnostics),
    };
    let targets = item.to.iter().filter_map(|target| target_of(sections, target, diagnostics)).collect();
    let mut patterns = patterns::of_rule(model, bus, &events, item, diagnostics);
    if is_unread && events.is_empty() {
        // What its pattern matches depends on its bus.
        (patterns.whole, patterns.written, patterns.events) = (None, None, Vec::new());
    }
    Rule {
        head: head(name, item, item.description.as_ref(), &item.allow),
        bus,
        events: patterns.events,
        pattern: patterns.whole,
        detail_pattern: patterns.detail,
        written_pattern: patterns.written,
        of_metadata: patterns.of_metadata,
        targets,
        enabled: enabled(sections, name, item.enabled, |environment| &environment.rules),
    }
}

impl Rule {
    /// The type of the details of an event that the rule brings: those that its pattern matches. None if there are none.
    pub fn brings(&self, model: &Model, event: Id<Event>) -> Option<Type> {
        self.takes(model, &model.events[event])
    }

    /// The type of the details that the rule brings of those of an event.
    pub fn takes(&self, model: &Model, event: &Event) -> Option<Type> {
        if let Some(pattern) = &self.written_pattern {
            let brought = narrowed(pattern, &envelope(event), &model.types)?;
            return Some(model.types.record(&brought)?.get("detail")?.ty.clone());
        }
        match &self.detail_pattern {
            Some(pattern) => narrowed(pattern, &event.detail, &model.types),
            None => Some(event.detail.clone()),
        }
    }
}

impl Relates for Rule {
    fn relate(&self, tell: &mut dyn FnMut(Relation, Thing, Span)) {
        tell(Relation::Reads, Thing::Bus(self.bus), self.head.name_span);
        for event in &self.events {
            tell(Relation::Matches, Thing::Event(event.value), event.span);
        }
        for target in &self.targets {
            tell(Relation::Delivers, target.to.into(), target.span);
        }
    }

    fn dead_letters(id: Id<Self>) -> Option<DeadLetterSource> {
        Some(DeadLetterSource::Rule(id))
    }
}
