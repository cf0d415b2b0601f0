//! `evc build --explain budget`: for each way from who publishes to who consumes last, how often and for how long each stage tries, what
//! gives out first, and how long it takes at the worst until a message lies in a dead-letter queue.
//!
//! The figures are those of the plan, after overrides; where environments differ, the greatest.

mod hops;
#[cfg(test)]
mod tests;
mod text;

use crate::emit::Input;
use crate::model::{Destination, Event, Id, Model, Relation, Target, Thing};
use crate::plan::{LogicalId, Plan};
use crate::source::Span;

pub use text::text;

/// A way of messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// What travels, and who sends it: "event `OrderPlaced` of function `place-order`".
    pub from: String,
    /// Where it ends: "function `ship`".
    pub to: String,
    /// Its stages, in order.
    pub hops: Vec<Hop>,
}

/// A stage of a way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// What it is: "rule `start`".
    pub what: String,
    /// How often it is tried in all, if there is a number.
    pub tries: Option<u64>,
    /// How long one try may take, or a message stays hidden after it, in seconds.
    pub each: Option<u64>,
    /// How long it goes on trying, in seconds.
    pub age: Option<u64>,
    /// What gives out first.
    pub first: First,
    /// How long it takes at the worst until the stage has given up, in seconds.
    pub worst: u64,
    /// Where what it gives up lies then; nothing if it is lost, or if it does not give up messages.
    pub dead: Option<LogicalId>,
    /// Where it stands in the spec.
    pub span: Span,
}

/// What ends the tries of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum First {
    /// The number of tries.
    Tries,
    /// The age that a message may have.
    Age,
    /// The time for which a queue keeps it: it is lost, and lies nowhere.
    Retention,
    /// The time that it may take in all.
    Timeout,
}

impl Way {
    /// How long it takes at the worst until its last stage has given up, in seconds: each stage succeeds at the last moment.
    pub fn worst(&self) -> u64 {
        self.hops.iter().map(|hop| hop.worst).fold(0, u64::saturating_add)
    }

    /// The stage that gives up soonest.
    pub fn soonest(&self) -> Option<&Hop> {
        self.hops.iter().min_by_key(|hop| hop.worst)
    }
}

/// All ways of a stack.
pub fn ways(plan: &Plan<'_>) -> Vec<Way> {
    let model = plan.model;
    let hops = hops::Hops { plan };
    let mut ways = Vec::new();
    for (id, event) in model.events.iter() {
        for (publisher, before) in publishers(model, &hops, id, event) {
            for rule in model.rules.values().filter(|rule| rule.events.iter().any(|named| named.value == id)) {
                for target in &rule.targets {
                    let mut way = before.clone();
                    way.push(hops.rule(rule, target));
                    way.extend(hops.destination(target.to));
                    let from = format!("event `{}` of {publisher}", event.head.name);
                    ways.push(Way { from, to: name(model, target), hops: way });
                }
            }
        }
    }
    for (id, queue) in model.queues.iter() {
        let Some(message) = queue.to.as_ref() else { continue };
        for edge in model.graph().to(Thing::Queue(id)).filter(|edge| edge.relation == Relation::Sends) {
            let from = format!("message of {}", called(model, edge.from));
            let to = format!("function `{}`", model.functions[message.value].head.name);
            ways.push(Way { from, to, hops: hops.destination(Destination::Queue(id)) });
        }
    }
    for (id, schedule) in model.schedules.iter() {
        let Some(target) = &schedule.target else { continue };
        let mut way = vec![hops.schedule(id, schedule, target)];
        way.extend(hops.destination(target.to));
        ways.push(Way { from: format!("schedule `{}`", schedule.head.name), to: name(model, target), hops: way });
    }
    ways
}

/// Who publishes an event, each with the stages before its bus.
fn publishers(model: &Model, hops: &hops::Hops<'_>, id: Id<Event>, event: &Event) -> Vec<(String, Vec<Hop>)> {
    let mut found: Vec<(String, Vec<Hop>)> = Vec::new();
    for edge in model.graph().to(Thing::Event(id)) {
        let own = match (edge.from, &edge.relation) {
            (Thing::Function(function), Relation::PublishesThroughOutbox) => {
                let outbox = model.functions[function].outbox.as_ref().map(|outbox| outbox.value);
                Some((called(model, edge.from), outbox.map(|outbox| hops.outbox(outbox)).into_iter().collect()))
            }
            (Thing::Outbox(outbox), Relation::Publishes) if model.outboxes[outbox].changes.is_some() => {
                Some((called(model, edge.from), vec![hops.outbox(outbox)]))
            }
            (Thing::Function(_), Relation::Publishes) | (_, Relation::PublishesIn(_)) => {
                Some((called(model, edge.from), Vec::new()))
            }
            _ => None,
        };
        found.extend(own.filter(|(name, _)| found.iter().all(|(known, _)| known != name)));
    }
    if event.published_outside {
        found.push(("somebody outside".to_owned(), Vec::new()));
    }
    found
}

fn called(model: &Model, thing: Thing) -> String {
    let path = model.path(thing);
    match path.split_once("s.") {
        Some((kind, name)) => format!("{} `{name}`", if kind == "outboxe" { "outbox" } else { kind }),
        None => path,
    }
}

/// Where a target leads to in the end: a queue is worked off by a function.
fn name(model: &Model, target: &Target) -> String {
    match target.to {
        Destination::Queue(id) => match &model.queues[id].to {
            Some(to) => format!("function `{}`", model.functions[to.value].head.name),
            None => format!("queue `{}`", model.queues[id].head.name),
        },
        Destination::Function(_) | Destination::Workflow(_) | Destination::Bus(_) => called(model, target.to.into()),
    }
}

/// The ways of a stack as text, and where each stage stands in the spec.
pub fn explain(input: Input<'_>) -> String {
    text(&ways(input.plan), &|span| input.location(span))
}
