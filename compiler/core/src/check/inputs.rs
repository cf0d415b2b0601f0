//! What is brought to functions and workflows: it fits what they say that they take.

use super::forwarding;
use crate::diagnostics::{Code, Diagnostic, list, nearest};
use crate::model::{Destination, Function, Head, Input, Model, Queue, Target};
use crate::source::Span;
use crate::types::Type;
use crate::yaml::{Node, NodeKind};

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let forwards = model.forwards();
    for rule in model.rules.values() {
        // What is made of an event for a target is looked at by another check.
        for target in rule.targets.iter().filter(|target| target.input.is_none()) {
            for event in &rule.events {
                // What its pattern never matches is reported, and not brought.
                let Some(detail) = forwarding::brought(model, &forwards, rule, event.value) else { continue };
                let what = format!("event `{}`", model.events[event.value].head.name);
                diagnostics.extend(brought(model, target, &what, &detail));
            }
        }
    }
    for queue in model.queues.values() {
        if let (Some(to), Some(message)) = (&queue.to, &queue.message) {
            of_queue(model, queue, message, &model.functions[to.value], to.span, diagnostics);
        }
    }
    for schedule in model.schedules.values() {
        let input = schedule.input.as_ref().map(|input| &input.value.0);
        let unknown = input.and_then(put_in_by_no_name);
        diagnostics.extend(unknown.map(|found| found.on(format!("schedules.{}", schedule.head.name))));
        if let Some(target) = &schedule.target {
            of_schedule(model, target, input, diagnostics);
        }
    }
}

/// What takes an input: "function `pay`", with the type it takes.
fn taker(model: &Model, to: Destination) -> Option<(String, &Type)> {
    match to {
        Destination::Function(id) => match &model.functions[id].input {
            Input::Value(input) => Some((format!("function `{}`", model.functions[id].head.name), input)),
            Input::Nothing | Input::Events(_) => None,
        },
        Destination::Workflow(id) => {
            let workflow = &model.workflows[id];
            Some((format!("workflow `{}`", workflow.head.name), &workflow.input))
        }
        Destination::Queue(_) | Destination::Bus(_) => None,
    }
}

/// An event that a rule brings. Through a queue it comes to the function that works the queue off.
fn brought(model: &Model, target: &Target, what: &str, detail: &Type) -> Option<Diagnostic> {
    let to = match target.to {
        Destination::Queue(id) => Destination::Function(model.queues[id].to.as_ref()?.value),
        to @ (Destination::Function(_) | Destination::Workflow(_) | Destination::Bus(_)) => to,
    };
    let (name, input) = taker(model, to)?;
    let unfit = unfit(model, target.span, what, &name, input, detail);
    match to {
        Destination::Workflow(_) if unfit.is_none() => on_trust(model, target.span, what, &name, input, detail),
        Destination::Function(_) | Destination::Workflow(_) | Destination::Queue(_) | Destination::Bus(_) => unfit,
    }
}

/// The diagnostic for a value that may not be what a workflow takes it for: a handler refuses such a value, and a workflow has none.
fn on_trust(model: &Model, at: Span, what: &str, name: &str, input: &Type, given: &Type) -> Option<Diagnostic> {
    let why = model.types.within(input, &[given]).err()?;
    Some(
        Diagnostic::new(Code::EVC0424, at, format!("{what} may be what {name} does not expect"))
            .label(why)
            .secondary(input.span, "the input is declared here")
            .note("nothing checks the input of a workflow that a rule starts: its steps take it for what is declared")
            .help("let the event promise as much, filter it with `where`, or let the input promise less"),
    )
}

/// The diagnostic for a value that does not fit an input.
fn unfit(model: &Model, at: Span, what: &str, name: &str, input: &Type, given: &Type) -> Option<Diagnostic> {
    let mismatch = model.types.accepts(input, given).err()?;
    Some(
        Diagnostic::new(Code::EVC0610, at, format!("{what} does not fit the input of {name}"))
            .label(mismatch.to_string())
            .secondary(input.span, "the input is declared here")
            .secondary(given.span, "what is brought is declared here")
            .help("change the input so that it takes this, or bring it to something else"),
    )
}

fn of_queue(
    model: &Model,
    queue: &Queue,
    message: &Type,
    function: &Function,
    at: Span,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let what = format!("a message of queue `{}`", queue.head.name);
    match &function.input {
        Input::Value(input) => {
            let name = format!("function `{}`", function.head.name);
            diagnostics.extend(unfit(model, at, &what, &name, input, message));
        }
        Input::Events(_) => diagnostics.push(not_an_event(at, &what, &function.head)),
        Input::Nothing => {}
    }
}

/// A function without an `input` takes the events that rules bring it, and nothing else.
pub(super) fn not_an_event(at: Span, what: &str, function: &Head) -> Diagnostic {
    let message = format!("{what} is no event, and events are what function `{}` takes", function.name);
    Diagnostic::new(Code::EVC0610, at, message)
        .secondary(function.name_span, "a rule brings it events, and it says no `input`")
        .help("say its `input`, or make another function for this")
}

/// Without an `input`, a schedule brings an empty object.
fn of_schedule(model: &Model, target: &Target, input: Option<&Node>, diagnostics: &mut Vec<Diagnostic>) {
    if let Destination::Function(id) = target.to
        && let Input::Events(_) = model.functions[id].input
    {
        diagnostics.push(not_an_event(target.span, "what a schedule brings", &model.functions[id].head));
        return;
    }
    let Some((name, ty)) = taker(model, target.to) else { return };
    let given = match input {
        Some(node) => node.json(),
        None => Some(serde_json::Value::Object(serde_json::Map::new())),
    };
    let Some(given) = given else { return };
    let problems = model.types.validate(ty, &put_in(given));
    let Some(first) = problems.first() else { return };
    let at = input.map_or(target.span, |node| node.span);
    let place = if first.pointer.is_empty() { String::new() } else { format!("`{}`: ", first.pointer) };
    diagnostics.push(
        Diagnostic::new(Code::EVC0610, at, format!("what the schedule brings does not fit the input of {name}"))
            .label(format!("{place}{}", first.reason))
            .secondary(ty.span, "the input is declared here")
            .help("say under `input` of the schedule what is brought"),
    );
}

/// What Scheduler puts in for a text, with an example of each.
/// <https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html>
const PUT_IN: [(&str, &str); 4] = [
    ("<aws.scheduler.schedule-arn>", "arn:aws:scheduler:us-east-1:123456789012:schedule/default/nightly"),
    ("<aws.scheduler.scheduled-time>", "2022-03-22T18:59:43Z"),
    ("<aws.scheduler.execution-id>", "d32c5kddcf5bb8c3"),
    ("<aws.scheduler.attempt-number>", "1"),
];

/// A text that looks like one for which Scheduler puts something in, and is none: it arrives as it is.
fn put_in_by_no_name(node: &Node) -> Option<Diagnostic> {
    match &node.kind {
        NodeKind::Scalar(scalar) => {
            let (_, rest) = scalar.text.split_once("<aws.scheduler.")?;
            let keyword = format!("<aws.scheduler.{}>", rest.split_once('>')?.0);
            let known = PUT_IN.map(|(keyword, _)| keyword);
            let message = format!("Scheduler puts in nothing for `{keyword}`, which arrives as it is");
            let diagnostic = Diagnostic::new(Code::EVC0631, node.span, message);
            (!known.contains(&keyword.as_str())).then(|| match nearest(&keyword, &known) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic.help(format!("it knows {}", list(&known))),
            })
        }
        NodeKind::Sequence(items) => items.iter().find_map(put_in_by_no_name),
        NodeKind::Mapping(mapping) => mapping.entries.iter().find_map(|entry| put_in_by_no_name(&entry.value)),
        NodeKind::Null | NodeKind::Error => None,
    }
}

/// What a schedule brings, with examples of what Scheduler puts in.
fn put_in(given: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match given {
        Value::String(text) => {
            PUT_IN.iter().fold(text, |text, (keyword, example)| text.replace(keyword, example)).into()
        }
        Value::Array(items) => items.into_iter().map(put_in).collect(),
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(name, value)| (name, put_in(value))).collect()),
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_)) => plain,
    }
}
