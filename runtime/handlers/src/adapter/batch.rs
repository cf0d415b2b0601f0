//! A batch of messages of SQS, and the answer to a batch of whatever source: the identifiers of the records that failed.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>,
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting>

use crate::Error;
use serde::{Deserialize, Serialize};

/// A batch of messages.
#[derive(Deserialize)]
pub(crate) struct Batch {
    #[serde(rename = "Records")]
    pub(crate) messages: Vec<Message>,
}

/// A message of SQS.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Message {
    #[serde(rename = "messageId")]
    pub(crate) id: String,
    pub(crate) body: String,
    #[serde(default)]
    pub(crate) attributes: Attributes,
    /// Those that the sender gave.
    #[serde(default, rename = "messageAttributes")]
    pub(crate) given: MessageAttributes,
}

/// What SQS says of a message.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Attributes {
    /// Only messages of FIFO queues have an order to keep. Standard queues may carry a group for fairness, but no sequence number.
    pub(crate) message_group_id: Option<String>,
    pub(crate) sequence_number: Option<String>,
    #[serde(rename = "AWSTraceHeader")]
    pub(crate) trace: Option<String>,
}

/// The attributes that the sender gave.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessageAttributes {
    pub(crate) event_id: Option<MessageAttribute>,
}

/// One of them; without a text if it is binary.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessageAttribute {
    pub(crate) string_value: Option<String>,
}

/// Handles all messages of a batch at once; reports those that failed.
#[cfg(feature = "engine")]
pub(crate) async fn at_once(
    batch: &Batch,
    handle: impl AsyncFn(&Message) -> Result<(), Error>,
) -> Result<String, Error> {
    let handled = batch.messages.iter().map(async |message| {
        let error = handle(message).await.err()?;
        tracing::error!(messageId = message.id, error = error.kind().name(), "{error}");
        Some(message.id.as_str())
    });
    response(futures_util::future::join_all(handled).await.into_iter().flatten())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response<'a> {
    batch_item_failures: Vec<Item<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    item_identifier: &'a str,
}

/// The response that reports these records, or none.
pub(crate) fn response<'a>(failed: impl IntoIterator<Item = &'a str>) -> Result<String, Error> {
    let batch_item_failures = failed.into_iter().map(|item_identifier| Item { item_identifier }).collect();
    serde_json::to_string(&Response { batch_item_failures }).map_err(Error::other)
}
