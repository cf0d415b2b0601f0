//! Who makes events and who gets them: the edges of the graph, derived from what functions, rules and workflows say.

use super::{
    Api, Bus, Destination, Event, Function, Id, Model, Queue, Rule, Schedule, StepKind, TableUse, Thing, Workflow,
};
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

/// An edge of the flow with the place that says so.
#[derive(Debug, Clone, Copy)]
pub struct Edge {
    /// What comes first.
    pub from: Thing,
    /// What it leads to.
    pub to: Thing,
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
                    Destination::Function(id) => Thing::Function(id),
                    Destination::Workflow(id) => Thing::Workflow(id),
                    Destination::Queue(id) => Thing::Queue(id),
                    Destination::Bus(_) => continue,
                };
                edges.extend(rule.events.iter().map(|event| Edge {
                    from: Thing::Event(event.value),
                    to,
                    span: target.span,
                }));
            }
        }
        for (id, function) in self.functions.iter() {
            let from = Thing::Function(id);
            let events = function.publishes.iter().chain(&function.outbox_events);
            edges.extend(events.map(|event| Edge { from, to: Thing::Event(event.value), span: event.span }));
            edges.extend(self.events_of_writes(function).map(|(to, span)| Edge { from, to: Thing::Event(to), span }));
            edges.extend(function.sends.iter().map(|queue| Edge {
                from,
                to: Thing::Queue(queue.value),
                span: queue.span,
            }));
        }
        for (id, queue) in self.queues.iter() {
            if let Some(function) = &queue.to {
                edges.push(Edge { from: Thing::Queue(id), to: Thing::Function(function.value), span: function.span });
            }
        }
        for (id, workflow) in self.workflows.iter() {
            let from = Thing::Workflow(id);
            workflow.body.walk(&mut |step| {
                if let StepKind::Publish { event: Some(event), span, .. } = &step.kind {
                    edges.push(Edge { from, to: Thing::Event(*event), span: *span });
                }
                for call in step.call().into_iter().chain(&step.undo) {
                    edges.extend(call.function.map(|to| Edge { from, to: Thing::Function(to), span: call.span }));
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

    /// The events that travel on a bus.
    pub fn events_on(&self, bus: Id<Bus>) -> impl Iterator<Item = (Id<Event>, &Event)> {
        self.events.iter().filter(move |(_, event)| event.bus == bus)
    }
}
