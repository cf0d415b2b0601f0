//! Queues in memory.

use super::World;
use crate::backend::BoxFuture;
use crate::queue::{Message, Queue, Sender};
use crate::{Error, Uuid};
use std::sync::{Mutex, PoisonError};

/// A message that a handler sent to a queue.
#[derive(Debug, Clone, PartialEq)]
pub struct SentMessage {
    /// What the queue called it: what `send` returned.
    pub id: String,
    /// By what its receiver tells duplicates: the same whenever repeated work sends it again.
    pub event_id: String,
    /// Its message group, in a FIFO queue.
    pub group: Option<String>,
    /// What it carries.
    pub body: serde_json::Value,
}

/// The messages of all queues with their ids, in their order.
#[derive(Default)]
pub(super) struct Sent(Mutex<Vec<(String, Message)>>);

impl Sender for Sent {
    fn send(&self, message: Message) -> BoxFuture<'_, Result<String, Error>> {
        let id = Uuid::new_v4().to_string();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((id.clone(), message));
        Box::pin(async { Ok(id) })
    }
}

impl World {
    /// Makes an empty queue: sets its environment variable.
    #[must_use]
    pub fn queue<Q: Queue>(self) -> Self {
        self.env(Q::ENV, Q::ENV)
    }

    /// The messages that were sent to a queue, in their order.
    pub fn sent<Q: Queue>(&self) -> Vec<SentMessage> {
        let sent = self.queues.0.lock().unwrap_or_else(PoisonError::into_inner);
        let here = sent.iter().filter(|(_, message)| message.url == Q::ENV);
        here.map(|(id, message)| SentMessage {
            id: id.clone(),
            event_id: message.event_id.clone().unwrap_or_default(),
            group: message.group.clone(),
            body: serde_json::from_str(&message.body).unwrap_or_default(),
        })
        .collect()
    }
}
