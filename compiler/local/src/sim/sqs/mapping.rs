//! How Lambda reads queues: event source mappings.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html>
//!
//! Nothing polls: a queue's readers look at it when a message comes, when one becomes visible again, and when a batch has ended.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::message::Message;
use crate::iam::Principal;
use crate::pattern::Filters;
use crate::sim::lambda::{Ended, Invoke, Then};
use crate::stack::Stack;
use crate::system::System;
use crate::trace::{HopId, Kind, New, Outcome};

/// The batches that Lambda has under way for a queue at first.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html#sqs-scaling-behavior>
const FIRST_CONCURRENCY: u64 = 5;

/// The messages that one call of SQS gives; a batch without a window is no longer.
const AT_ONCE: u64 = 10;

/// The most bytes of a batch, as an event.
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html#invocation-eventsourcemapping-batching>
const MOST_BYTES: usize = crate::sim::lambda::SYNC_PAYLOAD_BYTES;

/// What the role of the function has to allow.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html#events-sqs-permissions>
const READS: [&str; 3] = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];

/// What hands a queue's messages to a function.
#[derive(Debug)]
pub(super) struct Mapping {
    queue: String,
    function: String,
    batch: u64,
    window_ms: u64,
    concurrency: Option<u64>,
    filters: Result<Filters, String>,
    says_failures: bool,
    in_flight: u64,
    /// Since when messages wait for the window's end.
    since_ms: Option<u64>,
}

/// Those of the stacks that are switched on and read a queue.
pub(super) fn of(stacks: &[Arc<Stack>]) -> Vec<Mapping> {
    let mut mappings = Vec::new();
    for stack in stacks {
        for (_, it) in stack.of_type(&["AWS::Lambda::EventSourceMapping"]) {
            let queue = it.text("/EventSourceArn").filter(|arn| arn.split(':').nth(2) == Some("sqs"));
            let is_off = it.at("/Enabled").is_some() && !it.flag("/Enabled");
            let (Some(queue), Some(function), false) = (queue, it.text("/FunctionName"), is_off) else { continue };
            let window_ms = it.number("/MaximumBatchingWindowInSeconds").unwrap_or(0) * 1_000;
            let batch = it.number("/BatchSize").unwrap_or(10).max(1);
            mappings.push(Mapping {
                queue: queue.to_owned(),
                function: function.to_owned(),
                batch: if window_ms == 0 { batch.min(AT_ONCE) } else { batch },
                window_ms,
                concurrency: it.number("/ScalingConfig/MaximumConcurrency"),
                filters: Filters::of(it.at("/FilterCriteria")),
                says_failures: it.list("/FunctionResponseTypes").contains(&json!("ReportBatchItemFailures")),
                in_flight: 0,
                since_ms: None,
            });
        }
    }
    mappings
}

impl Mapping {
    /// Goes on with what one of these has under way, if it is of the same queue and function.
    pub(super) fn go_on(&mut self, before: &[Self]) {
        if let Some(old) = before.iter().find(|old| old.queue == self.queue && old.function == self.function) {
            (self.in_flight, self.since_ms) = (old.in_flight, old.since_ms);
        }
    }
}

/// A message that a function was given: its id and its receipt.
type Given = (String, String);

impl System {
    /// Makes a queue's readers look at it once everything of this time that is due now has been done, so that what comes at one time is read
    /// at one time.
    pub(super) fn look_soon(&mut self, arn: &str) {
        if !self.queues.mappings.iter().any(|mapping| mapping.queue == arn) {
            return;
        }
        let Some(queue) = self.queues.by_arn.get_mut(arn).filter(|queue| !queue.soon) else { return };
        queue.soon = true;
        let arn = arn.to_owned();
        self.after(0, move |system| {
            if let Some(queue) = system.queues.by_arn.get_mut(&arn) {
                queue.soon = false;
            }
            system.look(&arn);
        });
    }

    fn look(&mut self, arn: &str) {
        for at in 0..self.queues.mappings.len() {
            if self.queues.mappings.get(at).is_some_and(|mapping| mapping.queue == arn) {
                while self.hand_on(at, arn) {}
            }
        }
        self.look_later(arn);
    }

    /// Makes the readers look when the next message becomes visible.
    fn look_later(&mut self, arn: &str) {
        let now_ms = self.now_ms();
        let Some(queue) = self.queues.by_arn.get(arn) else { return };
        let visible = queue.messages.values().map(|message| message.visible_ms).filter(|at_ms| *at_ms > now_ms);
        let windows = self.queues.mappings.iter().filter(|mapping| mapping.queue == arn);
        let windows =
            windows.filter_map(|mapping| Some(mapping.since_ms? + mapping.window_ms)).filter(|at_ms| *at_ms > now_ms);
        let next = visible.chain(windows).min();
        let before = queue.wake;
        if before.map(|(at_ms, _)| at_ms) == next {
            return;
        }
        if let Some((_, task)) = before {
            self.cancel(task);
        }
        let wake = next.map(|at_ms| {
            let arn = arn.to_owned();
            let task = self.at(at_ms, move |system| {
                if let Some(queue) = system.queues.by_arn.get_mut(&arn) {
                    queue.wake = None;
                }
                system.look(&arn);
            });
            (at_ms, task)
        });
        if let Some(queue) = self.queues.by_arn.get_mut(arn) {
            queue.wake = wake;
        }
    }

    /// Hands the next batch to a function. False: there is none, or the function has enough to do.
    fn hand_on(&mut self, at: usize, arn: &str) -> bool {
        let now_ms = self.now_ms();
        let Some(queue) = self.queues.by_arn.get(arn) else { return false };
        let waiting = queue.visible(now_ms).len() as u64;
        let Some(mapping) = self.queues.mappings.get_mut(at) else { return false };
        if waiting == 0 {
            mapping.since_ms = None;
            return false;
        }
        let function = self.functions.find(&mapping.function);
        // Lambda reads no more than the function takes: what is throttled would only be received in vain.
        let environments = function.map_or(FIRST_CONCURRENCY, |function| function.concurrency);
        if mapping.in_flight >= mapping.concurrency.unwrap_or(FIRST_CONCURRENCY).min(environments) {
            return false;
        }
        // Lambda reads with the role of the function.
        if let Some(role) = function.map(|function| function.role.clone()) {
            let reads = READS.map(|action| self.names().ask(action, arn.to_owned()));
            let cause = self.queues.by_arn.get(arn).and_then(|it| it.messages.values().last()).map(|it| it.hop);
            if self.may(&Principal::Role(role), &reads, cause).is_err() {
                return false;
            }
        }
        let Some(mapping) = self.queues.mappings.get_mut(at) else { return false };
        let function = self.functions.find(&mapping.function);
        let since_ms = *mapping.since_ms.get_or_insert(now_ms);
        if waiting < mapping.batch && now_ms < since_ms + mapping.window_ms {
            return false;
        }
        mapping.since_ms = None;
        let (batch, function) =
            (mapping.batch, function.map_or_else(|| mapping.function.clone(), |function| function.arn.clone()));
        let taken = self.take_messages(arn, usize::try_from(batch).unwrap_or(usize::MAX), None);
        self.hand(at, arn, &function, taken);
        true
    }

    /// Gives messages to a function. Those that no filter wants are deleted.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html>
    fn hand(&mut self, at: usize, arn: &str, function: &str, taken: Vec<Message>) {
        let Some(queue) = self.queues.by_arn.get(arn) else { return };
        let (fifo, address) = (queue.fifo, queue.address.clone());
        let (mut records, mut given, mut unwanted) = (Vec::new(), Vec::<Given>::new(), Vec::new());
        let (mut bytes, mut hops) = (0, Vec::new());
        for message in taken {
            let receipt = message.receipt.clone().unwrap_or_default();
            let Some(mapping) = self.queues.mappings.get(at) else { return };
            let record = record(&message, fifo, arn);
            match &mapping.filters {
                Ok(filters) if !filters.want(&filtered(&record, &message.body)) => {
                    unwanted.push(receipt);
                    continue;
                }
                Ok(_) => {}
                Err(why) => {
                    let failed = Outcome::Failed(why.clone());
                    let text = "cannot be handed to a function";
                    self.note(New::done(Some(message.hop), Kind::Batch, &address, text, Value::Null).with(failed));
                    continue;
                }
            }
            let size = record.to_string().len();
            if bytes + size > MOST_BYTES && !records.is_empty() {
                // Too much for one event: it is not received yet, and comes with the next.
                self.give_back(arn, &receipt);
                continue;
            }
            bytes += size;
            hops.push(message.hop);
            given.push((message.id, receipt));
            records.push(record);
        }
        for receipt in unwanted {
            self.delete_message(arn, &receipt);
        }
        let Some(first) = hops.first().copied() else { return };
        let Some(mapping) = self.queues.mappings.get_mut(at) else { return };
        mapping.in_flight += 1;
        let reader = mapping.function.clone();
        let address_of = self.functions.find(function).map_or_else(|| function.to_owned(), |it| it.address.clone());
        let text = format!("{} of its messages to {address_of}", records.len());
        let hop = self.note(New::running(Some(first), Kind::Batch, &address, text, json!({ "messages": hops })));
        let queue = arn.to_owned();
        let then: Then = Box::new(move |system, ended| system.handed(&queue, &reader, &given, hop, &ended));
        let payload = json!({ "Records": records }).to_string();
        self.invoke(Invoke { function: function.to_owned(), payload, cause: Some(hop), waits: true, then });
    }

    /// Makes a message visible as if it had not been received.
    fn give_back(&mut self, arn: &str, receipt: &str) {
        let now_ms = self.now_ms();
        let Some(queue) = self.queues.by_arn.get_mut(arn) else { return };
        if let Some(message) = queue.received_as(receipt).and_then(|number| queue.messages.get_mut(&number)) {
            message.visible_ms = now_ms;
            message.received = message.received.saturating_sub(1);
            message.receipt = None;
        }
    }

    /// What is done is deleted. What is not becomes visible when its time-out is over.
    fn handed(&mut self, arn: &str, reader: &str, given: &[Given], hop: HopId, ended: &Ended) {
        let mut mappings = self.queues.mappings.iter_mut();
        let mapping = mappings.find(|mapping| mapping.queue == arn && mapping.function == reader);
        let says_failures = mapping.is_some_and(|mapping| {
            mapping.in_flight = mapping.in_flight.saturating_sub(1);
            mapping.says_failures
        });
        let (done, outcome) = match ended {
            Ended::Answer(answer) if says_failures => match failures(answer, given) {
                Some(failed) if failed.is_empty() => (given.iter().collect(), Outcome::Done),
                Some(failed) => {
                    let done: Vec<&Given> = given.iter().filter(|(id, _)| !failed.contains(id)).collect();
                    (done, Outcome::Failed(format!("{} of {} messages failed", failed.len(), given.len())))
                }
                None => (
                    Vec::new(),
                    Outcome::Failed("the answer says of no message that it failed, nor that all are done".to_owned()),
                ),
            },
            Ended::Answer(_) => (given.iter().collect(), Outcome::Done),
            Ended::Error { name, message } => (Vec::new(), Outcome::Failed(format!("{name}: {message}"))),
            Ended::Throttled => (Vec::new(), Outcome::Failed("throttled".to_owned())),
        };
        self.note_end(hop, outcome);
        for (_, receipt) in done {
            self.delete_message(arn, receipt);
        }
        self.look_soon(arn);
    }
}

/// The ids of the messages that a function says have failed; `None`: the answer makes the whole batch fail.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting>
pub(super) fn failures(answer: &str, given: &[Given]) -> Option<Vec<String>> {
    let answer: Value = if answer.trim().is_empty() { Value::Null } else { serde_json::from_str(answer).ok()? };
    let items = match answer.get("batchItemFailures") {
        None if answer.is_null() || answer.as_object().is_some_and(Map::is_empty) => return Some(Vec::new()),
        Some(Value::Null) => return Some(Vec::new()),
        Some(Value::Array(items)) => items,
        _ => return None,
    };
    let failed = items.iter().map(|item| {
        let id = item.get("itemIdentifier")?.as_str()?;
        given.iter().any(|(given, _)| given == id).then(|| id.to_owned())
    });
    failed.collect()
}

/// A message as a function is given it.
/// <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-standard-queue-message-event>
fn record(message: &Message, fifo: bool, arn: &str) -> Value {
    let attribute = |(name, value): (&String, &Value)| {
        let mut attribute = Map::new();
        for (key, own) in [("StringValue", "stringValue"), ("BinaryValue", "binaryValue")] {
            if let Some(value) = value.get(key) {
                attribute.insert(own.to_owned(), value.clone());
            }
        }
        attribute.insert("stringListValues".to_owned(), json!([]));
        attribute.insert("binaryListValues".to_owned(), json!([]));
        attribute.insert("dataType".to_owned(), value.get("DataType").cloned().unwrap_or_default());
        (name.clone(), Value::Object(attribute))
    };
    let attributes: Map<String, Value> = message.attributes.iter().map(attribute).collect();
    let mut record = json!({
        "messageId": message.id,
        "receiptHandle": message.receipt,
        "body": message.body,
        "attributes": message.of_queue(fifo),
        "messageAttributes": attributes,
        "md5OfBody": message.digest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": arn.split(':').nth(3),
    });
    if let (Some(digest), Some(record)) = (super::digest::of_attributes(&message.attributes), record.as_object_mut()) {
        record.insert("md5OfMessageAttributes".to_owned(), json!(digest));
    }
    record
}

/// The record as filters see it: a body that is JSON is that.
fn filtered(record: &Value, body: &str) -> Value {
    let mut record = record.clone();
    if let Ok(parsed @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str::<Value>(body) {
        record["body"] = parsed;
    }
    record
}
