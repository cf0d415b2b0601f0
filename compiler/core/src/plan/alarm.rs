//! Alarms: what is watched, and what is too much.

mod kind;

pub(crate) use kind::{Kind, Timing};

use evc_interface::metric::executions;

use super::value::{Part, Value};
use super::{LogicalId, ids};
use crate::model::{LogOf, Model, Setting};
use crate::source::Span;
use crate::spec::scalar::Duration;

/// What an alarm is about. The template has the alarms in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Watched {
    /// A dead-letter queue.
    DeadLetters,
    /// A queue.
    Queue,
    /// An API.
    Api,
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

/// A metric as an alarm looks at it.
#[derive(Debug, Clone)]
pub(crate) struct Metric {
    /// The namespace.
    pub(crate) namespace: Value,
    /// The name.
    pub(crate) name: Value,
    /// `Sum`, `Maximum`, or a percentile.
    pub(crate) statistic: &'static str,
    /// What it is of, if it is of one thing.
    pub(crate) dimension: Option<(&'static str, Value)>,
}

impl Metric {
    /// A metric of one thing.
    pub(crate) fn of(namespace: impl Into<Value>, name: &str, dimension: (&'static str, Value)) -> Self {
        Self { namespace: namespace.into(), name: name.into(), statistic: "Sum", dimension: Some(dimension) }
    }

    /// Whether the statistic is a percentile, which CloudWatch has under another name.
    pub(crate) fn is_percentile(&self) -> bool {
        self.statistic.starts_with('p')
    }

    /// The same by another statistic.
    #[must_use]
    pub(crate) fn by(mut self, statistic: &'static str) -> Self {
        self.statistic = statistic;
        self
    }
}

/// An alarm.
#[derive(Debug, Clone)]
pub(crate) struct Alarm {
    /// What kind of alarm it is: what its metric, its period and its page follow from.
    pub(crate) kind: Kind,
    /// What it is about.
    pub(crate) watched: Watched,
    /// What its logical id starts with.
    pub(crate) of: LogicalId,
    /// What has happened when it goes off.
    pub(crate) happened: String,
    /// What to look at, or the command that shows it: in the description, after what has happened.
    pub(crate) look: Vec<Part>,
    /// The place of what is watched.
    pub(crate) span: Span,
    /// The metric.
    pub(crate) metric: Metric,
    /// What is added to it: counted by somebody else, of the same thing.
    pub(crate) added: Vec<Metric>,
    /// What is taken from it, since it is no trouble.
    pub(crate) less: Vec<Metric>,
    /// How old a message may be where the spec does not say.
    pub(crate) age: Option<Setting<Duration>>,
    /// How many periods are looked at, where that is not what the kind has.
    pub(crate) periods: Option<Value>,
}

impl Alarm {
    /// An alarm that nothing is added to and nothing taken from, and that goes off at the first.
    pub(crate) fn new(
        kind: Kind,
        watched: Watched,
        of: LogicalId,
        happened: impl Into<String>,
        metric: Metric,
        span: Span,
    ) -> Self {
        Self {
            kind,
            watched,
            of,
            happened: happened.into(),
            look: Vec::new(),
            span,
            metric,
            added: Vec::new(),
            less: Vec::new(),
            age: None,
            periods: None,
        }
    }

    /// Says what to look at.
    #[must_use]
    pub(crate) fn look(mut self, look: impl IntoIterator<Item = Part>) -> Self {
        self.look = look.into_iter().collect();
        self
    }

    /// A Lambda function that failed: Lambda was given an error, its process ended, or its time was over.
    pub(crate) fn errors(kind: Kind, watched: Watched, function: &LogicalId, happened: String, span: Span) -> Self {
        let metric = Metric::of("AWS/Lambda", "Errors", ("FunctionName", Value::Ref(function.clone())));
        Self::new(kind, watched, ids::of(function, "errors"), happened, metric, span).look(errors_of_log(function))
    }
}

/// The command that shows what a Lambda function has logged of its errors.
pub(crate) fn errors_of_log(function: &LogicalId) -> Vec<Part> {
    tail(&ids::of(function, "logs"), Some("?ERROR ?Task"))
}

/// The command that shows what a log has of the last half hour.
pub(crate) fn of_log(model: &Model, writer: LogOf, group: &LogicalId, pattern: Option<&str>) -> Vec<Part> {
    if !model.observability.log_classes.is_infrequent(writer) {
        return tail(group, pattern);
    }
    // A log of this class is read by queries alone, whose results `aws logs get-query-results` shows.
    let query =
        " --start-time $(($(date +%s) - 1800)) --end-time $(date +%s) --query-string 'fields @timestamp, @message'";
    vec!["aws logs start-query --log-group-name ".into(), Part::Ref(group.clone()), query.into()]
}

fn tail(group: &LogicalId, pattern: Option<&str>) -> Vec<Part> {
    let pattern = pattern.map(|pattern| Part::Literal(format!(" --filter-pattern '{pattern}'")));
    let all = ["aws logs tail ".into(), Part::Ref(group.clone()), " --since 30m".into()];
    let mut parts: Vec<Part> = all.into_iter().collect();
    if let (Some(Part::Literal(end)), Some(Part::Literal(more))) = (parts.last_mut(), pattern) {
        end.push_str(&more);
    }
    parts
}

/// A metric of executions, with the kind of the alarm on it, and how the alarm's logical id and its description end.
pub(crate) struct Executions {
    pub(crate) kind: Kind,
    pub(crate) metric: &'static str,
    pub(crate) suffix: &'static str,
    pub(crate) happened: &'static str,
    /// The status by which Step Functions finds such executions, and the one by which `evc workflow list` does.
    pub(crate) status: Option<(&'static str, &'static str)>,
}

/// The metrics of executions that are no success.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html>
pub(crate) const EXECUTIONS: [Executions; 4] = [
    Executions {
        kind: Kind::ExecutionFailures,
        metric: executions::FAILED,
        suffix: "failures",
        happened: "failed",
        status: Some(("FAILED", "failed")),
    },
    Executions {
        kind: Kind::ExecutionTimeouts,
        metric: executions::TIMED_OUT,
        suffix: "timeouts",
        happened: "ran out of time",
        status: Some(("TIMED_OUT", "timed-out")),
    },
    Executions {
        kind: Kind::ExecutionAborts,
        metric: executions::ABORTED,
        suffix: "aborts",
        happened: "were ended by somebody",
        status: Some(("ABORTED", "cancelled")),
    },
    Executions {
        kind: Kind::ExecutionThrottles,
        metric: "ExecutionThrottled",
        suffix: "throttles",
        happened: "were throttled by Step Functions",
        status: None,
    },
];
