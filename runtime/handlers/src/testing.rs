//! For tests of handlers: contexts without Lambda; tables, buses, queues, counters and waiting steps in memory. A development dependency
//! with feature `testing`, and `idempotency` for functions that are `idempotent`.
//!
//! ```ignore
//! let world = World::new().table::<Orders>().outbox::<OrderEvents>().env("SUCCESS_RATE", "1");
//! world.put::<Orders>(&order).unwrap();
//! let cx = ProcessPayment::new(world.context("process-payment"));
//! let output = process_payment(&cx, input).await.unwrap();
//! assert_eq!(world.items::<Orders>().unwrap()[0].status, OrderStatus::Paid);
//! assert_eq!(world.events::<OrderEvents>()[0].detail_type, "Payment Processed");
//! ```
//!
//! | a handler uses | a test gives | and looks at |
//! | --- | --- | --- |
//! | `cx.idempotency_key()`, `cx.stable_id()` | [`World::delivery`], [`World::event`], [`World::step`], [`World::request`] | what it made, in two deliveries of one key |
//! | `cx.caller()` | [`Context::called_by`] | |
//! | `cx.source_ip()`, `cx.api_request_id()` | [`Context::sent_from`] | |
//! | `query`, `headers`, `cookies` of a route; `responses` | [`HttpRequest`], [`World::http`] | its [`HttpResponse`] |
//! | `cx.event()` | [`World::event`] | |
//! | `cx.step()` | [`World::step`]: attempt, item, visit | |
//! | `cx.task_token()` | [`World::step`] with `token`, or `context_on_redis` | where it handed the token on |
//! | `cx.signal()`, `cx.signal_error()` | a token of such a step; `stop_waiting` for one that is too late | `World::signals` |
//! | `cx.TABLE()`, `cx.transact()` | `World::table`, `put`, `fail_next` | `World::items` |
//! | an outbox | `World::outbox` | `World::events` |
//! | `cx.publish()` | the bus's variable, by [`World::env`] | `World::published` |
//! | `cx.send()` | `World::queue` | `World::sent` |
//! | `cx.secrets()` | `World::secret`, `empty_secret`, `rotate`, `fail_next_secret` | `World::secret_reads` |
//! | `cx.config()` | `World::config`, `config_text`, `change_config`, `fail_next_config` | `World::config_reads` |
//! | `cx.aws()` | `World::aws`: what the services answer; or a configuration of one's own, `World::sdk` | `World::aws_requests` |
//! | `cx.cache()` | [`World::delivery`]; a real server by `World::cache` | `World::counter` |
//! | `cx.workflows()` | `World::end_execution` | `World::executions` |
//! | `cx.env()`, `cx.simulate()`, `cx.random()` | [`World::env`]; the variable `SIMULATION_SEED` | |
//! | `cx.metric()` | | [`World::metric`] |
//! | `cx.deadline()`, `cx.remaining()` | [`World::timeout`] | |
//! | `Transaction::answer`, `idempotent: true` | `World::idempotency`, `end_claims` | what `World::deliver_once` returns, twice |
//! | named errors, ranges of its input and output, panics, time-outs | [`World::deliver`] | its [`Failed`] |
//! | `circuit-breaker` | `World::cache`, [`World::deliver`] | `CircuitOpen` |

#[cfg(feature = "eventbridge")]
mod bus;
#[cfg(feature = "cache")]
mod counters;
mod deliver;
#[cfg(any(feature = "signal", feature = "engine"))]
mod executions;
mod http;
#[cfg(any(feature = "config", feature = "secrets"))]
mod kept;
#[cfg(feature = "dynamodb")]
mod memory;
#[cfg(feature = "sqs")]
mod queues;
#[cfg(feature = "sdk")]
mod sdk;
mod steps;

use crate::backend::{Services, Settings};
use crate::caller::Request;
use crate::context::{Delivery, Origin};
use crate::observe::Metrics;
use crate::{Context, EventMetadata, Step, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

#[cfg(feature = "eventbridge")]
pub(crate) use bus::Recorder;
pub use deliver::Failed;
#[cfg(any(feature = "signal", feature = "engine"))]
pub(crate) use executions::Executions;
#[cfg(any(feature = "signal", feature = "engine"))]
pub use executions::StartedExecution;
pub use http::{HttpRequest, HttpResponse};
#[cfg(feature = "dynamodb")]
pub use memory::Fault;
#[cfg(feature = "dynamodb")]
pub(crate) use memory::Memory;
#[cfg(feature = "sqs")]
pub use queues::SentMessage;
#[cfg(feature = "sdk")]
pub use sdk::AwsRequest;
#[cfg(any(feature = "signal", feature = "engine"))]
pub use steps::Signal;
pub use steps::StepContext;

/// How long a test's invocation may take.
const DEADLINE: Duration = Duration::from_secs(30);

/// What surrounds the handlers of a test.
#[derive(Default)]
pub struct World {
    settings: BTreeMap<String, String>,
    timeout: Option<Duration>,
    /// Of each context that was made.
    metrics: Mutex<Vec<Arc<Metrics>>>,
    #[cfg(feature = "dynamodb")]
    tables: Arc<Memory>,
    #[cfg(feature = "eventbridge")]
    pub(crate) bus: Arc<Recorder>,
    #[cfg(feature = "sqs")]
    queues: Arc<queues::Sent>,
    #[cfg(any(feature = "config", feature = "secrets"))]
    kept: Arc<kept::Values>,
    #[cfg(feature = "sdk")]
    sdk: Option<aws_config::SdkConfig>,
    #[cfg(feature = "sdk")]
    aws_requests: sdk::Asked,
    #[cfg(feature = "cache")]
    counters: Arc<counters::Counts>,
    #[cfg(feature = "cache")]
    redis: Option<crate::workflow::store::Redis>,
    #[cfg(feature = "engine")]
    pub(crate) workflows: crate::workflow::store::Memory,
    #[cfg(any(feature = "signal", feature = "engine"))]
    waits: Arc<steps::Waits>,
    #[cfg(any(feature = "signal", feature = "engine"))]
    executions: Arc<Executions>,
}

/// An event that a handler published.
#[cfg(any(feature = "outbox", feature = "eventbridge"))]
#[derive(Debug, Clone, PartialEq)]
pub struct PublishedEvent {
    /// Its `source`.
    pub source: String,
    /// Its `detail-type`.
    pub detail_type: String,
    /// Its detail, with `metadata`.
    pub detail: serde_json::Value,
}

impl World {
    /// No settings, no tables.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.settings.insert(name.to_owned(), value.to_owned());
        self
    }

    /// How long invocations may take: 30 seconds unless this says otherwise.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The context of a direct invocation of this function.
    pub fn context(&self, function: &'static str) -> Context {
        self.context_with(function, None, None, None)
    }

    /// The context of the delivery of an event, whose id is the idempotency key.
    pub fn event(&self, function: &'static str, event: EventMetadata) -> Context {
        self.context_with(function, Some(event.id.clone()), Some(event), None)
    }

    /// The context of a delivery with this idempotency key: calling a handler with it twice is a repeated delivery.
    pub fn delivery(&self, function: &'static str, key: &str) -> Context {
        self.context_with(function, Some(key.to_owned()), None, None)
    }

    /// The context of a request of an API with this `Idempotency-Key`: its caller may use a key again, for something else.
    pub fn request(&self, function: &'static str, key: &str) -> Context {
        self.context_from(function, Some(key.to_owned()), None, None, Origin { is_api: true, ..Origin::default() })
    }

    /// The values of a metric, in the order of the contexts that they were given to.
    pub fn metric(&self, name: &str) -> Vec<f64> {
        let metrics = self.metrics.lock().unwrap_or_else(PoisonError::into_inner);
        metrics.iter().flat_map(|metrics| metrics.values(name)).collect()
    }

    fn context_with(
        &self,
        function: &'static str,
        key: Option<String>,
        event: Option<EventMetadata>,
        step: Option<Step>,
    ) -> Context {
        self.context_from(function, key, event, step, Origin::default())
    }

    fn context_from(
        &self,
        function: &'static str,
        key: Option<String>,
        event: Option<EventMetadata>,
        step: Option<Step>,
        origin: Origin,
    ) -> Context {
        let deadline = Timestamp::now().after(self.timeout.unwrap_or(DEADLINE));
        let request_id = "test".to_owned();
        let delivery = Delivery {
            function,
            request_id,
            deadline,
            trace: None,
            key,
            event,
            step,
            request: Request::default(),
            origin,
        };
        let metrics = Arc::new(Metrics::new("test".to_owned(), function));
        self.metrics.lock().unwrap_or_else(PoisonError::into_inner).push(metrics.clone());
        Context::new(Arc::new(self.services()), metrics, delivery)
    }

    pub(crate) fn services(&self) -> Services {
        Services {
            settings: Settings::Fixed(self.settings.clone()),
            #[cfg(feature = "idempotency")]
            renewals: crate::idempotency::Renewals::of(self.tables.clone()),
            #[cfg(feature = "dynamodb")]
            tables: tokio::sync::OnceCell::new_with(Some(self.tables.clone() as Arc<dyn crate::table::Store>)),
            #[cfg(feature = "eventbridge")]
            bus: tokio::sync::OnceCell::new_with(Some(self.bus.clone() as Arc<dyn crate::publish::Bus>)),
            #[cfg(feature = "sqs")]
            queues: tokio::sync::OnceCell::new_with(Some(self.queues.clone() as Arc<dyn crate::queue::Sender>)),
            #[cfg(feature = "secrets")]
            secrets: tokio::sync::OnceCell::new_with(Some(self.kept.clone())),
            #[cfg(feature = "config")]
            parameters: tokio::sync::OnceCell::new_with(Some(self.kept.clone())),
            #[cfg(any(feature = "config", feature = "secrets"))]
            kept: crate::kept::Kept::default(),
            #[cfg(feature = "sdk")]
            sdk: tokio::sync::OnceCell::new_with(Some(self.sdk.clone().unwrap_or_else(sdk::nowhere))),
            #[cfg(feature = "cache")]
            redis: tokio::sync::OnceCell::new_with(self.redis.clone()),
            #[cfg(feature = "cache")]
            counters: tokio::sync::OnceCell::new_with(Some(match &self.redis {
                Some(redis) => Arc::new(redis.clone()) as Arc<dyn crate::cache::Counters>,
                None => self.counters.clone(),
            })),
            #[cfg(feature = "signal")]
            step_functions: tokio::sync::OnceCell::new_with(Some(
                self.waits.clone() as Arc<dyn crate::signal::StepFunctions>
            )),
            #[cfg(feature = "signal")]
            sfn: tokio::sync::OnceCell::new(),
            #[cfg(feature = "engine")]
            workflows: tokio::sync::OnceCell::new_with(Some(Arc::new(self.workflows.clone()))),
            #[cfg(feature = "engine")]
            stored_definitions: crate::execution::Stored::default(),
            #[cfg(any(feature = "signal", feature = "engine"))]
            executions: Some(self.executions.clone()),
        }
    }
}

#[cfg(feature = "dynamodb")]
impl World {
    /// Makes an empty table, and sets its environment variable.
    #[must_use]
    pub fn table<T: crate::table::Table>(self) -> Self {
        self.raw_table(T::ENV, T::KEY)
    }

    #[must_use]
    pub(crate) fn raw_table(self, env: &str, key: &[&'static str]) -> Self {
        self.tables.create(env, key);
        self.env(env, env)
    }

    /// Stores an item, whatever is there; on a table with a version, as version 1.
    pub fn put<T: crate::table::Table>(&self, item: &T::Item) -> Result<(), crate::Error> {
        let mut item = crate::attribute::to_item(item)?;
        if let Some(version) = T::VERSION {
            item.insert(version.to_owned(), crate::attribute::to_attribute(&1)?);
        }
        self.tables.put(T::ENV, item)
    }

    /// All items of a table, in the order in which they were created.
    pub fn items<T: crate::table::Table>(&self) -> Result<Vec<T::Item>, crate::Error> {
        self.tables.items(T::ENV).iter().map(crate::attribute::from_item).collect()
    }

    /// The next write or transaction meets this fault.
    pub fn fail_next(&self, fault: Fault) {
        self.tables.fail_next(fault);
    }

    #[cfg(test)]
    pub(crate) fn put_raw(&self, env: &str, item: crate::attribute::Item) -> Result<(), crate::Error> {
        self.tables.put(env, item)
    }

    #[cfg(test)]
    pub(crate) fn raw_items(&self, env: &str) -> Vec<crate::attribute::Item> {
        self.tables.items(env)
    }
}

#[cfg(feature = "outbox")]
impl World {
    /// Makes an empty outbox, and sets its environment variable.
    #[must_use]
    pub fn outbox<O: crate::Outbox>(self) -> Self {
        use crate::outbox::attribute_names as name;
        self.raw_table(O::ENV, &[name::AGGREGATE, name::EVENT_ID])
    }

    /// The events in an outbox, in the order in which they were published.
    pub fn events<O: crate::Outbox>(&self) -> Vec<PublishedEvent> {
        use crate::outbox::attribute_names as name;
        let rows = self.tables.items(O::ENV);
        let text = |row: &crate::attribute::Item, name| {
            row.get(name).and_then(crate::attribute::Attribute::as_s).unwrap_or_default().to_owned()
        };
        rows.iter()
            .map(|row| PublishedEvent {
                source: text(row, name::SOURCE),
                detail_type: text(row, name::DETAIL_TYPE),
                detail: serde_json::from_str(&text(row, name::DETAIL)).unwrap_or_default(),
            })
            .collect()
    }
}

#[cfg(feature = "eventbridge")]
impl World {
    /// The events that went straight to a bus, in their order.
    pub fn published(&self) -> Vec<PublishedEvent> {
        let entries = self.bus.taken();
        entries
            .into_iter()
            .map(|entry| PublishedEvent {
                source: entry.source,
                detail_type: entry.detail_type,
                detail: serde_json::from_str(&entry.detail).unwrap_or_default(),
            })
            .collect()
    }
}
