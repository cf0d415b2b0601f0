//! The forwarder: from the stream of an outbox to the bus. Nothing is lost; an event may arrive twice, with the same id.
//!
//! 1. Inserted rows become entries; rows that can never be published go to the dead-letter queue with their whole content.
//! 2. Entries are packed into as few `PutEvents` calls as the limits allow, no two of one aggregate into one call. A few calls are
//!    made at a time, if they have no aggregate in common.
//! 3. Entries that the bus refuses for the moment are tried again, with full jitter, while the invocation's time lasts. Those behind
//!    them that are about the same aggregate wait for them.
//! 4. If some are left, the first one's sequence number is reported: Lambda goes on from there. Entries after it that were taken go
//!    out again with the same event id, and consumers that are idempotent by event id see them once.

mod changes;
mod plan;
mod queue;
mod row;

use crate::adapter::stream::{Record, Records};
use crate::adapter::{batch, rejected};
use crate::backend::Services;
use crate::observe::{Metrics, Unit};
use crate::publish::{Bus, Rejection, pause};
use crate::serve::{Invocation, catch_panic, listen, write_metrics};
use crate::{Error, Kind, Timestamp, hash, payload};
pub use changes::Changes;
use futures_util::{StreamExt, stream};
use plan::{Pending, Reader, Rows, pack, plan, waves};
use queue::{Letters, Sqs};
use row::{Poison, letter};
use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

/// Calls of the bus at a time: a batch of 100, the default, takes as long as two.
const CALLS: usize = 5;
/// What is kept back of the invocation's time, to report what is left.
const RESERVE: Duration = Duration::from_secs(1);

/// The metrics of a forwarder, in the namespace `EVC_METRICS_NAMESPACE` and with its name as dimension `function`.
mod metric {
    /// Events that the bus took.
    pub(super) const FORWARDED: &str = "EventsForwarded";
    /// Entries that were sent again.
    pub(super) const RETRIED: &str = "EventsRetried";
    /// Events that can never be published and are in the dead-letter queue.
    pub(super) const DEAD: &str = "EventsDead";
    /// Records that this invocation could not finish and gave back to the stream.
    pub(super) const FAILED: &str = "EventsFailed";
    /// From the commit of an event to the answer of the bus that took it.
    pub(super) const LAG: &str = "EventLag";
}

/// Runs the forwarder of an outbox with a table of its own until Lambda ends the process. `EVENT_BUS_NAME` names the bus, `DLQ_URL`
/// the queue for rows that can never be published. `name` is what its metrics are of.
pub fn outbox(name: &'static str) -> Result<(), Error> {
    run(name, &Rows)
}

fn run(name: &'static str, reader: &impl Reader) -> Result<(), Error> {
    let services = Services::default();
    let bus = services.settings.require("EVENT_BUS_NAME")?;
    let queue = services.settings.require("DLQ_URL")?;
    let metrics = Metrics::new(services.settings.parse("EVC_METRICS_NAMESPACE", "evc".to_owned())?, name);
    let letters = Sqs { services: &services, url: queue };
    listen(&async |text: &str, invocation: &Invocation| {
        let records: Records = rejected(payload::decode(text))?;
        let forwarder = Forwarder {
            bus: services.bus().await,
            letters: &letters,
            bus_name: &bus,
            reader,
            metrics: &metrics,
            time_left: || time_left(invocation.deadline),
        };
        let first_failed = Box::pin(catch_panic(forwarder.forward(&records.records))).await;
        write_metrics(&metrics);
        Ok(batch::response(first_failed?)?)
    })
}

/// What the bus says of each entry of a call.
type Answers = Vec<Result<(), Rejection>>;

/// One batch on its way.
struct Forwarder<'a, L, R, T> {
    bus: &'a dyn Bus,
    letters: &'a L,
    bus_name: &'a str,
    /// What the records are.
    reader: &'a R,
    metrics: &'a Metrics,
    /// How much time is left for calls and pauses.
    time_left: T,
}

impl<L: Letters, R: Reader, T: Fn() -> Duration> Forwarder<'_, L, R, T> {
    /// Publishes a batch. Returns the sequence number of the first record that is left, if any is.
    async fn forward<'r>(&self, records: &'r [Record]) -> Option<&'r str> {
        let plan = plan(records, self.reader, self.bus_name);
        let (publish, mut poison) = (plan.publish.len(), plan.poison);
        let mut left = self.publish(plan.publish, &mut poison).await;
        let poisoned = poison.len();
        for (record, poison) in poison {
            if self.bury(&records[record], &poison).await {
                self.count(metric::DEAD, 1);
            } else {
                left.push(record);
            }
        }
        let first = left.iter().min().map(|record| records[*record].dynamodb.sequence_number.as_str());
        self.count(metric::FAILED, left.len());
        tracing::info!(records = records.len(), events = publish, poison = poisoned, left = left.len(), "forwarded");
        first
    }

    fn count(&self, name: &str, count: usize) {
        if count > 0 {
            // Lambda brings at most 10,000 records at once.
            self.metrics.add(name, f64::from(u32::try_from(count).unwrap_or(u32::MAX)), Unit::Count);
        }
    }

    /// Publishes until all entries are taken or refused for good, or time is over. Returns the records of those that are left.
    async fn publish(&self, mut pending: Vec<Pending>, poison: &mut Vec<(usize, Poison)>) -> Vec<usize> {
        let mut attempt = 0;
        loop {
            let (failed, hopeless) = self.round(pending, poison).await;
            pending = failed;
            let pause = pause(attempt, hash::random());
            attempt += 1;
            if pending.is_empty() || hopeless || (self.time_left)() <= pause {
                return pending.into_iter().map(|pending| pending.record).collect();
            }
            tracing::warn!(entries = pending.len(), attempt, "the bus refused entries; trying again");
            self.count(metric::RETRIED, pending.len());
            tokio::time::sleep(pause).await;
        }
    }

    /// Sends every pending entry once, unless one before it in its lane failed: that one has to go first. Returns those to send
    /// again, in their order, and whether that is hopeless in this invocation.
    async fn round(&self, pending: Vec<Pending>, poison: &mut Vec<(usize, Poison)>) -> (Vec<Pending>, bool) {
        let (mut failed, mut hopeless) = (BTreeSet::new(), false);
        let mut waiting: HashSet<&str> = HashSet::new();
        for wave in waves(&pending, pack(&pending)) {
            let give_up = hopeless || (self.time_left)().is_zero();
            let mut calls = Vec::new();
            for call in wave {
                let (held, call): (Vec<usize>, Vec<usize>) =
                    call.into_iter().partition(|entry| give_up || waiting.contains(pending[*entry].lane.as_str()));
                failed.extend(held);
                calls.extend(Some(call).filter(|call| !call.is_empty()));
            }
            let calls = stream::iter(calls).map(|call| self.put(&pending, call)).buffered(CALLS);
            for (call, answers) in calls.collect::<Vec<_>>().await {
                let answers = match answers {
                    Ok(answers) => answers,
                    Err(error) => {
                        tracing::error!(error = error.kind().name(), "{error}");
                        hopeless |= !error.kind().is_retryable();
                        waiting.extend(call.iter().map(|entry| pending[*entry].lane.as_str()));
                        failed.extend(call);
                        continue;
                    }
                };
                let answers: Vec<_> = call.iter().zip(answers).collect();
                self.taken(answers.iter().filter(|(_, answer)| answer.is_ok()).map(|(entry, _)| &pending[**entry]));
                for (entry, rejection) in answers.into_iter().filter_map(|(entry, answer)| Some((entry, answer.err()?)))
                {
                    if rejection.is_final() {
                        let reason = format!("the bus refused the event: {}: {}", rejection.code, rejection.message);
                        poison.push((pending[*entry].record, Poison { reason }));
                    } else {
                        failed.insert(*entry);
                        waiting.insert(&pending[*entry].lane);
                    }
                }
            }
        }
        let failed = pending.iter().enumerate().filter(|(number, _)| failed.contains(number));
        (failed.map(|(_, pending)| pending.clone()).collect(), hopeless)
    }

    /// One call with these entries, for as long as there is time.
    async fn put(&self, pending: &[Pending], call: Vec<usize>) -> (Vec<usize>, Result<Answers, Error>) {
        let entries = call.iter().map(|entry| pending[*entry].entry.clone()).collect();
        let late = |_| Error::new(Kind::Timeout, "`events:PutEvents` did not answer in time");
        let answers = tokio::time::timeout((self.time_left)(), self.bus.put_events(entries)).await.map_err(late);
        (call, answers.flatten())
    }

    /// Counts what the bus took.
    fn taken<'p>(&self, entries: impl Iterator<Item = &'p Pending>) {
        let now = Timestamp::now().millis();
        let mut count = 0;
        for pending in entries {
            count += 1;
            let millis = now - pending.entry.time.millis();
            // Clocks differ a little, and no event is published before it happened. A day is a stream's longest memory.
            let lag = u32::try_from(millis.max(0)).unwrap_or(u32::MAX);
            self.metrics.add(metric::LAG, f64::from(lag), Unit::Milliseconds);
        }
        self.count(metric::FORWARDED, count);
    }

    /// Puts a row into the dead-letter queue; whether it is there now.
    async fn bury(&self, record: &Record, poison: &Poison) -> bool {
        let sequence = record.dynamodb.sequence_number.as_str();
        tracing::error!(sequence, eventId = record.event_id, "a row can never be published: {}", poison.reason);
        let sent = match letter(record, poison) {
            Ok(letter) => self.letters.send(letter).await,
            Err(error) => Err(error),
        };
        if let Err(error) = &sent {
            tracing::error!(
                sequence,
                error = error.kind().name(),
                "the row could not be put into the dead-letter queue: {error}"
            );
        }
        sent.is_ok()
    }
}

/// The time until the deadline, less the reserve.
fn time_left(deadline: Timestamp) -> Duration {
    let millis = deadline.millis() - Timestamp::now().millis();
    Duration::from_millis(u64::try_from(millis).unwrap_or(0)).saturating_sub(RESERVE)
}

#[cfg(test)]
mod tests;
