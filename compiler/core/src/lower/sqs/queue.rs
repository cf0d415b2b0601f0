//! SQS queues, who may send to them, and the functions that work them off.

#![warn(clippy::wildcard_enum_match_arm, reason = "a kind of anything that is forgotten here must not compile")]

use crate::model::{DeadLetterSource, Destination, Function, Id, Queue};
use crate::plan::Resource;
use crate::plan::builder::Builder;
use crate::plan::dead_letters::DeadLetters;
use crate::plan::ids;
use crate::plan::value::Value;
use crate::source::Spanned;

/// Adds each queue.
pub(crate) fn lower(b: &mut Builder<'_>) {
    for (id, queue) in b.model.queues.iter() {
        let logical = ids::queue(queue);
        let span = queue.head.name_span;
        let origin = format!("queue `{}`", queue.head.name);
        let dead = b.dead_letter(DeadLetters::of(b.model, DeadLetterSource::Queue(id)));
        let visibility = b.setting(&logical, "Visibility", &queue.visibility, |time| Value::seconds(*time));
        let redrive =
            Value::map([("deadLetterTargetArn", Value::arn(&dead)), ("maxReceiveCount", Value::count(queue.receives))]);
        let properties = [
            ("VisibilityTimeout", visibility),
            ("MessageRetentionPeriod", Value::seconds(queue.retention)),
            ("RedrivePolicy", redrive),
            ("SqsManagedSseEnabled", true.into()),
        ];
        b.add(&logical, Resource::new("AWS::SQS::Queue", &origin, span, properties).and(fifo(queue)));
        policy(b, id, queue);
        if let Some(function) = &queue.to {
            mapping(b, queue, function);
        }
    }
}

/// What makes a queue a FIFO queue. Groups do not wait for each other, and the sender's ids tell duplicates.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/high-throughput-fifo.html>
fn fifo(queue: &Queue) -> Vec<(&'static str, Value)> {
    if queue.group.is_none() {
        return Vec::new();
    }
    vec![
        ("FifoQueue", true.into()),
        ("DeduplicationScope", "messageGroup".into()),
        ("FifoThroughputLimit", "perMessageGroupId".into()),
    ]
}

/// Lets the rules that have the queue as a target send to it. A queue has one policy, so all of them are in it.
fn policy(b: &mut Builder<'_>, id: Id<Queue>, queue: &Queue) {
    let model = b.model;
    let rules =
        model.rules.values().filter(|rule| rule.targets.iter().any(|target| target.to == Destination::Queue(id)));
    let sources: Vec<Value> = rules.map(|rule| Value::arn(&ids::rule(rule))).collect();
    if sources.is_empty() {
        return;
    }
    let origin = format!("who may send to queue `{}`", queue.head.name);
    b.admit(&ids::queue(queue), sources, &origin, queue.head.name_span);
}

fn mapping(b: &mut Builder<'_>, queue: &Queue, function: &Spanned<Id<Function>>) {
    let id = ids::queue(queue);
    let properties = [
        ("FunctionName", Value::Ref(ids::function(&b.model.functions[function.value]))),
        ("EventSourceArn", Value::arn(&id)),
        ("BatchSize", Value::count(queue.batch_size)),
        ("FunctionResponseTypes", Value::list(["ReportBatchItemFailures".into()])),
    ];
    let window = queue.batch_window;
    let scaling = |most| Value::map([("MaximumConcurrency", Value::count(most))]);
    let origin = format!("messages of queue `{}`", queue.head.name);
    let resource = Resource::new("AWS::Lambda::EventSourceMapping", origin, function.span, properties)
        .with("MaximumBatchingWindowInSeconds", (window.seconds > 0).then(|| Value::seconds(window)))
        .with("ScalingConfig", queue.concurrency.map(scaling));
    b.add(&ids::of(&id, "mapping"), resource);
}
