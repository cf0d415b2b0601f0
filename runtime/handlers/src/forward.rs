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
pub(crate) mod plan;
pub(crate) mod publisher;
mod queue;
pub(crate) mod row;

use crate::adapter::stream::{Record, Records};
use crate::adapter::{batch, rejected};
use crate::backend::Services;
use crate::observe::Metrics;
use crate::serve::{Invocation, catch_panic, listen, write_metrics};
use crate::{Error, Timestamp, payload};
pub use changes::Changes;
use evc_interface::environment;
use evc_interface::metric::forwarder as metric;
use plan::{Reader, Rows, plan};
use publisher::Publisher;
use queue::{Letters, Sqs};
use row::{Poison, letter};
use std::time::Duration;

/// What is kept back of the invocation's time, to report what is left.
const RESERVE: Duration = Duration::from_secs(1);

/// Runs the forwarder of an outbox with a table of its own until Lambda ends the process. `EVENT_BUS_NAME` names the bus, `DLQ_URL`
/// the queue for rows that can never be published. `name` is what its metrics are of.
pub fn outbox(name: &'static str) -> Result<(), Error> {
    run(name, &Rows)
}

fn run(name: &'static str, reader: &impl Reader) -> Result<(), Error> {
    let services = Services::default();
    let bus = services.settings.require(environment::EVENT_BUS)?;
    let queue = services.settings.require(environment::DEAD_LETTERS)?;
    let metrics = Metrics::new(services.settings.parse(environment::METRICS_NAMESPACE, "evc".to_owned())?, name);
    let letters = Sqs { services: &services, url: queue };
    listen(&async |text: &str, invocation: &Invocation| {
        let records: Records = rejected(payload::decode(text))?;
        let forwarder = Forwarder {
            publisher: Publisher {
                bus: services.bus().await,
                metrics: &metrics,
                time_left: || time_left(invocation.deadline),
            },
            letters: &letters,
            bus_name: &bus,
            reader,
        };
        let first_failed = Box::pin(catch_panic(forwarder.forward(&records.records))).await;
        write_metrics(&metrics);
        Ok(batch::response(first_failed?)?)
    })
}

/// One batch on its way.
struct Forwarder<'a, L, R, T> {
    publisher: Publisher<'a, T>,
    letters: &'a L,
    bus_name: &'a str,
    /// What the records are.
    reader: &'a R,
}

impl<L: Letters, R: Reader, T: Fn() -> Duration> Forwarder<'_, L, R, T> {
    /// Publishes a batch. Returns the sequence number of the first record that is left, if any is.
    async fn forward<'r>(&self, records: &'r [Record]) -> Option<&'r str> {
        let plan = plan(records, self.reader, self.bus_name);
        let (publish, mut poison) = (plan.publish.len(), plan.poison);
        let mut left = self.publisher.publish(plan.publish, &mut poison).await;
        let poisoned = poison.len();
        for (record, poison) in poison {
            if self.bury(&records[record], &poison).await {
                self.publisher.count(metric::DEAD, 1);
            } else {
                left.push(record);
            }
        }
        let first = left.iter().min().map(|record| records[*record].dynamodb.sequence_number.as_str());
        self.publisher.count(metric::FAILED, left.len());
        tracing::info!(records = records.len(), events = publish, poison = poisoned, left = left.len(), "forwarded");
        first
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
pub(crate) fn time_left(deadline: Timestamp) -> Duration {
    let millis = deadline.millis() - Timestamp::now().millis();
    Duration::from_millis(u64::try_from(millis).unwrap_or(0)).saturating_sub(RESERVE)
}

#[cfg(test)]
mod tests;
