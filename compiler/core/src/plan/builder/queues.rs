//! What others than SQS want of queues: queues of their own, dead letters, and leave to send.

use super::{Builder, Role, Why};
use crate::plan::dead_letters::DeadLetters;
use crate::plan::value::Value;
use crate::plan::{LogicalId, Resource, ids, policy};
use crate::source::Span;

/// A queue that a function works off.
pub(crate) struct Queue {
    /// How long a message stays hidden while it is worked on.
    pub(crate) visibility: Value,
    /// How long messages wait, in seconds.
    pub(crate) retention_seconds: u64,
    /// How often a message may be received before it is given up.
    pub(crate) receives: u64,
    /// Where it goes then.
    pub(crate) dead: LogicalId,
}

impl Builder<'_> {
    /// Adds a queue, with what makes it one of a kind.
    pub(crate) fn queue(
        &mut self,
        id: &LogicalId,
        queue: Queue,
        more: impl IntoIterator<Item = (&'static str, Value)>,
        origin: &str,
        span: Span,
    ) {
        let redrive = Value::map([
            ("deadLetterTargetArn", Value::arn(&queue.dead)),
            ("maxReceiveCount", Value::count(queue.receives)),
        ]);
        let properties = [
            ("VisibilityTimeout", queue.visibility),
            ("MessageRetentionPeriod", Value::count(queue.retention_seconds)),
            ("RedrivePolicy", redrive),
            ("SqsManagedSseEnabled", true.into()),
        ];
        self.add(id, Resource::new("AWS::SQS::Queue", origin, span, properties).and(more));
    }

    /// Asks for a dead-letter queue, and for the alarm on it. Its id.
    pub(crate) fn dead_letter(&mut self, dead: DeadLetters) -> LogicalId {
        let id = dead.id.clone();
        let at = self.dead_letters.partition_point(|known| known.sender <= dead.sender);
        self.dead_letters.insert(at, dead);
        id
    }

    /// Lets rules, and nothing else, have `EventBridge` send to a queue. A queue has one such policy, so all of its rules are in it.
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html#eb-dlq-perms>
    pub(crate) fn admit(
        &mut self,
        queue: &LogicalId,
        rules: impl IntoIterator<Item = Value>,
        origin: &str,
        span: Span,
    ) {
        let statement = policy::allow(
            policy::services("events.amazonaws.com".into()),
            "sqs:SendMessage".into(),
            Value::arn(queue),
            Some(policy::of_rules(rules)),
        );
        let properties =
            [("Queues", Value::list([Value::Ref(queue.clone())])), ("PolicyDocument", policy::document([statement]))];
        self.add(&ids::of(queue, "policy"), Resource::new("AWS::SQS::QueuePolicy", origin, span, properties));
    }

    /// Lets a role work off a queue.
    pub(crate) fn consume(&mut self, role: &Role, queue: &LogicalId, why: Why) {
        let actions = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"];
        self.grant(role, &actions, [Value::arn(queue)], why);
    }
}
