//! Patterns that match more than the declared events, for targets that can read no more than those.
//!
//! On a bus of which every publisher is in the spec, nothing else is published. On the account's default bus, on one that is made
//! elsewhere, and on one that somebody outside publishes on, anything may be.

use crate::diagnostics::{Code, Diagnostic, list};
use crate::model::{Destination, Function, Input, Model, Rule, Target};
use crate::pattern::{self, Pattern};
use crate::spec::bus::BusKind;

pub(super) fn check(model: &Model, rule: &Rule, written: &Pattern, diagnostics: &mut Vec<Diagnostic>) {
    let outside = model.events_on(rule.bus).any(|(_, event)| event.published_outside);
    let open = model.buses[rule.bus].kind != BusKind::Custom || outside;
    if !open || rule.events.is_empty() || rule.pattern.is_none() {
        return;
    }
    let ways = pattern::ways(written);
    let missing = ["source", "detail-type"].into_iter().find(|name| ways.iter().any(|way| way.texts(name).is_none()));
    let Some(missing) = missing else { return };
    for target in rule.targets.iter().filter(|target| target.input.is_none()) {
        let Some(reads) = reader(model, target) else { continue };
        let events: Vec<&str> =
            rule.events.iter().map(|event| model.events[event.value].head.name.as_str()).take(12).collect();
        let message = format!("the pattern matches events that {reads} cannot read");
        diagnostics.push(
            Diagnostic::new(Code::EVC0313, rule.head.name_span, message)
                .label(format!("it takes any {missing} that it does not exclude"))
                .secondary(target.span, format!("this reads {}", list(&events)))
                .note("others publish on the bus too; what they send is delivered, fails, and ends in the dead-letter queue")
                .help(format!("list each {missing} under `{missing}`, or name the events with `events:`"))
                .on(format!("rules.{}", rule.head.name)),
        );
        return;
    }
}

/// What gets the events and needs them to be of a type: "function `pay`".
fn reader(model: &Model, target: &Target) -> Option<String> {
    let typed = |function: &Function| match &function.input {
        Input::Nothing => None,
        Input::Value(input) if model.types.is_any(input) => None,
        Input::Value(_) | Input::Events(_) => Some(format!("function `{}`", function.head.name)),
    };
    match target.to {
        Destination::Function(id) => typed(&model.functions[id]),
        Destination::Queue(id) => typed(&model.functions[model.queues[id].to.as_ref()?.value]),
        Destination::Workflow(id) => {
            let workflow = &model.workflows[id];
            (!model.types.is_any(&workflow.input)).then(|| format!("workflow `{}`", workflow.head.name))
        }
        Destination::Bus(_) => None,
    }
}
