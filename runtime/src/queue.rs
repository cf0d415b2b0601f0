//! Sending to queues of the spec.

use crate::backend::BoxFuture;
use crate::limits::SQS_MESSAGE_BYTES;
use crate::{Context, Error, Kind, grant};
use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use serde::Serialize;

/// A queue of the spec.
pub trait Queue {
    /// What its messages carry.
    type Message: Serialize;
    /// Its name in the spec.
    const NAME: &'static str;
    /// The environment variable with its URL.
    const ENV: &'static str;
}

/// Queues: SQS, or memory in tests.
pub(crate) trait Sender: Send + Sync {
    /// Sends one message.
    fn send(&self, url: String, body: String) -> BoxFuture<'_, Result<(), Error>>;
}

/// SQS.
pub(crate) struct Sqs {
    client: Client,
}

impl Sqs {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }
}

impl Sender for Sqs {
    fn send(&self, url: String, body: String) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            self.client.send_message().queue_url(url).message_body(body).send().await.map(drop).map_err(|error| {
                let service = error.as_service_error();
                let code = service.and_then(ProvideErrorMetadata::code);
                let message = service.and_then(ProvideErrorMetadata::message);
                crate::aws::classify("sqs:SendMessage", code, message).because(error.to_string())
            })
        })
    }
}

impl Context {
    /// Sends a message of function `F`. Generated contexts have a method that calls this.
    ///
    /// [`Kind::TooLarge`] for a message over the queue's limit, before any call. A message may arrive more than once.
    pub async fn send<F, Q>(&self, _queue: Q, message: &Q::Message) -> Result<(), Error>
    where
        F: grant::SendTo<Q>,
        Q: Queue,
    {
        let body = serde_json::to_string(message).map_err(Error::other)?;
        if body.len() > SQS_MESSAGE_BYTES {
            let message = format!("a message for `{}` is over the limit of {SQS_MESSAGE_BYTES} bytes", Q::NAME);
            return Err(Error::new(Kind::TooLarge, message));
        }
        let url = self.services().settings.require(Q::ENV)?;
        self.services().queues().await.send(url, body).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;

    struct Jobs;
    impl Queue for Jobs {
        type Message = Vec<String>;
        const NAME: &'static str = "jobs";
        const ENV: &'static str = "JOBS_QUEUE_URL";
    }
    struct Worker;
    impl grant::SendTo<Jobs> for Worker {}

    #[tokio::test]
    async fn messages_are_json_and_bounded() {
        let world = World::new().queue::<Jobs>();
        let cx = world.context("worker");
        cx.send::<Worker, _>(Jobs, &vec!["a".to_owned()]).await.expect("sent");
        assert_eq!(world.sent::<Jobs>(), [serde_json::json!(["a"])]);
        let large = vec!["a".repeat(SQS_MESSAGE_BYTES)];
        assert_eq!(cx.send::<Worker, _>(Jobs, &large).await.expect_err("too large").kind(), Kind::TooLarge);
        let unset = World::new();
        let error = unset.context("worker").send::<Worker, _>(Jobs, &Vec::new()).await.expect_err("no queue");
        assert_eq!(error.kind(), Kind::Configuration);
        assert_eq!(world.sent::<Jobs>().len(), 1);
    }
}
