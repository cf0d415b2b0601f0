//! Who makes events and who gets them: the edges of the graph, derived from what functions, rules and workflows say.

use super::{Api, Bus, Destination, Event, Function, Id, Model, Queue, Rule, Schedule, StepKind, TableUse, Workflow};
use crate::source::Span;

/// Something that invokes a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// An API that has a route to it.
    Api(Id<Api>),
    /// A rule that has it as a target.
    Rule(Id<Rule>),
    /// A queue that it works off.
    Queue(Id<Queue>),
    /// A schedule.
    Schedule(Id<Schedule>),
    /// A step of a workflow.
    Workflow(Id<Workflow>),
}

/// A thing that makes or gets events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Node {
    /// An event.
    Event(Id<Event>),
    /// A function.
    Function(Id<Function>),
    /// A workflow.
    Workflow(Id<Workflow>),
    /// A queue.
    Queue(Id<Queue>),
}

/// An edge of the flow with the place that says so.
#[derive(Debug, Clone, Copy)]
pub struct Edge {
    /// What comes first.
    pub from: Node,
    /// What it leads to.
    pub to: Node,
    /// The place that makes the edge.
    pub span: Span,
}

impl Model {
    /// Every edge along which an event, a message or a call moves: event → target, function → event, workflow → function,
    /// workflow → event, function → queue, queue → function. A function that writes a table whose changes are events makes those.
    pub fn flow(&self) -> Vec<Edge> {
        let mut edges = Vec::new();
        for rule in self.rules.values() {
            for target in &rule.targets {
                let to = match target.to {
                    Destination::Function(id) => Node::Function(id),
                    Destination::Workflow(id) => Node::Workflow(id),
                    Destination::Queue(id) => Node::Queue(id),
                    Destination::Bus(_) => continue,
                };
                edges.extend(rule.events.iter().map(|event| Edge {
                    from: Node::Event(event.value),
                    to,
                    span: target.span,
                }));
            }
        }
        for (id, function) in self.functions.iter() {
            let from = Node::Function(id);
            let events = function.publishes.iter().chain(&function.outbox_events);
            edges.extend(events.map(|event| Edge { from, to: Node::Event(event.value), span: event.span }));
            edges.extend(self.events_of_writes(function).map(|(to, span)| Edge { from, to: Node::Event(to), span }));
            edges.extend(function.sends.iter().map(|queue| Edge {
                from,
                to: Node::Queue(queue.value),
                span: queue.span,
            }));
        }
        for (id, queue) in self.queues.iter() {
            if let Some(function) = &queue.to {
                edges.push(Edge { from: Node::Queue(id), to: Node::Function(function.value), span: function.span });
            }
        }
        for (id, workflow) in self.workflows.iter() {
            let from = Node::Workflow(id);
            workflow.body.walk(&mut |step| {
                if let StepKind::Publish { event: Some(event), span, .. } = &step.kind {
                    edges.push(Edge { from, to: Node::Event(*event), span: *span });
                }
                for call in step.call().into_iter().chain(&step.undo) {
                    edges.extend(call.function.map(|to| Edge { from, to: Node::Function(to), span: call.span }));
                }
            });
        }
        edges
    }

    /// The events that changes of the tables are which a function writes, with the place that lets it write.
    fn events_of_writes(&self, function: &Function) -> impl Iterator<Item = (Id<Event>, Span)> {
        let writes = |used: &&TableUse| used.operations.iter().any(|operation| operation.writes());
        function.tables.iter().filter(writes).flat_map(|used| {
            let changes = self.outboxes.values().filter_map(|outbox| outbox.changes.as_ref());
            let events =
                changes.filter(|changes| changes.table.value == used.table).flat_map(|changes| &changes.events);
            events.map(|change| (change.event.value, used.span))
        })
    }

    /// Fills in what invokes each function.
    pub(super) fn derive_triggers(&mut self) {
        let mut triggers: Vec<(Id<Function>, Trigger)> = Vec::new();
        for (id, api) in self.apis.iter() {
            let functions = api.routes.iter().filter_map(super::Route::function);
            triggers.extend(functions.map(|function| (function, Trigger::Api(id))));
        }
        for (id, rule) in self.rules.iter() {
            let functions = rule.targets.iter().filter_map(|target| match target.to {
                Destination::Function(function) => Some(function),
                _ => None,
            });
            triggers.extend(functions.map(|function| (function, Trigger::Rule(id))));
        }
        let queues = self.queues.iter().filter_map(|(id, queue)| Some((queue.to.as_ref()?.value, Trigger::Queue(id))));
        triggers.extend(queues);
        for (id, schedule) in self.schedules.iter() {
            if let Some(Destination::Function(function)) = schedule.target.as_ref().map(|target| target.to) {
                triggers.push((function, Trigger::Schedule(id)));
            }
        }
        for (id, workflow) in self.workflows.iter() {
            workflow.body.walk(&mut |step| {
                let calls = step.call().into_iter().chain(&step.undo);
                triggers.extend(calls.filter_map(|call| Some((call.function?, Trigger::Workflow(id)))));
            });
        }
        for (function, trigger) in triggers {
            if !self.functions[function].triggers.contains(&trigger) {
                self.functions[function].triggers.push(trigger);
            }
        }
    }

    /// What a node is called: "event `OrderCreated`".
    pub fn describe(&self, node: Node) -> String {
        match node {
            Node::Event(id) => format!("event `{}`", self.events[id].head.name),
            Node::Function(id) => format!("function `{}`", self.functions[id].head.name),
            Node::Workflow(id) => format!("workflow `{}`", self.workflows[id].head.name),
            Node::Queue(id) => format!("queue `{}`", self.queues[id].head.name),
        }
    }

    /// The events that travel on a bus.
    pub fn events_on(&self, bus: Id<Bus>) -> impl Iterator<Item = (Id<Event>, &Event)> {
        self.events.iter().filter(move |(_, event)| event.bus == bus)
    }
}
