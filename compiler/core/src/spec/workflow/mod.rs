//! `workflows:` steps in order, with retries, catches and compensation.

#![warn(clippy::wildcard_enum_match_arm, reason = "a kind of anything that is forgotten here must not compile")]

mod schema;
mod step;
pub mod steps;

use schemars::JsonSchema;

pub use step::{Catch, Jitter, Next, Retry, Step, Steps};
pub use steps::{Call, StepKind};

use super::allow::Allows;
use super::decode::{Decode, Decoder};
use super::queue::within;
use super::scalar::{Duration, Name, TypeExpr};
use crate::source::Spanned;
use crate::yaml::Node;

/// A workflow. Its steps run in the order written unless one says `then`; the result of a step is known to later ones by
/// the step's name, and `input` stays what it was.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
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
    /// How long an execution may take, up to `365d`. A day by default.
    pub timeout: Option<Spanned<Duration>>,
    /// The steps.
    pub steps: Spanned<Steps>,
    /// Warnings that are fine here, each with the reason.
    #[schemars(default)]
    pub allow: Allows,
}

/// What carries a workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum Engine {
    /// AWS Step Functions, standard workflows.
    StepFunctions,
    /// The functions themselves, which keep the state of executions in Redis or Valkey.
    Redis,
}

/// How work reaches functions on Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum Transport {
    /// A message to the queue of the function.
    Sqs,
    /// An event on a bus, which a rule brings to the queue of the function.
    EventBridge,
}

impl Decode for Engine {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        cx.word(node, "an engine", &[("step-functions", Self::StepFunctions), ("redis", Self::Redis)])
    }
}

impl Decode for Transport {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        cx.word(node, "a transport", &[("sqs", Self::Sqs), ("eventbridge", Self::EventBridge)])
    }
}

impl Decode for Workflow {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut fields = cx.fields(node, "a workflow")?;
        let description = fields.optional("description", cx);
        let engine = fields.optional("engine", cx);
        let cache = fields.optional("cache", cx);
        let transport = fields.optional("transport", cx);
        let bus = fields.optional("bus", cx);
        let input = fields.required("input", cx);
        let timeout = fields.optional("timeout", cx);
        let steps = fields.required("steps", cx);
        let allow = fields.or_default("allow", cx);
        fields.finish(cx);
        within(timeout.as_ref(), 1, 365 * 86_400, "the timeout of a workflow", cx);
        Some(Self { description, engine, cache, transport, bus, input: input?, timeout, steps: steps?, allow })
    }
}
