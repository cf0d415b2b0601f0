//! SNS: topics, and what subscribes to them. Nothing of evc's own is a topic; specs have them among their raw resources.
//!
//! <https://docs.aws.amazon.com/sns/latest/dg/welcome.html>

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Value, json};

use crate::Refusal;
use crate::iam::Principal;
use crate::page::{Paging, page};
use crate::query::entries;
use crate::stack::Stack;
use crate::system::{Caller, System};
use crate::trace::{HopId, Kind, New};

/// What policies call the service.
const SERVICE: &str = "sns.amazonaws.com";

/// The longest message, bytes.
/// <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>
const MESSAGE_BYTES: usize = 262_144;

/// <https://docs.aws.amazon.com/sns/latest/api/API_ListTopics.html>
const PAGING: Paging =
    Paging { limit: "MaxItems", token: "NextToken", next: "NextToken", most: 100, invalid: "InvalidParameter" };

#[derive(Debug, Clone)]
struct Subscription {
    arn: String,
    topic: String,
    protocol: String,
    endpoint: String,
    raw: bool,
    dead_letters: Option<String>,
}

/// The topics of all stacks.
#[derive(Debug, Default)]
pub struct Topics {
    /// Addresses by ARN.
    by_arn: IndexMap<String, String>,
    subscriptions: Vec<Subscription>,
}

impl Topics {
    /// Those of the stacks.
    pub(crate) fn of(stacks: &[Arc<Stack>]) -> Self {
        let mut topics = Self::default();
        for stack in stacks {
            for (_, it) in stack.of_type(&["AWS::SNS::Topic"]) {
                topics.by_arn.insert(it.arn.clone(), it.address.clone());
            }
            for (_, it) in stack.of_type(&["AWS::SNS::Subscription"]) {
                let text = |pointer: &str| it.text(pointer).unwrap_or_default().to_owned();
                let (topic, raw) = (text("/TopicArn"), it.flag("/RawMessageDelivery"));
                let arn = format!("{topic}:{}", it.name);
                topics.subscriptions.push(Subscription {
                    arn,
                    topic,
                    protocol: text("/Protocol"),
                    endpoint: text("/Endpoint"),
                    raw,
                    dead_letters: it.text("/RedrivePolicy/deadLetterTargetArn").map(str::to_owned),
                });
            }
        }
        topics
    }
}

impl System {
    /// An operation of SNS: its parameters as an object of texts.
    pub(crate) fn sns(&mut self, caller: &Caller, operation: &str, body: &Value) -> Result<Value, Refusal> {
        let text = |field: &str| body.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        match operation {
            "Publish" => {
                let topic = if text("TopicArn").is_empty() { text("TargetArn") } else { text("TopicArn") };
                let subject = Some(text("Subject")).filter(|subject| !subject.is_empty());
                let id = self.publish(&topic, &text("Message"), subject.as_deref(), caller.cause)?;
                Ok(json!({ "MessageId": id }))
            }
            "Subscribe" => {
                let topic = text("TopicArn");
                if !self.topics.by_arn.contains_key(&topic) {
                    return Err(no_topic());
                }
                let arn = format!("{topic}:{}", self.new_id());
                let (protocol, endpoint) = (text("Protocol"), text("Endpoint"));
                let mut own =
                    Subscription { arn: arn.clone(), topic, protocol, endpoint, raw: false, dead_letters: None };
                for (name, value) in entries(body, "Attributes") {
                    own.set(&name, &value)?;
                }
                self.topics.subscriptions.push(own);
                Ok(json!({ "SubscriptionArn": arn }))
            }
            "PublishBatch" => self.publish_batch(caller, body),
            "ListTopics" => {
                let topics = self.topics.by_arn.keys().map(|arn| json!({ "TopicArn": arn }));
                page(body, PAGING, "Topics", topics.collect())
            }
            "ListSubscriptions" | "ListSubscriptionsByTopic" => {
                let topic = Some(text("TopicArn")).filter(|_| operation == "ListSubscriptionsByTopic");
                if topic.as_ref().is_some_and(|topic| !self.topics.by_arn.contains_key(topic)) {
                    return Err(no_topic());
                }
                let wanted =
                    self.topics.subscriptions.iter().filter(|it| topic.as_ref().is_none_or(|topic| it.topic == *topic));
                let account = self.names().account;
                let told = wanted.map(|it| {
                    json!({
                        "SubscriptionArn": it.arn, "Owner": account, "Protocol": it.protocol, "Endpoint": it.endpoint, "TopicArn": it.topic,
                    })
                });
                page(body, PAGING, "Subscriptions", told.collect())
            }
            "GetTopicAttributes" => {
                let topic = text("TopicArn");
                if !self.topics.by_arn.contains_key(&topic) {
                    return Err(no_topic());
                }
                Ok(json!({ "Attributes": { "entry": { "key": "TopicArn", "value": topic } } }))
            }
            "SetSubscriptionAttributes" => {
                let arn = text("SubscriptionArn");
                let gone = || Refusal { status: 404, ..Refusal::new("NotFound", "Subscription does not exist") };
                let own = self.topics.subscriptions.iter_mut().find(|it| it.arn == arn).ok_or_else(gone)?;
                own.set(&text("AttributeName"), &text("AttributeValue"))?;
                Ok(json!({}))
            }
            "Unsubscribe" => {
                let arn = text("SubscriptionArn");
                self.topics.subscriptions.retain(|it| it.arn != arn);
                Ok(json!({}))
            }
            _ => Err(Refusal::unknown_operation("SNS", operation)),
        }
    }
}

impl Subscription {
    /// <https://docs.aws.amazon.com/sns/latest/api/API_SetSubscriptionAttributes.html>
    fn set(&mut self, name: &str, value: &str) -> Result<(), Refusal> {
        match name {
            "RawMessageDelivery" => self.raw = value == "true",
            "RedrivePolicy" => {
                let policy: Option<Value> = serde_json::from_str(value).ok();
                let queue = policy.as_ref().and_then(|it| it.get("deadLetterTargetArn")).and_then(Value::as_str);
                self.dead_letters = queue.map(str::to_owned);
            }
            _ => {
                let message = format!("Invalid parameter: AttributeName: the local system does not know {name}");
                return Err(Refusal::new("InvalidParameter", message));
            }
        }
        Ok(())
    }
}

impl System {
    /// Publishes the messages of a batch, each by itself.
    /// <https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html>
    fn publish_batch(&mut self, caller: &Caller, body: &Value) -> Result<Value, Refusal> {
        let topic = body.get("TopicArn").and_then(Value::as_str).unwrap_or_default();
        let text = |number: usize, name: &str| {
            let field = format!("PublishBatchRequestEntries.member.{number}.{name}");
            body.get(field).and_then(Value::as_str)
        };
        let (mut done, mut failed) = (Vec::new(), Vec::new());
        for number in 1.. {
            let Some(id) = text(number, "Id") else { break };
            match self.publish(
                topic,
                text(number, "Message").unwrap_or_default(),
                text(number, "Subject"),
                caller.cause,
            ) {
                Ok(message) => done.push(json!({ "Id": id, "MessageId": message })),
                Err(refusal) if refusal.code == "NotFound" => return Err(refusal),
                Err(refusal) => {
                    failed.push(
                        json!({ "Id": id, "Code": refusal.code, "Message": refusal.message, "SenderFault": true }),
                    );
                }
            }
        }
        Ok(json!({ "Successful": done, "Failed": failed }))
    }

    /// Publishes a message on a topic: its id.
    pub(crate) fn publish(
        &mut self,
        topic: &str,
        message: &str,
        subject: Option<&str>,
        cause: Option<HopId>,
    ) -> Result<String, Refusal> {
        let Some(address) = self.topics.by_arn.get(topic).cloned() else { return Err(no_topic()) };
        if message.is_empty() || message.len() > MESSAGE_BYTES {
            let why = if message.is_empty() { "Empty message" } else { "Message too long" };
            return Err(Refusal::new("InvalidParameter", format!("Invalid parameter: {why}")));
        }
        let id = self.new_id().to_string();
        let data = serde_json::from_str(message).unwrap_or_else(|_| json!(message));
        let hop = self.note(New::done(cause, Kind::Message, &address, "published", data));
        let mut envelope = json!({
            "Type": "Notification", "MessageId": id, "TopicArn": topic, "Message": message, "Timestamp": self.now(),
        });
        if let Some(subject) = subject {
            envelope["Subject"] = json!(subject);
        }
        for it in self.topics.subscriptions.clone().into_iter().filter(|it| it.topic == topic) {
            let body = match it.protocol.as_str() {
                "sqs" if it.raw => message.to_owned(),
                "sqs" => envelope.to_string(),
                "lambda" => {
                    let record = json!({ "EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": it.arn, "Sns": envelope });
                    json!({ "Records": [record] }).to_string()
                }
                _ => continue,
            };
            let letter = if it.raw { message.to_owned() } else { envelope.to_string() };
            let ordered = topic.rsplit('.').next() == Some("fifo");
            let late_ms = self.lateness(&address, Some(hop), ordered);
            let again_ms = if ordered { None } else { self.again(&address, Some(hop)) };
            for delay_ms in [Some(late_ms), again_ms.map(|ms| late_ms + ms)].into_iter().flatten() {
                let (it, body, letter) = (it.clone(), body.clone(), letter.clone());
                self.after(delay_ms, move |system| system.notify(&it, body, &letter, hop));
            }
        }
        Ok(id)
    }

    /// Gives a message to who has subscribed, or to the dead-letter queue of the subscription, as the `letter` that it is there. What SNS
    /// retries for hours, nobody here waits for: what fails here is not mended by trying again.
    fn notify(&mut self, to: &Subscription, body: String, letter: &str, cause: HopId) {
        let who = Principal::of(SERVICE, None, &to.topic);
        let Err(refusal) = self.deliver_to(&who, &to.endpoint, body, None, Some(cause)) else { return };
        if let Some(queue) = &to.dead_letters {
            let why = format!("{}: {refusal}", to.endpoint);
            self.keep_dead_letter(&who, queue, letter, &[], Some(cause), &why);
        }
    }
}

fn no_topic() -> Refusal {
    Refusal { status: 404, ..Refusal::new("NotFound", "Topic does not exist") }
}
