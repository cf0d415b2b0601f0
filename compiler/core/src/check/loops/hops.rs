//! What leads to what, each time only where what is published can match, and how sure that is.

use std::collections::BTreeMap;

use super::published::{Passes, Published, Start, counts_within_a_bound};
use crate::model::{
    Body, Bus, Destination, Event, Forward, Function, Id, Model, Next, Onward, Rule, StepId, Target, Thing, Workflow,
};
use crate::source::Span;

/// A place in the flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Node {
    /// A function or a queue.
    Thing(Thing),
    /// A workflow as a rule or a function starts it.
    Started(Id<Workflow>, usize),
    /// An event as it is published in one place.
    Published(usize),
}

/// How sure it is that one thing follows on another. What is surer is less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sure {
    Certain,
    Maybe,
    Bounded,
}

/// One thing leads to another.
#[derive(Debug, Clone)]
pub(super) struct Hop {
    pub(super) from: Node,
    pub(super) to: Node,
    pub(super) span: Span,
    pub(super) sure: Sure,
    /// The rule or the queue that makes it so.
    pub(super) item: Option<Thing>,
}

/// The rules that read each event on each bus.
type Readers = BTreeMap<(Id<Bus>, Id<Event>), Vec<Id<Rule>>>;

/// All hops of a system that a loop may have.
#[derive(Debug, Default)]
pub(super) struct Hops {
    pub(super) all: Vec<Hop>,
    published: Vec<(Published, Option<Id<Bus>>)>,
    events: Vec<Id<Event>>,
}

impl Hops {
    pub(super) fn of(model: &Model) -> Self {
        let mut hops = Self::default();
        // Whoever publishes an event first, rules start workflows with it.
        for id in model.events.ids() {
            hops.add(Published::by_handler(model, id), None);
        }
        for (id, _) in model.functions.iter() {
            hops.function(model, id);
        }
        hops.starts(model);
        for (id, queue) in model.queues.iter() {
            if let Some(to) = &queue.to {
                let (from, to) = (Node::Thing(Thing::Queue(id)), Node::Thing(Thing::Function(to.value)));
                hops.all.push(Hop {
                    from,
                    to,
                    span: queue.to.as_ref().map_or(queue.head.name_span, |to| to.span),
                    sure: Sure::Certain,
                    item: Some(Thing::Queue(id)),
                });
            }
        }
        let readers = readers(model);
        let forwards = model.forwards();
        // Rules that start workflows and bring events to other buses lead to events that are published, for whose rules the same holds.
        let mut started: BTreeMap<(usize, usize, usize), Node> = BTreeMap::new();
        let mut at = 0;
        while at < hops.published.len() {
            hops.rules(model, at, &readers, &forwards, &mut started);
            at += 1;
        }
        hops
    }

    /// The event or the thing that a node is of.
    pub(super) fn thing(&self, node: Node) -> Thing {
        match node {
            Node::Thing(thing) => thing,
            Node::Started(workflow, _) => Thing::Workflow(workflow),
            Node::Published(at) => Thing::Event(self.events[at]),
        }
    }

    /// What a node is called: "event `Paid`".
    pub(super) fn describe(&self, model: &Model, node: Node) -> String {
        let name = model.describe(self.thing(node));
        match node {
            Node::Published(at) => match self.published[at].1 {
                Some(bus) => format!("{name} on bus `{}`", model.buses[bus].head.name),
                None => name,
            },
            Node::Thing(_) | Node::Started(..) => name,
        }
    }

    /// Whether the spec can be changed there to break a loop.
    pub(super) fn can_break(hop: &Hop) -> bool {
        matches!((hop.from, hop.to), (Node::Published(_) | Node::Thing(Thing::Queue(_)), _) | (_, Node::Started(..)))
    }

    fn hop(&mut self, from: Node, to: Node, span: Span, sure: Sure) {
        self.all.push(Hop { from, to, span, sure, item: None });
    }

    fn publish(&mut self, from: Node, published: Published, span: Span, sure: Sure) {
        let to = self.add(published, None);
        self.hop(from, to, span, sure);
    }

    fn add(&mut self, published: Published, bus: Option<Id<Bus>>) -> Node {
        self.events.push(published.event);
        self.published.push((published, bus));
        Node::Published(self.published.len() - 1)
    }

    /// A function that publishes one event and does nothing else that goes on is taken to publish it whenever it runs.
    fn function(&mut self, model: &Model, id: Id<Function>) {
        let function = &model.functions[id];
        let from = Node::Thing(Thing::Function(id));
        let own = function.publishes.iter().chain(&function.outbox_events);
        let writes = function.tables.iter().any(|used| used.operations.iter().any(|operation| operation.writes()));
        let one = own.clone().count() == 1 && function.sends.is_empty() && !writes;
        for event in own {
            let sure = if one { Sure::Certain } else { Sure::Maybe };
            self.publish(from, Published::by_handler(model, event.value), event.span, sure);
        }
        for queue in &function.sends {
            self.hop(from, Node::Thing(Thing::Queue(queue.value)), queue.span, Sure::Maybe);
        }
        for used in &function.tables {
            let changes = model.outboxes.values().filter_map(|outbox| outbox.changes.as_ref());
            for change in
                changes.filter(|changes| changes.table.value == used.table).flat_map(|changes| &changes.events)
            {
                if used.operations.iter().any(|operation| change.kind.made_by(*operation)) {
                    self.publish(from, Published::by_change(model, change), used.span, Sure::Maybe);
                }
            }
        }
    }

    /// Where an event leads that is published.
    fn rules(
        &mut self,
        model: &Model,
        at: usize,
        readers: &Readers,
        forwards: &[Forward],
        started: &mut BTreeMap<(usize, usize, usize), Node>,
    ) {
        let (published, brought_to) = self.published[at].clone();
        let bus = brought_to.unwrap_or(model.events[published.event].bus);
        for id in readers.get(&(bus, published.event)).into_iter().flatten() {
            let rule = &model.rules[*id];
            let sure = match published.passes(model, rule) {
                Passes::Always => Sure::Certain,
                Passes::Sometimes => Sure::Maybe,
                Passes::WithinABound => Sure::Bounded,
                Passes::Never => continue,
            };
            for (index, target) in rule.targets.iter().enumerate() {
                let key = (id.index(), index, published.event.index());
                let to = match target.to {
                    Destination::Function(function) => Node::Thing(Thing::Function(function)),
                    Destination::Queue(queue) => Node::Thing(Thing::Queue(queue)),
                    Destination::Workflow(workflow) => {
                        if let Some(node) = started.get(&key) {
                            *node
                        } else {
                            let node = self.start(model, workflow, (rule, target), published.event, started.len());
                            started.insert(key, node);
                            node
                        }
                    }
                    // What came by a rule is not passed on.
                    Destination::Bus(_) if brought_to.is_some() => continue,
                    Destination::Bus(to) => {
                        let same = |one: &&Forward| one.rule == *id && one.to == to && one.event == published.event;
                        let Some(forward) = forwards.iter().find(same) else { continue };
                        self.add(published.brought(model, rule, forward.arrives), Some(to))
                    }
                };
                self.all.push(Hop {
                    from: Node::Published(at),
                    to,
                    span: target.span,
                    sure,
                    item: Some(Thing::Rule(*id)),
                });
            }
        }
    }

    /// The workflows that functions start, with inputs of which no more is known than that they fit, and where these lead.
    fn starts(&mut self, model: &Model) {
        let mut known: BTreeMap<Id<Workflow>, Node> = BTreeMap::new();
        for (id, function) in model.functions.iter() {
            for workflow in &function.starts {
                let to = *known.entry(workflow.value).or_insert_with(|| {
                    let node = Node::Started(workflow.value, usize::MAX);
                    self.body(model, node, &model.workflows[workflow.value].body, true, &Start::default());
                    node
                });
                let from = Node::Thing(Thing::Function(id));
                let item = Some(Thing::Function(id));
                self.all.push(Hop { from, to, span: workflow.span, sure: Sure::Maybe, item });
            }
        }
    }

    /// A workflow that a rule starts with an event, and where it leads.
    fn start(&mut self, model: &Model, id: Id<Workflow>, by: (&Rule, &Target), event: Id<Event>, count: usize) -> Node {
        let node = Node::Started(id, count);
        let (rule, target) = by;
        let start = Start::by(model, rule, event, target.input.is_none());
        self.body(model, node, &model.workflows[id].body, true, &start);
        node
    }

    fn body(&mut self, model: &Model, from: Node, body: &Body, sure: bool, start: &Start) {
        for (id, step) in body.iter().filter(|(_, step)| !step.unreachable) {
            let is_sure = sure && is_always_run(body, id);
            let how = if is_sure { Sure::Certain } else { Sure::Maybe };
            if let Some(publish) = step.publish()
                && let Some(event) = publish.event
            {
                let published = Published::by_step(model, event, step, publish.detail.as_ref(), start);
                let bounded = counts_within_a_bound(step, publish.detail.as_ref());
                self.publish(from, published, publish.span, if bounded { Sure::Bounded } else { how });
            }
            if let Some(call) = step.call()
                && let Some(function) = call.function
            {
                self.hop(from, Node::Thing(Thing::Function(function)), call.span, how);
            }
            if let Some(undo) = &step.undo
                && let Some(function) = undo.function
            {
                self.hop(from, Node::Thing(Thing::Function(function)), undo.span, Sure::Maybe);
            }
            for nested in step.nested() {
                let once = nested.rounds == crate::model::Rounds::One;
                self.body(model, from, nested.body, is_sure && once, start);
            }
        }
    }
}

/// The rules that read each event on each bus. One that runs in no environment leads nowhere.
fn readers(model: &Model) -> Readers {
    let mut readers = Readers::new();
    for (id, rule) in model.rules.iter().filter(|(_, rule)| rule.enabled.same() != Some(&false)) {
        for event in &rule.events {
            readers.entry((rule.bus, event.value)).or_default().push(id);
        }
    }
    readers
}

/// Whether no route through a body on which all is well ends without this step.
fn is_always_run(body: &Body, id: StepId) -> bool {
    let mut seen = vec![false; body.steps.len()];
    let mut work = Vec::from_iter(body.first());
    while let Some(at) = work.pop() {
        if at == id || std::mem::replace(&mut seen[at.0], true) {
            continue;
        }
        let step = body.step(at);
        if matches!(step.onward(), Onward::Ends(_) | Onward::Fails(_)) {
            return false;
        }
        for next in step.successors() {
            match next {
                Next::Step(next) => work.push(next),
                Next::End => return false,
            }
        }
    }
    true
}
