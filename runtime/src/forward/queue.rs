//! The dead-letter queue of a forwarder.

use crate::Error;
use crate::aws::{self, classify};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use tokio::sync::OnceCell;

/// Where rows go that can never be published.
pub(crate) trait Letters {
    /// Sends one message.
    async fn send(&self, body: String) -> Result<(), Error>;
}

/// An SQS queue; its client is made when the first letter is sent.
pub(crate) struct Sqs {
    url: String,
    client: OnceCell<Client>,
}

impl Sqs {
    pub(crate) fn new(url: String) -> Self {
        Self { url, client: OnceCell::new() }
    }
}

impl Letters for Sqs {
    async fn send(&self, body: String) -> Result<(), Error> {
        let client = self.client.get_or_init(|| async { Client::new(aws::config().await) }).await;
        client.send_message().queue_url(&self.url).message_body(body).send().await.map(drop).map_err(|error| {
            let service = error.as_service_error();
            classify(
                "sqs:SendMessage",
                service.and_then(ProvideErrorMetadata::code),
                service.and_then(ProvideErrorMetadata::message),
            )
            .because(error.to_string())
        })
    }
}
