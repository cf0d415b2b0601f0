//! Workflows with their steps resolved: where each goes, what each calls, what is known at each.

mod errors;
mod known;
mod output;
mod reach;
pub(super) mod resolve;
mod results;
mod routes;
pub mod steps;
mod variables;
mod ways;

pub use errors::{
    COMPENSATION_FAILED, CatchError, Retry, RetryError, runtime_errors, standard_retry, transient_errors,
};
pub use steps::{Argument, Call, Given, Lasts, Nested, Onward, Publish, Rounds, StepKind, Unsaid, Wait, Wanted};

pub use variables::{Assignment, Variable};
pub use ways::Loops;

use super::graph::{Relates, Relation};
use super::{Bus, Cache, DeadLetterSource, Head, Id, Model, Thing};
use crate::expr::{Expr, Facts, Scope, Template};
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
    /// What an execution gives that succeeds, if the spec says so.
    pub output: Option<Type>,
    /// How long an execution may take.
    pub timeout: Duration,
    /// Where the timeout is said, or the workflow's name.
    pub timeout_span: Span,
    /// What carries it.
    pub engine: Engine,
    /// Where the engine is said, or the workflow's name.
    pub engine_span: Span,
    /// The errors with which an execution may end without anything being wrong.
    pub outcomes: Vec<Name>,
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
    /// Its variables, in the order written.
    pub variables: Vec<Variable>,
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
    /// The variables that it sets when it has succeeded.
    pub assign: Vec<Assignment>,
    /// When to try again, in order.
    pub retry: Vec<Retry>,
    /// Where to go on errors, in order.
    pub catch: Vec<CatchError>,
    /// The call that takes back what it did.
    pub undo: Option<Call>,
    /// How long it may take.
    pub timeout: Option<Spanned<Duration>>,
    /// What its name is bound to when it is done; `None` for steps that bind nothing.
    pub result: Option<Type>,
    /// What expressions of the step may refer to.
    pub scope: Scope,
    /// What the arguments of its `undo` may refer to: `scope` and its own result. Nothing if it has no `undo`.
    pub undo_scope: Scope,
    /// What the values of `assign` may refer to: `scope` and its own result. Nothing if it sets no variables.
    pub assign_scope: Scope,
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
    /// Where the body begins; `None` if it has no steps, which is an error of its own.
    pub fn first(&self) -> Option<StepId> {
        (!self.steps.is_empty()).then_some(StepId(0))
    }

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

    /// Whether an expression of any step or variable, inner bodies included, refers to this root.
    pub fn refers_to(&self, root: &str) -> bool {
        let mut found = false;
        let refers = |expr: &Expr| expr.references().iter().any(|reference| reference.value == root);
        self.bodies(&mut |body| {
            found |= body.first_values().any(refers);
            found |= body.steps.iter().any(|step| step.expressions().into_iter().any(refers));
        });
        found
    }

    /// Whether it has a `compensate` step of its own.
    pub fn compensates(&self) -> bool {
        self.steps.iter().any(Step::compensates)
    }
}

impl Step {
    /// What it evaluates in its [`scope`](Self::scope), and what that has to be: neither what bodies inside evaluate nor its `undo`.
    pub fn arguments(&self) -> Vec<Argument<'_>> {
        self.kind.facts().arguments(self.kind_span)
    }

    /// Its own expressions, those of its `undo` and `assign` among them; not those of bodies inside.
    pub fn expressions(&self) -> Vec<&Expr> {
        let undo = self.undo.as_ref().map(Call::argument);
        let own = self.arguments().into_iter().chain(undo).flat_map(|argument| argument.given.expressions());
        let assigned = self.assign.iter().filter_map(|assignment| assignment.value.as_ref());
        own.chain(assigned.flat_map(Template::expressions)).collect()
    }

    /// The roots that its own expressions refer to, each time they do; not those of bodies inside.
    pub fn references(&self) -> Vec<Spanned<&str>> {
        self.expressions().into_iter().flat_map(Expr::references).collect()
    }

    /// The call that it makes when all is well, if it makes one: that of a `call`, or the one that asks for an answer.
    pub fn call(&self) -> Option<&Call> {
        self.kind.facts().call()
    }

    /// The event that it puts on a bus, if it does.
    pub fn publish(&self) -> Option<&Publish> {
        self.kind.facts().publish()
    }

    /// What the answer from outside carries, if it waits for one.
    pub fn answer(&self) -> Option<&Type> {
        self.kind.facts().answer()
    }

    /// Whether it waits for an answer from outside.
    pub fn waits_for_signal(&self) -> bool {
        self.answer().is_some()
    }

    /// The values that it binds to its name, and does nothing else.
    pub fn values(&self) -> Option<&Template> {
        self.kind.facts().values()
    }

    /// What is left to be said, if it is not said where it goes when no condition holds.
    pub fn unsaid(&self) -> Option<Unsaid<'_>> {
        self.kind.facts().unsaid()
    }

    /// Where it is said to go when no condition holds, and the conditions.
    pub fn otherwise(&self) -> Option<(Vec<&Expr>, Next)> {
        self.kind.facts().otherwise()
    }

    /// Whether it runs the `undo` of the steps before it.
    pub fn compensates(&self) -> bool {
        self.kind.facts().compensates()
    }

    /// The errors that it fails with before its own `catch`, less those that come out of bodies inside.
    pub fn raises(&self, model: &Model) -> Vec<RetryError> {
        self.kind.facts().raises(model)
    }

    /// Whether the execution waits for something outside of it: a function, a bus, a clock.
    pub fn is_work(&self) -> bool {
        self.kind.facts().is_work()
    }

    /// How long it takes, where something beside its own `timeout` says so.
    pub fn lasts(&self, model: &Model) -> Option<Lasts> {
        self.kind.facts().lasts(model)
    }

    /// The bodies inside of this step, and how often each runs.
    pub fn nested(&self) -> Vec<Nested<'_>> {
        self.kind.facts().nested()
    }

    /// The bodies inside of this step.
    pub fn bodies(&self) -> impl Iterator<Item = &Body> {
        self.nested().into_iter().map(|nested| nested.body)
    }

    /// Where it goes when all is well.
    pub fn onward(&self) -> Onward<'_> {
        self.kind.facts().onward()
    }

    /// What is established on each of the ways that [`successors`](Self::successors) has, where it goes one of several. `names` has every
    /// name of the workflow.
    pub fn established(&self, names: &Scope) -> Vec<Facts> {
        self.kind.facts().established(names)
    }

    /// Where it may go inside of its body when all is well. Nowhere for a step that ends the body or the execution.
    pub fn successors(&self) -> Vec<Next> {
        match self.onward() {
            Onward::Next => vec![self.next],
            Onward::Ways(ways) => ways,
            Onward::Ends(_) | Onward::Fails(_) => Vec::new(),
        }
    }
}

impl Relates for Workflow {
    fn relate(&self, tell: &mut dyn FnMut(Relation, Thing, Span)) {
        self.body.walk(&mut |step| {
            let name = || step.name.clone();
            if let Some(publish) = step.publish()
                && let Some(event) = publish.event
            {
                tell(Relation::PublishesIn(name()), Thing::Event(event), publish.span);
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

    fn dead_letters(id: Id<Self>) -> Option<DeadLetterSource> {
        Some(DeadLetterSource::Workflow(id))
    }
}
