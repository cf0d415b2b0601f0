//! One event that comes to one workflow or function on several ways, with another input on each: both know it by its id, and take one.
//!
//! An execution is named after the event that starts it, and idempotent work, or a row of an outbox, is known by the event too: that is how
//! a delivery that comes twice does its work once. So one with another input is not a second order.

use std::collections::BTreeSet;

use super::loops::arrives::published;
use super::loops::published::{Passes, Published};
use crate::diagnostics::{Code, Diagnostic};
use crate::expr::{Plain, Template};
use crate::model::{Destination, Event, Function, Id, Model, Rule, Target, Workflow};
use crate::source::Span;

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let mut told: BTreeSet<Span> = BTreeSet::new();
    for (event, _) in model.events.iter() {
        let ways = ways(model, event);
        for (at, second) in ways.iter().enumerate() {
            let differs = |first: &&Way<'_>| first.to == second.to && first.differs(second, model);
            let Some(first) = ways[..at].iter().find(differs) else { continue };
            if told.insert(second.target.span) {
                diagnostics.push(report(model, event, first, second));
            }
        }
    }
}

/// Who takes one delivery of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taker {
    Workflow(Id<Workflow>),
    Function(Id<Function>),
}

/// How an event comes to somebody who takes it once.
struct Way<'m> {
    to: Taker,
    rule: &'m Rule,
    target: &'m Target,
    /// The event as the bus of the rule gets it, for each of those who publish it.
    published: Vec<Published>,
    /// What is made of it.
    input: Option<String>,
}

/// The ways of an event, from the bus that it is published on and from those that rules bring it to.
fn ways(model: &Model, id: Id<Event>) -> Vec<Way<'_>> {
    let event = &model.events[id];
    let mut known: Vec<Published> = published(model, id).into_iter().map(|(one, _)| one).collect();
    if known.is_empty() {
        known.push(Published::by_handler(model, id));
    }
    let mut buses = vec![(event.bus, id, known.clone())];
    // What the bus itself names anew on its way is another event to those who take it.
    if !event.published_outside {
        for forward in model.forwards().iter().filter(|forward| forward.event == id) {
            let by = &model.rules[forward.rule];
            let passing = known.iter().filter(|one| one.passes(model, by) != Passes::Never);
            let brought = passing.map(|one| one.brought(model, by, forward.arrives)).collect();
            buses.push((forward.to, forward.arrives, brought));
        }
    }
    let mut ways = Vec::new();
    for (bus, arrives, published) in buses {
        let reads = |rule: &&Rule| {
            rule.bus == bus
                && rule.enabled.same() != Some(&false)
                && rule.events.iter().any(|event| event.value == arrives)
        };
        for rule in model.rules.values().filter(reads) {
            let published: Vec<Published> =
                published.iter().filter(|one| one.passes(model, rule) != Passes::Never).cloned().collect();
            for target in &rule.targets {
                let Some(to) = taker(model, target).filter(|_| !published.is_empty()) else { continue };
                let input = made(model, arrives, target);
                ways.push(Way { to, rule, target, published: published.clone(), input });
            }
        }
    }
    ways
}

/// Who takes what a target gets, if they know the event by its id.
fn taker(model: &Model, target: &Target) -> Option<Taker> {
    let function = match target.to {
        Destination::Workflow(id) => return Some(Taker::Workflow(id)),
        Destination::Function(id) => Some(id),
        Destination::Queue(id) => model.queues[id].to.as_ref().map(|to| to.value),
        Destination::Bus(_) => None,
    };
    let knows = |id: &Id<Function>| model.functions[*id].idempotent.is_some() || model.functions[*id].outbox.is_some();
    function.filter(knows).map(Taker::Function)
}

/// What is made of an event for a target, as a text that is the same where it is; none if that could not be read.
fn made(model: &Model, event: Id<Event>, target: &Target) -> Option<String> {
    let whole = || {
        let fields = model.types.record(&model.events[event].detail)?;
        let mut fields: Vec<String> = fields.keys().map(|name| format!("{name:?}: detail.{name}")).collect();
        fields.sort_unstable();
        Some(format!("{{{}}}", fields.join(", ")))
    };
    match &target.input {
        None => Some(whole().unwrap_or_else(|| "detail".to_owned())),
        Some(Template::Expr(expr)) if expr.plain() == Some(Plain::Path(vec!["detail"])) => {
            Some(whole().unwrap_or_else(|| "detail".to_owned()))
        }
        Some(template) => text(template),
    }
}

fn text(template: &Template) -> Option<String> {
    match template {
        Template::Expr(expr) => Some(match expr.plain() {
            Some(Plain::Path(path)) => path.join("."),
            Some(Plain::Literal(value)) => value.to_string(),
            None => expr.text().to_owned(),
        }),
        Template::Object(fields, _) => {
            let texts = fields.iter().map(|(key, value)| Some(format!("{:?}: {}", key.text, text(value)?)));
            let mut texts = texts.collect::<Option<Vec<String>>>()?;
            texts.sort_unstable();
            Some(format!("{{{}}}", texts.join(", ")))
        }
        Template::List(items, _) => {
            Some(format!("[{}]", items.iter().map(text).collect::<Option<Vec<_>>>()?.join(", ")))
        }
        Template::Null(_) => Some("null".to_owned()),
        Template::Error(_) => None,
    }
}

impl Way<'_> {
    /// Whether one event may come on both ways, with another input on each.
    fn differs(&self, other: &Way<'_>, model: &Model) -> bool {
        let (Some(own), Some(others)) = (&self.input, &other.input) else { return false };
        own != others && self.runs_with(other) && self.meets(other, model) && other.meets(self, model)
    }

    /// Whether the rules of both run in one environment.
    fn runs_with(&self, other: &Way<'_>) -> bool {
        self.rule.enabled.said().zip(other.rule.enabled.said()).any(|((one, _), (two, _))| *one && *two)
    }

    /// Whether some of what this way's rule lets through passes the other's.
    fn meets(&self, other: &Way<'_>, model: &Model) -> bool {
        std::ptr::eq(self.rule, other.rule)
            || self.published.iter().any(|one| {
                let event = one.event;
                one.brought(model, self.rule, event).passes(model, other.rule) != Passes::Never
            })
    }
}

fn report(model: &Model, event: Id<Event>, first: &Way<'_>, second: &Way<'_>) -> Diagnostic {
    let event = &model.events[event].head.name;
    let (message, note, help) = match second.to {
        Taker::Workflow(id) => {
            let name = &model.workflows[id].head.name;
            (
                format!("event `{event}` may start workflow `{name}` with two inputs, and only one of them is taken"),
                "an execution is named after the event that starts it, so that a delivery that comes twice starts nothing: \
                 with another input, too"
                    .to_owned(),
                format!(
                    "give `{name}` all that it needs in one `input`, make two workflows, or let the rules exclude each other by their `where`"
                ),
            )
        }
        Taker::Function(id) => {
            let function = &model.functions[id];
            let name = &function.head.name;
            let note = match function.idempotent {
                Some(_) => {
                    format!("`{name}` knows the event by its id, and refuses it with another payload (`KeyReused`)")
                }
                None => format!(
                    "the outbox of `{name}` knows the event by its id: a second row of the same aggregate for it is refused (`KeyReused`)"
                ),
            };
            (
                format!(
                    "event `{event}` may come to function `{name}` with two payloads, and only one of them is taken"
                ),
                note,
                format!(
                    "give `{name}` all that it needs in one `input`, make two functions, or let the rules exclude each other by their `where`"
                ),
            )
        }
    };
    Diagnostic::new(Code::EVC0924, second.target.span, message)
        .label("and once here, with another")
        .secondary(first.target.span, "once here, with one input")
        .on(format!("rules.{}", second.rule.head.name))
        .note(note)
        .help(help)
}
