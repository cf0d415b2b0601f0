//! Workflows with their steps resolved: where each goes, what each calls, what is known at each.

#![warn(clippy::wildcard_enum_match_arm, reason = "a kind of step that is forgotten here must not compile")]

mod errors;
mod reach;
pub(super) mod resolve;

pub use errors::{
    COMPENSATION_FAILED, CatchError, RUNTIME_ERRORS, Retry, RetryError, TRANSIENT_ERRORS, standard_retry,
};

use std::collections::BTreeSet;

use super::graph::{Relates, Relation};
use super::{Bus, Cache, Event, Function, Head, Id, Thing};
use crate::expr::{Expr, Scope, Template};
use crate::source::{Span, Spanned};
use crate::spec::scalar::{Duration, Name};
use crate::types::Type;

/// How much longer than the function's own timeout a call may take: a cold start of up to 10 seconds comes before the function's
/// time starts to run. <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib>
pub const CALL_MARGIN: Duration = Duration::seconds(10);

/// A workflow.
#[derive(Debug, Clone)]
pub struct Workflow {
    /// Name, places, description.
    pub head: Head,
    /// What an execution is given.
    pub input: Type,
    /// How long an execution may take.
    pub timeout: Duration,
    /// Where the timeout is said, or the workflow's name.
    pub timeout_span: Span,
    /// What carries it.
    pub engine: Engine,
    /// Where the engine is said, or the workflow's name.
    pub engine_span: Span,
    /// Its steps.
    pub body: Body,
}

/// What carries a workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// AWS Step Functions.
    StepFunctions,
    /// Its functions, with the state of executions in a cache.
    Redis(Redis),
}

/// How a workflow runs on Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Redis {
    /// The cache that keeps the state of executions, and the place that says so. `None` if there is none, which is reported.
    pub cache: Option<Spanned<Id<Cache>>>,
    /// How work reaches functions.
    pub transport: Transport,
    /// The place that says so: the bus, the transport, or the workflow's name.
    pub transport_span: Span,
}

/// How work reaches the functions of a workflow on Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// A message to the function's queue.
    Sqs,
    /// An event on this bus, which a rule brings to the function's queue.
    EventBridge(Id<Bus>),
}

/// Steps that run in one scope: those of a workflow, of a branch, or of a `for-each`.
#[derive(Debug, Clone, Default)]
pub struct Body {
    /// The steps in the order written; the first one is where the body starts.
    pub steps: Vec<Step>,
    /// Whether something of it could not be read or resolved, so that there are routes that nobody knows.
    pub partial: bool,
}

/// The place of a step in its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId(
    /// The index in [`Body::steps`].
    pub usize,
);

/// A step.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its name, unique in the workflow.
    pub name: String,
    /// The place of its name.
    pub name_span: Span,
    /// The place of the key that says what it does.
    pub kind_span: Span,
    /// What it is for.
    pub description: Option<String>,
    /// What it does.
    pub kind: StepKind,
    /// Where it goes when done. Not looked at for `succeed` and `fail`.
    pub next: Next,
    /// When to try again, in order.
    pub retry: Vec<Retry>,
    /// Where to go on errors, in order.
    pub catch: Vec<CatchError>,
    /// The call that takes back what it did.
    pub undo: Option<Call>,
    /// How long it may take.
    pub timeout: Option<Spanned<Duration>>,
    /// How long it may be silent.
    pub heartbeat: Option<Spanned<Duration>>,
    /// What its name is bound to when it is done; `None` for steps that bind nothing.
    pub result: Option<Type>,
    /// What expressions of the step may refer to.
    pub scope: Scope,
    /// What the arguments of its `undo` may refer to: `scope` and its own result. Nothing if it has no `undo`.
    pub undo_scope: Scope,
    /// Whether no route from the start of the body leads here.
    pub unreachable: bool,
}

/// Where a step goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// To a step of the same body.
    Step(StepId),
    /// To the end of the body.
    End,
}

/// What a step does. Parts that could not be read or resolved are `None` and have been reported.
#[derive(Debug, Clone)]
pub enum StepKind {
    /// Calls a function.
    Call(Call),
    /// Goes one of several ways.
    Choose {
        /// Conditions in order.
        choices: Vec<Choice>,
        /// Where to go when none holds.
        otherwise: Next,
    },
    /// Runs branches at the same time.
    Parallel(Vec<Branch>),
    /// Runs steps for each item of a list.
    ForEach {
        /// The list.
        items: Option<Expr>,
        /// The most items at once.
        concurrency: Option<Spanned<u64>>,
        /// The steps.
        body: Body,
    },
    /// Waits.
    Wait(Wait),
    /// Puts an event on its bus.
    Publish {
        /// The event.
        event: Option<Id<Event>>,
        /// Its detail.
        detail: Option<Template>,
        /// The place of the event's name.
        span: Span,
    },
    /// Binds values.
    Set(Option<Template>),
    /// Runs the `undo` of every completed step of the body, last first.
    Compensate,
    /// Ends well.
    Succeed(Option<Template>),
    /// Ends with an error.
    Fail {
        /// The error's name.
        error: Name,
        /// Why.
        cause: Option<Expr>,
    },
}

/// A call of a function.
#[derive(Debug, Clone)]
pub struct Call {
    /// The function.
    pub function: Option<Id<Function>>,
    /// The place of its name.
    pub span: Span,
    /// What it is given.
    pub with: Option<Template>,
}

/// One way out of a `choose`.
#[derive(Debug, Clone)]
pub struct Choice {
    /// The condition.
    pub when: Option<Expr>,
    /// Where to go.
    pub then: Next,
    /// The place of the choice.
    pub span: Span,
}

/// One branch of a `parallel`.
#[derive(Debug, Clone)]
pub struct Branch {
    /// Its name.
    pub name: Spanned<String>,
    /// Its steps.
    pub body: Body,
}

/// What to wait for.
#[derive(Debug, Clone)]
pub enum Wait {
    /// This long.
    For(Duration),
    /// Until a timestamp.
    Until(Option<Expr>),
    /// For an answer.
    Signal {
        /// What it carries.
        answer: Type,
        /// The call that asks for it.
        call: Call,
    },
}

impl Workflow {
    /// How it runs on Redis, if it does.
    pub fn redis(&self) -> Option<&Redis> {
        match &self.engine {
            Engine::StepFunctions => None,
            Engine::Redis(redis) => Some(redis),
        }
    }
}

impl Body {
    /// The step of this id.
    pub fn step(&self, id: StepId) -> &Step {
        &self.steps[id.0]
    }

    /// All steps of this body with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (StepId, &Step)> {
        self.steps.iter().enumerate().map(|(index, step)| (StepId(index), step))
    }

    /// Visits every step of this body and of the bodies in it, outer ones first.
    pub fn walk<'b>(&'b self, visit: &mut impl FnMut(&'b Step)) {
        for step in &self.steps {
            visit(step);
            for body in step.bodies() {
                body.walk(visit);
            }
        }
    }

    /// Visits this body and every body in it.
    pub fn bodies<'b>(&'b self, visit: &mut impl FnMut(&'b Body)) {
        visit(self);
        for step in &self.steps {
            for body in step.bodies() {
                body.bodies(visit);
            }
        }
    }

    /// Where a step may go inside of the body, errors that it catches included.
    pub fn edges(&self, id: StepId) -> impl Iterator<Item = StepId> {
        let step = self.step(id);
        let caught = step.catch.iter().map(|catch| catch.then);
        step.successors().into_iter().chain(caught).filter_map(|next| match next {
            Next::Step(to) => Some(to),
            Next::End => None,
        })
    }

    /// The steps that some route leads to after these, themselves left out unless a route leads back.
    pub fn after(&self, from: impl IntoIterator<Item = StepId>) -> BTreeSet<StepId> {
        let mut work: Vec<StepId> = from.into_iter().collect();
        let mut found = BTreeSet::new();
        while let Some(id) = work.pop() {
            work.extend(self.edges(id).filter(|to| found.insert(*to)));
        }
        found
    }

    /// Whether a step may run again after it has run.
    pub fn in_loop(&self, id: StepId) -> bool {
        self.after([id]).contains(&id)
    }

    /// Whether an expression of any step, inner bodies included, refers to this root.
    pub fn refers_to(&self, root: &str) -> bool {
        let mut found = false;
        self.walk(&mut |step| found |= step.references().iter().any(|reference| reference.value == root));
        found
    }

    /// Whether it has a `compensate` step of its own.
    pub fn compensates(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.kind, StepKind::Compensate))
    }
}

impl Step {
    /// The roots that its own expressions refer to, each time they do; not those of bodies inside.
    pub fn references(&self) -> Vec<Spanned<&str>> {
        self.expressions().into_iter().flat_map(Expr::references).collect()
    }

    /// Its own expressions; not those of bodies inside.
    pub fn expressions(&self) -> Vec<&Expr> {
        let mut found: Vec<&Expr> = match &self.kind {
            StepKind::Call(call) | StepKind::Wait(Wait::Signal { call, .. }) => {
                call.with.as_ref().map(Template::expressions).unwrap_or_default()
            }
            StepKind::Choose { choices, .. } => choices.iter().filter_map(|choice| choice.when.as_ref()).collect(),
            StepKind::ForEach { items: expr, .. }
            | StepKind::Wait(Wait::Until(expr))
            | StepKind::Fail { cause: expr, .. } => expr.iter().collect(),
            StepKind::Publish { detail: template, .. } | StepKind::Set(template) | StepKind::Succeed(template) => {
                template.as_ref().map(Template::expressions).unwrap_or_default()
            }
            StepKind::Parallel(_) | StepKind::Wait(Wait::For(_)) | StepKind::Compensate => Vec::new(),
        };
        let undo = self.undo.as_ref().and_then(|undo| undo.with.as_ref());
        found.extend(undo.map(Template::expressions).unwrap_or_default());
        found
    }

    /// The call that it makes when all is well, if it makes one: that of a `call`, or the one that asks for a signal.
    pub fn call(&self) -> Option<&Call> {
        match &self.kind {
            StepKind::Call(call) | StepKind::Wait(Wait::Signal { call, .. }) => Some(call),
            StepKind::Choose { .. }
            | StepKind::Parallel(_)
            | StepKind::ForEach { .. }
            | StepKind::Wait(_)
            | StepKind::Publish { .. }
            | StepKind::Set(_)
            | StepKind::Compensate
            | StepKind::Succeed(_)
            | StepKind::Fail { .. } => None,
        }
    }

    /// Whether it waits for an answer from outside.
    pub fn waits_for_signal(&self) -> bool {
        matches!(self.kind, StepKind::Wait(Wait::Signal { .. }))
    }

    /// The bodies inside of this step.
    pub fn bodies(&self) -> Vec<&Body> {
        match &self.kind {
            StepKind::Parallel(branches) => branches.iter().map(|branch| &branch.body).collect(),
            StepKind::ForEach { body, .. } => vec![body],
            StepKind::Call(_)
            | StepKind::Choose { .. }
            | StepKind::Wait(_)
            | StepKind::Publish { .. }
            | StepKind::Set(_)
            | StepKind::Compensate
            | StepKind::Succeed(_)
            | StepKind::Fail { .. } => Vec::new(),
        }
    }

    /// Where the step may go when all is well.
    pub fn successors(&self) -> Vec<Next> {
        match &self.kind {
            StepKind::Choose { choices, otherwise } => {
                choices.iter().map(|choice| choice.then).chain([*otherwise]).collect()
            }
            StepKind::Succeed(_) | StepKind::Fail { .. } => Vec::new(),
            StepKind::Call(_)
            | StepKind::Parallel(_)
            | StepKind::ForEach { .. }
            | StepKind::Wait(_)
            | StepKind::Publish { .. }
            | StepKind::Set(_)
            | StepKind::Compensate => vec![self.next],
        }
    }
}

impl Relates for Workflow {
    fn relate(&self, tell: &mut dyn FnMut(Relation, Thing, Span)) {
        self.body.walk(&mut |step| {
            let name = || step.name.clone();
            if let StepKind::Publish { event: Some(event), span, .. } = &step.kind {
                tell(Relation::PublishesIn(name()), Thing::Event(*event), *span);
            }
            if let Some(call) = step.call()
                && let Some(function) = call.function
            {
                tell(Relation::Calls(name()), Thing::Function(function), call.span);
            }
            if let Some(undo) = &step.undo
                && let Some(function) = undo.function
            {
                tell(Relation::Undoes(name()), Thing::Function(function), undo.span);
            }
        });
        if let Some(redis) = self.redis() {
            if let Some(cache) = redis.cache {
                tell(Relation::Keeps, Thing::Cache(cache.value), cache.span);
            }
            if let Transport::EventBridge(bus) = redis.transport {
                tell(Relation::SendsWork, Thing::Bus(bus), redis.transport_span);
            }
        }
    }
}
