//! Several writes and events, all or none: one `TransactWriteItems`.
//!
//! A repeated delivery must not do the work twice. Four things see to that, each for another case:
//!
//! - **The same call again** (the SDK's retry, or the same delivery that computes the same writes): the client request token is
//!   derived from the function, the idempotency key, the number of the transaction within the delivery, and its content. `DynamoDB` does nothing the
//!   second time, for 10 minutes. Without an idempotency key the token is random and covers the SDK's own retries.
//! - **The same delivery, later or with other content** (a new `createdAt`): ids of events are derived from the idempotency key, the
//!   transaction's number and the event's type, and an event's row is written only if it is not there. If that is what refuses the
//!   transaction, this very transaction was committed before: [`Committed::before`] says so and nothing is written. This holds as
//!   long as the row stays in the outbox. A row has the hash of what its delivery asked for: if this one asks for something else, the
//!   key was used again, which is [`Kind::KeyReused`]. And it has the hash of what its transaction is (`transact/identity.rs`): one
//!   that is another is never taken for done, but an error.
//! - **The same delivery, after a crash or a lost answer, in an idempotent function**: [`Transaction::answer`] stores the function's
//!   result in the same call, and later deliveries get it without running. This makes the second case rare: it is left for answers
//!   that the idempotency table has forgotten.
//! - **Everything else**: the conditions and versions of the writes.
//!
//! Work that reads, decides and writes on the condition that nothing has changed goes into [`Context::retry_conflicts`].

mod identity;

use self::identity::{How, Identity};
use crate::content::{Content, sha256};
use crate::context::Delivery;
use crate::limits::{TRANSACTION_ACTIONS, TRANSACTION_BYTES};
#[cfg(feature = "outbox")]
use crate::table::Refused;
use crate::table::{Check, Contention, Delete, Put, Refusal, Table, Update, Versioned, Write};
use crate::{Context, Error, Function, FunctionError, Kind, hash};
use std::marker::PhantomData;
use std::time::Duration;

/// Attempts for a transaction whose items another one has in hand.
const ATTEMPTS: u32 = 4;
/// The longest pause before the second attempt; it doubles with each.
const PAUSE: Duration = Duration::from_millis(50);

/// The longest pause before work that met a conflict is done again; it doubles with each attempt.
const CONFLICT_PAUSE: Duration = Duration::from_millis(25);
/// The longest of these pauses.
const LONGEST_CONFLICT_PAUSE: Duration = Duration::from_secs(1);

impl Context {
    /// Does work that reads, decides and writes, from the start again whenever somebody else wrote in between: while its error is a
    /// [`Kind::Conflict`], or another transaction has an item in hand, and the invocation's time lasts. In both cases nothing was
    /// written. A write whose answer is lost is neither, but [`Kind::Transient`] or [`Kind::Timeout`]: nobody knows whether it was done, and
    /// this work is not done again. Pauses between attempts are random, up to a bound that doubles.
    ///
    /// Every attempt numbers its transactions from where the first one did, so that a later delivery of the same work recognises
    /// what was committed, whichever attempt it was.
    ///
    /// ```ignore
    /// cx.retry_conflicts(async || {
    ///     let Some((cart, version)) = cx.carts().get(&key).consistent().send_versioned().await? else {
    ///         return Err(AddItemsError::CartNotFound(format!("there is no cart {}", key.cart_id)));
    ///     };
    ///     let changed = with_items(cart, &items);
    ///     cx.carts().put(&changed).if_version(version).send().await?;
    ///     Ok(changed)
    /// })
    /// .await
    /// ```
    pub async fn retry_conflicts<T, E: FunctionError>(&self, work: impl AsyncFn() -> Result<T, E>) -> Result<T, E> {
        let first = self.transactions();
        let mut attempt = 0;
        loop {
            self.number_transactions_from(first);
            let error = match work().await {
                Err(error) if error.infrastructure().is_some_and(is_lost_race) => error,
                result => return result,
            };
            let longest = CONFLICT_PAUSE.saturating_mul(1 << attempt.min(16)).min(LONGEST_CONFLICT_PAUSE);
            let pause = longest.mul_f64(hash::random());
            attempt += 1;
            if self.remaining() <= pause {
                return Err(error);
            }
            tracing::debug!(attempt, "somebody else wrote first; trying again");
            tokio::time::sleep(pause).await;
        }
    }
}

/// Whether somebody else wrote, or was writing, so that this work wrote nothing.
fn is_lost_race(error: &Error) -> bool {
    let cause = std::error::Error::source(error);
    error.is_conflict() || matches!(cause, Some(cause) if cause.is::<Contention>())
}

/// Writes and events of function `F`, all or none, in the making.
#[must_use = "a transaction happens when it is committed"]
pub struct Transaction<'a, F> {
    context: &'a Context,
    number: u32,
    writes: Vec<Result<Write, Error>>,
    events: Vec<Published>,
    identity: Identity,
    /// What becomes of items with versions.
    versions: Vec<Versioned>,
    /// Whether it tells of what it writes: by an event, or the function's answer.
    tells: bool,
    /// The number of the write that stores the result.
    answer: Option<usize>,
    function: PhantomData<fn() -> F>,
}

/// An event's place among the writes.
struct Published {
    write: usize,
    id: crate::Uuid,
    /// Its detail-type and number, if that is to be the version of an item.
    numbered: Option<(&'static str, u64)>,
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
            identity: Identity::default(),
            versions: Vec::new(),
            tells: false,
            answer: None,
            function: PhantomData,
        }
    }

    /// Adds a put.
    ///
    /// In a transaction that publishes or answers, an item that has its version as a field says the one that it is stored with: 1 for
    /// a new item, else that of [`Put::if_version`] and 1. One that says another is refused: what is told of it would be wrong.
    pub fn put<T: Table>(mut self, put: Put<'_, T>) -> Self {
        self.versions.extend(put.versioned());
        let how = if put.creates() { How::Create } else { How::Put };
        self.change::<T>(how, put.into_write())
    }

    /// Adds an update.
    pub fn update<T: Table>(mut self, update: Update<'_, T>) -> Self {
        self.versions.extend(update.versioned());
        self.change::<T>(How::Update, update.into_write())
    }

    /// Adds a delete.
    pub fn delete<T: Table>(mut self, delete: Delete<'_, T>) -> Self {
        self.versions.extend(Delete::<T>::versioned());
        self.change::<T>(How::Delete, delete.into_write())
    }

    /// Adds a check of an item that the transaction does not write.
    pub fn check<T: Table>(self, check: Check<'_, T>) -> Self {
        self.add(check.into_write())
    }

    fn change<T: Table>(mut self, how: How, write: Result<Write, Error>) -> Self {
        self.identity.write::<T>(how, &write);
        self.add(write)
    }

    fn add(mut self, write: Result<Write, Error>) -> Self {
        self.writes.push(write);
        self
    }

    /// What is told of an item has the version that is stored. A mistake of the function's code, so that it is found by its first test.
    fn check_versions(&self) -> Result<(), Error> {
        let stale =
            |item: &&Versioned| matches!((item.stored, item.said), (Some(stored), Some(said)) if stored != said);
        if self.tells
            && let Some(Versioned { table, stored: Some(stored), said: Some(said) }) = self.versions.iter().find(stale)
        {
            let message =
                format!("an item of `{table}` is stored as version {stored} and says that it is version {said}");
            return Err(Error::new(Kind::Internal, message));
        }
        // None where only the stored item knows its next version: then the function does, which has read it. But 0 is never one.
        let stored = self.versions.iter().map(|item| item.stored).collect::<Option<Vec<_>>>();
        let is_wrong = |(_, number): &(&str, u64)| {
            let is_none_of = stored.as_ref().is_some_and(|stored| !stored.contains(number));
            !self.versions.is_empty() && (is_none_of || *number == 0)
        };
        match self.events.iter().filter_map(|event| event.numbered).find(is_wrong) {
            Some((detail_type, number)) => {
                let message =
                    format!("an event `{detail_type}` has the number {number}, and no item is stored as that version");
                Err(Error::new(Kind::Internal, message))
            }
            None => Ok(()),
        }
    }

    /// Does it all, or nothing. [`Kind::Conflict`] if a condition or version does not hold; before any call, [`Kind::TooLarge`] if it is
    /// over a limit, and [`Kind::Internal`] if it would publish or answer another version of an item than it stores.
    ///
    /// A handler that commits several transactions commits all of them each time, in the same order: those that were committed before are
    /// recognised. If it skips one because that is done, the next one has its number, and is [`Kind::Internal`] where it meets its row.
    pub async fn commit(self) -> Result<Committed, Error> {
        self.check_versions()?;
        #[cfg_attr(not(feature = "outbox"), expect(unused_mut, reason = "only rows of an outbox are changed"))]
        let mut writes = self.writes.into_iter().collect::<Result<Vec<_>, _>>()?;
        let event_ids: Vec<_> = self.events.iter().map(|event| event.id).collect();
        if writes.is_empty() {
            return Ok(Committed { event_ids, before: false });
        }
        #[cfg(feature = "outbox")]
        if self.context.idempotency_key().is_some() {
            let identity = self.identity.hash();
            for event in &self.events {
                writes[event.write].set(crate::outbox::attribute_names::TRANSACTION, &identity);
            }
        }
        check_limits(&writes)?;
        let answer = self.answer;
        let token = token(self.context.delivery(), self.number, &writes);
        let rows: Vec<_> = self.events.iter().map(|event| event.write).collect();
        let store = self.context.services().tables().await;
        let mut attempt = 0;
        let refusal = loop {
            match store.transact(writes.clone(), &rows, token.clone()).await {
                Ok(()) => {
                    #[cfg(feature = "idempotency")]
                    if answer.is_some() {
                        self.context.set_answered();
                    }
                    return Ok(Committed { event_ids, before: false });
                }
                Err(Refusal::Contention) if attempt + 1 < ATTEMPTS => {
                    tokio::time::sleep(PAUSE.mul_f64(hash::random() * f64::from(1_u32 << attempt))).await;
                    attempt += 1;
                }
                Err(refusal) => break refusal,
            }
        };
        match refusal {
            Refusal::Condition(refused) if refused.iter().any(|refused| answer == Some(refused.write)) => Err(
                Error::new(Kind::InProgress, "another delivery of the same work took over when this one's time was up"),
            ),
            Refusal::Condition(refused)
                if self.context.idempotency_key().is_some()
                    && refused.iter().any(|refused| rows.contains(&refused.write)) =>
            {
                #[cfg(feature = "outbox")]
                identity::check_before(
                    rows_of_before(&refused, &rows, &writes),
                    self.context.delivery().origin.is_api,
                )?;
                tracing::info!("an earlier delivery of the same work committed this transaction");
                Ok(Committed { event_ids, before: true })
            }
            refusal => Err(refusal.into()),
        }
    }
}

/// The rows that are there already, each with the one that would have been written.
#[cfg(feature = "outbox")]
fn rows_of_before<'a>(
    refused: &'a [Refused],
    rows: &'a [usize],
    writes: &'a [Write],
) -> impl Iterator<Item = (&'a crate::attribute::Item, &'a Write)> {
    let refused = refused.iter().filter(|refused| rows.contains(&refused.write));
    refused.filter_map(|refused| Some((refused.stored.as_ref()?, writes.get(refused.write)?)))
}

impl<F: Function> Transaction<'_, F> {
    /// Makes this the function's answer to its caller, now and whenever the same delivery comes again: in an idempotent function it
    /// is stored in this transaction, so that work and answer are there together or not at all. The function must return the same
    /// value after the commit, and may say it once. In a function that is not idempotent it does nothing.
    ///
    /// ```ignore
    /// cx.transact().put(cx.carts().put(&cart).if_version(version)).answer(&cart).commit().await?;
    /// Ok(cart)
    /// ```
    pub fn answer(mut self, output: &F::Output) -> Self {
        self.tells = true;
        #[cfg(feature = "idempotency")]
        if let Some(claim) = self.context.claim() {
            let checked = crate::bounds::made(format_args!("the output of `{}`", F::NAME), F::bounded(output));
            let text = checked.and_then(|()| serde_json::to_string(output).map_err(Error::other));
            let write = text.map(|text| claim.done(&text, crate::Timestamp::now()));
            return Self { answer: Some(self.writes.len()), ..self }.add(write);
        }
        let _ = output;
        self
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

/// The client request token: at most 36 characters. Of a hash that nobody can steer, since parts of what is hashed come from callers;
/// with the function's name, since two functions may do the same for one event, and with what was asked for.
fn token(delivery: &Delivery, number: u32, writes: &[Write]) -> String {
    match &delivery.key {
        Some(key) => {
            let content = delivery.origin.content.as_ref().map(Content::hash);
            let mut token = sha256(format!("{:?}", (delivery.function, key, content, number, writes)));
            token.truncate(32);
            token
        }
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
            self.event(event, event.aggregate(), None, false)
        }

        /// Adds an event with its number among the events of its aggregate, which it names itself: the version that the same
        /// transaction gives the item. Consumers tell by it what comes before what, and whether something is missing; so another
        /// number than a version that the transaction stores is refused, where the transaction itself says which those are.
        pub fn publish_numbered<E: Event>(self, event: &E, sequence: u64) -> Self
        where
            F::Outbox: Carries<E>,
        {
            self.event(event, event.aggregate(), Some(sequence), true)
        }

        /// Adds an event of this aggregate, with its number among the aggregate's events (such as the version of the item it tells of).
        pub fn publish_as<E: Event>(self, event: &E, aggregate: Option<String>, sequence: Option<u64>) -> Self
        where
            F::Outbox: Carries<E>,
        {
            self.event(event, aggregate, sequence, false)
        }

        fn event<E: Event>(
            mut self,
            event: &E,
            aggregate: Option<String>,
            sequence: Option<u64>,
            is_version: bool,
        ) -> Self {
            self.tells = true;
            self.identity.event(E::SOURCE, E::DETAIL_TYPE);
            let numbered = sequence.filter(|_| is_version).map(|number| (E::DETAIL_TYPE, number));
            let place = format!("{}/{}", self.number, self.events.len());
            // A row is found by aggregate and id: with another aggregate, a key that is used again would give two events one id.
            let id = event_id(self.context.delivery(), &place, E::SOURCE, E::DETAIL_TYPE, aggregate.as_deref());
            self.events.push(Published { write: self.writes.len(), id, numbered });
            self.writes.push(outbox::row(self.context, <F::Outbox as Outbox>::ENV, event, id, aggregate, sequence));
            self
        }
    }
}

#[cfg(test)]
mod tests {
    mod reuse;
    mod takeover;

    use super::*;
    use crate::Timestamp;
    use crate::observe::Metrics;
    use crate::testing::World;
    use std::cell::Cell;
    use std::sync::Arc;

    #[test]
    fn the_token_of_a_call_is_that_of_its_function_and_work() {
        let world = World::new();
        let token = |function, key, number| token(world.delivery(function, key).delivery(), number, &[]);
        assert_eq!(token("f", "k", 0), token("f", "k", 0));
        let all = [token("f", "k", 0), token("g", "k", 0), token("f", "l", 0), token("f", "k", 1)];
        assert_eq!(std::collections::BTreeSet::from(all.clone()).len(), 4);
        assert!(all.iter().all(|token| token.len() <= 36));
    }

    #[tokio::test]
    async fn a_race_that_is_lost_to_the_end_ends_with_the_conflict() {
        let world = World::new();
        let delivery = crate::context::Delivery {
            deadline: Timestamp::now().after(Duration::from_millis(60)),
            ..world.context("f").delivery().clone()
        };
        let metrics = Arc::new(Metrics::new("test".to_owned(), "f"));
        let context = Context::new(Arc::new(world.services()), metrics, delivery);
        let attempts = Cell::new(0);
        let lose = async || {
            attempts.set(attempts.get() + 1);
            Err::<(), _>(Error::new(Kind::Conflict, "lost"))
        };
        let error = context.retry_conflicts(lose).await.expect_err("lost");
        assert!(error.is_conflict() && attempts.get() > 1, "{} attempts", attempts.get());
    }
}
