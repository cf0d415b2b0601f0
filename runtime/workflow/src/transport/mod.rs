//! How word of a piece of work gets to the worker that does it.
//!
//! | transport | for | word goes |
//! | --- | --- | --- |
//! | [`sqs`] | functions on AWS | to the task queue of the function |
//! | [`eventbridge`] | functions on AWS | to a bus, whose rules bring it to the task queues |
//! | [`pull`] | processes | to lists in Redis beside the executions, from which workers take it |
//! | [`memory`] | tests | to a list in memory |
//!
//! What a transport carries are hints. If it loses one, the record in Redis becomes due and the sweep sends it again; if it brings one
//! twice, the claim of the second finds the work claimed or done.

#[cfg(feature = "engine")]
pub mod eventbridge;
#[cfg(any(test, feature = "testing"))]
pub mod memory;
pub mod pull;
#[cfg(feature = "engine")]
pub mod sqs;

use super::TaskRef;
use crate::Error;
#[cfg(feature = "engine")]
use crate::{Kind, hash, publish::pause, queue::Answers, workflow::store::Answer};

/// Word of a piece of work, and how many milliseconds from now it may start.
pub type Dispatch = (TaskRef, u64);

/// What sending comes to.
pub type Sending<'a> = std::pin::Pin<Box<dyn Future<Output = Sent> + Send + 'a>>;

/// Carries word to workers.
pub trait Transport: Send + Sync {
    /// Sends word of these pieces of work.
    fn send<'a>(&'a self, dispatches: &'a [Dispatch]) -> Sending<'a>;
}

/// What came of sending.
#[derive(Debug, Default)]
pub struct Sent {
    /// What the transport has taken. What it has not, because of an error or because it waits longer than the transport can keep it,
    /// the sweep sends when it is due.
    pub taken: Vec<TaskRef>,
    /// Why something was not taken that should have been.
    pub error: Option<Error>,
}

/// Attempts to send one word.
#[cfg(feature = "engine")]
const ATTEMPTS: u32 = 4;

/// Sends word with `call`, which answers how each fared, and again what may yet be taken.
#[cfg(feature = "engine")]
async fn persist<'a, T: Clone + Sync>(
    mut left: Vec<(&TaskRef, T)>,
    call: impl Fn(Vec<T>) -> Answer<'a, Answers> + Sync,
) -> Sent {
    let mut sent = Sent::default();
    let mut attempt = 0;
    while !left.is_empty() {
        let answers = match call(left.iter().map(|(_, word)| word.clone()).collect()).await {
            Ok(answers) => answers,
            Err(error) => left.iter().map(|_| Err(Error::new(error.kind(), error.message()))).collect(),
        };
        let mut again = Vec::new();
        for ((task, word), answer) in left.into_iter().zip(answers) {
            match answer {
                Ok(()) => sent.taken.push(task.clone()),
                Err(error) if error.kind().is_retryable() && attempt + 1 < ATTEMPTS => again.push((task, word)),
                Err(error) => sent.error = Some(error),
            }
        }
        left = again;
        if !left.is_empty() {
            tokio::time::sleep(pause(attempt, hash::random())).await;
            attempt += 1;
        }
    }
    sent
}

impl Sent {
    #[cfg(feature = "engine")]
    fn add(&mut self, mut other: Self) {
        self.taken.append(&mut other.taken);
        self.error = other.error.or(self.error.take());
    }

    #[cfg(feature = "engine")]
    fn fail(&mut self, kind: Kind, message: String) {
        self.error = Some(Error::new(kind, message));
    }
}
