//! The operations of SQS.
//!
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html>

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::message::{Message, Outgoing};
use super::{MOST_BYTES, Queue, digest, missing};
use crate::Refusal;
use crate::page::{Paging, page};
use crate::stack::{Resource, whole};
use crate::system::{Caller, System};

/// The most entries of a batch, and the most messages that one call receives.
const MOST_AT_ONCE: u64 = 10;

const PAGING: Paging = Paging {
    limit: "MaxResults",
    token: "NextToken",
    next: "NextToken",
    most: 1_000,
    invalid: "InvalidParameterValue",
};

/// The longest that a call waits for a message, seconds.
const MOST_WAIT_SECONDS: u64 = 20;

/// The longest visibility timeout, seconds.
const MOST_VISIBILITY_SECONDS: u64 = 43_200;

fn text<'b>(body: &'b Value, name: &str) -> Result<&'b str, Refusal> {
    let missing = || Refusal::new("MissingParameter", format!("The request must contain the parameter {name}."));
    body.get(name).and_then(Value::as_str).ok_or_else(missing)
}

fn texts<'b>(body: &'b Value, name: &str) -> Vec<&'b str> {
    body.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

fn map(body: &Value, name: &str) -> Map<String, Value> {
    body.get(name).and_then(Value::as_object).cloned().unwrap_or_default()
}

/// A number that a call may give, within its bounds.
fn number(body: &Value, name: &str, least: u64, most: u64) -> Result<Option<u64>, Refusal> {
    let Some(value) = body.get(name).filter(|value| !value.is_null()) else { return Ok(None) };
    let number = whole(value).filter(|number| (least..=most).contains(number));
    let wrong = || {
        let message = format!(
            "Value {value} for parameter {name} is invalid. Reason: Must be >= {least} and <= {most}, if provided."
        );
        Refusal::new("InvalidParameterValue", message)
    };
    number.map(Some).ok_or_else(wrong)
}

/// A message as a call sends it.
fn outgoing(caller: &Caller, body: &Value) -> Result<Outgoing, Refusal> {
    let said = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    Ok(Outgoing {
        body: text(body, "MessageBody")?.to_owned(),
        attributes: map(body, "MessageAttributes"),
        system_attributes: map(body, "MessageSystemAttributes"),
        group: said("MessageGroupId"),
        deduplication: said("MessageDeduplicationId"),
        delay_seconds: number(body, "DelaySeconds", 0, 900)?,
        cause: caller.cause,
    })
}

/// The entries of a batch, of which each has an id of its own.
fn entries(body: &Value) -> Result<&[Value], Refusal> {
    let entries = body.get("Entries").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if entries.is_empty() {
        return Err(Refusal::new("EmptyBatchRequest", "There should be at least one entry in the request."));
    }
    if entries.len() as u64 > MOST_AT_ONCE {
        let message =
            format!("Maximum number of entries per request are {MOST_AT_ONCE}. You have sent {}.", entries.len());
        return Err(Refusal::new("TooManyEntriesInBatchRequest", message));
    }
    let mut ids = BTreeSet::new();
    for entry in entries {
        let id = text(entry, "Id")?;
        let letters = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
        if id.is_empty() || id.len() > 80 || !id.chars().all(letters) {
            let message = "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.";
            return Err(Refusal::new("InvalidBatchEntryId", message));
        }
        if !ids.insert(id) {
            return Err(Refusal::new("BatchEntryIdsNotDistinct", format!("Id {id} repeated.")));
        }
    }
    Ok(entries)
}

/// What came of each entry of a batch.
fn answers(entries: &[Value], mut each: impl FnMut(&Value) -> Result<Value, Refusal>) -> Value {
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for entry in entries {
        let id = entry.get("Id").cloned().unwrap_or_default();
        match each(entry) {
            Ok(mut answer) => {
                answer["Id"] = id;
                done.push(answer);
            }
            Err(refusal) => {
                failed.push(json!({ "Id": id, "SenderFault": true, "Code": refusal.code, "Message": refusal.message }));
            }
        }
    }
    json!({ "Successful": done, "Failed": failed })
}

impl System {
    /// Makes a queue by hand, beside those of the stacks: who tries things out has somewhere to send them. One of the same name is the same.
    fn create_queue(&mut self, body: &Value) -> Result<Value, Refusal> {
        let name = text(body, "QueueName")?.to_owned();
        let (arn, account) = (self.queue_arn(&name), self.names().account.to_owned());
        let endpoint = self.stacks.first().map(|stack| stack.place.endpoint.clone()).unwrap_or_default();
        let url = format!("{endpoint}/{account}/{name}");
        let resource = Resource {
            type_: "AWS::SQS::Queue".to_owned(),
            properties: Value::Object(map(body, "Attributes")),
            name: name.clone(),
            reference: url.clone(),
            arn: arn.clone(),
            binary: None,
            address: name,
            place: String::new(),
        };
        if let Some(policy) = resource.text("/Policy") {
            self.authority.resources.put(&arn, policy);
        }
        self.queues.by_arn.entry(arn).or_insert_with(|| Queue::of(&resource));
        Ok(json!({ "QueueUrl": url }))
    }

    /// A call of SQS.
    pub(crate) fn sqs(&mut self, caller: &Caller, operation: &str, body: &Value) -> Result<Value, Refusal> {
        match operation {
            "CreateQueue" => return self.create_queue(body),
            "ListQueues" => return self.list_queues(body),
            "GetQueueUrl" => {
                let name = text(body, "QueueName")?;
                let queue = self.queues.by_arn.values().find(|queue| queue.name == name).ok_or_else(missing)?;
                return Ok(json!({ "QueueUrl": queue.url }));
            }
            "StartMessageMoveTask" => return self.move_messages(body),
            "DeleteQueue" => {
                let arn = self.queues.at(text(body, "QueueUrl")?)?.arn.clone();
                self.queues.by_arn.shift_remove(&arn);
                return Ok(json!({}));
            }
            _ => {}
        }
        let now_ms = self.now_ms();
        let queue = self.queues.at(text(body, "QueueUrl")?)?;
        queue.expire(now_ms);
        let arn = queue.arn.clone();
        match operation {
            "SendMessage" => self.send_message(&arn, outgoing(caller, body)?),
            "SendMessageBatch" => {
                let entries = entries(body)?;
                let sizes =
                    entries.iter().filter_map(|entry| outgoing(caller, entry).ok()).map(|message| message.size());
                let size: u64 = sizes.sum();
                if size > MOST_BYTES {
                    let message =
                        format!("Batch requests cannot be longer than {MOST_BYTES} bytes. You have sent {size} bytes.");
                    return Err(Refusal::new("BatchRequestTooLong", message));
                }
                Ok(answers(entries, |entry| self.send_message(&arn, outgoing(caller, entry)?)))
            }
            "ReceiveMessage" => self.receive(&arn, body),
            "DeleteMessage" => {
                self.delete_message(&arn, text(body, "ReceiptHandle")?);
                Ok(json!({}))
            }
            "DeleteMessageBatch" => Ok(answers(entries(body)?, |entry| {
                self.delete_message(&arn, text(entry, "ReceiptHandle")?);
                Ok(json!({}))
            })),
            "ChangeMessageVisibility" => self.change_visibility(&arn, body),
            "ChangeMessageVisibilityBatch" => Ok(answers(entries(body)?, |entry| self.change_visibility(&arn, entry))),
            "GetQueueAttributes" => {
                let names = texts(body, "AttributeNames");
                let mut told = attributes(queue, &names, now_ms);
                let statements = self.authority.resources.written(&arn);
                if !statements.is_empty() && names.iter().any(|name| ["All", "Policy"].contains(name)) {
                    let policy = json!({ "Version": "2012-10-17", "Statement": statements });
                    told["Attributes"]["Policy"] = json!(policy.to_string());
                }
                Ok(told)
            }
            "SetQueueAttributes" => {
                let asked = map(body, "Attributes");
                queue.set(&asked);
                if let Some(policy) = asked.get("Policy").and_then(Value::as_str) {
                    let resources = &mut self.authority.resources;
                    resources.put(&arn, policy);
                }
                self.look_soon(&arn);
                Ok(json!({}))
            }
            "PurgeQueue" => {
                queue.messages.clear();
                Ok(json!({}))
            }
            _ => Err(Refusal::unknown_operation("SQS", operation)),
        }
    }

    fn send_message(&mut self, arn: &str, message: Outgoing) -> Result<Value, Refusal> {
        let digests = [
            ("MD5OfMessageBody", Some(digest::of_body(&message.body))),
            ("MD5OfMessageAttributes", digest::of_attributes(&message.attributes)),
            ("MD5OfMessageSystemAttributes", digest::of_attributes(&message.system_attributes)),
        ];
        let sent = self.put_message(arn, message)?;
        let mut answer = json!({ "MessageId": sent.id });
        for (name, value) in digests.into_iter().chain([("SequenceNumber", sent.number)]) {
            if let Some(value) = value {
                answer[name] = json!(value);
            }
        }
        Ok(answer)
    }

    /// For how long a call waits for a message, seconds: as it says itself, or as the queue says.
    pub(crate) fn polls_for_seconds(&mut self, body: &Value) -> u64 {
        let said = body.get("WaitTimeSeconds").and_then(whole);
        let of_queue =
            || text(body, "QueueUrl").and_then(|url| self.queues.at(url)).map_or(0, |queue| queue.wait_seconds);
        said.unwrap_or_else(of_queue).min(MOST_WAIT_SECONDS)
    }

    /// Answers at once: who polls for long waits outside.
    fn receive(&mut self, arn: &str, body: &Value) -> Result<Value, Refusal> {
        let most = number(body, "MaxNumberOfMessages", 1, MOST_AT_ONCE)?.unwrap_or(1);
        let visibility = number(body, "VisibilityTimeout", 0, MOST_VISIBILITY_SECONDS)?.map(|seconds| seconds * 1_000);
        // `AttributeNames` is the older name.
        let of_queue = [texts(body, "MessageSystemAttributeNames"), texts(body, "AttributeNames")].concat();
        let own = texts(body, "MessageAttributeNames");
        let fifo = self.queues.by_arn.get(arn).is_some_and(|queue| queue.fifo);
        let taken = self.take_messages(arn, usize::try_from(most).unwrap_or(1), visibility);
        if taken.is_empty() {
            return Ok(json!({}));
        }
        let messages: Vec<Value> = taken.iter().map(|message| received(message, fifo, &of_queue, &own)).collect();
        Ok(json!({ "Messages": messages }))
    }

    fn change_visibility(&mut self, arn: &str, body: &Value) -> Result<Value, Refusal> {
        let receipt = text(body, "ReceiptHandle")?;
        let seconds = number(body, "VisibilityTimeout", 0, MOST_VISIBILITY_SECONDS)?;
        let seconds = seconds.ok_or_else(|| {
            Refusal::new("MissingParameter", "The request must contain the parameter VisibilityTimeout.")
        })?;
        let now_ms = self.now_ms();
        let queue = self.queues.by_arn.get_mut(arn).ok_or_else(missing)?;
        let message = queue.received_as(receipt).and_then(|number| queue.messages.get_mut(&number));
        let invalid = || Refusal::new("ReceiptHandleIsInvalid", "The input receipt handle is invalid.");
        let message = message.ok_or_else(invalid)?;
        if !message.in_flight(now_ms) {
            return Err(Refusal::new("MessageNotInflight", "The message referred to isn't in flight."));
        }
        message.visible_ms = now_ms + seconds * 1_000;
        self.look_soon(arn);
        Ok(json!({}))
    }

    fn list_queues(&self, body: &Value) -> Result<Value, Refusal> {
        let prefix = body.get("QueueNamePrefix").and_then(Value::as_str).unwrap_or_default();
        let queues = self.queues.by_arn.values().filter(|queue| queue.name.starts_with(prefix));
        page(body, PAGING, "QueueUrls", queues.map(|queue| json!(queue.url)).collect())
    }

    /// Sends what is in a dead-letter queue once more, to where it came from or to another queue: as new messages, at once.
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html>
    fn move_messages(&mut self, body: &Value) -> Result<Value, Refusal> {
        let source = text(body, "SourceArn")?;
        let destination = body.get("DestinationArn").and_then(Value::as_str);
        let unknown = || {
            Refusal::new(
                "ResourceNotFoundException",
                "The resource that you specified for the SourceArn parameter doesn't exist.",
            )
        };
        if !self
            .queues
            .by_arn
            .values()
            .any(|queue| queue.redrive.as_ref().is_some_and(|redrive| redrive.target == source))
        {
            let message = "Source queue must be configured as a Dead Letter Queue.";
            return Err(if self.queues.by_arn.contains_key(source) {
                Refusal::new("InvalidParameterValue", message)
            } else {
                unknown()
            });
        }
        if let Some(to) = destination
            && !self.queues.by_arn.contains_key(to)
        {
            return Err(missing());
        }
        let now_ms = self.now_ms();
        let queue = self.queues.by_arn.get_mut(source).ok_or_else(unknown)?;
        queue.expire(now_ms);
        let numbers = queue.visible(now_ms);
        let messages: Vec<Message> = numbers.iter().filter_map(|number| queue.messages.get(number).cloned()).collect();
        for message in messages {
            // What was not moved there by a queue has nowhere to go back to.
            let Some(to) = destination.map(str::to_owned).or_else(|| message.moved_from.clone()) else { continue };
            let outgoing = Outgoing {
                body: message.body,
                attributes: message.attributes,
                system_attributes: message.system_attributes,
                group: message.group,
                // It is no copy of what was sent before.
                deduplication: message.deduplication.map(|_| message.id),
                delay_seconds: None,
                cause: Some(message.hop),
            };
            self.put_message(&to, outgoing)?;
            if let Some(queue) = self.queues.by_arn.get_mut(source) {
                queue.messages.remove(&message.number);
            }
        }
        Ok(json!({ "TaskHandle": self.new_id().to_string() }))
    }
}

/// A message as it is received.
fn received(message: &Message, fifo: bool, of_queue: &[&str], own: &[&str]) -> Value {
    let is_wanted = |name: &str| {
        own.iter().any(|wanted| match wanted.strip_suffix(".*") {
            Some(prefix) => prefix.is_empty() || name.starts_with(prefix),
            None => *wanted == "All" || *wanted == name,
        })
    };
    let mut said = message.of_queue(fifo);
    said.retain(|name, _| of_queue.iter().any(|wanted| *wanted == "All" || wanted == name));
    let mut attributes = message.attributes.clone();
    attributes.retain(|name, _| is_wanted(name));
    let mut answer = json!({
        "MessageId": message.id,
        "ReceiptHandle": message.receipt,
        "MD5OfBody": message.digest(),
        "Body": message.body,
    });
    if !said.is_empty() {
        answer["Attributes"] = Value::Object(said);
    }
    if let Some(digest) = digest::of_attributes(&attributes) {
        answer["MD5OfMessageAttributes"] = json!(digest);
        answer["MessageAttributes"] = Value::Object(attributes);
    }
    answer
}

/// What a queue says of itself.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html>
fn attributes(queue: &Queue, names: &[&str], now_ms: u64) -> Value {
    let count =
        |is_it: &dyn Fn(&Message) -> bool| queue.messages.values().filter(|message| is_it(message)).count().to_string();
    let seconds = |ms: u64| (ms / 1_000).to_string();
    let mut all = vec![
        ("ApproximateNumberOfMessages", count(&|it| it.visible_ms <= now_ms)),
        ("ApproximateNumberOfMessagesNotVisible", count(&|it| it.in_flight(now_ms))),
        ("ApproximateNumberOfMessagesDelayed", count(&|it| it.receipt.is_none() && it.visible_ms > now_ms)),
        ("VisibilityTimeout", seconds(queue.visibility_ms)),
        ("DelaySeconds", seconds(queue.delay_ms)),
        ("MessageRetentionPeriod", seconds(queue.retention_ms)),
        ("ReceiveMessageWaitTimeSeconds", queue.wait_seconds.to_string()),
        ("MaximumMessageSize", queue.most_bytes.to_string()),
        ("QueueArn", queue.arn.clone()),
    ];
    if queue.fifo {
        all.push(("FifoQueue", "true".to_owned()));
        all.push(("ContentBasedDeduplication", queue.by_content.to_string()));
    }
    if let Some(redrive) = &queue.redrive {
        let policy = json!({ "deadLetterTargetArn": redrive.target, "maxReceiveCount": redrive.most });
        all.push(("RedrivePolicy", policy.to_string()));
    }
    all.retain(|(name, _)| names.iter().any(|wanted| *wanted == "All" || wanted == name));
    let all: Map<String, Value> = all.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
    if all.is_empty() { json!({}) } else { json!({ "Attributes": all }) }
}
