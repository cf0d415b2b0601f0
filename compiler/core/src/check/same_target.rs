//! One event that comes to one function or queue twice: by two targets of a rule, or by two rules, with the same input.
//!
//! What knows an event by its id, a workflow and an idempotent function, takes it once.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Destination, Event, Id, Model, Rule, Target};

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let ways: Vec<(&Rule, &Target)> =
        model.rules.values().flat_map(|rule| rule.targets.iter().map(move |target| (rule, target))).collect();
    for (at, (rule, target)) in ways.iter().enumerate() {
        if target.input.is_some() || !counts(model, target.to) {
            continue;
        }
        let earlier = ways[..at].iter().filter(|(_, first)| first.to == target.to && first.input.is_none());
        let mut both = earlier.filter_map(|(first, to)| Some((*first, *to, shared(first, rule)?)));
        if let Some((first, to, event)) = both.next() {
            diagnostics.push(report(model, event, (first, to), (rule, target)));
        }
    }
}

/// Whether a second delivery is a second time for it.
fn counts(model: &Model, to: Destination) -> bool {
    match to {
        Destination::Function(id) => model.functions[id].idempotent.is_none(),
        Destination::Queue(_) => true,
        Destination::Workflow(_) | Destination::Bus(_) => false,
    }
}

/// An event that is sure to match both rules, in an environment in which both run.
fn shared(first: &Rule, second: &Rule) -> Option<Id<Event>> {
    let is_one = first.head.name_span == second.head.name_span;
    let takes_all = |rule: &Rule| rule.detail_pattern.is_none() && rule.written_pattern.is_none();
    let run = first.enabled.values().iter().zip(second.enabled.values()).any(|(one, other)| *one && *other);
    if !run || first.bus != second.bus || !(is_one || (takes_all(first) && takes_all(second))) {
        return None;
    }
    let of_second = |event: &Id<Event>| second.events.iter().any(|other| other.value == *event);
    first.events.iter().map(|event| event.value).find(of_second)
}

fn report(
    model: &Model,
    event: Id<Event>,
    (first, to): (&Rule, &Target),
    (rule, target): (&Rule, &Target),
) -> Diagnostic {
    let by = if first.head.name_span == rule.head.name_span {
        "by two targets of this rule".to_owned()
    } else {
        format!("by rule `{}` and by this one", first.head.name)
    };
    let name = &model.events[event].head.name;
    let message = format!("event `{name}` comes to {} twice, {by}", model.describe(target.to.into()));
    Diagnostic::new(Code::EVC0926, target.span, message)
        .on(format!("rules.{}", rule.head.name))
        .secondary(to.span, "the first is here")
        .note("each delivery is worked on, so that what is to be done for the event is done twice")
        .help("take one of them out, or say with `where` or `input` what is different")
}
