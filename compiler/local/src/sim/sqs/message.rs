//! Messages: as they are sent, as they are kept, as they are received.

use serde_json::{Map, Value, json};

use super::digest;
use crate::Refusal;
use crate::trace::HopId;

/// The most attributes of a message.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
const MOST_ATTRIBUTES: usize = 10;

/// The longest delay of a message, seconds.
const MOST_DELAY_SECONDS: u64 = 900;

/// A message that is sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outgoing {
    /// Its text.
    pub(crate) body: String,
    /// Its attributes, as the API has them: `{ "DataType": "String", "StringValue": ".." }` by name.
    pub(crate) attributes: Map<String, Value>,
    /// `AWSTraceHeader`, as the API has it.
    pub(crate) system_attributes: Map<String, Value>,
    /// Its group; a FIFO queue takes none without.
    pub(crate) group: Option<String>,
    /// What tells it from others in a FIFO queue.
    pub(crate) deduplication: Option<String>,
    /// How long it is not visible at first; if it does not say, the queue does.
    pub(crate) delay_seconds: Option<u64>,
    /// What it is because of.
    pub(crate) cause: Option<HopId>,
}

impl Outgoing {
    /// How many bytes it counts for: its text, and the names, types and values of its attributes.
    pub(super) fn size(&self) -> u64 {
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map_or(0, str::len);
        let of_attribute = |(name, value): (&String, &Value)| {
            name.len() + text(value, "DataType") + text(value, "StringValue") + text(value, "BinaryValue")
        };
        (self.body.len() + self.attributes.iter().map(of_attribute).sum::<usize>()) as u64
    }

    /// Whether a queue takes it.
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
    pub(super) fn check(&self, most_bytes: u64, fifo: bool) -> Result<(), Refusal> {
        let wrong = |message: String| Err(Refusal::new("InvalidParameterValue", message));
        if self.body.is_empty() {
            return Err(Refusal::new("MissingParameter", "The request must contain the parameter MessageBody."));
        }
        if self.size() > most_bytes {
            return wrong(format!(
                "One or more parameters are invalid. Reason: Message must be shorter than {most_bytes} bytes."
            ));
        }
        if !self.body.chars().all(is_taken) {
            let message = "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF";
            return Err(Refusal::new("InvalidMessageContents", message));
        }
        if self.attributes.len() > MOST_ATTRIBUTES {
            return wrong(format!(
                "Number of message attributes [{}] exceeds the allowed maximum [{MOST_ATTRIBUTES}].",
                self.attributes.len()
            ));
        }
        for (name, attribute) in &self.attributes {
            let type_ = attribute.get("DataType").and_then(Value::as_str).unwrap_or_default();
            let kind = type_.split('.').next().unwrap_or_default();
            let value = if kind == "Binary" { "BinaryValue" } else { "StringValue" };
            if !["String", "Number", "Binary"].contains(&kind) {
                return wrong(format!(
                    "The type of message (user) attribute '{name}' is invalid. You must use only the following supported type prefixes: Binary, Number, String."
                ));
            }
            if attribute.get(value).and_then(Value::as_str).unwrap_or_default().is_empty() {
                return wrong(format!(
                    "The message attribute '{name}' must contain a non-empty value of type '{kind}'."
                ));
            }
        }
        match self.delay_seconds {
            Some(seconds) if fifo && seconds > 0 => {
                return wrong(format!(
                    "Value {seconds} for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type."
                ));
            }
            Some(seconds) if seconds > MOST_DELAY_SECONDS => {
                return wrong(format!(
                    "Value {seconds} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= {MOST_DELAY_SECONDS}."
                ));
            }
            _ => {}
        }
        if !fifo && self.deduplication.is_some() {
            let message = "The request include parameter MessageDeduplicationId which is not valid for this queue type";
            return wrong(message.to_owned());
        }
        Ok(())
    }
}

/// Whether a message may have a character: those of XML 1.0.
fn is_taken(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

/// A message in a queue.
#[derive(Debug, Clone)]
pub(super) struct Message {
    /// Its id.
    pub(super) id: String,
    /// Its number in the queue.
    pub(super) number: u64,
    /// Its text.
    pub(super) body: String,
    /// As in [`Outgoing`].
    pub(super) attributes: Map<String, Value>,
    /// As in [`Outgoing`].
    pub(super) system_attributes: Map<String, Value>,
    /// Its group.
    pub(super) group: Option<String>,
    /// What a FIFO queue knows it by.
    pub(super) deduplication: Option<String>,
    /// When it was sent.
    pub(super) sent_ms: u64,
    /// From when on its retention counts.
    pub(super) kept_since_ms: u64,
    /// From when on it is visible.
    pub(super) visible_ms: u64,
    /// When it was received first.
    pub(super) first_received_ms: Option<u64>,
    /// How often it was received.
    pub(super) received: u64,
    /// The receipt of the latest time.
    pub(super) receipt: Option<String>,
    /// The queue that it was moved from, if it is in a dead-letter queue.
    pub(super) moved_from: Option<String>,
    /// Whether it was deleted once, and came back.
    pub(super) returned: bool,
    /// The hop that it is: what comes of it is because of that.
    pub(super) hop: HopId,
}

impl Message {
    pub(super) fn new(
        id: String,
        outgoing: Outgoing,
        deduplication: Option<String>,
        hop: HopId,
        now_ms: u64,
        delay_ms: u64,
    ) -> Self {
        let Outgoing { body, attributes, system_attributes, group, .. } = outgoing;
        Self {
            id,
            number: 0,
            body,
            attributes,
            system_attributes,
            group,
            deduplication,
            sent_ms: now_ms,
            kept_since_ms: now_ms,
            visible_ms: now_ms.saturating_add(delay_ms),
            first_received_ms: None,
            received: 0,
            receipt: None,
            moved_from: None,
            returned: false,
            hop,
        }
    }

    /// Whether somebody has received it and may still delete it.
    pub(super) fn in_flight(&self, now_ms: u64) -> bool {
        self.receipt.is_some() && self.visible_ms > now_ms
    }

    pub(super) fn receive(&mut self, receipt: String, now_ms: u64, visibility_ms: u64) {
        self.received += 1;
        self.first_received_ms.get_or_insert(now_ms);
        self.receipt = Some(receipt);
        self.visible_ms = now_ms.saturating_add(visibility_ms);
    }

    /// Makes it one that was moved to a dead-letter queue.
    pub(super) fn bury(&mut self, from: &str, now_ms: u64, fifo: bool) {
        self.moved_from = Some(from.to_owned());
        self.receipt = None;
        self.visible_ms = now_ms;
        if fifo {
            self.kept_since_ms = now_ms;
        }
    }

    /// What the queue says of it.
    pub(super) fn of_queue(&self, fifo: bool) -> Map<String, Value> {
        let mut all = Map::new();
        let mut put = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                all.insert(name.to_owned(), json!(value));
            }
        };
        put("ApproximateReceiveCount", Some(self.received.to_string()));
        let trace =
            self.system_attributes.get("AWSTraceHeader").and_then(|it| it.get("StringValue")).and_then(Value::as_str);
        put("AWSTraceHeader", trace.map(str::to_owned));
        put("SentTimestamp", Some(self.sent_ms.to_string()));
        if fifo {
            put("SequenceNumber", Some(sequence(self.number)));
        }
        put("MessageGroupId", self.group.clone());
        put("SenderId", Some("AIDALOCAL".to_owned()));
        put("MessageDeduplicationId", self.deduplication.clone());
        put("ApproximateFirstReceiveTimestamp", self.first_received_ms.map(|ms| ms.to_string()));
        put("DeadLetterQueueSourceArn", self.moved_from.clone());
        all
    }

    /// The digest of its text.
    pub(super) fn digest(&self) -> String {
        digest::of_body(&self.body)
    }
}

/// The number of a message as a FIFO queue writes it: twenty digits.
pub(super) fn sequence(number: u64) -> String {
    format!("{number:020}")
}

/// A text as the trace has it: as JSON, if it is that.
pub(super) fn shown(body: &str) -> Value {
    serde_json::from_str(body).unwrap_or_else(|_| json!(body))
}
