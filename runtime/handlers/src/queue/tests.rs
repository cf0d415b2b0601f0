//! What is sent, against queues in memory; and the request that SQS gets.

use super::*;
use crate::testing::World;
use aws_sdk_sqs::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_sqs::config::{BehaviorVersion, ConfigBag, Credentials, Intercept, Region, RuntimeComponents};
use aws_sdk_sqs::error::BoxError;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

struct Jobs;
impl Queue for Jobs {
    type Message = Vec<String>;
    const NAME: &'static str = "jobs";
    const ENV: &'static str = "JOBS_QUEUE_URL";
}
struct Worker;
impl grant::SendTo<Jobs> for Worker {}

fn world() -> World {
    World::new().queue::<Jobs>()
}

async fn send(cx: &Context, text: &str) -> Result<String, Error> {
    cx.send::<Worker, _>(Jobs, &vec![text.to_owned()]).await
}

#[tokio::test]
async fn messages_are_json_and_have_an_id() {
    let world = world();
    let id = send(&world.context("worker"), "a").await.expect("sent");
    let sent = world.sent::<Jobs>();
    assert_eq!((sent[0].id.as_str(), &sent[0].body), (id.as_str(), &json!(["a"])));
    let unset = World::new();
    let error = send(&unset.context("worker"), "a").await.expect_err("no queue");
    assert_eq!(error.kind(), Kind::Configuration);
}

#[tokio::test]
async fn repeated_work_sends_the_same_event_ids() {
    let world = world();
    for _ in 0..2 {
        let cx = world.delivery("worker", "k");
        send(&cx, "a").await.expect("sent");
        send(&cx, "a").await.expect("sent");
    }
    send(&world.delivery("worker", "l"), "a").await.expect("sent");
    let ids: Vec<_> = world.sent::<Jobs>().into_iter().map(|message| message.event_id).collect();
    assert_eq!(ids[..2], ids[2..4]);
    assert!(ids[0] != ids[1] && !ids[..4].contains(&ids[4]), "{ids:?}");
}

#[tokio::test]
async fn the_limit_is_that_of_body_and_attribute() {
    let world = world();
    let cx = world.context("worker");
    // `["…"]`, and the attribute: its name, its type, a UUID.
    let most = SQS_MESSAGE_BYTES - 4 - (7 + 6 + 36);
    send(&cx, &"a".repeat(most)).await.expect("just fits");
    assert_eq!(send(&cx, &"a".repeat(most + 1)).await.expect_err("too large").kind(), Kind::TooLarge);
    assert_eq!(world.sent::<Jobs>().len(), 1);
}

#[tokio::test]
async fn characters_that_sqs_refuses_are_escaped() {
    let world = world();
    send(&world.context("worker"), "\u{fffe}\u{ffff}ü").await.expect("sent");
    assert_eq!(world.sent::<Jobs>()[0].body, json!(["\u{fffe}\u{ffff}ü"]));
    assert_eq!(without_noncharacters("\"\u{fffe}ü\"".to_owned()), "\"\\ufffeü\"");
}

/// Keeps the body of a request and lets nothing out.
#[derive(Debug, Clone, Default)]
struct Wire(Arc<Mutex<Value>>);

impl Intercept for Wire {
    fn name(&self) -> &'static str {
        "wire"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.request().body().bytes().unwrap_or_default();
        *self.0.lock().expect("lock") = serde_json::from_slice(body)?;
        Err("kept".into())
    }
}

#[tokio::test]
async fn sqs_gets_the_attributes() {
    let wire = Wire::default();
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("a", "b", None, None, "test"))
        .interceptor(wire.clone())
        .build();
    let sqs = Sqs { client: Client::from_conf(config) };
    let trace = Some("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1".to_owned());
    let message = Message {
        url: "https://q".to_owned(),
        body: "{}".to_owned(),
        event_id: Some("e-1".to_owned()),
        group: Some("order-1".to_owned()),
        trace,
    };
    let error = sqs.send(message).await.expect_err("kept");
    assert_eq!(error.kind(), Kind::Transient);
    assert_eq!(
        *wire.0.lock().expect("lock"),
        json!({
            "QueueUrl": "https://q",
            "MessageBody": "{}",
            "MessageGroupId": "order-1",
            "MessageDeduplicationId": "e-1",
            "MessageAttributes": { "eventId": { "DataType": "String", "StringValue": "e-1" } },
            "MessageSystemAttributes": {
                "AWSTraceHeader": { "DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1" },
            },
        })
    );
}

#[test]
fn a_group_that_sqs_would_refuse_is_hashed() {
    assert_eq!(group_id("5f1c:é".to_owned()).len(), 32);
    assert_eq!(group_id("order-1".to_owned()), "order-1");
    assert_eq!(group_id("x".repeat(129)).len(), 32);
    assert_eq!(group_id(String::new()).len(), 32);
}
