//! Transports of functions on AWS, beside those of `evc-workflow`: word of work goes by queues or by a bus.

pub(crate) mod eventbridge;
pub(crate) mod sqs;

pub use evc_workflow::transport::*;

use super::TaskRef;
use super::store::Answer;
use crate::publish::pause;
use crate::queue::Answers;
use crate::{Error, hash};

/// Attempts to send one word.
const ATTEMPTS: u32 = 4;

/// Sends word with `call`, which answers how each fared, and again what may yet be taken.
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

/// Adds what came of more.
fn add(sent: &mut Sent, mut more: Sent) {
    sent.taken.append(&mut more.taken);
    sent.error = more.error.or(sent.error.take());
}
