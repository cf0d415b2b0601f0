//! The records of what was done, and the right to do it: each step is one conditional put.

use crate::attribute::{Attribute, Item};
use crate::content::{Content, sha256};
use crate::limits::ITEM_BYTES;
use crate::table::{Comparison, Refusal, Refused, Store, Test, Write, WriteKind};
use crate::{Error, Kind, Timestamp, Uuid};
use evc_interface::table;
use std::time::Duration;

/// The longest key that is stored as it is; a longer one is stored as its hash. A partition key has at most 2048 bytes.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-partition-keys>
const KEY_BYTES: usize = 1024;

pub(crate) const ID: &str = table::IDEMPOTENCY_KEY;
const STATUS: &str = "status";
const OWNER: &str = "owner";
pub(crate) const LEASE: &str = "leaseUntil";
const CONTENT: &str = "content";
const PAYLOAD: &str = "payload";
const RESULT: &str = "result";
const TTL: &str = table::TTL;

const IN_PROGRESS: &str = "IN_PROGRESS";
const DONE: &str = "DONE";
const RELEASED: &str = "RELEASED";

/// The partition key of a record.
pub(super) fn id(function: &str, key: &str) -> String {
    let key = if key.len() > KEY_BYTES { sha256(key) } else { key.to_owned() };
    format!("{function}#{key}")
}

/// The table of records.
pub(super) struct Records<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) table: String,
    pub(super) retention: Duration,
    /// How long a claim lasts.
    pub(super) lease: Duration,
}

/// The right to do a key's work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    table: String,
    retention: Duration,
    id: String,
    owner: String,
    pub(super) content: Content,
    pub(super) lease: Timestamp,
    /// When the process that has it is ended at the latest, if anybody does.
    deadline: Option<Timestamp>,
}

impl Claim {
    /// The record in this state.
    fn record(&self, status: &str, now: Timestamp) -> Item {
        // A claim is not forgotten while it holds, however short the retention is.
        let kept = now.after(self.retention).max(self.lease.after(Duration::from_secs(1)));
        [
            (ID, s(&self.id)),
            (STATUS, s(status)),
            (OWNER, s(&self.owner)),
            (LEASE, n(self.lease.millis())),
            (CONTENT, s(self.content.hash())),
            (PAYLOAD, s(self.content.text())),
            (TTL, n(kept.seconds())),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// The same claim for so long from now on; `None` if it cannot last longer than it does.
    pub(super) fn renewed(&self, now: Timestamp, lease: Duration) -> Option<Self> {
        let lease = lease_until(now, lease, self.deadline);
        (lease > self.lease).then(|| Self { lease, ..self.clone() })
    }

    /// The write that makes the record's lease that of this claim, while the claim is ours.
    pub(super) fn renewal(&self, now: Timestamp) -> Write {
        self.put(self.record(IN_PROGRESS, now))
    }

    /// The write that stores the result for later deliveries, while the claim is ours. A result that is too large for an item is not
    /// stored, and later deliveries are told so.
    pub(crate) fn done(&self, output: &str, now: Timestamp) -> Write {
        let mut record = self.record(DONE, now);
        let spare = ITEM_BYTES - crate::attribute::item_size(&record) - RESULT.len();
        if output.len() <= spare {
            record.insert(RESULT.to_owned(), s(output));
        }
        self.put(record)
    }

    /// A put of the record while the claim is ours.
    fn put(&self, record: Item) -> Write {
        let ours = Test::All(vec![
            Test::Compare(OWNER, Comparison::Equal, s(&self.owner)),
            Test::Compare(STATUS, Comparison::Equal, s(IN_PROGRESS)),
        ]);
        Write { table: self.table.clone(), kind: WriteKind::Put(record), condition: Some(ours) }
    }

    /// Whether a record is of this claim, whatever its state.
    pub(super) fn has(&self, record: &Item) -> bool {
        text(record, OWNER) == Some(&self.owner)
    }

    /// The result that this claim has stored, if the record is of such a one.
    fn stored_result(&self, record: &Item) -> Option<String> {
        let ours = self.has(record) && text(record, STATUS) == Some(DONE);
        text(record, RESULT).filter(|_| ours).map(str::to_owned)
    }
}

/// When a lease ends that begins now.
fn lease_until(now: Timestamp, lease: Duration, deadline: Option<Timestamp>) -> Timestamp {
    let until = now.after(lease);
    deadline.map_or(until, |deadline| until.min(deadline))
}

/// What came of an attempt to claim.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Claimed {
    /// The work is ours.
    Now(Claim),
    /// It was done before; this is its result.
    Before(String),
    /// Another delivery has it, until this time if it does not renew.
    Busy(Timestamp),
}

impl Records<'_> {
    /// Claims the work, unless it was done before or is being done. [`Kind::KeyReused`] if the key was used for other work.
    ///
    /// A deadline that is over is none: some local invokers set none.
    pub(super) async fn claim(
        &self,
        id: String,
        content: Content,
        now: Timestamp,
        deadline: Timestamp,
    ) -> Result<Claimed, Error> {
        let (table, retention) = (self.table.clone(), self.retention);
        let deadline = Some(deadline).filter(|deadline| *deadline > now);
        let lease = lease_until(now, self.lease, deadline);
        let claim = Claim { table, retention, id, owner: Uuid::new_v4().to_string(), content, lease, deadline };
        let nobody_works = Test::Any(vec![
            Test::Compare(STATUS, Comparison::Equal, s(RELEASED)),
            Test::All(vec![
                Test::Compare(STATUS, Comparison::Equal, s(IN_PROGRESS)),
                Test::Compare(LEASE, Comparison::Less, n(now.millis())),
            ]),
        ]);
        // Without content: no input was read, or an earlier version wrote it, which let others take the key over.
        let same_work = Test::Any(vec![
            Test::NotExists(CONTENT),
            Test::Compare(CONTENT, Comparison::Equal, s(claim.content.hash())),
        ]);
        let free = Test::Any(vec![
            Test::NotExists(ID),
            Test::All(vec![nobody_works, same_work]),
            // DynamoDB removes expired items only some time later.
            Test::Compare(TTL, Comparison::Less, n(now.seconds())),
        ]);
        let record = WriteKind::Put(claim.record(IN_PROGRESS, now));
        let write = Write { table: self.table.clone(), kind: record, condition: Some(free) };
        match in_the_way(self.store.write(write, true).await)? {
            None => Ok(Claimed::Now(claim)),
            // The SDK sent the call again because its answer was lost: what stands in the way is this very claim.
            Some(stored) if claim.has(&stored) => Ok(Claimed::Now(claim)),
            Some(stored) => before(&stored, &claim.content),
        }
    }

    /// Lets a claim whose answer was late last as long as a new one; unless another delivery took over meanwhile. The same claim if it
    /// cannot last longer.
    pub(super) async fn extend(&self, claim: Claim, now: Timestamp) -> Result<Claimed, Error> {
        let Some(renewed) = claim.renewed(now, self.lease) else { return Ok(Claimed::Now(claim)) };
        match in_the_way(self.store.write(renewed.renewal(now), true).await)? {
            None => Ok(Claimed::Now(renewed)),
            Some(stored) => before(&stored, &claim.content),
        }
    }

    /// Stores the result for later deliveries.
    pub(super) async fn complete(&self, claim: &Claim, output: &str, now: Timestamp) -> Result<(), Error> {
        self.finish(claim, claim.done(output, now)).await.map(drop)
    }

    /// Lets the next delivery run at once; unless the work turns out to be done, which gives its result. A key that was not `used` is
    /// free for any work.
    pub(super) async fn release(&self, claim: &Claim, used: bool, now: Timestamp) -> Result<Option<String>, Error> {
        let mut record = claim.record(RELEASED, now);
        if !used {
            record.retain(|name, _| name != CONTENT && name != PAYLOAD);
        }
        self.finish(claim, claim.put(record)).await
    }

    async fn finish(&self, claim: &Claim, write: Write) -> Result<Option<String>, Error> {
        match in_the_way(self.store.write(write, true).await) {
            Ok(None) => Ok(None),
            Ok(Some(stored)) if claim.has(&stored) => Ok(claim.stored_result(&stored)),
            // The lease was over and another delivery claimed the work: the record is its.
            Ok(Some(_)) => Err(Error::new(Kind::Conflict, "another delivery took over")),
            Err(error) => Err(error),
        }
    }
}

/// The record that kept a write from happening, if one did.
pub(super) fn in_the_way(written: Result<(), Refusal>) -> Result<Option<Item>, Error> {
    match written {
        Ok(()) => Ok(None),
        Err(Refusal::Condition(refused)) => match refused.into_iter().next() {
            Some(Refused { stored: Some(stored), .. }) => Ok(Some(stored)),
            _ => Err(Refusal::Condition(Vec::new()).into()),
        },
        Err(refusal) => Err(refusal.into()),
    }
}

/// What a record that stands in the way means for a delivery that asks for this.
fn before(stored: &Item, content: &Content) -> Result<Claimed, Error> {
    if !content.is(text(stored, CONTENT), text(stored, PAYLOAD)) {
        return Err(Error::new(Kind::KeyReused, "the idempotency key was used before with another input"));
    }
    match (text(stored, STATUS), text(stored, RESULT)) {
        (Some(DONE), Some(result)) => Ok(Claimed::Before(result.to_owned())),
        (Some(DONE), None) => {
            Err(Error::new(Kind::TooLarge, "an earlier delivery did the work; its result was too large to be stored"))
        }
        _ => {
            let until =
                stored.get(LEASE).and_then(Attribute::as_n).and_then(|millis| Timestamp::from_millis(millis).ok());
            Ok(Claimed::Busy(until.unwrap_or_else(Timestamp::now)))
        }
    }
}

fn text<'r>(record: &'r Item, name: &str) -> Option<&'r str> {
    record.get(name).and_then(Attribute::as_s)
}

fn s(text: &str) -> Attribute {
    Attribute::S(text.to_owned())
}

fn n(number: i64) -> Attribute {
    Attribute::N(number.to_string())
}
