//! A delivery's work is done once: later deliveries of the same work get the stored result.
//!
//! The key is the function's name and the delivery's idempotency key (an event's id, a caller's `Idempotency-Key`, execution and step).
//! A delivery without a key simply runs. One table holds a record a key:
//!
//! | attribute | | |
//! | --- | --- | --- |
//! | `id` | S, partition key | function and key |
//! | `status` | S | `IN_PROGRESS`, `DONE`, `RELEASED` |
//! | `owner` | S | tells one claim from another |
//! | `leaseUntil` | N | milliseconds since 1970: the deadline of the invocation that claimed |
//! | `payload` | S | SHA-256 of the input |
//! | `result` | S, optional | the JSON of the output |
//! | `ttl` | N | seconds since 1970, when DynamoDB may remove the record |
//!
//! Every write is a conditional put, which is all that the function's role needs to allow.
//!
//! A transaction with an answer ([`Transaction::answer`](crate::Transaction::answer)) stores the result in the very call that does the
//! work: then there is no moment at which one is there without the other, and a delivery that lost its claim commits nothing.
//!
//! # What a crash does
//!
//! - **Before the claim**: nothing happened. The next delivery runs.
//! - **After the claim, before or in the handler**: deliveries until the lease ends fail with `InProgress` and come back; the first one
//!   after it claims anew and runs. The lease ends at the invocation's deadline, when Lambda has surely ended the crashed handler.
//! - **After the handler, before the result is stored**: as above; the handler runs a second time. What it wrote in a transaction with
//!   an event is recognised by the event's id (see [`Transaction`](crate::Transaction)); other effects need conditions of their own.
//!   With [`Transaction::answer`](crate::Transaction::answer) there is no such moment.
//! - **After the result is stored, before the answer arrives**: the next delivery gets the stored result; the handler does not run.
//! - **The handler failed**: the claim is released, and the next delivery runs at once. A crash before the release is the second case.
//!   If what failed was only the answer of a transaction that stored the result, that result is what the caller gets.

use crate::adapter::Failure;
use crate::attribute::{Attribute, Item};
use crate::backend::Services;
use crate::limits::ITEM_BYTES;
use crate::serve::{App, Guard, run};
use crate::table::{Comparison, Refusal, Store, Test, Write, WriteKind};
use crate::{Context, Error, Function, Kind, Payload, Timestamp, Uuid};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::time::Duration;

/// How long a record stays, seconds, unless `IDEMPOTENCY_RETENTION_SECONDS` says otherwise.
const RETENTION: u64 = 86_400;
/// The longest key that is stored as it is; a longer one is stored as its hash. A partition key has at most 2048 bytes.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-partition-keys>
const KEY_BYTES: usize = 1024;

/// The environment variable with the name of the table.
pub(crate) const TABLE: &str = "IDEMPOTENCY_TABLE";

pub(crate) const ID: &str = "id";
const STATUS: &str = "status";
const OWNER: &str = "owner";
pub(crate) const LEASE: &str = "leaseUntil";
const PAYLOAD: &str = "payload";
const RESULT: &str = "result";
const TTL: &str = "ttl";

const IN_PROGRESS: &str = "IN_PROGRESS";
const DONE: &str = "DONE";
const RELEASED: &str = "RELEASED";

/// Runs a function as [`serve`](crate::serve) does, each delivery's work once. The table is named by `IDEMPOTENCY_TABLE`.
pub fn serve_idempotent<F, H>(handler: H) -> Result<(), Error>
where
    F: Function,
    H: AsyncFn(&F, F::Input) -> Result<F::Output, F::Error>,
{
    run(&App::<F, H, _>::new(handler, Once, Services::default())?)
}

/// The guard that lets a delivery's work run once.
pub(crate) struct Once;

impl Guard for Once {
    async fn guard(
        &self,
        context: &Context,
        payload: &Payload<'_>,
        work: impl AsyncFnOnce() -> Result<String, Failure>,
    ) -> Result<String, Failure> {
        let Some(key) = context.idempotency_key() else { return work().await };
        let services = context.services();
        let settings = &services.settings;
        let records = Records {
            store: services.tables().await,
            table: settings.require(TABLE)?,
            retention: Duration::from_secs(settings.parse("IDEMPOTENCY_RETENTION_SECONDS", RETENTION)?),
        };
        let id = record_id(context.delivery().function, key);
        let claim = match records.claim(id, hex(payload.json()), Timestamp::now(), context.deadline()).await? {
            Claimed::Before(result) => {
                tracing::info!("an earlier delivery did the work; its result is returned");
                return Ok(result);
            }
            Claimed::Now(claim) => context.hold(claim),
        };
        let result = work().await;
        if context.is_answered() {
            return result;
        }
        // The work is done or has failed, whatever becomes of the record: its outcome is the answer.
        let kept = match &result {
            Ok(output) => records.complete(claim, output, Timestamp::now()).await.map(|()| None),
            Err(_) => records.release(claim, Timestamp::now()).await,
        };
        match kept {
            Ok(Some(output)) => {
                tracing::info!("the work was done, and only the answer of its transaction was lost");
                Ok(output)
            }
            Ok(None) => result,
            Err(error) => {
                tracing::error!(
                    error = error.kind().name(),
                    "the idempotency record could not be kept, a repeated delivery will run again: {error}"
                );
                result
            }
        }
    }
}

fn record_id(function: &str, key: &str) -> String {
    let key = if key.len() > KEY_BYTES { hex(key) } else { key.to_owned() };
    format!("{function}#{key}")
}

fn hex(text: &str) -> String {
    Sha256::digest(text).iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The table of records.
struct Records<'a> {
    store: &'a dyn Store,
    table: String,
    retention: Duration,
}

/// The right to do a key's work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    table: String,
    retention: Duration,
    id: String,
    owner: String,
    payload: String,
    lease: Timestamp,
}

impl Claim {
    /// The record in this state.
    fn record(&self, status: &str, now: Timestamp) -> Item {
        [
            (ID, s(&self.id)),
            (STATUS, s(status)),
            (OWNER, s(&self.owner)),
            (LEASE, n(self.lease.millis())),
            (PAYLOAD, s(&self.payload)),
            (TTL, n(now.after(self.retention).seconds())),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// The write that stores the result for later deliveries, while the claim is ours. A result that is too large for an item is not
    /// stored, and later deliveries are told so.
    pub(crate) fn done(&self, output: &str, now: Timestamp) -> Write {
        let mut record = self.record(DONE, now);
        let spare = ITEM_BYTES - crate::attribute::item_size(&record) - RESULT.len();
        if output.len() <= spare {
            record.insert(RESULT.to_owned(), s(output));
        }
        self.finish(record)
    }

    fn finish(&self, record: Item) -> Write {
        let ours = Test::All(vec![
            Test::Compare(OWNER, Comparison::Equal, s(&self.owner)),
            Test::Compare(STATUS, Comparison::Equal, s(IN_PROGRESS)),
        ]);
        Write { table: self.table.clone(), kind: WriteKind::Put(record), condition: Some(ours) }
    }

    /// The result that this claim has stored, if the record is of such a one.
    fn stored_result(&self, record: &Item) -> Option<String> {
        let text = |name| record.get(name).and_then(Attribute::as_s);
        let ours = text(OWNER) == Some(&self.owner) && text(STATUS) == Some(DONE);
        text(RESULT).filter(|_| ours).map(str::to_owned)
    }
}

/// What came of an attempt to claim.
#[derive(Debug, PartialEq, Eq)]
enum Claimed {
    /// The work is ours.
    Now(Claim),
    /// It was done before; this is its result.
    Before(String),
}

impl Records<'_> {
    /// Claims the work, unless it was done before ([`Claimed::Before`]), is being done ([`Kind::InProgress`]), or the key
    /// was used for another input ([`Kind::KeyReused`]).
    async fn claim(&self, id: String, payload: String, now: Timestamp, lease: Timestamp) -> Result<Claimed, Error> {
        let (table, retention) = (self.table.clone(), self.retention);
        let claim = Claim { table, retention, id, owner: Uuid::new_v4().to_string(), payload, lease };
        let free = Test::Any(vec![
            Test::NotExists(ID),
            Test::Compare(STATUS, Comparison::Equal, s(RELEASED)),
            Test::All(vec![
                Test::Compare(STATUS, Comparison::Equal, s(IN_PROGRESS)),
                Test::Compare(LEASE, Comparison::Less, n(now.millis())),
            ]),
            // DynamoDB removes expired items only some time later.
            Test::Compare(TTL, Comparison::Less, n(now.seconds())),
        ]);
        let record = WriteKind::Put(claim.record(IN_PROGRESS, now));
        match self.store.write(Write { table: self.table.clone(), kind: record, condition: Some(free) }, true).await {
            Ok(()) => Ok(Claimed::Now(claim)),
            // The SDK sent the call again because its answer was lost: what stands in the way is this very claim.
            Err(Refusal::Condition { stored: Some(stored), .. }) if stored.get(OWNER) == Some(&s(&claim.owner)) => {
                Ok(Claimed::Now(claim))
            }
            Err(Refusal::Condition { stored: Some(stored), .. }) => before(&stored, &claim.payload),
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// Stores the result for later deliveries.
    async fn complete(&self, claim: &Claim, output: &str, now: Timestamp) -> Result<(), Error> {
        self.finish(claim, claim.done(output, now)).await.map(drop)
    }

    /// Lets the next delivery run at once; unless the work turns out to be done, which gives its result.
    async fn release(&self, claim: &Claim, now: Timestamp) -> Result<Option<String>, Error> {
        self.finish(claim, claim.finish(claim.record(RELEASED, now))).await
    }

    async fn finish(&self, claim: &Claim, write: Write) -> Result<Option<String>, Error> {
        match self.store.write(write, true).await {
            Ok(()) => Ok(None),
            Err(Refusal::Condition { stored: Some(stored), .. }) if stored.get(OWNER) == Some(&s(&claim.owner)) => {
                Ok(claim.stored_result(&stored))
            }
            // The lease was over and another delivery claimed the work: the record is its.
            Err(Refusal::Condition { .. }) => Err(Error::new(Kind::Conflict, "another delivery took over")),
            Err(refusal) => Err(refusal.into()),
        }
    }
}

/// What a record that stands in the way means for a delivery with this payload.
fn before(stored: &Item, payload: &str) -> Result<Claimed, Error> {
    let text = |name| stored.get(name).and_then(Attribute::as_s);
    if text(PAYLOAD) != Some(payload) {
        return Err(Error::new(Kind::KeyReused, "the idempotency key was used before with another input"));
    }
    match (text(STATUS), text(RESULT)) {
        (Some(DONE), Some(result)) => Ok(Claimed::Before(result.to_owned())),
        (Some(DONE), None) => {
            Err(Error::new(Kind::TooLarge, "an earlier delivery did the work; its result was too large to be stored"))
        }
        _ => Err(Error::new(Kind::InProgress, "another delivery of the same work is running")),
    }
}

fn s(text: &str) -> Attribute {
    Attribute::S(text.to_owned())
}

fn n(number: i64) -> Attribute {
    Attribute::N(number.to_string())
}

#[cfg(test)]
mod tests;
