//! Alarms: what is watched, and what is too much.

use evc_interface::metric::executions::{FAILED, TIMED_OUT};

use super::value::Value;
use super::{LogicalId, ids};
use crate::source::Span;

/// What an alarm is about. The template has the alarms in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Watched {
    /// A dead-letter queue.
    DeadLetters,
    /// A state machine.
    StateMachine,
    /// A function of the spec.
    Function,
    /// A workflow on Redis, or the engine of those.
    Redis,
    /// What brings the events of an outbox to the bus.
    Forwarder,
    /// A pipe.
    Pipe,
}

/// An alarm on one metric of one resource.
#[derive(Debug, Clone)]
pub(crate) struct Alarm {
    /// What it is about.
    pub(crate) watched: Watched,
    /// What its logical id starts with.
    pub(crate) of: LogicalId,
    /// What has happened when it goes off.
    pub(crate) description: String,
    /// The place of what is watched.
    pub(crate) span: Span,
    /// The namespace of the metric.
    pub(crate) namespace: Value,
    /// Name and statistic.
    pub(crate) metric: (&'static str, &'static str),
    /// What the metric is of.
    pub(crate) dimension: (&'static str, Value),
    /// In seconds.
    pub(crate) period: i64,
    /// What the metric may reach.
    pub(crate) threshold: Value,
}

impl Alarm {
    /// A Lambda function that failed.
    pub(crate) fn errors(watched: Watched, function: &LogicalId, description: String, span: Span) -> Self {
        Self {
            watched,
            of: ids::of(function, "errors"),
            description,
            span,
            namespace: "AWS/Lambda".into(),
            metric: ("Errors", "Sum"),
            dimension: ("FunctionName", Value::Ref(function.clone())),
            period: 300,
            threshold: Value::Integer(0),
        }
    }

    /// Executions that failed, and ones that ran out of time, which Step Functions counts apart.
    pub(crate) fn executions(machine: &LogicalId, what: &str, span: Span) -> [Self; 2] {
        let kinds = [("failures", FAILED, "failed"), ("timeouts", TIMED_OUT, "ran out of time")];
        kinds.map(|(suffix, metric, happened)| Self {
            watched: Watched::StateMachine,
            of: ids::of(machine, suffix),
            description: format!("Executions of {what} {happened}"),
            span,
            namespace: "AWS/States".into(),
            metric: (metric, "Sum"),
            dimension: ("StateMachineArn", Value::Ref(machine.clone())),
            period: 300,
            threshold: Value::Integer(0),
        })
    }
}
