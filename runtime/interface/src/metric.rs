//! The CloudWatch metrics of the runtime, in the namespace that [`crate::environment::METRICS_NAMESPACE`] says.

/// Of executions of workflows on Redis, which whoever ends one counts.
pub mod executions {
    /// Their dimension: the workflow's name.
    pub const DIMENSION: &str = "workflow";

    /// Executions that ended well. These four are the names that Step Functions has for its own.
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html>
    pub const SUCCEEDED: &str = "ExecutionsSucceeded";

    /// Executions that failed.
    pub const FAILED: &str = "ExecutionsFailed";

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
