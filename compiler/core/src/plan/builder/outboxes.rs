//! What brings the events of an outbox to their bus, be it a function or a pipe.

use super::{Builder, Role, Why};
use crate::model::{Bus, Outbox};
use crate::plan::value::Value;
use crate::plan::{LogicalId, stream};

impl Builder<'_> {
    /// Lets a forwarder read its stream, put events of its sources on the bus, and keep what it cannot.
    pub(crate) fn forward(&mut self, role: &Role, outbox: &Outbox, bus: &Bus, dead: &LogicalId) {
        let span = outbox.head.name_span;
        let stream = stream::of(self.model, outbox);
        let actions = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"];
        self.grant(role, &actions, [stream], Why::new("reads the outbox's stream", span));
        let why = Why::new("reads the outbox's stream; this action cannot be limited to one", span);
        self.grant(role, &["dynamodb:ListStreams"], ["*".into()], why);
        let publishes = outbox.publishes.first().map_or(span, |event| event.span);
        let reason = if outbox.changes.is_some() { "the events of `changes-of`" } else { "`publishes` of the outbox" };
        self.publish(role, bus, &outbox.publishes, Why::new(reason, publishes));
        let why = Why::new("keeps what can never be published", span);
        self.grant(role, &["sqs:SendMessage"], [Value::arn(dead)], why);
    }
}
