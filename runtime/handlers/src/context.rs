//! What a handler knows of the delivery it works on, and what every handler may do.

use crate::backend::Services;
use crate::caller::{Known, Request};
use crate::content::{Content, sha256};
use crate::event::EventMetadata;
use crate::observe::{Metrics, Unit};
use crate::{Error, Kind, Timestamp, Uuid, hash};
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

/// One delivery to a function. Generated context types dereference to this; a clone is the same delivery.
#[derive(Clone)]
pub struct Context {
    inner: Arc<Inner>,
}

struct Inner {
    services: Arc<Services>,
    metrics: Arc<Metrics>,
    delivery: Delivery,
    /// Who calls, once that is read.
    caller: std::sync::OnceLock<Known>,
    #[cfg(any(feature = "dynamodb", feature = "eventbridge", feature = "sqs"))]
    transactions: std::sync::atomic::AtomicU32,
    /// The right to do this delivery's work, where it is to be done once.
    #[cfg(feature = "idempotency")]
    claim: std::sync::OnceLock<crate::idempotency::Claim>,
    /// Whether a transaction stored the result.
    #[cfg(feature = "idempotency")]
    answered: std::sync::atomic::AtomicBool,
    /// Whether the handler was given the input.
    #[cfg(feature = "idempotency")]
    used: std::sync::atomic::AtomicBool,
}

/// Where in a workflow a delivery comes from: the `evc` part of the task payload.
///
/// The lowering of a workflow step writes it from the state machine's context object:
///
/// ```json
/// { "evc": { "execution": "{% $states.context.Execution.Id %}", "started": "{% $states.context.Execution.StartTime %}",
///            "step": "payment", "attempt": "{% $states.context.State.RetryCount %}" },
///   "input": { "orderId": "{% $orderId %}" } }
/// ```
///
/// A step of a `for-each` adds `"item": "{% $states.context.Map.Item.Index %}"`, since all its items are one step of one execution;
/// a step that a loop may visit again adds `"visit": "{% $states.context.State.EnteredTime %}"`; one that waits for a signal adds
/// `"token": "{% $states.context.Task.Token %}"`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// The execution's ARN or id.
    pub execution: String,
    /// The step's name.
    pub step: String,
    /// 0 for the first attempt, 1 for the first retry.
    #[serde(default)]
    pub attempt: u32,
    /// When the execution started; the same for every attempt.
    #[serde(default)]
    pub started: Option<Timestamp>,
    /// The index within a `for-each`.
    #[serde(default)]
    pub item: Option<u64>,
    /// Tells the visits of a loop apart.
    #[serde(default)]
    pub visit: Option<String>,
    /// With what somebody lets the step go on, if it waits for a signal.
    #[serde(default)]
    pub token: Option<String>,
}

impl Step {
    /// Names this step of this execution; all its attempts have the same. But who asks for a signal does work of its own for each token:
    /// an attempt, and a wait that is entered anew, have another one, and who answers has to be told that.
    pub(crate) fn key(&self) -> String {
        let mut key = format!("{}/{}", self.execution, self.step);
        if let Some(item) = self.item {
            let _ = write!(key, "/{item}");
        }
        if let Some(visit) = &self.visit {
            let _ = write!(key, "/{visit}");
        }
        if let Some(token) = &self.token {
            // A key gets into tables and logs, where a token must not stand.
            let _ = write!(key, "/token-{}", &sha256(token)[..32]);
        }
        key
    }
}

/// The facts of one delivery.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) function: &'static str,
    pub(crate) request_id: String,
    pub(crate) deadline: Timestamp,
    pub(crate) trace: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) event: Option<EventMetadata>,
    pub(crate) step: Option<Step>,
    /// What an API says of who sent it.
    pub(crate) request: Request,
    #[cfg_attr(
        not(any(feature = "cache", feature = "dynamodb", feature = "eventbridge", feature = "sqs")),
        allow(dead_code, reason = "clients ask for it")
    )]
    pub(crate) origin: Origin,
}

/// What a delivery's source means for its key.
#[derive(Debug, Clone, Default)]
#[cfg_attr(
    not(all(feature = "idempotency", feature = "outbox")),
    allow(dead_code, reason = "each client asks for its part")
)]
pub(crate) struct Origin {
    /// What it asks for; unknown in tests of handlers, which have no payload.
    pub(crate) content: Option<Content>,
    /// Whether the key is that of a caller of an API, who may use it for different things.
    pub(crate) is_api: bool,
    /// Whether the deliverer would use its attempts up while another delivery of the same work has the claim.
    pub(crate) waits: bool,
}

impl Delivery {
    /// The hash of what it asks for, if the key may be used for several things.
    #[cfg(any(feature = "cache", feature = "eventbridge", feature = "sqs"))]
    pub(crate) fn content_of_caller(&self) -> Option<&str> {
        self.origin.content.as_ref().filter(|_| self.origin.is_api).map(Content::hash)
    }

    /// A time that is the same in every delivery of the same thing, if there is one.
    pub(crate) fn stable_time(&self) -> Option<Timestamp> {
        self.event.as_ref().map(|event| event.time).or_else(|| self.step.as_ref().and_then(|step| step.started))
    }
}

impl Context {
    pub(crate) fn new(services: Arc<Services>, metrics: Arc<Metrics>, delivery: Delivery) -> Self {
        let inner = Inner {
            services,
            metrics,
            delivery,
            caller: std::sync::OnceLock::new(),
            #[cfg(any(feature = "dynamodb", feature = "eventbridge", feature = "sqs"))]
            transactions: std::sync::atomic::AtomicU32::new(0),
            #[cfg(feature = "idempotency")]
            claim: std::sync::OnceLock::new(),
            #[cfg(feature = "idempotency")]
            answered: std::sync::atomic::AtomicBool::new(false),
            #[cfg(feature = "idempotency")]
            used: std::sync::atomic::AtomicBool::new(false),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The same delivery, where what it asks for is known.
    #[cfg(feature = "testing")]
    pub(crate) fn asking_for(&self, payload: &crate::Payload<'_>) -> Self {
        let mut delivery = self.inner.delivery.clone();
        let is_step = delivery.step.is_some();
        delivery.origin.content = delivery.key.as_ref().map(|_| Content::of(payload, is_step));
        self.with_delivery(delivery)
    }

    /// The same caller and surroundings with another delivery.
    #[cfg(feature = "testing")]
    pub(crate) fn with_delivery(&self, delivery: Delivery) -> Self {
        let context = Self::new(self.inner.services.clone(), self.inner.metrics.clone(), delivery);
        if let Some(known) = self.known() {
            context.know(known.clone());
        }
        context
    }

    /// Who calls, if that was read.
    pub(crate) fn known(&self) -> Option<&Known> {
        self.inner.caller.get()
    }

    /// Keeps who calls; the first stays.
    pub(crate) fn know(&self, caller: Known) {
        self.inner.caller.get_or_init(|| caller);
    }

    #[cfg(feature = "testing")]
    pub(crate) fn metrics(&self) -> &Arc<Metrics> {
        &self.inner.metrics
    }

    pub(crate) fn services(&self) -> &Arc<Services> {
        &self.inner.services
    }

    pub(crate) fn delivery(&self) -> &Delivery {
        &self.inner.delivery
    }

    /// Numbers the transactions and calls of this delivery that have derived ids: 0, 1, …
    #[cfg(any(feature = "dynamodb", feature = "eventbridge", feature = "sqs"))]
    pub(crate) fn next_transaction(&self) -> u32 {
        self.inner.transactions.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
    }

    /// How many transactions and calls have been numbered.
    #[cfg(feature = "dynamodb")]
    pub(crate) fn transactions(&self) -> u32 {
        self.inner.transactions.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Numbers the next transaction so, for work that is done again because nothing of it was written.
    #[cfg(feature = "dynamodb")]
    pub(crate) fn number_transactions_from(&self, number: u32) {
        self.inner.transactions.store(number, std::sync::atomic::Ordering::Relaxed);
    }

    /// The same for every delivery and attempt of the same work: the event's id, the caller's `Idempotency-Key`, or execution and step.
    /// `None` for a plain direct invocation.
    ///
    /// Where an API knows its callers, this is a hash of caller and key, `caller:` and 64 digits: two callers who send one key are
    /// two works, also for another service that is given this as its idempotency key.
    pub fn idempotency_key(&self) -> Option<&str> {
        self.delivery().key.as_deref()
    }

    /// When Lambda ends this invocation.
    pub fn deadline(&self) -> Timestamp {
        self.delivery().deadline
    }

    /// How long until then.
    pub fn remaining(&self) -> Duration {
        let millis = self.deadline().millis() - Timestamp::now().millis();
        Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }

    /// The event that brought the input, if one did.
    pub fn event(&self) -> Option<&EventMetadata> {
        self.delivery().event.as_ref()
    }

    /// The workflow step that this is, if it is one.
    pub fn step(&self) -> Option<&Step> {
        self.delivery().step.as_ref()
    }

    /// The token of a step that waits for a signal: whoever has it lets the step go on. `None` for other deliveries.
    pub fn task_token(&self) -> Option<&str> {
        self.step().and_then(|step| step.token.as_deref())
    }

    /// Lambda's id of this invocation.
    pub fn request_id(&self) -> &str {
        &self.delivery().request_id
    }

    /// A setting from the spec's `environment`; an error if it is not set.
    pub fn env(&self, name: &str) -> Result<String, Error> {
        self.services().settings.require(name)
    }

    /// Counts or measures something: one value of a CloudWatch metric, with the function's name as dimension. Written when the
    /// invocation ends.
    pub fn metric(&self, name: &str, value: f64, unit: Unit) {
        self.inner.metrics.add(name, value, unit);
    }

    /// An id for something that the function makes: the same in every delivery and attempt of the same work, so that work which is
    /// repeated after a crash makes the same thing again. `parts` tell the ids of one delivery apart. Random for a delivery without
    /// an idempotency key.
    ///
    /// A caller of an API who uses a key again for something else gets the same ids, unless the function is idempotent and refuses him:
    /// put what they make with `if_absent`.
    pub fn stable_id(&self, parts: &[&str]) -> Uuid {
        let delivery = self.delivery();
        match &delivery.key {
            Some(key) => {
                let parts: Vec<&str> = [delivery.function, key].into_iter().chain(parts.iter().copied()).collect();
                hash::derived_id(delivery.stable_time(), &parts)
            }
            None => Uuid::now_v7(),
        }
    }

    /// A number in [0, 1): random, or derived from `SIMULATION_SEED` and `key` where that variable is set and not empty.
    pub fn random(&self, key: &str) -> f64 {
        match self.services().settings.get("SIMULATION_SEED").filter(|seed| !seed.is_empty()) {
            Some(seed) => hash::fraction(hash::fnv128(&[&seed, self.delivery().function, key])),
            None => hash::random(),
        }
    }

    /// A simulated outcome: true with the probability in the environment variable `rate_variable` (0 to 1; 0 is never, 1 is always).
    /// With `SIMULATION_SEED` set, the same key has the same outcome.
    ///
    /// ```ignore
    /// if !cx.simulate("SUCCESS_RATE", &input.order_id.to_string())? {
    ///     return Err(ProcessPaymentError::PaymentDeclined("the card was declined".into()));
    /// }
    /// ```
    pub fn simulate(&self, rate_variable: &str, key: &str) -> Result<bool, Error> {
        let text = self.env(rate_variable)?;
        let rate = text.parse().ok().filter(|rate| (0.0..=1.0).contains(rate));
        let rate: f64 = rate.ok_or_else(|| {
            Error::new(
                Kind::Configuration,
                format!("the environment variable `{rate_variable}` is not a number from 0 to 1"),
            )
        })?;
        Ok(self.random(key) < rate)
    }
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("delivery", self.delivery()).finish_non_exhaustive()
    }
}

#[cfg(feature = "idempotency")]
impl Context {
    /// Keeps the claim of this delivery.
    pub(crate) fn hold(&self, claim: crate::idempotency::Claim) -> &crate::idempotency::Claim {
        self.inner.claim.get_or_init(|| claim)
    }

    /// The claim of this delivery, if its work is to be done once.
    pub(crate) fn claim(&self) -> Option<&crate::idempotency::Claim> {
        self.inner.claim.get()
    }

    /// The input was read: from here on, the key is that of this input.
    pub(crate) fn set_used(&self) {
        self.inner.used.store(true, std::sync::atomic::Ordering::Relaxed);
    }

    /// Whether it was.
    pub(crate) fn is_used(&self) -> bool {
        self.inner.used.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// A transaction stored the result.
    pub(crate) fn set_answered(&self) {
        self.inner.answered.store(true, std::sync::atomic::Ordering::Relaxed);
    }

    /// Whether one did.
    pub(crate) fn is_answered(&self) -> bool {
        self.inner.answered.load(std::sync::atomic::Ordering::Relaxed)
    }
}

#[cfg(feature = "dynamodb")]
impl Context {
    /// The client of table `T` for function `F`. Generated contexts have a method a table that calls this.
    pub fn table<T: crate::table::Table, F>(&self) -> crate::table::TableClient<'_, T, F> {
        crate::table::TableClient::new(self)
    }

    /// The items of one partition of a table or an index that function `F` has an access pattern for. Generated contexts have a method a
    /// pattern that calls this.
    pub fn query_by<F, I>(&self, index: I, partition: &I::Partition) -> crate::table::QueryBuilder<'_, I>
    where
        I: crate::table::Index,
        F: crate::grant::QueryBy<I>,
    {
        crate::table::QueryBuilder::new(self, index, partition)
    }

    /// A transaction of function `F`. Generated contexts have `transact()` that calls this.
    pub fn transaction<F>(&self) -> crate::Transaction<'_, F> {
        crate::Transaction::new(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;

    #[test]
    fn steps_of_a_map_and_visits_of_a_loop_have_keys_of_their_own() {
        let step: Step = serde_json::from_str(
            r#"{"execution": "arn:e", "step": "pay", "attempt": 2, "started": "2026-11-21T04:50:00Z"}"#,
        )
        .expect("step");
        assert_eq!(step.key(), "arn:e/pay");
        // The same wait delivered again has the same token; another attempt, and a wait that is entered anew, have another one.
        let asks = |attempt, token: &str| Step { attempt, token: Some(token.to_owned()), ..step.clone() }.key();
        assert_eq!(asks(0, "secret"), asks(0, "secret"));
        assert_ne!(asks(0, "secret"), asks(0, "of the next"));
        assert!(asks(1, "secret").starts_with("arn:e/pay/token-") && !asks(1, "secret").contains("secret"));
        assert_eq!(Step { item: Some(3), visit: Some("t".to_owned()), ..step }.key(), "arn:e/pay/3/t");
    }

    #[test]
    fn the_fields_are_those_that_the_compiler_writes() {
        let step: Step = serde_json::from_value(serde_json::json!({ "execution": "e", "step": "pay" })).expect("step");
        let json = serde_json::to_value(step).expect("JSON");
        let mut names: Vec<_> = json.as_object().expect("an object").keys().collect();
        let mut listed = evc_interface::call::ENVELOPE_FIELDS;
        names.sort();
        listed.sort_unstable();
        assert_eq!(names, listed.each_ref());
    }

    #[test]
    fn repeated_work_makes_the_same_ids() {
        let world = World::new();
        let id = |key: &str, part: &str| world.delivery("f", key).stable_id(&[part]);
        assert_eq!(id("k", "order"), id("k", "order"));
        assert_ne!(id("k", "order"), id("k", "invoice"));
        assert_ne!(id("k", "order"), id("l", "order"));
        assert_ne!(world.context("f").stable_id(&["order"]), world.context("f").stable_id(&["order"]));
    }

    #[test]
    fn simulated_outcomes_can_be_forced() {
        let context = |rate: &str, seed: Option<&str>| {
            let world = World::new().env("RATE", rate);
            seed.map_or(World::new().env("RATE", rate), |seed| world.env("SIMULATION_SEED", seed)).context("f")
        };
        assert!((0..100).all(|i| context("1", None).simulate("RATE", &i.to_string()).expect("rate")));
        assert!((0..100).all(|i| !context("0", None).simulate("RATE", &i.to_string()).expect("rate")));
        let outcomes = || {
            (0..50)
                .map(|i| context("0.5", Some("7")).simulate("RATE", &i.to_string()).expect("rate"))
                .collect::<Vec<_>>()
        };
        assert_eq!(outcomes(), outcomes());
        assert!(outcomes().contains(&true) && outcomes().contains(&false));
        assert_eq!(context("1.5", None).simulate("RATE", "k").expect_err("rate").kind(), Kind::Configuration);
        assert_eq!(context("1", None).simulate("OTHER", "k").expect_err("unset").kind(), Kind::Configuration);
    }
}
