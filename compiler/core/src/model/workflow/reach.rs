//! What a workflow calls and publishes, wherever in its steps it does.

use indexmap::{IndexMap, IndexSet};

use super::Workflow;
use crate::model::{Bus, Event, Function, Id, Model};
use crate::source::{Span, Spanned};

impl Workflow {
    /// The functions that it calls, with the first step and place of each.
    pub fn calls(&self) -> IndexMap<Id<Function>, (&str, Span)> {
        let mut calls = IndexMap::new();
        self.body.walk(&mut |step| {
            for call in step.call().into_iter().chain(&step.undo) {
                if let Some(function) = call.function {
                    calls.entry(function).or_insert((step.name.as_str(), call.span));
                }
            }
        });
        calls
    }
}

impl Model {
    /// The events that a workflow publishes, by bus, each once.
    pub fn published_by(&self, workflow: &Workflow) -> IndexMap<Id<Bus>, Vec<Spanned<Id<Event>>>> {
        let mut by_bus: IndexMap<Id<Bus>, Vec<Spanned<Id<Event>>>> = IndexMap::new();
        workflow.body.walk(&mut |step| {
            let Some(publish) = step.publish() else { return };
            let Some(event) = publish.event else { return };
            let events = by_bus.entry(self.events[event].bus).or_default();
            if events.iter().all(|known| known.value != event) {
                events.push(Spanned::new(event, publish.span));
            }
        });
        by_bus
    }

    /// The functions that some of these workflows call, in the order of the spec.
    pub fn called_by(&self, workflows: &[Id<Workflow>]) -> Vec<Id<Function>> {
        let called: IndexSet<Id<Function>> =
            workflows.iter().flat_map(|id| self.workflows[*id].calls().into_keys()).collect();
        self.functions.ids().filter(|id| called.contains(id)).collect()
    }
}
