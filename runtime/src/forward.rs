//! The forwarder: from the stream of an outbox to the bus. Nothing is lost; an event may arrive twice, with the same id.
//!
//! 1. Inserted rows become entries; rows that can never be published go to the dead-letter queue with their whole content.
//! 2. Entries are packed into as few `PutEvents` calls as the limits allow.
//! 3. Entries that the bus refuses for the moment are tried again, with full jitter, while the invocation's time lasts.
//! 4. If some are left, the first one's sequence number is reported: Lambda goes on from there. Entries after it that were taken go
//!    out again with the same event id, and consumers that are idempotent by event id see them once.

mod plan;
mod queue;
mod row;

use crate::adapter::stream::{Record, Records};
use crate::adapter::{batch, rejected};
use crate::backend::Services;
use crate::publish::{Bus, Entry, pause};
use crate::serve::{Invocation, catch_panic, listen};
use crate::{Error, Timestamp, hash, payload};
use plan::{Pending, pack, plan};
use queue::{Letters, Sqs};
use row::{Poison, letter};
use std::time::Duration;

/// What is kept back of the invocation's time, to report what is left.
const RESERVE: Duration = Duration::from_secs(1);

/// Runs the forwarder of an outbox until Lambda ends the process. `EVENT_BUS_NAME` names the bus, `DLQ_URL` the queue for rows that
/// can never be published.
pub fn main() -> Result<(), Error> {
    let services = Services::default();
    let bus = services.settings.require("EVENT_BUS_NAME")?;
    let queue = services.settings.require("DLQ_URL")?;
    let letters = Sqs { services: &services, url: queue };
    listen(&async |text: &str, invocation: &Invocation| {
        let records: Records = rejected(payload::decode(text))?;
        let forwarder = Forwarder {
            bus: services.bus().await,
            letters: &letters,
            bus_name: &bus,
            time_left: || time_left(invocation.deadline),
        };
        let first_failed = Box::pin(catch_panic(forwarder.forward(&records.records))).await?;
        Ok(batch::response(first_failed)?)
    })
}

/// One batch on its way.
struct Forwarder<'a, L, T> {
    bus: &'a dyn Bus,
    letters: &'a L,
    bus_name: &'a str,
    /// How much time is left for calls and pauses.
    time_left: T,
}

impl<L: Letters, T: Fn() -> Duration> Forwarder<'_, L, T> {
    /// Publishes a batch. Returns the sequence number of the first record that is left, if any is.
    async fn forward<'r>(&self, records: &'r [Record]) -> Option<&'r str> {
        let plan = plan(records, self.bus_name);
        let (publish, mut poison) = (plan.publish.len(), plan.poison);
        let mut left = self.publish(plan.publish, &mut poison).await;
        let poisoned = poison.len();
        for (record, poison) in poison {
            if !self.bury(&records[record], &poison).await {
                left.push(record);
            }
        }
        let first = left.iter().min().map(|record| records[*record].dynamodb.sequence_number.as_str());
        tracing::info!(records = records.len(), events = publish, poison = poisoned, left = left.len(), "forwarded");
        first
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
            tokio::time::sleep(pause).await;
        }
    }

    /// Sends every pending entry once, in order. Returns those to send again, and whether that is hopeless in this invocation.
    async fn round(&self, pending: Vec<Pending>, poison: &mut Vec<(usize, Poison)>) -> (Vec<Pending>, bool) {
        let sizes: Vec<_> = pending.iter().map(|pending| pending.bytes).collect();
        let mut pending = pending.into_iter();
        let (mut failed, mut hopeless) = (Vec::new(), false);
        for count in pack(&sizes) {
            let call: Vec<Pending> = pending.by_ref().take(count).collect();
            if hopeless || (self.time_left)().is_zero() {
                failed.extend(call);
                continue;
            }
            let entries: Vec<Entry> = call.iter().map(|pending| pending.entry.clone()).collect();
            match self.bus.put_events(entries).await {
                Ok(answers) => {
                    for (pending, answer) in call.into_iter().zip(answers) {
                        match answer {
                            Ok(()) => {}
                            Err(rejection) if rejection.is_final() => {
                                poison.push((
                                    pending.record,
                                    Poison {
                                        reason: format!(
                                            "the bus refused the event: {}: {}",
                                            rejection.code, rejection.message
                                        ),
                                    },
                                ));
                            }
                            Err(_) => failed.push(pending),
                        }
                    }
                }
                Err(error) => {
                    tracing::error!(error = error.kind().name(), "{error}");
                    hopeless = !error.kind().is_retryable();
                    failed.extend(call);
                }
            }
        }
        (failed, hopeless)
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
