//! Sending to queues of the spec.
//!
//! | part of a message | holds |
//! | --- | --- |
//! | body | the message as JSON |
//! | attribute `eventId` | the same id whenever repeated work sends it again: the idempotency key of who receives it |
//! | group and deduplication id, in a FIFO queue | what it belongs to, and the same id |
//! | system attribute `AWSTraceHeader` | the X-Ray header of the invocation that sent it |

use crate::backend::BoxFuture;
use crate::limits::SQS_MESSAGE_BYTES;
use crate::{Context, Error, Kind, grant, hash};
use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
#[cfg(feature = "engine")]
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use aws_sdk_sqs::types::{MessageAttributeValue, MessageSystemAttributeNameForSends, MessageSystemAttributeValue};
use evc_interface::event::EVENT_ID;
use serde::Serialize;

/// The data type of attributes.
const STRING: &str = "String";

/// A queue of the spec.
pub trait Queue {
    /// What its messages carry.
    type Message: Serialize;
    /// Its name in the spec.
    const NAME: &'static str;
    /// The environment variable with its URL.
    const ENV: &'static str;

    /// What a message of a FIFO queue belongs to: messages of one group are handled in the order they were sent. `None` for
    /// standard queues.
    fn group(_message: &Self::Message) -> Option<String> {
        None
    }
}

/// One call of `SendMessage`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) url: String,
    pub(crate) body: String,
    pub(crate) event_id: Option<String>,
    /// The message group, in a FIFO queue.
    pub(crate) group: Option<String>,
    pub(crate) trace: Option<String>,
}

impl Message {
    /// Its size as SQS counts it: body, and name, type and value of the attribute. System attributes are free.
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
    fn size(&self) -> usize {
        let attribute = self.event_id.as_ref().map_or(0, |id| EVENT_ID.len() + STRING.len() + id.len());
        self.body.len() + attribute
    }
}

/// A message that a queue keeps back for a while.
#[cfg(feature = "engine")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delayed {
    pub(crate) body: String,
    pub(crate) seconds: i32,
}

/// How each message of a batch fared, in their order.
#[cfg(feature = "engine")]
pub(crate) type Answers = Vec<Result<(), Error>>;

/// Queues: SQS, or memory in tests.
pub(crate) trait Sender: Send + Sync {
    /// Sends one message; returns its id.
    fn send(&self, message: Message) -> BoxFuture<'_, Result<String, Error>>;

    /// Sends up to ten messages; each has its own answer, in their order.
    #[cfg(feature = "engine")]
    fn send_batch<'a>(&'a self, url: &'a str, messages: Vec<Delayed>) -> BoxFuture<'a, Result<Answers, Error>>;
}

/// SQS. What it throttles, the SDK tries again.
pub(crate) struct Sqs {
    client: Client,
}

impl Sqs {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self { client: crate::aws::client!(aws_sdk_sqs, config) }
    }
}

impl Sender for Sqs {
    fn send(&self, message: Message) -> BoxFuture<'_, Result<String, Error>> {
        Box::pin(async move {
            let mut request = self.client.send_message().queue_url(message.url).message_body(message.body);
            if let Some(group) = message.group {
                request = request.message_group_id(group).set_message_deduplication_id(message.event_id.clone());
            }
            if let Some(id) = message.event_id {
                let value = MessageAttributeValue::builder().data_type(STRING).string_value(id).build();
                request = request.message_attributes(EVENT_ID, value.map_err(Error::other)?);
            }
            if let Some(trace) = message.trace {
                let value = MessageSystemAttributeValue::builder().data_type(STRING).string_value(trace).build();
                let name = MessageSystemAttributeNameForSends::AwsTraceHeader;
                request = request.message_system_attributes(name, value.map_err(Error::other)?);
            }
            let sent = request.send().await;
            let output = sent.map_err(|error| crate::aws::failure("sqs:SendMessage", &error))?;
            Ok(output.message_id.unwrap_or_default())
        })
    }

    #[cfg(feature = "engine")]
    fn send_batch<'a>(&'a self, url: &'a str, messages: Vec<Delayed>) -> BoxFuture<'a, Result<Answers, Error>> {
        Box::pin(async move {
            let unknown = || Err(Error::new(Kind::Transient, "`sqs:SendMessageBatch` said nothing of a message"));
            let mut answers: Answers = messages.iter().map(|_| unknown()).collect();
            let entries = messages.into_iter().enumerate().map(|(number, message)| {
                let entry = SendMessageBatchRequestEntry::builder().id(number.to_string()).message_body(message.body);
                entry.delay_seconds(message.seconds).build()
            });
            let entries = entries.collect::<Result<Vec<_>, _>>().map_err(Error::other)?;
            let call = self.client.send_message_batch().queue_url(url).set_entries(Some(entries));
            let sent = call.send().await;
            let output = sent.map_err(|error| crate::aws::failure("sqs:SendMessageBatch", &error))?;
            let taken = output.successful().iter().map(|entry| (entry.id(), Ok(())));
            let refused = output.failed().iter().map(|entry| {
                // A refusal that is not the sender's fault is a hiccup of SQS, whatever its code.
                let kind = if entry.sender_fault() { Kind::Internal } else { Kind::Transient };
                let message = entry.message().unwrap_or_default();
                (
                    entry.id(),
                    Err(Error::new(kind, format!("`sqs:SendMessageBatch` failed: {}: {message}", entry.code()))),
                )
            });
            for (id, answer) in taken.chain(refused) {
                if let Some(place) = id.parse().ok().and_then(|number: usize| answers.get_mut(number)) {
                    *place = answer;
                }
            }
            Ok(answers)
        })
    }
}

impl Context {
    /// Sends a message of function `F`; returns the id that SQS gave it. Generated contexts have a method that calls this.
    ///
    /// [`Kind::TooLarge`] for a message over the limit of SQS, before any call. A message may arrive more than once: also when the
    /// work that sends it is repeated. Both times it has the same idempotency key where it is received, so repeated work should
    /// send the same content: no present time, no random numbers.
    ///
    /// ```
    /// use evc_runtime::{Context, Error, Queue, grant};
    ///
    /// # pub struct Jobs;
    /// # impl Queue for Jobs {
    /// #     type Message = String;
    /// #     const NAME: &'static str = "jobs";
    /// #     const ENV: &'static str = "JOBS_QUEUE_URL";
    /// # }
    /// pub struct AcceptJob;
    /// impl grant::SendTo<Jobs> for AcceptJob {}
    ///
    /// async fn accept(cx: &Context, job: String) -> Result<String, Error> {
    ///     cx.send::<AcceptJob, _>(Jobs, &job).await
    /// }
    /// ```
    ///
    /// To what is not granted, nothing can be sent:
    ///
    /// ```compile_fail,E0277
    /// # use evc_runtime::{Context, Error, Queue};
    /// # pub struct Jobs;
    /// # impl Queue for Jobs {
    /// #     type Message = String;
    /// #     const NAME: &'static str = "jobs";
    /// #     const ENV: &'static str = "JOBS_QUEUE_URL";
    /// # }
    /// pub struct ReadJob;
    ///
    /// async fn read(cx: &Context, job: String) -> Result<String, Error> {
    ///     cx.send::<ReadJob, _>(Jobs, &job).await
    /// }
    /// ```
    pub async fn send<F, Q>(&self, _queue: Q, message: &Q::Message) -> Result<String, Error>
    where
        F: grant::SendTo<Q>,
        Q: Queue,
    {
        let place = self.next_transaction().to_string();
        let mut id = vec!["send", &place, Q::NAME];
        // A key that an API's caller uses for something else makes another message: a FIFO queue would drop one with the same id.
        id.extend(self.delivery().content_of_caller());
        let group = Q::group(message).map(group_id);
        let body = serde_json::to_string(message).map_err(Error::other)?;
        let message = Message {
            url: self.services().settings.require(Q::ENV)?,
            body: without_noncharacters(body),
            event_id: Some(self.stable_id(&id).to_string()),
            group,
            // It may come from the metadata of somebody else's event, and SQS refuses what is no trace header.
            trace: self.delivery().trace.clone().filter(|trace| trace.contains("Root=1-")),
        };
        if message.size() > SQS_MESSAGE_BYTES {
            let message = format!("a message for `{}` is over the limit of {SQS_MESSAGE_BYTES} bytes", Q::NAME);
            return Err(Error::new(Kind::TooLarge, message));
        }
        self.services().queues().await.send(message).await
    }
}

/// A group's id: the group itself if SQS takes it, or its hash.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
fn group_id(group: String) -> String {
    const MAX: usize = 128;
    let fits = (1..=MAX).contains(&group.len()) && group.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { group } else { format!("{:032x}", hash::fnv128(&[&group])) }
}

/// Escapes the two characters that JSON may hold as they are and SQS does not take.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
fn without_noncharacters(json: String) -> String {
    if json.contains(['\u{fffe}', '\u{ffff}']) {
        json.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff")
    } else {
        json
    }
}

#[cfg(test)]
mod tests;
