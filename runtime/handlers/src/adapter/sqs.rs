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

use super::batch::{self, Batch, Message};
use super::{Failure, Incoming, Source, eventbridge, rejected};
use crate::{Error, Payload, payload};
use std::collections::BTreeSet;

pub(super) async fn handle(
    text: &str,
    time_left: impl Fn() -> bool,
    answered: &dyn Fn(&Failure),
    deliver: impl AsyncFn(Incoming<'_>) -> Result<String, Failure>,
) -> Result<String, Failure> {
    let batch: Batch = rejected(payload::decode(text))?;
    let mut failed = Vec::new();
    let mut stopped_groups = BTreeSet::new();
    for message in &batch.messages {
        let group = message.attributes.sequence_number.as_ref().and(message.attributes.message_group_id.as_ref());
        let blocked = group.is_some_and(|group| stopped_groups.contains(group));
        let done = !blocked
            && time_left()
            && match read(message) {
                Ok(incoming) => deliver(incoming).await.inspect_err(answered).is_ok(),
                Err(error) => {
                    tracing::error!(messageId = message.id, error = error.kind().name(), "{error}");
                    answered(&error.into());
                    false
                }
            };
        if !done {
            failed.push(message.id.as_str());
            stopped_groups.extend(group);
        }
    }
    Ok(batch::response(failed)?)
}

fn read(message: &Message) -> Result<Incoming<'_>, Error> {
    let is_event = Source::detect(&message.body, &[Source::EventBridge, Source::Direct])
        .is_ok_and(|source| source == Source::EventBridge);
    let mut incoming = if is_event {
        eventbridge::read(&message.body)?
    } else {
        let event_id = message.given.event_id.as_ref().and_then(|attribute| attribute.string_value.clone());
        let key = event_id.unwrap_or_else(|| message.id.clone());
        Incoming { key: Some(key), ..Incoming::bare(Payload::new(message.body.as_str())) }
    };
    incoming.trace = message.attributes.trace.clone().or(incoming.trace);
    Ok(incoming)
}
