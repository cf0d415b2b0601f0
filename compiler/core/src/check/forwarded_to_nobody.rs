//! Events that a rule brings to a bus of this stack on which nothing takes them.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Event, Forward, Id, Model, Thing, is_read_by_raw_rule};
use crate::spec::bus::BusKind;

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let mut forwards = model.forwards();
    forwards.dedup_by_key(|forward| (forward.rule, forward.to, forward.arrives));
    let unread = forwards.iter().filter(|forward| !is_taken(model, forward));
    diagnostics.extend(unread.map(|forward| report(model, forward)));
}

/// Whether something may take an event on the bus that it is brought to. Who reads the account's default bus or one of others is not known.
fn is_taken(model: &Model, forward: &Forward) -> bool {
    let bus = &model.buses[forward.to];
    if bus.kind != BusKind::Custom || bus.archive.is_some() || bus.log.is_some() {
        return true;
    }
    let there = Event { bus: forward.to, ..model.events[forward.arrives].clone() };
    let reads = |id: Id<Event>| {
        model.rules.values().any(|rule| rule.bus == forward.to && rule.events.iter().any(|event| event.value == id))
    };
    // What could not be read of a rule may be what takes it, and so may a rule whose pattern names no event of the spec.
    let is_unknown =
        |rule: &crate::model::Rule| rule.bus == forward.to && (rule.pattern.is_none() || rule.events.is_empty());
    let is_referred_to = model.graph().to(Thing::Bus(forward.to)).any(|edge| matches!(edge.from, Thing::Resource(_)));
    there.consumed_outside
        || reads(forward.arrives)
        || model.rules.values().any(is_unknown)
        || is_read_by_raw_rule(model, &there)
        || is_referred_to
}

fn report(model: &Model, forward: &Forward) -> Diagnostic {
    let (bus, rule) = (&model.buses[forward.to].head, &model.rules[forward.rule].head.name);
    let event = &model.events[forward.arrives].head.name;
    let message = format!("rule `{rule}` brings event `{event}` to bus `{}`, and nothing takes it there", bus.name);
    Diagnostic::new(Code::EVC0916, forward.span, message)
        .on(format!("rules.{rule}"))
        .secondary(bus.name_span, "no rule of this bus reads it, and it has neither an archive nor a log")
        .help(format!(
            "make a rule with `event: {event}` and `bus: {}`; if something outside this spec reads it, say `consumer: external` of the event",
            bus.name
        ))
}
