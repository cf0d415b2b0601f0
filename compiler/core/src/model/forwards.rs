//! Events that rules bring from one bus to another: what arrives on a bus besides what is published there.
//!
//! EventBridge passes on to another bus what was published on a bus, and not what came to it by a rule from a bus. So each way has one hop.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-bus-to-bus.html>

use super::patterns::can_match;
use super::{Bus, Destination, Event, Id, Model, Rule};
use crate::source::{Span, Spanned};
use crate::spec::bus::BusKind;

/// An event that a rule brings to another bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forward {
    /// The rule.
    pub rule: Id<Rule>,
    /// The place of its target.
    pub span: Span,
    /// The event as it was published.
    pub event: Id<Event>,
    /// The bus that it is brought to.
    pub to: Id<Bus>,
    /// The event of that bus that it is there: the one with its source and detail-type, or itself if none is declared there.
    pub arrives: Id<Event>,
}

impl Model {
    /// Everything that rules bring to other buses.
    pub fn forwards(&self) -> Vec<Forward> {
        let mut forwards = Vec::new();
        for (id, rule) in self.rules.iter() {
            for target in &rule.targets {
                let Destination::Bus(to) = target.to else { continue };
                if to == rule.bus {
                    continue;
                }
                let forward = |event: Id<Event>, arrives| Forward { rule: id, span: target.span, event, to, arrives };
                let own = rule.events.iter().filter(|event| self.events[event.value].bus == rule.bus);
                forwards.extend(
                    own.map(|event| forward(event.value, self.as_known_on(event.value, to).unwrap_or(event.value))),
                );
                forwards.extend(self.undeclared(rule, to).map(|event| forward(event, event)));
            }
        }
        forwards
    }

    /// The event of this bus that is the same to those who read it.
    pub fn as_known_on(&self, event: Id<Event>, bus: Id<Bus>) -> Option<Id<Event>> {
        let event = &self.events[event];
        let same = |other: &Event| *other.source == *event.source && *other.detail_type == *event.detail_type;
        self.events_on(bus).find(|(_, other)| same(other)).map(|(id, _)| id)
    }

    /// The events of bus `to` that a rule may bring there though its own bus declares none of them: those of somebody else, if the rule
    /// reads a bus that others publish on.
    fn undeclared(&self, rule: &Rule, to: Id<Bus>) -> impl Iterator<Item = Id<Event>> {
        let open = self.buses[rule.bus].kind != BusKind::Custom;
        let written = rule.written_pattern.as_ref().filter(|_| open);
        let brought = move |event: &Event, id: Id<Event>| {
            written.is_some_and(|pattern| can_match(self, pattern, event)) && self.as_known_on(id, rule.bus).is_none()
        };
        self.events_on(to).filter(move |(id, event)| brought(event, *id)).map(|(id, _)| id)
    }

    /// Completes the events of rules that write a pattern, by those that other rules bring to their bus and that are not declared there.
    pub(super) fn match_forwarded(&mut self) {
        for forward in self.forwards() {
            if self.events[forward.arrives].bus == forward.to {
                continue;
            }
            let matching: Vec<Id<Rule>> =
                self.rules.iter().filter(|(_, rule)| self.reads(rule, &forward)).map(|(id, _)| id).collect();
            for id in matching {
                let rule = &mut self.rules[id];
                let span = rule.written_pattern.as_ref().map_or(rule.head.name_span, |pattern| pattern.root.span);
                rule.events.push(Spanned::new(forward.arrives, span));
            }
        }
    }

    fn reads(&self, rule: &Rule, forward: &Forward) -> bool {
        rule.bus == forward.to
            && rule.events.iter().all(|event| event.value != forward.arrives)
            && rule
                .written_pattern
                .as_ref()
                .is_some_and(|written| can_match(self, written, &self.events[forward.arrives]))
    }

    /// The events that arrive on a bus: those that travel on it, and those that rules bring there.
    pub fn arriving_on(&self, bus: Id<Bus>) -> Vec<Id<Event>> {
        let mut events: Vec<Id<Event>> = self.events_on(bus).map(|(id, _)| id).collect();
        for forward in self.forwards() {
            if forward.to == bus && !events.contains(&forward.arrives) {
                events.push(forward.arrives);
            }
        }
        events
    }
}
