//! SQS: queues with their messages. `sqs/` has what the operations of the API say, the messages by themselves, and how Lambda reads queues.
//!
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/welcome.html>

mod api;
mod digest;
mod mapping;
mod message;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use self::mapping::Mapping;
use self::message::Message;
pub(crate) use self::message::Outgoing;
use crate::Refusal;
use crate::iam::Principal;
use crate::stack::{Resource, Stack, whole};
use crate::system::System;
use crate::trace::{HopId, Kind, New, Outcome};

/// The most bytes of a message with its attributes, and of all messages of a batch.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
const MOST_BYTES: u64 = 1_048_576;

/// For how long a FIFO queue knows what it was sent.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagededuplicationid-property.html>
const DEDUPLICATION_MS: u64 = 300_000;

/// The queues of all stacks, and who reads them.
#[derive(Debug)]
pub struct Queues {
    by_arn: IndexMap<String, Queue>,
    mappings: Vec<Mapping>,
}

/// A queue. <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html> has its attributes.
#[expect(clippy::struct_excessive_bools, reason = "three are attributes that SQS has as such")]
#[derive(Debug)]
struct Queue {
    name: String,
    arn: String,
    url: String,
    address: String,
    fifo: bool,
    /// Whether a message without a deduplication id has one of its body.
    by_content: bool,
    /// Whether deduplication ids count within their group alone.
    by_group: bool,
    visibility_ms: u64,
    delay_ms: u64,
    retention_ms: u64,
    wait_seconds: u64,
    most_bytes: u64,
    redrive: Option<Redrive>,
    /// In the order in which they came.
    messages: BTreeMap<u64, Message>,
    last: u64,
    /// What a FIFO queue was sent lately, by deduplication id: until when, the message's id, its number.
    known: BTreeMap<String, (u64, String, u64)>,
    /// Whether its readers look at it at this very time.
    soon: bool,
    /// When its readers look at it next, and the task that makes them.
    wake: Option<(u64, u64)>,
}

/// Where messages go that were received too often.
#[derive(Debug)]
struct Redrive {
    target: String,
    most: u64,
}

impl Queues {
    /// Those of the stacks.
    pub fn of(stacks: &[Arc<Stack>]) -> Self {
        let queues = stacks.iter().flat_map(|stack| stack.of_type(&["AWS::SQS::Queue"]));
        let by_arn = queues.map(|(_, it)| (it.arn.clone(), Queue::of(it))).collect();
        Self { by_arn, mappings: mapping::of(stacks) }
    }

    /// Goes on as other stacks say, with the messages that are there. Gives the queues whose readers are to look at them.
    fn become_these(&mut self, mut others: Self) -> Vec<String> {
        for (arn, queue) in &mut others.by_arn {
            if let Some(old) = self.by_arn.get_mut(arn) {
                queue.messages = std::mem::take(&mut old.messages);
                queue.known = std::mem::take(&mut old.known);
                (queue.last, queue.soon, queue.wake) = (old.last, old.soon, old.wake);
            }
        }
        for mapping in &mut others.mappings {
            mapping.go_on(&self.mappings);
        }
        *self = others;
        self.by_arn.keys().cloned().collect()
    }

    /// A queue by its URL, of which the path counts: its host is another in a container.
    fn at(&mut self, url: &str) -> Result<&mut Queue, Refusal> {
        let path = |url: &str| url.rsplit('/').take(2).map(str::to_owned).collect::<Vec<_>>();
        let wanted = path(url);
        let found = self.by_arn.values_mut().find(|queue| path(&queue.url) == wanted);
        found.ok_or_else(missing)
    }
}

fn missing() -> Refusal {
    Refusal::new("QueueDoesNotExist", "The specified queue does not exist.")
}

impl Queue {
    fn of(resource: &Resource) -> Self {
        let mut queue = Self {
            name: resource.name.clone(),
            arn: resource.arn.clone(),
            url: resource.reference.clone(),
            address: resource.address.clone(),
            fifo: resource.flag("/FifoQueue"),
            by_content: resource.flag("/ContentBasedDeduplication"),
            by_group: resource.text("/DeduplicationScope") == Some("messageGroup"),
            visibility_ms: 30_000,
            delay_ms: 0,
            retention_ms: 345_600_000,
            wait_seconds: 0,
            most_bytes: MOST_BYTES,
            redrive: None,
            messages: BTreeMap::new(),
            last: 0,
            known: BTreeMap::new(),
            soon: false,
            wake: None,
        };
        if let Some(attributes) = resource.properties.as_object() {
            queue.set(attributes);
        }
        queue
    }

    /// Takes over the attributes that can be changed, as CloudFormation and as the API write them.
    fn set(&mut self, attributes: &Map<String, Value>) {
        let number = |name: &str| attributes.get(name).and_then(whole);
        self.visibility_ms = number("VisibilityTimeout").map_or(self.visibility_ms, |seconds| seconds * 1_000);
        self.delay_ms = number("DelaySeconds").map_or(self.delay_ms, |seconds| seconds * 1_000);
        self.retention_ms = number("MessageRetentionPeriod").map_or(self.retention_ms, |seconds| seconds * 1_000);
        self.wait_seconds = number("ReceiveMessageWaitTimeSeconds").unwrap_or(self.wait_seconds);
        self.most_bytes = number("MaximumMessageSize").unwrap_or(self.most_bytes);
        // CloudFormation takes it as a map, or as the text that the API has.
        let Some(policy) = attributes.get("RedrivePolicy") else { return };
        let parsed = policy.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
        let policy = parsed.as_ref().unwrap_or(policy);
        let target = policy.get("deadLetterTargetArn").and_then(Value::as_str);
        let most = policy.get("maxReceiveCount").and_then(whole);
        self.redrive = target.zip(most).map(|(target, most)| Redrive { target: target.to_owned(), most });
    }

    /// Forgets what it has kept for long enough.
    fn expire(&mut self, now_ms: u64) {
        let retention_ms = self.retention_ms;
        self.messages.retain(|_, message| message.kept_since_ms.saturating_add(retention_ms) > now_ms);
        self.known.retain(|_, (until_ms, ..)| *until_ms > now_ms);
    }

    /// The numbers of the messages that may be received now, in order. Of a group of a FIFO queue, none while one before it is in flight.
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html>
    fn visible(&self, now_ms: u64) -> Vec<u64> {
        let mut held: BTreeSet<&str> = BTreeSet::new();
        if self.fifo {
            let in_flight = self.messages.values().filter(|message| message.in_flight(now_ms));
            held.extend(in_flight.filter_map(|message| message.group.as_deref()));
        }
        let mut visible = Vec::new();
        for (number, message) in &self.messages {
            let group = message.group.as_deref().filter(|_| self.fifo);
            if group.is_some_and(|group| held.contains(group)) {
                continue;
            }
            if message.visible_ms <= now_ms {
                visible.push(*number);
            } else {
                held.extend(group);
            }
        }
        visible
    }

    /// The number of the message whose latest receipt this is.
    fn received_as(&self, receipt: &str) -> Option<u64> {
        let is_it = |message: &Message| message.receipt.as_deref() == Some(receipt);
        self.messages.iter().find(|(_, message)| is_it(message)).map(|(number, _)| *number)
    }

    /// What a FIFO queue knows a message by.
    fn deduplication(&self, outgoing: &Outgoing) -> Result<Option<String>, Refusal> {
        if !self.fifo {
            return Ok(None);
        }
        if outgoing.group.is_none() {
            let message = "The request must contain the parameter MessageGroupId.";
            return Err(Refusal::new("MissingParameter", message));
        }
        match &outgoing.deduplication {
            Some(id) => Ok(Some(id.clone())),
            None if self.by_content => {
                let digest = Sha256::digest(outgoing.body.as_bytes());
                Ok(Some(digest.iter().map(|byte| format!("{byte:02x}")).collect()))
            }
            None => {
                let message = "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly";
                Err(Refusal::new("InvalidParameterValue", message))
            }
        }
    }
}

/// A message that a queue has taken: its id, and its number in a FIFO queue.
struct Sent {
    id: String,
    number: Option<String>,
}

impl System {
    /// Goes on with the queues of other stacks.
    pub(crate) fn change_queues(&mut self, queues: Queues) {
        for arn in self.queues.become_these(queues) {
            self.look_soon(&arn);
        }
    }

    /// Sends a message: the id that it has in the queue.
    pub(crate) fn send(&mut self, queue_arn: &str, message: Outgoing) -> Result<String, Refusal> {
        self.put_message(queue_arn, message).map(|sent| sent.id)
    }

    fn put_message(&mut self, arn: &str, outgoing: Outgoing) -> Result<Sent, Refusal> {
        let (now_ms, id) = (self.now_ms(), self.new_id().to_string());
        let queue = self.queues.by_arn.get_mut(arn).ok_or_else(missing)?;
        outgoing.check(queue.most_bytes, queue.fifo)?;
        queue.expire(now_ms);
        let deduplication = queue.deduplication(&outgoing)?;
        let group = outgoing.group.as_deref().filter(|_| queue.by_group).unwrap_or_default();
        let key = deduplication.as_deref().map(|id| format!("{group}\n{id}"));
        if let Some((_, id, number)) = key.as_ref().and_then(|key| queue.known.get(key)) {
            return Ok(Sent { id: id.clone(), number: Some(message::sequence(*number)) });
        }
        let (address, fifo, delay_ms) = (queue.address.clone(), queue.fifo, queue.delay_ms);
        let data = message::shown(&outgoing.body);
        let taken = New::done(outgoing.cause, Kind::Message, &address, "takes a message", data);
        let hop = self.note(taken.known_as(&id));
        let delay_ms = outgoing.delay_seconds.map_or(delay_ms, |seconds| seconds * 1_000);
        // A message of a FIFO queue that is not visible yet holds back its group.
        let delay_ms = delay_ms + self.lateness(&address, Some(hop), fifo);
        let message = Message::new(id.clone(), outgoing, deduplication, hop, now_ms, delay_ms);
        let number = self.keep_message(arn, message);
        if let (Some(key), Some(queue)) = (key, self.queues.by_arn.get_mut(arn)) {
            queue.known.insert(key, (now_ms + DEDUPLICATION_MS, id.clone(), number));
        }
        Ok(Sent { id, number: fifo.then(|| message::sequence(number)) })
    }

    /// Puts a message behind all others: its number.
    fn keep_message(&mut self, arn: &str, mut message: Message) -> u64 {
        let Some(queue) = self.queues.by_arn.get_mut(arn) else { return 0 };
        queue.last += 1;
        let number = queue.last;
        message.number = number;
        queue.messages.insert(number, message);
        self.look_soon(arn);
        number
    }

    /// Keeps what was given up, if whoever gives it up may do that; if not, it is lost, and the trace says so. What is no queue of the stacks
    /// is given it as any target is.
    pub(crate) fn keep_dead_letter(
        &mut self,
        who: &Principal,
        queue_arn: &str,
        body: &str,
        attributes: &[(&str, &str)],
        cause: Option<HopId>,
        why: &str,
    ) {
        let (now_ms, id) = (self.now_ms(), self.new_id().to_string());
        let hop = |thing: &str| New::done(cause, Kind::DeadLetter, thing, why, message::shown(body));
        let Some(queue) = self.queues.by_arn.get(queue_arn) else {
            let hop = self.note(hop(queue_arn));
            if let Err(refusal) = self.deliver_to(who, queue_arn, body.to_owned(), None, Some(hop)) {
                self.note_end(hop, Outcome::Failed(refusal.to_string()));
            }
            return;
        };
        let address = queue.address.clone();
        let hop = self.note(hop(&address));
        if let Err(refusal) = self.may_do(who, "sqs:SendMessage", queue_arn, Some(hop)) {
            return self.note_end(hop, Outcome::Failed(format!("it is lost: {refusal}")));
        }
        let attribute =
            |(name, value): &(&str, &str)| ((*name).to_owned(), json!({ "DataType": "String", "StringValue": value }));
        let attributes: Map<String, Value> = attributes.iter().map(attribute).collect();
        let outgoing = Outgoing { body: body.to_owned(), attributes, ..Outgoing::default() };
        let message = Message::new(id, outgoing, None, hop, now_ms, 0);
        self.keep_message(queue_arn, message);
    }

    /// Receives messages: each is not visible for so long, and has a receipt. What was received too often goes where the queue says.
    fn take_messages(&mut self, arn: &str, most: usize, visibility_ms: Option<u64>) -> Vec<Message> {
        let now_ms = self.now_ms();
        let Some(queue) = self.queues.by_arn.get_mut(arn) else { return Vec::new() };
        queue.expire(now_ms);
        let most_received = queue.redrive.as_ref().map(|redrive| redrive.most);
        let mut taken = Vec::new();
        for number in queue.visible(now_ms) {
            if taken.len() == most {
                break;
            }
            let receipt = self.new_id().to_string();
            let Some(queue) = self.queues.by_arn.get_mut(arn) else { break };
            let Some(message) = queue.messages.get_mut(&number) else { continue };
            if most_received.is_some_and(|most| message.received >= most) {
                self.bury_message(arn, number);
                continue;
            }
            message.receive(receipt, now_ms, visibility_ms.unwrap_or(queue.visibility_ms));
            taken.push(message.clone());
        }
        taken
    }

    /// Moves a message to the dead-letter queue. It keeps its id, and the time since which it is kept, except in a FIFO queue.
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html>
    fn bury_message(&mut self, arn: &str, number: u64) {
        let now_ms = self.now_ms();
        let Some(queue) = self.queues.by_arn.get_mut(arn) else { return };
        let Some(target) = queue.redrive.as_ref().map(|redrive| redrive.target.clone()) else { return };
        let (Some(mut message), fifo) = (queue.messages.remove(&number), queue.fifo) else { return };
        let why = format!("was received {} times from {}", message.received, queue.address);
        let address =
            self.queues.by_arn.get(&target).map_or(target.as_str(), |queue| queue.address.as_str()).to_owned();
        let data = message::shown(&message.body);
        message.hop = self.note(New::done(Some(message.hop), Kind::DeadLetter, &address, why, data));
        message.bury(arn, now_ms, fifo);
        self.keep_message(&target, message);
    }

    /// Takes a message away whose latest receipt this is. An older receipt takes nothing away, and is no error.
    fn delete_message(&mut self, arn: &str, receipt: &str) {
        let Some(queue) = self.queues.by_arn.get_mut(arn) else { return };
        let Some(message) = queue.received_as(receipt).and_then(|number| queue.messages.remove(&number)) else {
            return;
        };
        let (address, fifo) = (queue.address.clone(), queue.fifo);
        if !fifo && !message.returned {
            self.return_message(arn, &address, message);
        }
        // The next of its group may be received now.
        self.look_soon(arn);
    }

    /// Brings a message of a standard queue back that was deleted, if that is a fault of this moment: a server that has a copy did not know.
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues-at-least-once-delivery.html>
    fn return_message(&mut self, arn: &str, address: &str, mut message: Message) {
        let Some(again_ms) = self.again(address, Some(message.hop)) else { return };
        message.visible_ms = self.now_ms() + again_ms;
        message.receipt = None;
        message.returned = true;
        // It was not received in vain: it does not come closer to the dead-letter queue by it.
        message.received = message.received.saturating_sub(1);
        if let Some(queue) = self.queues.by_arn.get_mut(arn) {
            queue.messages.insert(message.number, message);
        }
    }
}

#[cfg(test)]
mod tests;
