//! Word by a bus: `PutEvents` with the function's name as detail-type, which a rule a function brings to its task queue.
//!
//! A bus cannot keep an event back. What may not start at once goes to the engine's queue for as long, and the engine sends it on;
//! without that queue, or for longer than a queue keeps a message back, it waits for the sweep.

use evc_interface::environment;
use evc_interface::workflow::{ENGINE, SOURCE};

use super::sqs::Sqs;
use super::{Dispatch, Sending, Sent, Transport, add, persist};
use crate::backend::Services;
use crate::limits::PUT_EVENTS_ENTRIES;
use crate::publish::{Entry, Rejection};
use crate::queue::Answers;
use crate::workflow::TaskRef;
use crate::workflow::message::task_body;
use crate::workflow::store::Answer;
use crate::{Error, Kind, Timestamp};
use std::sync::Arc;

/// A bus of EventBridge.
pub(crate) struct EventBridge {
    services: Arc<Services>,
    bus: String,
    /// Keeps back what may not start yet.
    queue: Option<Sqs>,
}

impl EventBridge {
    /// The bus that `WORKFLOW_BUS_NAME` names.
    pub(crate) fn new(services: Arc<Services>) -> Result<Self, Error> {
        let bus = services.settings.require(environment::WORKFLOW_BUS)?;
        let queue =
            services.settings.get(environment::WORKFLOW_QUEUES).map(|_| Sqs::new(services.clone())).transpose()?;
        Ok(Self { services, bus, queue })
    }

    fn entry(&self, task: &TaskRef) -> Result<Entry, Error> {
        let detail_type = if task.function.is_empty() { ENGINE } else { &task.function };
        Ok(Entry {
            bus: self.bus.clone(),
            source: SOURCE.to_owned(),
            detail_type: detail_type.to_owned(),
            detail: task_body(task)?,
            time: Timestamp::now(),
            trace: None,
        })
    }

    fn call(&self, entries: Vec<Entry>) -> Answer<'_, Answers> {
        let refused = |rejection: Rejection| {
            let kind = if rejection.is_final() { Kind::Internal } else { Kind::Transient };
            Error::new(kind, format!("the bus refused a task: {}: {}", rejection.code, rejection.message))
        };
        Box::pin(async move {
            let answers = self.services.bus().await.put_events(entries).await?;
            Ok(answers.into_iter().map(|answer| answer.map(drop).map_err(refused)).collect())
        })
    }
}

impl Transport for EventBridge {
    fn send<'a>(&'a self, dispatches: &'a [Dispatch]) -> Sending<'a> {
        Box::pin(async move {
            let (now, later): (Vec<&Dispatch>, Vec<_>) = dispatches.iter().partition(|(_, delay)| *delay == 0);
            let mut sent = Sent::default();
            let mut entries = Vec::new();
            for (task, _) in now {
                match self.entry(task) {
                    Ok(entry) => entries.push((task, entry)),
                    Err(error) => sent.error = Some(error),
                }
            }
            for entries in entries.chunks(PUT_EVENTS_ENTRIES) {
                add(&mut sent, persist(entries.to_vec(), |entries| self.call(entries)).await);
            }
            if let Some(queue) = &self.queue {
                add(&mut sent, queue.send_to_engine(&later).await);
            }
            sent
        })
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

    #[tokio::test(start_paused = true)]
    async fn word_is_an_event_for_the_function_and_what_waits_goes_to_the_engine() {
        let world =
            World::new().env(environment::WORKFLOW_BUS, "orders").env("WORKFLOW_QUEUES", r#"{"": "engine-url"}"#);
        world.bus.answer(Ok((vec![1], "ThrottlingException")));
        let transport = EventBridge::new(Arc::new(world.services())).expect("a transport");
        let sent = transport.send(&[(task("pay", 1), 0), (task("", 2), 0), (task("ship", 3), 1500)]).await;
        assert!(sent.error.is_none(), "{sent:?}");
        let taken: Vec<_> = sent.taken.iter().map(|task| task.seq).collect();
        assert_eq!(taken, [1, 2, 3]);
        let events = world.published();
        let types: Vec<_> = events.iter().map(|event| event.detail_type.as_str()).collect();
        assert_eq!((types, events[0].source.as_str()), (vec!["pay", ENGINE], SOURCE));
        assert_eq!(events[0].detail, serde_json::json!({ "evcTask": task("pay", 1) }));
        assert_eq!(world.batches()[0].1[0].seconds, 2);
    }

    #[tokio::test]
    async fn without_the_engine_s_queue_what_waits_is_left_to_the_sweep() {
        let world = World::new().env(environment::WORKFLOW_BUS, "orders");
        let transport = EventBridge::new(Arc::new(world.services())).expect("a transport");
        let sent = transport.send(&[(task("ship", 3), 1500)]).await;
        assert!(sent.taken.is_empty() && sent.error.is_none(), "{sent:?}");
    }
}
