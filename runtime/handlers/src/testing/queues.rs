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

/// What was sent to all queues, in its order.
#[derive(Default)]
pub(super) struct Sent {
    /// Single messages with their ids.
    messages: Mutex<Vec<(String, Message)>>,
    /// Batches with the URLs of their queues.
    #[cfg(feature = "engine")]
    batches: Mutex<Vec<(String, Vec<crate::queue::Delayed>)>>,
    /// The numbers of the messages that the next batch refuses, and how.
    #[cfg(feature = "engine")]
    refused: Mutex<Vec<(usize, crate::Kind)>>,
}

impl Sender for Sent {
    fn send(&self, message: Message) -> BoxFuture<'_, Result<String, Error>> {
        let id = Uuid::new_v4().to_string();
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).push((id.clone(), message));
        Box::pin(async { Ok(id) })
    }

    #[cfg(feature = "engine")]
    fn send_batch<'a>(
        &'a self,
        url: &'a str,
        messages: Vec<crate::queue::Delayed>,
    ) -> BoxFuture<'a, Result<crate::queue::Answers, Error>> {
        let refused = std::mem::take(&mut *self.refused.lock().unwrap_or_else(PoisonError::into_inner));
        let answer = |number| {
            let refusal = refused.iter().find(|(refused, _)| *refused == number);
            refusal.map_or(Ok(()), |(_, kind)| Err(Error::new(*kind, "as the test wants it")))
        };
        let answers = (0..messages.len()).map(answer).collect();
        self.batches.lock().unwrap_or_else(PoisonError::into_inner).push((url.to_owned(), messages));
        Box::pin(async { Ok(answers) })
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
        let sent = self.queues.messages.lock().unwrap_or_else(PoisonError::into_inner);
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

#[cfg(all(test, feature = "engine"))]
impl World {
    /// The batches that were sent, with the URLs of their queues.
    pub(crate) fn batches(&self) -> Vec<(String, Vec<crate::queue::Delayed>)> {
        self.queues.batches.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets the next batch refuse the messages with these numbers.
    pub(crate) fn refuse_messages(&self, refused: &[(usize, crate::Kind)]) {
        *self.queues.refused.lock().unwrap_or_else(PoisonError::into_inner) = refused.to_vec();
    }
}
