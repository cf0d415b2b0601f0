//! A batch of SQS messages, one after the other. Failed ones are reported and come back; the others are deleted.
//!
//! In a FIFO queue nothing of a message group is handled after the first failure of that group, so that its order holds.
//! <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>
//!
//! The idempotency key of an event is the event's id. That of any other message is its attribute `eventId`, which the runtime gives
//! to what functions send: it is the same when repeated work sends the message again, and when the message comes back from the
//! dead-letter queue, which gives it another message id
//! (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html>).
//! Messages without it have their message id.

use super::{Failure, Incoming, Source, batch, eventbridge, rejected};
use crate::{Error, Payload, payload};
use serde::Deserialize;
use std::collections::BTreeSet;

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    message_id: String,
    body: String,
    #[serde(default)]
    attributes: Attributes,
    #[serde(default)]
    message_attributes: MessageAttributes,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct Attributes {
    /// Only messages of FIFO queues have an order to keep. Standard queues may carry a group for fairness, but no sequence number.
    message_group_id: Option<String>,
    sequence_number: Option<String>,
    #[serde(rename = "AWSTraceHeader")]
    trace: Option<String>,
}

/// The attributes that the sender gave.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct MessageAttributes {
    event_id: Option<MessageAttribute>,
}

/// One of them; without a text if it is binary.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MessageAttribute {
    string_value: Option<String>,
}

pub(super) async fn handle(
    text: &str,
    time_left: impl Fn() -> bool,
    deliver: impl AsyncFn(Incoming<'_>) -> Result<String, Failure>,
) -> Result<String, Failure> {
    let event: Event = rejected(payload::decode(text))?;
    let mut failed = Vec::new();
    let mut stopped_groups = BTreeSet::new();
    for record in &event.records {
        let group = record.attributes.sequence_number.as_ref().and(record.attributes.message_group_id.as_ref());
        let blocked = group.is_some_and(|group| stopped_groups.contains(group));
        let done = !blocked
            && time_left()
            && match read(record) {
                Ok(incoming) => deliver(incoming).await.is_ok(),
                Err(error) => {
                    tracing::error!(messageId = record.message_id, error = error.kind().name(), "{error}");
                    false
                }
            };
        if !done {
            failed.push(record.message_id.as_str());
            stopped_groups.extend(group);
        }
    }
    Ok(batch::response(failed)?)
}

fn read(record: &Record) -> Result<Incoming<'_>, Error> {
    let is_event = Source::detect(&record.body, &[Source::EventBridge, Source::Direct])
        .is_ok_and(|source| source == Source::EventBridge);
    let mut incoming = if is_event {
        eventbridge::read(&record.body)?
    } else {
        let event_id = record.message_attributes.event_id.as_ref().and_then(|attribute| attribute.string_value.clone());
        let key = event_id.unwrap_or_else(|| record.message_id.clone());
        Incoming { key: Some(key), ..Incoming::bare(Payload::new(record.body.as_str())) }
    };
    incoming.trace = record.attributes.trace.clone().or(incoming.trace);
    Ok(incoming)
}
