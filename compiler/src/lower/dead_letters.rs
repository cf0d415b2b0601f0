//! Dead-letter queues: where what could not be delivered or done waits, with its payload.

use super::builder::Builder;
use super::plan::{LogicalId, Resource};
use super::value::Value;
use super::{function, ids, role};
use crate::model::{Deadly, Model};
use crate::source::Span;

/// How long a message waits for somebody to look at it: the longest that SQS keeps one, 14 days in seconds.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
const RETENTION_SECONDS: i64 = 1_209_600;

/// Everything that has a dead-letter queue, in the order of the template.
pub(super) fn all(model: &Model) -> Vec<Deadly> {
    let outboxes = model.outboxes.iter().filter(|(_, outbox)| !outbox.publishes.is_empty());
    let functions = model.functions.iter().filter(|(_, function)| function::is_asynchronous(function));
    let mut all = Vec::new();
    all.extend(outboxes.map(|(id, _)| Deadly::Outbox(id)));
    all.extend(model.queues.ids().map(Deadly::Queue));
    all.extend(functions.map(|(id, _)| Deadly::Function(id)));
    all.extend(model.rules.ids().map(Deadly::Rule));
    all.extend(model.schedules.ids().map(Deadly::Schedule));
    all
}

/// What a dead-letter queue is of, and where that is.
pub(super) fn describe(model: &Model, of: Deadly) -> (String, Span) {
    let (what, head) = match of {
        Deadly::Queue(id) => ("queue", &model.queues[id].head),
        Deadly::Rule(id) => ("rule", &model.rules[id].head),
        Deadly::Outbox(id) => ("outbox", &model.outboxes[id].head),
        Deadly::Function(id) => ("function", &model.functions[id].head),
        Deadly::Schedule(id) => ("schedule", &model.schedules[id].head),
    };
    (format!("{what} `{}`", head.name), head.name_span)
}

/// Adds the queues, and lets rules send to theirs. Functions and schedules send with their own roles.
pub(super) fn lower(b: &mut Builder<'_>) {
    let model = b.model;
    for of in all(model) {
        let (what, span) = describe(model, of);
        let id = add(b, &ids::dead_letters(model, of), &what, span);
        if let Deadly::Rule(rule) = of {
            admit_rule(b, &id, &ids::rule(&model.rules[rule]), &what, span);
        }
    }
}

/// Adds one queue, and returns its id.
pub(super) fn add(b: &mut Builder<'_>, id: &LogicalId, of: &str, span: Span) -> LogicalId {
    let properties =
        [("MessageRetentionPeriod", Value::Integer(RETENTION_SECONDS)), ("SqsManagedSseEnabled", true.into())];
    b.add(id, Resource::new("AWS::SQS::Queue", format!("dead letters of {of}"), span, properties));
    id.clone()
}

/// Lets one rule send to its dead-letter queue.
pub(super) fn admit_rule(b: &mut Builder<'_>, queue: &LogicalId, rule: &LogicalId, of: &str, span: Span) {
    admit(b, queue, vec![Value::arn(rule)], &format!("dead letters of {of}"), span);
}

/// Lets rules, and nothing else, have `EventBridge` send to a queue.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html#eb-dlq-perms>
pub(super) fn admit(b: &mut Builder<'_>, queue: &LogicalId, rules: Vec<Value>, origin: &str, span: Span) {
    let condition = Value::map([("aws:SourceArn", Value::one_or_many(rules))]);
    let statement = [
        ("Effect", "Allow".into()),
        ("Principal", Value::map([("Service", "events.amazonaws.com".into())])),
        ("Action", "sqs:SendMessage".into()),
        ("Resource", Value::arn(queue)),
        ("Condition", Value::map([("ArnEquals", condition)])),
    ];
    let properties = [
        ("Queues", Value::list([Value::Ref(queue.clone())])),
        ("PolicyDocument", role::document([Value::map(statement)])),
    ];
    b.add(&ids::of(queue, "policy"), Resource::new("AWS::SQS::QueuePolicy", origin, span, properties));
}
