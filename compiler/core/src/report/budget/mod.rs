//! `evc build --explain budget`: for each way from who publishes to who consumes last, how often and for how long each stage tries, what
//! gives out first, and how long it takes at the worst until a message lies in a dead-letter queue.
//!
//! The figures are those of the plan, after overrides; where environments differ, the greatest.

mod hops;
mod json;
#[cfg(test)]
mod tests;
mod text;

use crate::emit::Input;
use crate::model::{Bus, Destination, Event, Forward, Id, Model, Relation, Rule, Target, Thing};
use crate::plan::{LogicalId, Plan};
use crate::source::Span;

pub use json::json;
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
    /// How long it takes at the longest until it has given up, in seconds, if every try fails.
    pub after: u64,
    /// The same if it is throttled instead, where that is another time.
    pub throttled: Option<u64>,
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

impl Hop {
    /// How long it takes at the worst until the stage has given up, in seconds.
    pub fn worst(&self) -> u64 {
        self.after.max(self.throttled.unwrap_or(0))
    }
}

impl Way {
    /// How long it takes at the worst until its last stage has given up, in seconds: each stage succeeds at the last moment.
    pub fn worst(&self) -> u64 {
        self.hops.iter().map(Hop::worst).fold(0, u64::saturating_add)
    }

    /// Whether what is given up lies in a dead-letter queue, of one stage at least.
    pub fn has_dead_letters(&self) -> bool {
        self.hops.iter().any(|hop| hop.dead.is_some())
    }

    /// How long it takes at the worst until a message lies in the last dead-letter queue of the way, in seconds; where there is none, until
    /// all is over.
    pub fn until_given_up(&self) -> u64 {
        match self.hops.iter().rposition(|hop| hop.dead.is_some()) {
            Some(last) => self.hops.iter().take(last + 1).map(Hop::worst).fold(0, u64::saturating_add),
            None => self.worst(),
        }
    }

    /// The stage that gives up soonest, each if every try of its fails.
    pub fn soonest(&self) -> Option<&Hop> {
        self.hops.iter().min_by_key(|hop| hop.after)
    }
}

/// All ways of a stack.
pub fn ways(plan: &Plan<'_>) -> Vec<Way> {
    let model = plan.model;
    let hops = hops::Hops { plan };
    let mut ways = Vec::new();
    for (id, event) in model.events.iter() {
        for (publisher, before) in publishers(model, &hops, id, event) {
            let from = format!("event `{}` of {publisher}", event.head.name);
            rules(&hops, &from, &before, (id, event.bus), false, &mut ways);
        }
    }
    for (id, queue) in model.queues.iter() {
        let Some(message) = queue.to.as_ref() else { continue };
        for edge in model.graph().to(Thing::Queue(id)).filter(|edge| edge.relation == Relation::Sends) {
            let from = format!("message of {}", model.describe(edge.from));
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

/// The ways of an event by the rules of a bus, after these stages. What a rule has brought there goes on to no third bus.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-bus-to-bus.html>
fn rules(
    hops: &hops::Hops<'_>,
    from: &str,
    before: &[Hop],
    (event, bus): (Id<Event>, Id<Bus>),
    is_brought: bool,
    ways: &mut Vec<Way>,
) {
    let model = hops.plan.model;
    let reads = |rule: &Rule| rule.bus == bus && rule.events.iter().any(|named| named.value == event);
    for (id, rule) in model.rules.iter().filter(|(_, rule)| reads(rule)) {
        for target in &rule.targets {
            let mut way = before.to_vec();
            way.push(hops.rule(rule, target));
            let known = ways.len();
            if let Destination::Bus(to) = target.to {
                if is_brought {
                    continue;
                }
                let same = |one: &Forward| one.rule == id && one.to == to && one.event == event;
                if let Some(forward) = model.forwards().into_iter().find(same) {
                    rules(hops, from, &way, (forward.arrives, to), true, ways);
                }
            }
            // A bus of which no rule takes it is where it ends.
            if ways.len() == known {
                way.extend(hops.destination(target.to));
                ways.push(Way { from: from.to_owned(), to: name(model, target), hops: way });
            }
        }
    }
}

/// Who publishes an event, each with the stages before its bus.
fn publishers(model: &Model, hops: &hops::Hops<'_>, id: Id<Event>, event: &Event) -> Vec<(String, Vec<Hop>)> {
    let mut found: Vec<(String, Vec<Hop>)> = Vec::new();
    for edge in model.graph().to(Thing::Event(id)) {
        let own = match (edge.from, &edge.relation) {
            (Thing::Function(function), Relation::PublishesThroughOutbox) => {
                let outbox = model.functions[function].outbox.as_ref().map(|outbox| outbox.value);
                Some((model.describe(edge.from), outbox.map(|outbox| hops.outbox(outbox)).into_iter().collect()))
            }
            (Thing::Outbox(outbox), Relation::Publishes) if model.outboxes[outbox].changes.is_some() => {
                Some((model.describe(edge.from), vec![hops.outbox(outbox)]))
            }
            (Thing::Function(_), Relation::Publishes) | (_, Relation::PublishesIn(_)) => {
                Some((model.describe(edge.from), Vec::new()))
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

/// Where a target leads to in the end: a queue is worked off by a function.
fn name(model: &Model, target: &Target) -> String {
    match target.to {
        Destination::Queue(id) => match &model.queues[id].to {
            Some(to) => format!("function `{}`", model.functions[to.value].head.name),
            None => format!("queue `{}`", model.queues[id].head.name),
        },
        Destination::Function(_) | Destination::Workflow(_) | Destination::Bus(_) => model.describe(target.to.into()),
    }
}

/// The ways of a stack, for people or as JSON Lines, and where each stage stands in the spec.
pub fn explain(input: Input<'_>, as_json: bool) -> String {
    let write = if as_json { json } else { text };
    write(&ways(input.plan), &|span| input.location(span))
}
