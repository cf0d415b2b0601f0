//! Tasks of workflows on Redis: a batch of messages, each of which says where a piece of work waits. All of a batch are done at once, so
//! that each has the whole time of the invocation.
//!
//! What the function fails with is part of the execution, and the message is done. Only when Redis or the transport fails it comes back.

use super::{Failure, Incoming, batch, rejected, step};
use crate::backend::Services;
use crate::workflow::message::Message;
use crate::workflow::transport::Transport;
use crate::workflow::{Carrier, Job, TaskError, Worked, setup};
use crate::{Error, Kind, Timestamp, payload};
use futures_util::future::join_all;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;

/// What a function needs to do tasks.
pub(crate) struct Tasks {
    function: &'static str,
    services: Arc<Services>,
    parts: OnceCell<(Carrier, Arc<dyn Transport>)>,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    message_id: String,
    body: String,
    #[serde(default)]
    attributes: Attributes,
}

#[derive(Deserialize, Default)]
struct Attributes {
    #[serde(rename = "AWSTraceHeader")]
    trace: Option<String>,
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
        record: &Record,
        time: Duration,
        deliver: &impl AsyncFn(Incoming<'_>) -> Result<String, Failure>,
    ) -> Result<Worked, Error> {
        let Message::Task(task) = Message::parse(&record.body)? else {
            return Err(Error::new(Kind::InvalidInput, "expected a task of a workflow"));
        };
        if task.function != self.function {
            // The sweep sends it to where it belongs.
            tracing::error!(execution = task.execution.0, "a task of `{}` came to `{}`", task.function, self.function);
            return Ok(Worked::Dropped);
        }
        let run = async |job: Job<'_>| {
            let mut incoming = rejected(step::read(job.payload))?;
            incoming.trace.clone_from(&record.attributes.trace);
            incoming.deadline = Some(Timestamp::now().after(job.time));
            // Boxed, as what it calls: these futures are large.
            Ok(Box::pin(deliver(incoming)).await?)
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
    tasks: &Tasks,
    time: Duration,
    deliver: impl AsyncFn(Incoming<'_>) -> Result<String, Failure>,
) -> Result<String, Failure> {
    let event: Event = rejected(payload::decode(text))?;
    let works = event.records.iter().map(async |record| {
        let error = tasks.work(record, time, &deliver).await.err()?;
        tracing::error!(messageId = record.message_id, error = error.kind().name(), "{error}");
        Some(record.message_id.as_str())
    });
    let failed: Vec<_> = join_all(works).await;
    if let Ok(carrier) = tasks.carrier().await {
        carrier.acknowledge().await;
    }
    Ok(batch::response(failed.into_iter().flatten())?)
}

#[cfg(test)]
mod tests;
