//! `workflows:` steps in order, with retries, catches and compensation.

#![warn(clippy::wildcard_enum_match_arm, reason = "a kind of anything that is forgotten here must not compile")]

mod schema;
mod step;
pub mod steps;
pub mod variables;

use evc_macros::{Section, Word};

pub use step::{Catch, Jitter, Next, Retry, Step, Steps};
pub use steps::{Call, StepKind};
pub use variables::{Assign, Variable, Variables};

use super::allow::Allows;
use super::scalar::{Duration, Name, TypeExpr};
use crate::source::Spanned;

/// A workflow. Its steps run in the order written unless one says `then`; the result of a step is known to later ones by
/// the step's name, and `input` stays what it was.
#[derive(Debug, Clone, Section)]
#[section(what = "a workflow")]
pub struct Workflow {
    /// What it is for, for people.
    pub description: Option<String>,
    /// What carries it: `step-functions`, which is the default, or `redis`. It means the same on both.
    pub engine: Option<Spanned<Engine>>,
    /// The cache that keeps the state of executions on `redis`. It may be left out if there is one.
    pub cache: Option<Name>,
    /// How work reaches functions on `redis`: straight through their queues (`sqs`, the default), or as events on a bus.
    pub transport: Option<Spanned<Transport>>,
    /// The bus of `transport: eventbridge`.
    pub bus: Option<Name>,
    /// What an execution is given.
    pub input: Spanned<TypeExpr>,
    /// What an execution gives that succeeds: what its last step gives. Who starts it reads it as that.
    pub output: Option<Spanned<TypeExpr>>,
    /// How long an execution may take, up to `365d`. A day by default.
    #[key(range = Duration::seconds(1)..=Duration::days(365), what = "the timeout of a workflow")]
    pub timeout: Option<Spanned<Duration>>,
    /// Errors with which an execution may end without anything being wrong, such as a declined payment: of its `fail` steps, or of what it
    /// calls. Such executions fail as others do, and are no alarm.
    #[key(default)]
    pub outcomes: Vec<Name>,
    /// Values that change while the steps run: for each name a type, or a map with `type` and the first `value`.
    #[key(default)]
    pub variables: Variables,
    /// The steps.
    pub steps: Spanned<Steps>,
    /// Warnings that are fine here, each with the reason.
    #[key(default)]
    pub allow: Allows,
}

/// What carries a workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Word)]
#[word(what = "an engine")]
pub enum Engine {
    /// AWS Step Functions, standard workflows.
    StepFunctions,
    /// The functions themselves, which keep the state of executions in Redis or Valkey.
    Redis,
}

/// How work reaches functions on Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Word)]
#[word(what = "a transport")]
pub enum Transport {
    /// A message to the queue of the function.
    Sqs,
    /// An event on a bus, which a rule brings to the queue of the function.
    #[word(rename = "eventbridge")]
    EventBridge,
}
