//! The CloudWatch metrics of the runtime, in the namespace that [`crate::environment::METRICS_NAMESPACE`] says.

/// Of functions. Lambda counts every error that it is given as one of the function's `Errors`, and none that is an answer: these two
/// are what is to be taken from it and added to it, so that what is left is trouble.
pub mod function {
    /// Their dimension: the function's name in the spec.
    pub const DIMENSION: &str = "function";
    /// Errors that Lambda was given and that are no trouble of the function's: those of its `errors`, and those that whoever called
    /// brings again ([`crate::Kind::is_trouble`]).
    pub const BUSINESS: &str = "BusinessErrors";
    /// Failures that Lambda was not given as errors: requests of an API that were answered with a status from 500 on, messages and
    /// changes that were given back, tasks of workflows on Redis.
    pub const FAILURES: &str = "Failures";
    /// Deliveries of work that was done before, which got its stored result.
    pub const REPEATED: &str = "DeliveriesRepeated";
    /// Deliveries that found another one at work, and were sent away.
    pub const IN_PROGRESS: &str = "DeliveriesInProgress";
    /// Deliveries whose idempotency key was used before with another payload.
    pub const KEY_REUSED: &str = "KeysReused";
    /// Work whose result could not be kept: a repeated delivery does it again.
    pub const NOT_KEPT: &str = "ResultsNotKept";
}

/// Of the engine of workflows on Redis.
pub mod engine {
    /// Their dimension, as that of functions: the engine's name.
    pub const DIMENSION: &str = super::function::DIMENSION;
    /// Sweeps that came to their end. There is one every minute.
    pub const SWEEPS: &str = "Sweeps";
    /// Dispatches that a sweep sent again, since nobody had claimed them.
    pub const SENT_AGAIN: &str = "WorkSentAgain";
    /// Executions that a sweep moved: by a timer, a deadline, or since a worker died.
    pub const MOVED: &str = "ExecutionsMoved";
    /// Partitions that a sweep had no time for.
    pub const LEFT: &str = "PartitionsLeft";
}

/// Of executions of workflows on Redis, which whoever ends one counts.
pub mod executions {
    /// Their dimension: the workflow's name.
    pub const DIMENSION: &str = "workflow";

    /// Executions that ended well. These four are the names that Step Functions has for its own.
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html>
    pub const SUCCEEDED: &str = "ExecutionsSucceeded";

    /// Executions that failed.
    pub const FAILED: &str = "ExecutionsFailed";

    /// Executions of them that ended with an error of the workflow's `outcomes`. On Step Functions, whose own metrics know no such
    /// thing, a filter on the log of the executions counts them.
    pub const OUTCOMES: &str = "ExecutionOutcomes";

    /// Executions that ran out of time.
    pub const TIMED_OUT: &str = "ExecutionsTimedOut";

    /// Executions that were ended by an operator.
    pub const ABORTED: &str = "ExecutionsAborted";
}

/// Of the forwarder of an outbox.
pub mod forwarder {
    /// Their dimension: the forwarder's name.
    pub const DIMENSION: &str = "function";
    /// Events that the bus took.
    pub const FORWARDED: &str = "EventsForwarded";
    /// Entries that were sent again.
    pub const RETRIED: &str = "EventsRetried";
    /// Events that can never be published and are in the dead-letter queue.
    pub const DEAD: &str = "EventsDead";
    /// Records that an invocation could not finish and gave back to the stream.
    pub const FAILED: &str = "EventsFailed";
    /// From the commit of an event to the answer of the bus that took it, milliseconds.
    pub const LAG: &str = "EventLag";
}
