//! What others than Lambda want of functions: leave to invoke them, what becomes of invocations nobody waits for, and messages of queues.

use super::Builder;
use crate::plan::value::Value;
use crate::plan::{LogicalId, Resource, ids};
use crate::source::Span;

/// How a function works off a queue.
pub(crate) struct Messages<'a> {
    /// The queue.
    pub(crate) queue: &'a LogicalId,
    /// The function.
    pub(crate) function: &'a LogicalId,
    /// The most messages an invocation gets.
    pub(crate) batch_size: u64,
    /// How long messages are gathered for an invocation, in seconds.
    pub(crate) batch_window: u64,
    /// How many invocations there may be at once.
    pub(crate) concurrency: Option<Value>,
}

impl Builder<'_> {
    /// Lets a service invoke a function for something of it that has an ARN.
    pub(crate) fn permit(
        &mut self,
        id: &LogicalId,
        function: &LogicalId,
        service: &str,
        source: Value,
        origin: &str,
        span: Span,
    ) {
        let properties = [
            ("FunctionName", Value::Ref(function.clone())),
            ("Action", "lambda:InvokeFunction".into()),
            ("Principal", service.into()),
            ("SourceArn", source),
        ];
        self.add(id, Resource::new("AWS::Lambda::Permission", origin, span, properties));
    }

    /// Says how often a function is tried again that nobody waits for, how long in seconds, and where goes what failed.
    pub(crate) fn asynchronous(
        &mut self,
        function: &LogicalId,
        (attempts, max_age_seconds): (u64, u64),
        failed: Option<&LogicalId>,
        origin: String,
        span: Span,
    ) {
        let failed = failed.map(|dead| Value::map([("OnFailure", Value::map([("Destination", Value::arn(dead))]))]));
        let properties = [
            ("FunctionName", Value::Ref(function.clone())),
            ("Qualifier", "$LATEST".into()),
            ("MaximumRetryAttempts", Value::count(attempts)),
            ("MaximumEventAgeInSeconds", Value::count(max_age_seconds)),
        ];
        let resource = Resource::new("AWS::Lambda::EventInvokeConfig", origin, span, properties);
        self.add(&ids::of(function, "async"), resource.with("DestinationConfig", failed));
    }

    /// Brings the messages of a queue to a function.
    pub(crate) fn messages(&mut self, messages: &Messages<'_>, origin: &str, span: Span) {
        let properties = [
            ("FunctionName", Value::Ref(messages.function.clone())),
            ("EventSourceArn", Value::arn(messages.queue)),
            ("BatchSize", Value::count(messages.batch_size)),
            ("FunctionResponseTypes", Value::list(["ReportBatchItemFailures".into()])),
        ];
        let window = messages.batch_window;
        let resource = Resource::new("AWS::Lambda::EventSourceMapping", origin, span, properties)
            .with("MaximumBatchingWindowInSeconds", (window > 0).then(|| Value::count(window)))
            .with("ScalingConfig", messages.concurrency.clone().map(scaling));
        self.add(&ids::of(messages.queue, "mapping"), resource);
    }
}

/// What bounds a mapping. One without a bound has no such property at all.
fn scaling(most: Value) -> Value {
    if let Value::If(condition, most, None) = most {
        return Value::If(condition, Box::new(scaling(*most)), None);
    }
    Value::map([("MaximumConcurrency", most)])
}
