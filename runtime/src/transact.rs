//! Several writes and events, all or none: one `TransactWriteItems`.
//!
//! A repeated delivery must not do the work twice. Three things see to that, each for another case:
//!
//! - **The same call again** (the SDK's retry, or the same delivery that computes the same writes): the client request token is
//!   derived from the idempotency key, the number of the transaction within the delivery, and its content. `DynamoDB` does nothing the
//!   second time, for 10 minutes. Without an idempotency key the token is random and covers the SDK's own retries.
//! - **The same delivery, later or with other content** (a new `createdAt`): ids of events are derived from the idempotency key, the
//!   transaction's number and the event's type, and an event's row is written only if it is not there. If that is what refuses the
//!   transaction, this very transaction was committed before: [`Committed::before`] says so and nothing is written. This holds as
//!   long as the row stays in the outbox.
//! - **Everything else**: the conditions and versions of the writes.

use crate::limits::{TRANSACTION_ACTIONS, TRANSACTION_BYTES};
use crate::table::{Check, Delete, Put, Refusal, Table, Update, Write};
use crate::{Context, Error, Kind, hash};
use std::marker::PhantomData;
use std::time::Duration;

/// Attempts for a transaction whose items another one has in hand.
const ATTEMPTS: u32 = 4;
/// The longest pause before the second attempt; it doubles with each.
const PAUSE: Duration = Duration::from_millis(50);

/// Writes and events of function `F`, all or none, in the making.
#[must_use = "a transaction happens when it is committed"]
pub struct Transaction<'a, F> {
    context: &'a Context,
    number: u32,
    writes: Vec<Result<Write, Error>>,
    events: Vec<Published>,
    function: PhantomData<fn() -> F>,
}

/// An event's place among the writes.
struct Published {
    write: usize,
    id: crate::Uuid,
}

/// What became of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The ids of its events, in their order.
    pub event_ids: Vec<crate::Uuid>,
    /// Whether an earlier delivery of the same work was seen to have committed it already, so that nothing was written now. (A call that
    /// DynamoDB recognises by its token is not seen: it looks like a first one.)
    pub before: bool,
}

impl<'a, F> Transaction<'a, F> {
    pub(crate) fn new(context: &'a Context) -> Self {
        Self {
            context,
            number: context.next_transaction(),
            writes: Vec::new(),
            events: Vec::new(),
            function: PhantomData,
        }
    }

    /// Adds a put.
    pub fn put<T: Table>(self, put: Put<'_, T>) -> Self {
        self.add(put.into_write())
    }

    /// Adds an update.
    pub fn update<T: Table>(self, update: Update<'_, T>) -> Self {
        self.add(update.into_write())
    }

    /// Adds a delete.
    pub fn delete<T: Table>(self, delete: Delete<'_, T>) -> Self {
        self.add(delete.into_write())
    }

    /// Adds a check of an item that the transaction does not write.
    pub fn check<T: Table>(self, check: Check<'_, T>) -> Self {
        self.add(check.into_write())
    }

    fn add(mut self, write: Result<Write, Error>) -> Self {
        self.writes.push(write);
        self
    }

    /// Does it all, or nothing. [`Kind::Conflict`] if a condition or version does not hold; [`Kind::TooLarge`] if it is over a limit,
    /// before any call.
    pub async fn commit(self) -> Result<Committed, Error> {
        let writes = self.writes.into_iter().collect::<Result<Vec<_>, _>>()?;
        let event_ids: Vec<_> = self.events.iter().map(|event| event.id).collect();
        if writes.is_empty() {
            return Ok(Committed { event_ids, before: false });
        }
        check_limits(&writes)?;
        let token = token(self.context.idempotency_key(), self.number, &writes);
        let store = self.context.services().tables().await;
        let mut attempt = 0;
        let refusal = loop {
            match store.transact(writes.clone(), token.clone()).await {
                Ok(()) => return Ok(Committed { event_ids, before: false }),
                Err(Refusal::Contention) if attempt + 1 < ATTEMPTS => {
                    tokio::time::sleep(PAUSE.mul_f64(hash::random() * f64::from(1_u32 << attempt))).await;
                    attempt += 1;
                }
                Err(refusal) => break refusal,
            }
        };
        match refusal {
            Refusal::Condition { writes, .. }
                if self.context.idempotency_key().is_some()
                    && self.events.iter().any(|event| writes.contains(&event.write)) =>
            {
                tracing::info!("an earlier delivery of the same work committed this transaction");
                Ok(Committed { event_ids, before: true })
            }
            refusal => Err(refusal.into()),
        }
    }
}

fn check_limits(writes: &[Write]) -> Result<(), Error> {
    let bytes: usize = writes.iter().map(Write::size).sum();
    if writes.len() > TRANSACTION_ACTIONS {
        return Err(Error::new(
            Kind::TooLarge,
            format!("a transaction has {} actions; the limit is {TRANSACTION_ACTIONS}", writes.len()),
        ));
    }
    if bytes > TRANSACTION_BYTES {
        return Err(Error::new(
            Kind::TooLarge,
            format!("a transaction has {bytes} bytes; the limit is {TRANSACTION_BYTES}"),
        ));
    }
    Ok(())
}

/// The client request token: at most 36 characters.
fn token(key: Option<&str>, number: u32, writes: &[Write]) -> String {
    match key {
        Some(key) => format!("{:032x}", hash::fnv128(&[key, &number.to_string(), &format!("{writes:?}")])),
        None => crate::Uuid::new_v4().to_string(),
    }
}

#[cfg(feature = "outbox")]
mod publish {
    use super::{Published, Transaction};
    use crate::event::{Carries, Event, Outbox, event_id};
    use crate::{grant, outbox};

    impl<F: grant::Outbox> Transaction<'_, F> {
        /// Adds an event, of the aggregate that it names itself.
        pub fn publish<E: Event>(self, event: &E) -> Self
        where
            F::Outbox: Carries<E>,
        {
            self.publish_as(event, event.aggregate(), None)
        }

        /// Adds an event of this aggregate, with its number among the aggregate's events (such as the version of the item it tells of).
        pub fn publish_as<E: Event>(mut self, event: &E, aggregate: Option<String>, sequence: Option<u64>) -> Self
        where
            F::Outbox: Carries<E>,
        {
            let place = format!("{}/{}", self.number, self.events.len());
            let id = event_id(self.context.delivery(), &place, E::SOURCE, E::DETAIL_TYPE);
            self.events.push(Published { write: self.writes.len(), id });
            self.writes.push(outbox::row(self.context, <F::Outbox as Outbox>::ENV, event, id, aggregate, sequence));
            self
        }
    }
}
