//! Tasks of workflows on Redis: a batch of messages, each of which says where a piece of work waits. All of a batch are done at once, so
//! that each has the whole time of the invocation.
//!
//! What the function fails with is part of the execution, and the message is done. Only when Redis or the transport fails it comes back.

use super::batch::{self, Batch};
use super::{Failure, Incoming, rejected, step};
use crate::backend::Services;
use crate::workflow::message::Message;
use crate::workflow::transport::Transport;
use crate::workflow::{Carrier, Job, TaskError, Worked, setup};
use crate::{Error, Kind, Timestamp, payload};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;

/// What a function needs to do tasks.
pub(crate) struct Tasks {
    function: &'static str,
    services: Arc<Services>,
    parts: OnceCell<(Carrier, Arc<dyn Transport>)>,
}

impl Tasks {
    pub(crate) fn new(function: &'static str, services: Arc<Services>) -> Self {
        Self { function, services, parts: OnceCell::new() }
    }

    async fn carrier(&self) -> Result<&Carrier, Error> {
        Ok(&self.parts.get_or_try_init(|| setup::carrier(&self.services)).await?.0)
    }

    async fn work(
        &self,
        message: &batch::Message,
        time: Duration,
        answered: &dyn Fn(&Failure),
        deliver: &impl AsyncFn(Incoming<'_>) -> Result<String, Failure>,
    ) -> Result<Worked, Error> {
        let Message::Task(task) = Message::parse(&message.body)? else {
            return Err(Error::new(Kind::InvalidInput, "expected a task of a workflow"));
        };
        if task.function != self.function {
            // The sweep sends it to where it belongs.
            tracing::error!(execution = task.execution.0, "a task of `{}` came to `{}`", task.function, self.function);
            return Ok(Worked::Dropped);
        }
        let run = async |job: Job<'_>| {
            let mut incoming = rejected(step::read(job.payload))?;
            incoming.trace.clone_from(&message.attributes.trace);
            incoming.deadline = Some(Timestamp::now().after(job.time));
            // Boxed, as what it calls: these futures are large.
            Ok(Box::pin(deliver(incoming)).await.inspect_err(answered)?)
        };
        Box::pin(self.carrier().await?.work(&task, time, run)).await
    }
}

impl From<Failure> for TaskError {
    fn from(failure: Failure) -> Self {
        Self { name: failure.name, message: failure.message, of_function: true }
    }
}

pub(super) async fn handle(
    text: &str,
    (tasks, time): (&Tasks, Duration),
    answered: &dyn Fn(&Failure),
    deliver: impl AsyncFn(Incoming<'_>) -> Result<String, Failure>,
) -> Result<String, Failure> {
    let batch: Batch = rejected(payload::decode(text))?;
    let answer = batch::at_once(&batch, async |message| {
        let worked = tasks.work(message, time, answered, &deliver).await.map(drop);
        worked.inspect_err(|error| answered(&Failure::of(error)))
    })
    .await;
    if let Ok(carrier) = tasks.carrier().await {
        carrier.acknowledge().await;
    }
    Ok(answer?)
}

#[cfg(test)]
mod tests;
