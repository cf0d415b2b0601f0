//! Word by a queue a function: `SendMessageBatch` to its task queue.

use evc_interface::environment::{ENGINE_QUEUE, WORKFLOW_QUEUES};

use super::{Dispatch, Sending, Sent, Transport, add, persist};
use crate::backend::Services;
use crate::limits::{SQS_BATCH_ENTRIES, SQS_DELAY_SECONDS};
use crate::queue::{Answers, Delayed};
use crate::workflow::TaskRef;
use crate::workflow::message::task_body;
use crate::workflow::store::Answer;
use crate::{Error, Kind};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Task queues of SQS.
pub(crate) struct Sqs {
    services: Arc<Services>,
    urls: BTreeMap<String, String>,
}

impl Sqs {
    /// The queues that `WORKFLOW_QUEUES` names: a JSON object with the URL of each function's queue, and the engine's under `""`.
    pub(crate) fn new(services: Arc<Services>) -> Result<Self, Error> {
        let text = services.settings.require(WORKFLOW_QUEUES)?;
        let urls = serde_json::from_str(&text).map_err(|_| {
            Error::new(
                Kind::Configuration,
                format!("the environment variable `{WORKFLOW_QUEUES}` is not a map of queue URLs"),
            )
        })?;
        Ok(Self { services, urls })
    }

    /// Sends these to the engine's queue, whoever does them.
    pub(super) async fn send_to_engine(&self, dispatches: &[&Dispatch]) -> Sent {
        self.send_each(dispatches.iter().map(|dispatch| (ENGINE_QUEUE, *dispatch))).await
    }

    /// Sends each to the queue of this function.
    async fn send_each<'d>(&self, dispatches: impl Iterator<Item = (&'d str, &'d Dispatch)> + Send) -> Sent {
        let mut sent = Sent::default();
        let mut queues: BTreeMap<&str, Vec<(&TaskRef, Delayed)>> = BTreeMap::new();
        for (function, dispatch) in dispatches {
            match (self.urls.get(function), message(dispatch)) {
                (_, Ok(None)) => {}
                (Some(url), Ok(Some(message))) => queues.entry(url).or_default().push((&dispatch.0, message)),
                (None, Ok(Some(_))) => {
                    let message = format!("`{WORKFLOW_QUEUES}` has no queue for `{function}`");
                    sent.error = Some(Error::new(Kind::Configuration, message));
                }
                (_, Err(error)) => sent.error = Some(error),
            }
        }
        let calls = queues.iter().flat_map(|(url, messages)| {
            let batches = messages.chunks(SQS_BATCH_ENTRIES);
            batches.map(move |batch| persist(batch.to_vec(), |messages| self.call(url, messages)))
        });
        for part in futures_util::future::join_all(calls).await {
            add(&mut sent, part);
        }
        sent
    }

    fn call<'a>(&'a self, url: &'a str, messages: Vec<Delayed>) -> Answer<'a, Answers> {
        Box::pin(async move { self.services.queues().await.send_batch(url, messages).await })
    }
}

/// The message for a dispatch, unless it waits for longer than a queue can keep it back: then the sweep sends it. Never early: word
/// that comes too early is dropped.
fn message((task, delay_ms): &Dispatch) -> Result<Option<Delayed>, Error> {
    let seconds = i32::try_from(delay_ms.div_ceil(1000)).ok().filter(|seconds| *seconds <= SQS_DELAY_SECONDS);
    seconds.map(|seconds| Ok(Delayed { body: task_body(task)?, seconds })).transpose()
}

impl Transport for Sqs {
    fn send<'a>(&'a self, dispatches: &'a [Dispatch]) -> Sending<'a> {
        let each = dispatches.iter().map(|dispatch| (dispatch.0.function.as_str(), dispatch));
        Box::pin(self.send_each(each))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;
    use crate::workflow::ExecutionId;

    fn task(function: &str, seq: u64) -> TaskRef {
        TaskRef { execution: ExecutionId::new("w", "1"), slot: 0, seq, function: function.to_owned() }
    }

    fn transport(world: &World) -> Sqs {
        Sqs::new(Arc::new(world.services())).expect("a transport")
    }

    #[tokio::test]
    async fn word_goes_to_the_function_s_queue_in_batches_and_never_early() {
        let world = World::new().env(WORKFLOW_QUEUES, r#"{"pay": "pay-url", "": "engine-url"}"#);
        let mut dispatches: Vec<Dispatch> = (0..12).map(|seq| (task("pay", seq), 0)).collect();
        dispatches.extend([(task("", 12), 900_000), (task("", 13), 1), (task("", 14), 900_001)]);
        let sent = transport(&world).send(&dispatches).await;
        assert!(sent.error.is_none() && sent.taken.len() == 14, "{sent:?}");
        let batches = world.batches();
        let sizes: Vec<_> = batches.iter().map(|(url, messages)| (url.as_str(), messages.len())).collect();
        assert_eq!(sizes, [("engine-url", 2), ("pay-url", 10), ("pay-url", 2)]);
        let delays: Vec<_> = batches[0].1.iter().map(|message| message.seconds).collect();
        assert_eq!(delays, [900, 1]);
        assert_eq!(batches[2].1[1].body, r#"{"evcTask":{"x":"w/1","t":0,"q":"11","f":"pay"}}"#);
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_queue_refuses_for_the_moment_is_sent_again() {
        let world = World::new().env(WORKFLOW_QUEUES, r#"{"pay": "pay-url"}"#);
        world.refuse_messages(&[(1, Kind::Transient), (2, Kind::Internal)]);
        let dispatches: Vec<Dispatch> = (0..3).map(|seq| (task("pay", seq), 0)).collect();
        let sent = transport(&world).send(&dispatches).await;
        let taken: Vec<_> = sent.taken.iter().map(|task| task.seq).collect();
        assert_eq!((taken, sent.error.map(|error| error.kind())), (vec![0, 1], Some(Kind::Internal)));
    }

    #[tokio::test]
    async fn a_function_without_a_queue_is_an_error_and_the_others_get_word() {
        let world = World::new().env(WORKFLOW_QUEUES, r#"{"pay": "pay-url"}"#);
        let sent = transport(&world).send(&[(task("ship", 1), 0), (task("pay", 2), 0)]).await;
        assert_eq!(sent.taken, [task("pay", 2)]);
        assert_eq!(sent.error.map(|error| error.kind()), Some(Kind::Configuration));
        let unset = Sqs::new(Arc::new(World::new().env(WORKFLOW_QUEUES, "[]").services()));
        assert_eq!(unset.err().map(|error| error.kind()), Some(Kind::Configuration));
    }
}
