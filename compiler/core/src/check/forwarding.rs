//! What rules bring from bus to bus: an event is read where it travels or is brought to, it is there what it was, and it goes no further.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Destination, Event, Forward, Id, Model, Rule, aws};
use crate::source::Spanned;
use crate::types::Type;

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let forwards = model.forwards();
    for rule in model.rules.values() {
        if rule.written_pattern.is_none() {
            diagnostics.extend(rule.events.iter().filter_map(|event| of_another_bus(model, rule, event, &forwards)));
        }
        second_hop(model, rule, &forwards, diagnostics);
        diagnostics.extend(to_itself(model, rule));
    }
    for forward in &forwards {
        diagnostics.extend(differs(model, forward));
    }
}

/// An event that a rule names and that neither travels on its bus nor is brought there.
fn of_another_bus(model: &Model, rule: &Rule, named: &Spanned<Id<Event>>, forwards: &[Forward]) -> Option<Diagnostic> {
    let event = &model.events[named.value];
    let is_brought = |forward: &Forward| forward.to == rule.bus && forward.arrives == named.value;
    if event.bus == rule.bus || forwards.iter().any(is_brought) {
        return None;
    }
    // What a second hop was to bring is told there.
    let second = |other: &Rule| {
        other.events.iter().any(|event| event.value == named.value)
            && other.targets.iter().any(|target| matches!(target.to, Destination::Bus(to) if to == rule.bus))
    };
    if model.rules.values().any(second) && !forwards.iter().any(|one| one.event == named.value && one.to == rule.bus) {
        return None;
    }
    let bus = &model.buses[rule.bus].head.name;
    let message = format!("event `{}` does not travel on bus `{bus}`", event.head.name);
    let diagnostic = Diagnostic::new(Code::EVC0109, named.span, message)
        .label(format!("it travels on bus `{}`", model.buses[event.bus].head.name));
    let brought = forwards.iter().find(|forward| forward.to == rule.bus && forward.event == named.value);
    Some(match brought {
        Some(forward) => {
            let there = &model.events[forward.arrives].head.name;
            diagnostic
                .secondary(forward.span, format!("brought to bus `{bus}`, it is event `{there}`"))
                .help(format!("name `{there}`"))
        }
        None => diagnostic.help("make one rule for each bus"),
    })
}

/// A rule that brings events to the bus on which it reads them.
fn to_itself(model: &Model, rule: &Rule) -> Option<Diagnostic> {
    let is_own = |to: Destination| matches!(to, Destination::Bus(to) if to == rule.bus);
    let target = rule.targets.iter().find(|target| is_own(target.to))?;
    let bus = &model.buses[rule.bus].head.name;
    let message = format!("rule `{}` brings the events of bus `{bus}` to bus `{bus}`", rule.head.name);
    Some(
        Diagnostic::new(Code::EVC0925, target.span, message)
            .label("the bus that the rule reads")
            .on(format!("rules.{}", rule.head.name))
            .note("the events are on that bus already: each that is put on it a second time comes twice to all who read it")
            .help("take the target out, or name another bus"),
    )
}

/// `EventBridge` passes on to a bus what was published on another, and not what came to that by a rule.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-bus-to-bus.html>
fn second_hop(model: &Model, rule: &Rule, forwards: &[Forward], diagnostics: &mut Vec<Diagnostic>) {
    for target in &rule.targets {
        let Destination::Bus(to) = target.to else { continue };
        if to == rule.bus {
            continue;
        }
        let Some((event, by)) =
            rule.events.iter().find_map(|event| Some((event.value, brings(model, rule, event.value, forwards)?)))
        else {
            continue;
        };
        let (from, to) = (&model.buses[rule.bus].head.name, &model.buses[to].head.name);
        let name = &model.events[event].head.name;
        let also_published = rule.events.iter().any(|event| is_published_there(model, rule, event.value));
        let (code, message) = if also_published {
            (Code::EVC0907, format!("what rules bring to bus `{from}` is not passed on to bus `{to}`"))
        } else {
            (
                Code::EVC0906,
                format!("event `{name}` comes to bus `{from}` by a rule, and is not passed on to bus `{to}`"),
            )
        };
        let mut diagnostic = Diagnostic::new(code, target.span, message)
            .label("the second bus on its way")
            .note("EventBridge does not route what a bus has received from another bus to a third one");
        diagnostic = match by {
            By::Rule(by) => {
                diagnostic.secondary(by.span, format!("this brings event `{name}` to bus `{from}`")).help(format!(
                    "let rule `{}` bring it to bus `{to}` as well, or let a function publish it anew",
                    model.rules[by.rule].head.name
                ))
            }
            By::Outside => diagnostic
                .secondary(
                    model.events[event].head.name_span,
                    "a rule outside this spec brings it, says `publisher: forwarded`",
                )
                .help(format!("let that rule bring it to bus `{to}` as well, or let a function publish it anew")),
        };
        if code == Code::EVC0907 {
            diagnostic = diagnostic.on(format!("rules.{}", rule.head.name));
        }
        diagnostics.push(diagnostic);
    }
}

/// What brings an event to a bus.
enum By<'f> {
    /// A rule of the spec.
    Rule(&'f Forward),
    /// One of somebody else.
    Outside,
}

/// What brings an event to the bus of a rule, if something does.
fn brings<'f>(model: &Model, rule: &Rule, id: Id<Event>, forwards: &'f [Forward]) -> Option<By<'f>> {
    let here = forwards.iter().find(|one| one.to == rule.bus && one.arrives == id);
    let event = &model.events[id];
    let outside = event.forwarded_outside && event.bus == rule.bus;
    here.map(By::Rule).or_else(|| outside.then_some(By::Outside))
}

/// Whether something publishes an event on the bus of a rule itself.
fn is_published_there(model: &Model, rule: &Rule, id: Id<Event>) -> bool {
    let event = &model.events[id];
    // AWS publishes on the default bus, so that what others get of it was brought to them.
    let outside = event.published_outside && !event.forwarded_outside && !aws::is_source(&event.source);
    event.bus == rule.bus && (outside || super::is_published(model, id))
}

/// Whether a rule of somebody else brings an event to the bus of a rule.
fn is_forwarded_there(model: &Model, rule: &Rule, id: Id<Event>) -> bool {
    let event = &model.events[id];
    event.forwarded_outside && event.bus == rule.bus && !aws::is_source(&event.source)
}

/// The type of the details of an event that a rule brings to its targets: those of what is published on its bus and of what rules bring
/// there that its own pattern matches. None if there are none.
pub(super) fn brought(model: &Model, forwards: &[Forward], rule: &Rule, id: Id<Event>) -> Option<Type> {
    let came: Vec<&Forward> = forwards.iter().filter(|one| one.to == rule.bus && one.arrives == id).collect();
    if came.is_empty() || is_forwarded_there(model, rule, id) || is_published_there(model, rule, id) {
        return rule.brings(model, id);
    }
    let let_through = |forward: &&Forward| model.rules[forward.rule].brings(model, forward.event);
    let details: Vec<Type> = came.iter().filter_map(let_through).collect();
    let detail = model.types.join(&details)?;
    rule.takes(model, &Event { detail, ..model.events[id].clone() })
}

/// An event that is another one on the bus that it is brought to has to carry what that does.
fn differs(model: &Model, forward: &Forward) -> Option<Diagnostic> {
    let (event, there) = (&model.events[forward.event], &model.events[forward.arrives]);
    let brought = model.rules[forward.rule].brings(model, forward.event)?;
    let mismatch = model.types.accepts(&there.detail, &brought).err()?;
    let bus = &model.buses[forward.to].head.name;
    let message =
        format!("event `{}` is event `{}` on bus `{bus}`, and does not fit it", event.head.name, there.head.name);
    Some(
        Diagnostic::new(Code::EVC0610, forward.span, message)
            .label(mismatch.to_string())
            .secondary(there.detail.span, "declared there")
            .secondary(event.detail.span, "what is brought is declared here")
            .note("both have the same source and the same detail-type")
            .help("let both carry the same, or give one of them another detail-type"),
    )
}
