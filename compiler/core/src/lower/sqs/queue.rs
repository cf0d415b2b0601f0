//! SQS queues, who may send to them, and the functions that work them off.

#![warn(clippy::wildcard_enum_match_arm, reason = "a kind of anything that is forgotten here must not compile")]

use crate::model::{DeadLetterSource, Destination, Function, Id, Queue};
use crate::plan::builder::{self, Builder, Messages};
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
        let made =
            builder::Queue { visibility, retention_seconds: queue.retention.seconds, receives: queue.receives, dead };
        b.queue(&logical, made, fifo(queue), &origin, span);
        b.show_queue(&queue.head.name, &logical);
        b.watch_queue(&logical, &origin, (&queue.visibility, queue.retention), span);
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
    let concurrency = b.model.queue_concurrency(queue);
    let concurrency = b.optional(&id, "Concurrency", &concurrency, |most| Value::count(*most));
    let messages = Messages {
        queue: &id,
        function: &ids::function(&b.model.functions[function.value]),
        batch_size: queue.batch_size,
        batch_window: queue.batch_window.seconds,
        concurrency,
    };
    b.messages(&messages, &format!("messages of queue `{}`", queue.head.name), function.span);
}
