//! The edges between things, each stated once: by the thing that says it, with the place where it does.
//!
//! What triggers a function, where events flow, who refers to a thing, what a function calls: all of it is asked of these edges.

use std::collections::HashMap;

use super::{DeadLetterSource, Function, Id, Model, Thing};
use crate::source::Span;

/// What one thing has to do with another: the verb between `from` and `to`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Relation {
    /// An event travels on a bus.
    TravelsOn,
    /// A rule reads what travels on a bus.
    Reads,
    /// A rule matches an event.
    Matches,
    /// A rule delivers what it matches.
    Delivers,
    /// A schedule starts a function or a workflow, or a function a workflow.
    Starts,
    /// A function asks how executions of a workflow are.
    Describes,
    /// An API has a route to a function or a workflow.
    Routes,
    /// An API asks a function who calls.
    Asks,
    /// A queue feeds a function.
    Feeds,
    /// A step of a workflow, by its name, calls a function.
    Calls(String),
    /// The `undo` of a step, by its name, calls a function.
    Undoes(String),
    /// A function or an API reads a table.
    ReadsTable,
    /// A function or an API writes a table, and may read it.
    WritesTable,
    /// A function writes events into an outbox.
    WritesOutbox,
    /// A function publishes an event through its outbox.
    PublishesThroughOutbox,
    /// A function publishes an event, or an outbox does.
    Publishes,
    /// A step of a workflow, by its name, publishes an event.
    PublishesIn(String),
    /// A function sends to a queue.
    Sends,
    /// A function reads a value of the configuration.
    ReadsConfig,
    /// A function reads a secret.
    ReadsSecret,
    /// A function answers what waits in a workflow.
    Signals,
    /// A function counts, or a workflow keeps its state, in a cache.
    Keeps,
    /// An outbox takes the changes of a table for events.
    TakesChanges,
    /// A workflow sends its work over a bus.
    SendsWork,
    /// A cache is in a network.
    IsIn,
    /// A resource that evc does not make itself refers to a thing, or a variable of a function does.
    Refers,
}

/// One thing says something of another.
#[derive(Debug, Clone)]
pub struct Edge {
    /// The thing that says so.
    pub from: Thing,
    /// What it says.
    pub relation: Relation,
    /// The thing of which it says so.
    pub to: Thing,
    /// The place where it says so.
    pub span: Span,
}

/// What things of one kind say of others.
pub(super) trait Relates: Sized {
    /// Tells each relation, its other end, and the place that says so.
    fn relate(&self, tell: &mut dyn FnMut(Relation, Thing, Span));

    /// Where what the thing of this id could not do is kept. Most kinds do nothing that could fail, and have no such queue.
    fn dead_letters(_: Id<Self>) -> Option<DeadLetterSource> {
        None
    }
}

/// All edges of a system.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    edges: Vec<Edge>,
    from: HashMap<Thing, Vec<usize>>,
    to: HashMap<Thing, Vec<usize>>,
}

impl Graph {
    /// The edges that the things of a model tell.
    pub(super) fn of(model: &Model) -> Self {
        let mut graph = Self::default();
        for from in model.things() {
            model.relate(from, &mut |relation, to, span| {
                graph.from.entry(from).or_default().push(graph.edges.len());
                graph.to.entry(to).or_default().push(graph.edges.len());
                graph.edges.push(Edge { from, relation, to, span });
            });
        }
        graph
    }

    /// Every edge: thing by thing in the order of the language, and as the thing tells them.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// What a thing says of others.
    pub fn from(&self, thing: Thing) -> impl Iterator<Item = &Edge> {
        self.from.get(&thing).into_iter().flatten().map(|at| &self.edges[*at])
    }

    /// What others say of a thing: who refers to it.
    pub fn to(&self, thing: Thing) -> impl Iterator<Item = &Edge> {
        self.to.get(&thing).into_iter().flatten().map(|at| &self.edges[*at])
    }
}

impl Relation {
    /// Whether the function at its end runs because of it.
    fn invokes(&self) -> bool {
        matches!(
            self,
            Self::Delivers | Self::Starts | Self::Routes | Self::Asks | Self::Feeds | Self::Calls(_) | Self::Undoes(_)
        )
    }
}

impl Model {
    /// Everything that invokes a function, in the order of the language.
    pub fn triggers(&self, function: Id<Function>) -> Vec<Thing> {
        let mut triggers: Vec<Thing> = Vec::new();
        for edge in self.graph().to(Thing::Function(function)).filter(|edge| edge.relation.invokes()) {
            if !triggers.contains(&edge.from) {
                triggers.push(edge.from);
            }
        }
        triggers
    }

    /// Whether something invokes a function without waiting for the result: a rule or a schedule.
    pub fn is_asynchronous(&self, function: Id<Function>) -> bool {
        self.triggers(function).iter().any(|trigger| matches!(trigger, Thing::Rule(_) | Thing::Schedule(_)))
    }
}
