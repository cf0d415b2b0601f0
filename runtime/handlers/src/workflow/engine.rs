//! The engine function of a stack: starts executions, publishes for them, and sweeps.
//!
//! | event | does |
//! | --- | --- |
//! | a batch of its queue: `evcStart` | starts the execution that is named by the event; a second time, nothing |
//! | a batch of its queue: `evcTask` | a publish, a timer; or a task of a function that had to wait, which is sent on |
//! | `{"evcSweep": true}`, from a schedule | counts the executions that ended, see [`ends`]; removes definitions that none needs; then see [`sweep`] |
//!
//! # What a crash does
//!
//! - **Before an execution is started**: the message comes again.
//! - **After it, before its first work is sent**: the sweep sends it; the message comes again and finds the execution.
//! - **After a publish, before it is committed**: it fails when its lease is over, and its `Retry` publishes it again with the same
//!   event id, which receivers know (`metadata.eventId`).

use super::ends::{Ends, ends};
use super::message::{Message, StartRequest};
use super::ops::{RETENTION, needed_ms};
use super::setup;
use super::sweep::{Swept, sweep};
use super::transport::Transport;
use super::{Carrier, Definition, Job, Started, TaskError, TaskRef};
use crate::adapter::{Failure, batch};
use crate::backend::Services;
use crate::observe::{Metrics, Unit};
use crate::publish::{Entry, pause};
use crate::serve::{Invocation, listen, write_metrics};
use crate::{Error, Kind, Timestamp, hash};
use evc_interface::environment;
use evc_interface::error::EVENT_NOT_TAKEN;
use evc_interface::metric::engine as metric;
use evc_interface::metric::executions::DIMENSION;
use evc_interface::metric::function::FAILURES;
use evc_interface::workflow::ENGINE;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio::time::Instant;

/// What a sweep keeps back of the invocation's time.
const RESERVE: Duration = Duration::from_secs(2);
/// The longest that work of the engine itself may take.
const LONGEST: Duration = Duration::from_mins(1);
/// Attempts to publish an event within one attempt of its step.
const ATTEMPTS: u32 = 3;

/// Runs the engine of a stack until Lambda ends the process. `definitions` are the texts of its workflows' definitions.
///
/// ```ignore
/// fn main() -> Result<(), evc_runtime::Error> {
///     evc_runtime::workflow::serve_engine(orders_contract::WORKFLOWS)
/// }
/// ```
pub fn serve_engine(definitions: &'static [&'static str]) -> Result<(), Error> {
    let engine = Engine::new(definitions, Services::default())?;
    listen(&async |text: &str, invocation: &Invocation| {
        let result = engine.handle(text, invocation.time_left()).await;
        write_metrics(&engine.metrics);
        result
    })
}

/// The engine of one stack.
pub(crate) struct Engine {
    /// Each with its text.
    definitions: Vec<(Definition, &'static str)>,
    namespace: String,
    metrics: Metrics,
    /// The definitions that the store has.
    stored: Mutex<HashSet<String>>,
    services: Arc<Services>,
    parts: OnceCell<(Carrier, Arc<dyn Transport>)>,
}

/// An entry of `PutEvents`, as a state machine writes it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Put<'a> {
    event_bus_name: String,
    source: String,
    detail_type: String,
    #[serde(borrow)]
    detail: &'a RawValue,
}

impl Engine {
    pub(crate) fn new(definitions: &'static [&'static str], services: Services) -> Result<Self, Error> {
        let parse = |text: &&'static str| Ok((Definition::parse(text)?, *text));
        let definitions = definitions.iter().map(parse).collect::<Result<_, Error>>()?;
        let namespace = services.settings.parse(environment::METRICS_NAMESPACE, "evc".to_owned())?;
        Ok(Self {
            definitions,
            metrics: Metrics::new(namespace.clone(), ENGINE),
            namespace,
            stored: Mutex::default(),
            services: Arc::new(services),
            parts: OnceCell::new(),
        })
    }

    async fn parts(&self) -> Result<&(Carrier, Arc<dyn Transport>), Error> {
        self.parts.get_or_try_init(|| setup::carrier(&self.services)).await
    }

    /// Handles one invocation within this time.
    pub(crate) async fn handle(&self, text: &str, time: Duration) -> Result<String, Failure> {
        let (carrier, _) = self.parts().await?;
        let Ok(batch) = serde_json::from_str::<batch::Batch>(text) else {
            let answer = match Message::parse(text)? {
                Message::Sweep => self.sweep(time).await?,
                message => self.take(message, time).await.map(|()| json!({}))?,
            };
            carrier.acknowledge().await;
            return Ok(answer.to_string());
        };
        let handle = async |message: &batch::Message| {
            let taken = async { self.take(Message::parse(&message.body)?, time).await };
            taken.await.inspect_err(|_| self.metrics.add(FAILURES, 1.0, Unit::Count))
        };
        let answer = batch::at_once(&batch, handle).await;
        carrier.acknowledge().await;
        Ok(answer?)
    }

    async fn take(&self, message: Message, time: Duration) -> Result<(), Error> {
        match message {
            Message::Start(start) => self.start(start, time.min(LONGEST)).await,
            Message::Task(task) => self.work(&task, time.min(LONGEST)).await,
            Message::Sweep => self.sweep(time).await.map(drop),
        }
    }

    async fn start(&self, request: StartRequest, time: Duration) -> Result<(), Error> {
        let (carrier, _) = self.parts().await?;
        let own = self.definitions.iter().find(|(definition, _)| definition.workflow() == request.workflow);
        let (definition, text) = own.ok_or_else(|| {
            Error::new(Kind::Configuration, format!("this engine has no workflow `{}`", request.workflow))
        })?;
        let known = lock(&self.stored).contains(definition.id());
        if !known {
            carrier.store().put_definition(definition.id(), text).await?;
            lock(&self.stored).insert(definition.id().to_owned());
        }
        let execution = request.execution();
        match carrier.start_within(definition, &request.name, request.input, time).await? {
            Started::Now => tracing::info!(execution = execution.0, "started"),
            Started::Before(status) => tracing::info!(execution = execution.0, ?status, "started before"),
        }
        Ok(())
    }

    async fn work(&self, task: &TaskRef, time: Duration) -> Result<(), Error> {
        let (carrier, transport) = self.parts().await?;
        if task.function.is_empty() {
            return carrier.work(task, time, async |job| self.publish(job).await).await.map(drop);
        }
        // It came here because it had to wait, and the transport cannot wait.
        let sent = transport.send(&[(task.clone(), 0)]).await;
        sent.error.map_or(Ok(()), Err)
    }

    /// Puts an event on a bus; answers as `PutEvents` does.
    async fn publish(&self, job: Job<'_>) -> Result<String, TaskError> {
        let entry = self.entry(job.payload).map_err(|error| failed(error.kind().name(), error.to_string()))?;
        let mut attempt = 0;
        loop {
            let (again, error) = match self.services.bus().await.put_events(vec![entry.clone()]).await {
                Ok(answers) => match answers.into_iter().next() {
                    Some(Ok(id)) => {
                        return Ok(json!({ "Entries": [{ "EventId": id }], "FailedEntryCount": 0 }).to_string());
                    }
                    Some(Err(rejection)) => {
                        let entries = json!([{ "ErrorCode": rejection.code, "ErrorMessage": rejection.message }]);
                        let cause = json!({ "Entries": entries, "FailedEntryCount": 1 }).to_string();
                        (!rejection.is_final(), failed(EVENT_NOT_TAKEN, cause))
                    }
                    None => (true, failed(EVENT_NOT_TAKEN, "the bus said nothing".to_owned())),
                },
                Err(error) => (error.kind().is_retryable(), failed(bus_error(error.kind()), error.to_string())),
            };
            let pause = pause(attempt, hash::random());
            attempt += 1;
            if !again || attempt == ATTEMPTS {
                return Err(error);
            }
            tokio::time::sleep(pause).await;
        }
    }

    fn entry(&self, payload: &str) -> Result<Entry, Error> {
        let put: Put<'_> = serde_json::from_str(payload).map_err(Error::other)?;
        // An object, or text that holds one.
        let detail = serde_json::from_str::<String>(put.detail.get()).unwrap_or_else(|_| put.detail.get().to_owned());
        Ok(Entry {
            bus: self.bus(&put.event_bus_name)?,
            source: put.source,
            detail_type: put.detail_type,
            detail,
            time: Timestamp::now(),
            trace: None,
        })
    }

    /// The name of a bus of the spec: in the variable `BUS_` and its name in upper snake case.
    fn bus(&self, name: &str) -> Result<String, Error> {
        const DEFAULT: &str = "default";
        let variable = environment::engine_bus(name);
        match self.services.settings.get(&variable) {
            None if name == DEFAULT => Ok(DEFAULT.to_owned()),
            _ => self.services.settings.require(&variable),
        }
    }

    /// Counts the executions that have ended. That this fails keeps none from going on.
    async fn count_ends(&self, until: Instant) {
        let counted = async { ends(&self.parts().await?.0, until, |ends| write_ends(&self.namespace, ends)).await };
        if let Err(error) = counted.await {
            tracing::error!(error = error.kind().name(), "the executions that ended were not counted: {error}");
        }
    }

    async fn sweep(&self, time: Duration) -> Result<Value, Error> {
        let (carrier, _) = self.parts().await?;
        // A cache that lost all it had has lost these, too, and this process would not know. A full one takes none, until the rest of the
        // sweep has made room.
        let mut refused = None;
        for (definition, text) in &self.definitions {
            refused = carrier.store().put_definition(definition.id(), text).await.err().or(refused);
        }
        let retention = self.services.settings.parse(environment::WORKFLOW_RETENTION, RETENTION.as_secs())?;
        let retention = Duration::from_secs(retention);
        let needed: Vec<(&str, u64)> =
            self.definitions.iter().map(|(own, _)| (own.id(), needed_ms(own, retention))).collect();
        for definition in carrier.store().keep_definitions(&needed).await? {
            tracing::info!(definition, "a definition that no execution needs was removed");
        }
        let (begin, time) = (Instant::now(), time.saturating_sub(RESERVE));
        self.count_ends(begin + time / 4).await;
        let swept = sweep(carrier, Some(retention), time.saturating_sub(begin.elapsed())).await?;
        if swept.left > 0 {
            tracing::warn!(partitions = swept.left, "there was no time for all partitions");
        }
        self.measure(swept, refused.is_none());
        let answer =
            json!({ "sent": swept.sent, "moved": swept.moved, "archived": swept.archived, "left": swept.left });
        refused.map_or(Ok(answer), Err)
    }
}

impl Engine {
    /// What a sweep did: nothing of what it did not, since a metric is paid for while there are values of it.
    fn measure(&self, swept: Swept, is_whole: bool) {
        for (name, count) in [
            (metric::SWEEPS, usize::from(is_whole)),
            (metric::SENT_AGAIN, swept.sent),
            (metric::MOVED, swept.moved),
            (metric::LEFT, swept.left),
        ] {
            if count > 0 {
                self.metrics.add(name, f64::from(u32::try_from(count).unwrap_or(u32::MAX)), Unit::Count);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Metrics of the executions that ended, written at once: nobody is told of them again.
fn write_ends(namespace: &str, ends: &Ends) {
    for ((workflow, name), count) in ends {
        let metrics = Metrics::of(namespace.to_owned(), (DIMENSION, workflow.clone()));
        (0..*count).for_each(|_| metrics.add(name, 1.0, Unit::Count));
        write_metrics(&metrics);
    }
}

fn failed(name: &str, message: String) -> TaskError {
    TaskError { name: name.to_owned(), message, of_function: false }
}

/// The error of a call of the bus, as Step Functions names it: the service, and the service's name for it.
fn bus_error(kind: Kind) -> &'static str {
    match kind {
        Kind::Throttled => "EventBridge.ThrottlingException",
        Kind::AccessDenied => "EventBridge.AccessDeniedException",
        Kind::Configuration => "EventBridge.ResourceNotFoundException",
        Kind::Transient | Kind::Timeout => "EventBridge.InternalException",
        _ => "EventBridge.EventBridgeException",
    }
}

#[cfg(test)]
mod tests;
