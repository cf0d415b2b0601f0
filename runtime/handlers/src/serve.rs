//! The entry of a generated function: starts the Lambda runtime and leads every delivery through decoding, the guard, the user's
//! function and logging.

use crate::adapter::caller::delivery_key;
use crate::adapter::cors::Cors;
use crate::adapter::{self, Contract, Failure, Incoming};
use crate::backend::Services;
#[cfg(feature = "cache")]
use crate::breaker::{Ended, Gate};
use crate::content::Content;
use crate::context::{Delivery, Origin};
use crate::deadline::{self, ANSWER, REACTION, REPORT, less};
use crate::observe::{self, Metrics, Unit};
use crate::{Context, Error, Function, FunctionError, Kind, Payload, Timestamp, bounds};
use evc_interface::environment;
use evc_interface::metric::function as metric;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::value::RawValue;
use std::io::Write;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tracing::Instrument;

/// What a batch keeps back of the invocation's time, milliseconds: to report the records that it did not get to.
const RESERVE: i64 = 500;

/// Runs a function until Lambda ends the process. `F` is the generated context type, `handler` the user's function.
///
/// ```ignore
/// fn main() -> Result<(), evc_runtime::Error> {
///     evc_runtime::serve::<orders_contract::ProcessPayment, _>(orders::process_payment::process_payment)
/// }
/// ```
pub fn serve<F, H>(handler: H) -> Result<(), Error>
where
    F: Function,
    H: AsyncFn(&F, F::Input) -> Result<F::Output, F::Error>,
{
    run(&App::<F, H, _>::new(handler, Unguarded, Services::default())?)
}

/// What stands between a delivery and the handler: nothing, or idempotency.
pub(crate) trait Guard {
    /// Runs `work` for this delivery, or answers without it.
    async fn guard(
        &self,
        context: &Context,
        payload: &Payload<'_>,
        work: impl AsyncFnOnce() -> Result<String, Failure>,
    ) -> Result<String, Failure>;
}

/// Every delivery runs.
pub(crate) struct Unguarded;

impl Guard for Unguarded {
    async fn guard(
        &self,
        _context: &Context,
        _payload: &Payload<'_>,
        work: impl AsyncFnOnce() -> Result<String, Failure>,
    ) -> Result<String, Failure> {
        work().await
    }
}

/// A function and its surroundings.
pub(crate) struct App<F, H, G> {
    handler: H,
    guard: G,
    services: Arc<Services>,
    metrics: Arc<Metrics>,
    cors: Option<Cors>,
    #[cfg(feature = "engine")]
    tasks: adapter::task::Tasks,
    function: PhantomData<fn() -> F>,
}

/// The facts of one invocation.
pub(crate) struct Invocation {
    pub(crate) request_id: String,
    pub(crate) deadline: Timestamp,
    pub(crate) trace: Option<String>,
}

impl Invocation {
    /// The earlier of this time and the invocation's deadline, if it has one: some local invokers set none.
    fn until(&self, deadline: Timestamp) -> Timestamp {
        if self.deadline > Timestamp::now() { deadline.min(self.deadline) } else { deadline }
    }

    /// How much time is left; none for an invoker that sets no deadline.
    fn remaining(&self) -> Duration {
        let millis = self.deadline.millis() - Timestamp::now().millis();
        Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }

    /// The same, but an invoker that sets no deadline gets the longest that Lambda has.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
    #[cfg(feature = "engine")]
    pub(crate) fn time_left(&self) -> Duration {
        const LONGEST: Duration = Duration::from_mins(15);
        Some(self.remaining()).filter(|time| !time.is_zero()).unwrap_or(LONGEST)
    }
}

impl<F, H, G> App<F, H, G>
where
    F: Function,
    H: AsyncFn(&F, F::Input) -> Result<F::Output, F::Error>,
    G: Guard,
{
    pub(crate) fn new(handler: H, guard: G, services: Services) -> Result<Self, Error> {
        let namespace = services.settings.parse(environment::METRICS_NAMESPACE, "evc".to_owned())?;
        let metrics = Arc::new(Metrics::new(namespace, F::NAME));
        let cors = Cors::of(&services.settings);
        let services = Arc::new(services);
        Ok(Self {
            handler,
            guard,
            #[cfg(feature = "engine")]
            tasks: adapter::task::Tasks::new(F::NAME, services.clone()),
            services,
            metrics,
            cors,
            function: PhantomData,
        })
    }

    /// Handles one invocation: the text of the event in, the text of the response or a named error out.
    pub(crate) async fn invoke(&self, text: &str, invocation: &Invocation) -> Result<String, Failure> {
        let answered = |failure: &Failure| {
            if failure.is_trouble {
                self.metrics.add(metric::FAILURES, 1.0, Unit::Count);
            }
        };
        let contract = Contract::new(F::SOURCES, F::STATUS, self.cors.as_ref());
        let contract = Contract {
            name: F::NAME,
            answered: &answered,
            routes: F::ROUTES,
            groups: F::GROUPS,
            responds: F::RESPONDS,
            ..contract
        };
        #[cfg(feature = "webhooks")]
        let contract = Contract { webhooks: Some((F::WEBHOOKS, &self.services)), ..contract };
        #[cfg(feature = "engine")]
        let contract = Contract { tasks: Some((&self.tasks, invocation.time_left())), ..contract };
        let time_left = || invocation.deadline.millis() - Timestamp::now().millis() > RESERVE;
        adapter::dispatch(text, contract, time_left, async |incoming| {
            Box::pin(self.deliver(incoming, invocation)).await
        })
        .await
        .inspect_err(|failure| {
            if !failure.is_trouble {
                self.metrics.add(metric::BUSINESS, 1.0, Unit::Count);
            }
        })
    }

    async fn deliver(&self, incoming: Incoming<'_>, invocation: &Invocation) -> Result<String, Failure> {
        let origin = Origin {
            // What nobody compares is not hashed.
            content: incoming.key.as_ref().map(|_| match incoming.asks {
                Some(asks) => Content::of(&Payload::new(asks), false),
                None => Content::of(&incoming.payload, incoming.step.is_some()),
            }),
            is_api: incoming.caller.is_some(),
            waits: incoming.is_eager,
        };
        let caller = incoming.caller.as_ref();
        let delivery = Delivery {
            function: F::NAME,
            request_id: invocation.request_id.clone(),
            deadline: incoming.deadline.map_or(invocation.deadline, |deadline| invocation.until(deadline)),
            trace: invocation.trace.clone().or(incoming.trace),
            key: incoming.key.map(|key| delivery_key(key, caller, F::SOURCES)),
            event: incoming.event,
            step: incoming.step,
            request: incoming.request,
            origin,
        };
        let span = span(&delivery);
        let context = Context::new(self.services.clone(), self.metrics.clone(), delivery);
        let payload = incoming.payload;
        async {
            let result = self.handle(&context, &payload).await;
            match &result {
                Ok(_) => tracing::debug!("done"),
                // A business error is an answer; whoever called decides what it means.
                Err(failure) if failure.status < 500 => tracing::warn!(error = failure.name, "{}", failure.message),
                Err(failure) => tracing::error!(error = failure.name, "{}", failure.message),
            }
            result
        }
        .instrument(span)
        .await
    }

    /// Handles one delivery, if its guard lets it through.
    pub(crate) async fn handle(&self, context: &Context, payload: &Payload<'_>) -> Result<String, Failure> {
        // Before the guard: who is nobody gets no stored answer either.
        F::admit(context)?;
        let guarded = self.guard.guard(context, payload, async || Box::pin(self.call(context, payload)).await);
        deadline::within(less(context.remaining(), REPORT), guarded).await
    }

    async fn call(&self, context: &Context, payload: &Payload<'_>) -> Result<String, Failure> {
        let input = F::decode(payload)?;
        #[cfg(feature = "idempotency")]
        context.set_used();
        #[cfg(feature = "cache")]
        let gate = Gate::enter(F::NAME, F::CIRCUIT_BREAKER, context).await?;
        let function = F::new(context.clone());
        // Boxed: every async function on the way out would hold a copy or two of a future of many kilobytes.
        let work = catch_panic(Box::pin((self.handler)(&function, input)));
        let ended = before_deadline(context.remaining(), work).await.flatten();
        #[cfg(feature = "cache")]
        if let Some(gate) = gate {
            gate.leave(Ended::of(&ended)).await;
        }
        let output = ended?.map_err(|error| {
            let infrastructure = error.infrastructure().and_then(std::error::Error::source);
            if let Some(cause) = infrastructure {
                tracing::warn!(error = error.name(), cause = %cause, "caused by");
            }
            Failure::of(&error)
        })?;
        bounds::made(format_args!("the output of `{}`", F::NAME), F::bounded(&output))?;
        Ok(serde_json::to_string(&output).map_err(Error::other)?)
    }
}

/// Writes what was measured so far.
#[cfg(any(feature = "forwarder", feature = "engine"))]
pub(crate) fn write_metrics(metrics: &Metrics) {
    write_metrics_of(metrics, Timestamp::now());
}

/// Writes what was measured at this time.
fn write_metrics_of(metrics: &Metrics, at: Timestamp) {
    let mut out = std::io::stdout().lock();
    for line in metrics.take_lines(at) {
        // Standard output is all there is to report to.
        drop(writeln!(out, "{line}"));
    }
}

/// The fields that every log line of a delivery has, beside those of its invocation.
fn span(delivery: &Delivery) -> tracing::Span {
    let (event, step) = (delivery.event.as_ref(), delivery.step.as_ref());
    tracing::info_span!(
        "delivery",
        function = delivery.function,
        traceId = delivery.trace,
        eventId = event.map(|event| event.id.as_str()),
        detailType = event.map(|event| event.detail_type.as_str()),
        execution = step.map(|step| step.execution.as_str()),
        step = step.map(|step| step.step.as_str()),
        attempt = step.map(|step| step.attempt),
    )
}

/// Runs a future until shortly before Lambda would end the process, then drops it: the caller gets an answer with a name, an
/// idempotency claim is released, metrics are written. Whatever the future was waiting for may still happen.
async fn before_deadline<T>(remaining: Duration, future: impl Future<Output = T>) -> Result<T, Error> {
    if remaining.is_zero() {
        // An invoker that sets no deadline (some local ones) will not enforce one either.
        return Ok(future.await);
    }
    let allowed = less(remaining, ANSWER);
    tokio::time::timeout(allowed, deadline::within(less(allowed, REACTION), future))
        .await
        .map_err(|_| Error::new(Kind::Timeout, "the handler did not end before the function's timeout"))
}

/// Runs a future; a panic in it becomes an error with a name. (A build with `panic = "abort"` ends the process instead.)
pub(crate) async fn catch_panic<T>(future: impl Future<Output = T>) -> Result<T, Error> {
    let mut future = pin!(future);
    std::future::poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
        // The message of a panic may quote payload data: it stays on standard error, where the panic hook wrote it.
        Err(_) => Poll::Ready(Err(Error::new(Kind::Panic, "the handler panicked"))),
    })
    .await
}

/// Runs a future on a runtime of one thread: a Lambda environment handles one invocation at a time.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::other)?;
    Ok(runtime.block_on(future))
}

pub(crate) fn run<F, H, G>(app: &App<F, H, G>) -> Result<(), Error>
where
    F: Function,
    H: AsyncFn(&F, F::Input) -> Result<F::Output, F::Error>,
    G: Guard,
{
    listen(&async |text: &str, invocation: &Invocation| {
        // Lambda counts an error at the time at which the function was invoked, and what is taken from its count must stand beside it:
        // https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
        let invoked = Timestamp::now();
        let result = Box::pin(app.invoke(text, invocation)).await;
        write_metrics_of(&app.metrics, invoked);
        result
    })
}

/// Takes invocations from Lambda one after the other.
pub(crate) fn listen(handle: &impl AsyncFn(&str, &Invocation) -> Result<String, Failure>) -> Result<(), Error> {
    observe::init();
    let service = service_fn(|event: LambdaEvent<Box<RawValue>>| async move {
        let invocation = Invocation {
            request_id: event.context.request_id,
            deadline: i64::try_from(event.context.deadline)
                .ok()
                .and_then(|millis| Timestamp::from_millis(millis).ok())
                .unwrap_or_else(Timestamp::now),
            trace: event.context.xray_trace_id,
        };
        let span = tracing::info_span!("invocation", requestId = invocation.request_id, traceId = invocation.trace);
        let handled = handle(event.payload.get(), &invocation).instrument(span);
        let result = deadline::within(less(invocation.remaining(), REPORT), handled).await;
        result
            .and_then(|text| Ok(RawValue::from_string(text).map_err(Error::other)?))
            .map_err(|failure| Diagnostic { error_type: failure.name, error_message: failure.message })
    });
    // Without lambda_runtime's own tracing layer: `deliver` has the span with everything that a log line needs.
    block_on(lambda_runtime::Runtime::new(service).run())?.map_err(|error| Error::other(error.to_string()))
}

#[cfg(test)]
mod counts;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_handler_that_does_not_end_is_a_named_error_before_lambda_ends_it() {
        let result = before_deadline(Duration::from_secs(3), std::future::pending::<()>()).await;
        assert_eq!(result.expect_err("timeout").kind(), Kind::Timeout);
        assert_eq!(before_deadline(Duration::ZERO, async { 1 }).await.expect("no deadline"), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_after_a_pause_is_a_named_error_without_its_message() {
        let result = catch_panic(async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            panic!("secret");
        });
        let error: Error = result.await.map(|(): ()| ()).expect_err("panic");
        assert_eq!((error.kind(), error.message()), (Kind::Panic, "the handler panicked"));
    }
}
