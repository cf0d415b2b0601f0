//! SNS: topics, and what subscribes to them. Nothing of evc's own is a topic; specs have them among their raw resources.
//!
//! <https://docs.aws.amazon.com/sns/latest/dg/welcome.html>

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::sqs::Outgoing;
use crate::Refusal;
use crate::stack::Stack;
use crate::system::{Caller, System};
use crate::trace::{HopId, Kind, New};

/// The longest message, bytes.
/// <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>
const MESSAGE_BYTES: usize = 262_144;

#[derive(Debug, Clone)]
struct Subscription {
    arn: String,
    topic: String,
    protocol: String,
    endpoint: String,
    raw: bool,
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
                let message = text("Message");
                let Some(address) = self.topics.by_arn.get(&topic).cloned() else {
                    return Err(Refusal { status: 404, ..Refusal::new("NotFound", "Topic does not exist") });
                };
                if message.is_empty() || message.len() > MESSAGE_BYTES {
                    return Err(Refusal::new(
                        "InvalidParameter",
                        "Invalid parameter: the message is empty or too long",
                    ));
                }
                let id = self.new_id().to_string();
                let data = serde_json::from_str(&message).unwrap_or_else(|_| json!(message));
                let hop = self.note(New::done(caller.cause, Kind::Message, &address, "published", data));
                let mut envelope = json!({
                    "Type": "Notification", "MessageId": id, "TopicArn": topic, "Message": message, "Timestamp": self.now(),
                });
                if !text("Subject").is_empty() {
                    envelope["Subject"] = json!(text("Subject"));
                }
                for it in self.topics.subscriptions.clone().into_iter().filter(|it| it.topic == topic) {
                    let body = if it.raw { message.clone() } else { envelope.to_string() };
                    let record = json!({ "EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": it.arn, "Sns": envelope });
                    let lambda = it.protocol == "lambda";
                    let body = if lambda { json!({ "Records": [record] }).to_string() } else { body };
                    let ordered = topic.rsplit('.').next() == Some("fifo");
                    let late_ms = self.lateness(&address, Some(hop), ordered);
                    let again_ms = if ordered { None } else { self.again(&address, Some(hop)) };
                    for delay_ms in [Some(late_ms), again_ms.map(|ms| late_ms + ms)].into_iter().flatten() {
                        let (protocol, endpoint, body) = (it.protocol.clone(), it.endpoint.clone(), body.clone());
                        self.after(delay_ms, move |system| system.notify(&protocol, &endpoint, body, hop));
                    }
                }
                Ok(json!({ "MessageId": id }))
            }
            "Subscribe" => {
                let topic = text("TopicArn");
                if !self.topics.by_arn.contains_key(&topic) {
                    return Err(Refusal { status: 404, ..Refusal::new("NotFound", "Topic does not exist") });
                }
                let arn = format!("{topic}:{}", self.new_id());
                self.topics.subscriptions.push(Subscription {
                    arn: arn.clone(),
                    topic,
                    protocol: text("Protocol"),
                    endpoint: text("Endpoint"),
                    raw: false,
                });
                Ok(json!({ "SubscriptionArn": arn }))
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

impl System {
    /// Gives a message to who has subscribed. Who cannot be reached gets nothing: what SNS retries for hours, nobody here waits for.
    fn notify(&mut self, protocol: &str, endpoint: &str, body: String, cause: HopId) {
        let cause = Some(cause);
        match protocol {
            "sqs" => {
                let _ = self.send(endpoint, Outgoing { body, cause, ..Outgoing::default() });
            }
            "lambda" => self.invoke_later(endpoint, body, cause),
            _ => {}
        }
    }
}

/// The parameters of a form: names and values.
pub(crate) fn form(body: &str) -> Map<String, Value> {
    let pairs = body.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs
        .map(|(name, value)| (super::apigateway::decoded(name, true), json!(super::apigateway::decoded(value, true))))
        .collect()
}

/// The answer of an operation in AWS's query protocol.
/// <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#response-serialization>
pub(crate) fn xml(operation: &str, answer: &Result<Value, Refusal>) -> String {
    let namespace = "xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"";
    match answer {
        Ok(answer) => {
            let field = |(name, value): (&String, &Value)| {
                format!("<{name}>{}</{name}>", escaped(value.as_str().unwrap_or_default()))
            };
            let fields: String = answer.as_object().into_iter().flatten().map(field).collect();
            format!(
                "<{operation}Response {namespace}><{operation}Result>{fields}</{operation}Result>\
                 <ResponseMetadata><RequestId>local</RequestId></ResponseMetadata></{operation}Response>"
            )
        }
        Err(refusal) => format!(
            "<ErrorResponse {namespace}><Error><Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error><RequestId>local</RequestId></ErrorResponse>",
            escaped(&refusal.code),
            escaped(&refusal.message)
        ),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_and_answers_are_read_and_written() {
        let read = form("Action=Publish&Message=a%20%26+b&Empty=");
        assert_eq!(Value::Object(read), json!({ "Action": "Publish", "Message": "a & b", "Empty": "" }));
        let refused = xml("Publish", &Err(Refusal::new("NotFound", "a < b")));
        assert!(refused.contains("<Code>NotFound</Code><Message>a &lt; b</Message>"), "{refused}");
        assert!(
            xml("Publish", &Ok(json!({ "MessageId": "m" })))
                .contains("<PublishResult><MessageId>m</MessageId></PublishResult>")
        );
    }
}
