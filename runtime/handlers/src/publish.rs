//! Publishing straight to a bus, without an outbox: for events that tell of nothing stored.
//!
//! A function that also writes a table should publish through an outbox: between a write and a call to the bus a crash loses the event.

use crate::backend::BoxFuture;
use crate::event::{self, Metadata};
use crate::limits::PUT_EVENTS_BYTES;
use crate::{Context, Error, Event, Kind, Timestamp, Uuid, bounds, grant, hash};
use aws_config::SdkConfig;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use std::time::Duration;

/// One entry of `PutEvents`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) bus: String,
    pub(crate) source: String,
    pub(crate) detail_type: String,
    pub(crate) detail: String,
    pub(crate) time: Timestamp,
    pub(crate) trace: Option<String>,
}

/// Why the bus refused one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rejection {
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Rejection {
    /// Whether the same entry can never be taken: its content or its source is what is wrong.
    /// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html>
    pub(crate) fn is_final(&self) -> bool {
        matches!(
            self.code.as_str(),
            "InvalidArgument"
                | "MalformedDetail"
                | "RedactionFailure"
                | "NotAuthorizedForSourceException"
                | "NotAuthorizedForDetailTypeException"
        )
    }
}

/// A bus: EventBridge, or memory in tests.
pub(crate) trait Bus: Send + Sync {
    /// Sends up to 10 entries; each has its own answer, in their order: the id that the bus gave it, or why not.
    fn put_events(&self, entries: Vec<Entry>) -> BoxFuture<'_, Result<Vec<Result<String, Rejection>>, Error>>;
}

/// EventBridge.
pub(crate) struct EventBridge {
    client: Client,
}

impl EventBridge {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self { client: crate::aws::client!(aws_sdk_eventbridge, config) }
    }
}

impl Bus for EventBridge {
    fn put_events(&self, entries: Vec<Entry>) -> BoxFuture<'_, Result<Vec<Result<String, Rejection>>, Error>> {
        Box::pin(async move {
            let count = entries.len();
            let entries = entries.into_iter().map(|entry| {
                let builder = PutEventsRequestEntry::builder()
                    .event_bus_name(entry.bus)
                    .source(entry.source)
                    .detail_type(entry.detail_type);
                builder
                    .detail(entry.detail)
                    .time(DateTime::from_millis(entry.time.millis()))
                    .set_trace_header(entry.trace)
                    .build()
            });
            let sent = self.client.put_events().set_entries(Some(entries.collect())).send().await;
            let output = sent.map_err(|error| crate::aws::failure("events:PutEvents", &error))?;
            let answers: Vec<_> = output
                .entries
                .unwrap_or_default()
                .into_iter()
                .map(|answer| match (answer.event_id, answer.error_code) {
                    (_, Some(code)) => Err(Rejection { code, message: answer.error_message.unwrap_or_default() }),
                    (Some(id), None) => Ok(id),
                    // Neither taken nor refused: an entry whose fate is unknown counts as not taken.
                    (None, None) => Err(Rejection { code: "NoAnswer".to_owned(), message: String::new() }),
                })
                .collect();
            if answers.len() == count {
                Ok(answers)
            } else {
                Err(Error::new(Kind::Transient, "`events:PutEvents` answered for another number of entries"))
            }
        })
    }
}

/// The longest pause before the second attempt; it doubles with each.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest pause of all.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Attempts to publish one event straight to the bus.
const ATTEMPTS: u32 = 5;

/// The pause before another attempt, with full jitter: evenly random up to a bound that doubles.
/// <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>
pub(crate) fn pause(attempt: u32, random: f64) -> Duration {
    PAUSE.saturating_mul(1 << attempt.min(16)).min(LONGEST_PAUSE).mul_f64(random)
}

impl Context {
    /// Publishes an event of function `F` straight to its bus; returns the event's id. Generated contexts have a method that calls this.
    ///
    /// [`Kind::TooLarge`] for an entry over the bus's limit, before any call; [`Kind::Internal`] for a value out of its range. What the bus refuses for the moment is tried again
    /// while the invocation's time lasts.
    pub async fn publish<F, E>(&self, event: &E) -> Result<Uuid, Error>
    where
        F: grant::Publish<E>,
        E: Event,
    {
        bounds::made(format_args!("an event `{}`", E::DETAIL_TYPE), event.bounded())?;
        let delivery = self.delivery();
        // Nothing remembers the key here. Were it used for something else, both events would have one id, and whoever gets them would
        // drop the second.
        let apart = delivery.content_of_caller();
        let id = event::event_id(delivery, &self.next_transaction().to_string(), E::SOURCE, E::DETAIL_TYPE, apart);
        let time = Timestamp::now();
        let metadata = Metadata {
            event_id: id.to_string(),
            aggregate: event.aggregate(),
            sequence: None,
            occurred_at: Some(time),
            trace: delivery.trace.clone(),
        };
        let detail = event::detail(event, &metadata)?;
        if event::entry_size(E::SOURCE, E::DETAIL_TYPE, &detail) >= PUT_EVENTS_BYTES {
            return Err(Error::new(
                Kind::TooLarge,
                format!(
                    "an event `{}` is too large for the bus: the limit is {PUT_EVENTS_BYTES} bytes",
                    E::DETAIL_TYPE
                ),
            ));
        }
        let bus = self.services().settings.require(F::BUS_ENV)?;
        let entry = Entry {
            bus,
            source: E::SOURCE.to_owned(),
            detail_type: E::DETAIL_TYPE.to_owned(),
            detail,
            time,
            trace: delivery.trace.clone(),
        };
        let mut attempt = 0;
        loop {
            let error = match self.services().bus().await.put_events(vec![entry.clone()]).await {
                Ok(answers) => match answers.into_iter().find_map(Result::err) {
                    None => return Ok(id),
                    Some(rejection) => {
                        let kind = if rejection.is_final() { Kind::Internal } else { Kind::Transient };
                        Error::new(
                            kind,
                            format!(
                                "the bus refused an event `{}`: {}: {}",
                                E::DETAIL_TYPE,
                                rejection.code,
                                rejection.message
                            ),
                        )
                    }
                },
                Err(error) => error,
            };
            let pause = pause(attempt, hash::random());
            attempt += 1;
            if !error.kind().is_retryable() || attempt == ATTEMPTS || self.remaining() <= pause {
                return Err(error);
            }
            tokio::time::sleep(pause).await;
        }
    }
}

#[cfg(test)]
mod tests;
