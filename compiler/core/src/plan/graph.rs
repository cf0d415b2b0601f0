//! What the dashboard shows: graphs, each of a metric of things of one kind, and their lines.

use super::names::of_stack;
use super::value::{Value, text};

/// A graph. The dashboard has them in this order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Graph {
    /// Requests to APIs, and those that failed.
    ApiRequests,
    /// How long they took.
    ApiLatency,
    /// Invocations of functions.
    FunctionInvocations,
    /// Those that failed.
    FunctionErrors,
    /// Those that were refused because there were too many.
    FunctionThrottles,
    /// How long they took.
    FunctionDuration,
    /// Errors and failures that functions count themselves.
    FunctionFailures,
    /// What idempotent functions were brought again.
    Deliveries,
    /// The executions of a workflow: which of the spec's it is, and its name.
    Workflow(usize, String),
    /// How long executions of workflows took.
    WorkflowDuration,
    /// What the sweeps of the engine of workflows on Redis did.
    Engine,
    /// Events that rules matched.
    RuleMatches,
    /// Events that rules could not deliver.
    RuleFailures,
    /// What was read from tables.
    TableReads,
    /// What was written to tables.
    TableWrites,
    /// Reads that were refused because there were too many.
    TableReadThrottles,
    /// Such writes.
    TableWriteThrottles,
    /// How far forwarders are behind.
    OutboxDelay,
    /// What became of the events of outboxes.
    OutboxEvents,
    /// From the commit of an event to the answer of the bus that took it.
    OutboxLag,
    /// Executions of pipes that failed.
    PipeFailures,
    /// Messages in queues.
    QueueMessages,
    /// How long the oldest of them waits.
    QueueDelay,
    /// Messages in dead-letter queues.
    DeadLetters,
}

impl Graph {
    /// Its title and its statistic.
    pub(crate) fn title(&self) -> (String, &'static str) {
        let (title, statistic) = match self {
            Self::ApiRequests => ("API requests and errors", "Sum"),
            Self::ApiLatency => ("API latency, p99, ms", "p99"),
            Self::FunctionInvocations => ("Function invocations", "Sum"),
            Self::FunctionErrors => ("Function errors", "Sum"),
            Self::FunctionThrottles => ("Function throttles", "Sum"),
            Self::FunctionDuration => ("Function duration, p99, ms", "p99"),
            Self::FunctionFailures => ("Function business errors and answered failures", "Sum"),
            Self::Deliveries => ("Repeated deliveries of idempotent functions", "Sum"),
            Self::Workflow(_, name) => return (format!("Workflow {name}"), "Sum"),
            Self::WorkflowDuration => ("Workflow duration, p99, ms", "p99"),
            Self::Engine => ("Sweeps of workflows on Redis", "Sum"),
            Self::RuleMatches => ("Rule matches", "Sum"),
            Self::RuleFailures => ("Rule deliveries that failed", "Sum"),
            Self::TableReads => ("Table reads, units", "Sum"),
            Self::TableWrites => ("Table writes, units", "Sum"),
            Self::TableReadThrottles => ("Table reads throttled", "Sum"),
            Self::TableWriteThrottles => ("Table writes throttled", "Sum"),
            Self::OutboxDelay => ("Outbox delay, ms", "Maximum"),
            Self::OutboxEvents => ("Outbox events", "Sum"),
            Self::OutboxLag => ("Outbox lag, p99, ms", "p99"),
            Self::PipeFailures => ("Pipe executions that failed", "Sum"),
            Self::QueueMessages => ("Queue messages", "Maximum"),
            Self::QueueDelay => ("Queue delay, s", "Maximum"),
            Self::DeadLetters => ("Dead letters", "Maximum"),
        };
        (title.to_owned(), statistic)
    }
}

/// A line of a graph: namespace, metric and dimensions, and what the legend says.
#[derive(Debug)]
pub(crate) struct Line {
    /// As CloudWatch lists it.
    pub(crate) metric: Vec<Value>,
    /// What the legend says.
    pub(crate) label: String,
    /// Lines with a smaller one stand before it: things of the spec before what evc makes for them.
    pub(crate) place: usize,
}

impl Line {
    /// The line of a thing of the spec.
    pub(crate) fn new(
        label: &str,
        namespace: &str,
        metric: &str,
        dimensions: impl IntoIterator<Item = (&'static str, Value)>,
    ) -> Self {
        let dimensions = dimensions.into_iter().flat_map(|(name, value)| [name.into(), value]);
        Self {
            metric: [namespace.into(), metric.into()].into_iter().chain(dimensions).collect(),
            label: label.to_owned(),
            place: 0,
        }
    }

    /// The line of what the runtime measures, in the namespace of the stack.
    pub(crate) fn of_stack(label: &str, metric: &str, dimension: (&'static str, Value)) -> Self {
        let mut line = Self::new(label, "", metric, [dimension]);
        if let Some(namespace) = line.metric.first_mut() {
            *namespace = text(of_stack());
        }
        line
    }

    /// The same at another place.
    #[must_use]
    pub(crate) fn at(mut self, place: usize) -> Self {
        self.place = place;
        self
    }
}
