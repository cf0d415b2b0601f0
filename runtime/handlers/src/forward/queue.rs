//! The dead-letter queue of a forwarder.

use crate::Error;
use crate::backend::Services;
use crate::queue::Message;

/// Where rows go that can never be published.
pub(crate) trait Letters {
    /// Sends one message.
    async fn send(&self, body: String) -> Result<(), Error>;
}

/// An SQS queue.
pub(crate) struct Sqs<'a> {
    /// The client.
    pub(crate) services: &'a Services,
    /// The queue.
    pub(crate) url: String,
}

impl Letters for Sqs<'_> {
    async fn send(&self, body: String) -> Result<(), Error> {
        let letter = Message { url: self.url.clone(), body, event_id: None, group: None, trace: None };
        self.services.queues().await.send(letter).await.map(drop)
    }
}
