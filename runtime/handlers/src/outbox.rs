//! The rows of an outbox: events on their way to the bus, written in the transaction that they tell of.
//!
//! | attribute | | |
//! | --- | --- | --- |
//! | `aggregate` | S, partition key | what the event is about; its own id if it stands alone |
//! | `eventId` | S, sort key | a UUID, sorted by time where the delivery has a stable one |
//! | `source`, `detailType` | S | of the envelope |
//! | `detail` | S | JSON, with `metadata` in it |
//! | `sequence` | N, optional | the number among the aggregate's events |
//! | `occurredAt` | S | timestamp |
//! | `trace` | S, optional | X-Ray header |
//! | `request` | S, optional | hash of what the delivery asked for that wrote it, if that has an idempotency key |
//! | `transaction` | S, optional | hash of what the transaction is that wrote it (`transact/identity.rs`), with the same key |
//! | `ttl` | N | seconds since 1970, when DynamoDB may remove the row |
//!
//! A row is never changed. The forwarder reads it from the table's stream; until `ttl` it can be published again from the table.

use crate::attribute::{Attribute, Item};
use crate::content::canonical;
use crate::event::{self, Event, Metadata};
use crate::limits::PUT_EVENTS_BYTES;
use crate::table::{Test, Write, WriteKind};
use crate::{Context, Error, Kind, Timestamp, Uuid, bounds};
use evc_interface::environment;
use std::time::Duration;

/// The attribute names of a row.
pub(crate) mod attribute_names {
    use evc_interface::{event, table};

    pub(crate) const AGGREGATE: &str = table::OUTBOX_PARTITION;
    pub(crate) const EVENT_ID: &str = table::OUTBOX_SORT;
    pub(crate) const SOURCE: &str = "source";
    pub(crate) const DETAIL_TYPE: &str = "detailType";
    pub(crate) const DETAIL: &str = "detail";
    pub(crate) const SEQUENCE: &str = event::SEQUENCE;
    pub(crate) const OCCURRED_AT: &str = event::OCCURRED_AT;
    pub(crate) const TRACE: &str = event::TRACE;
    pub(crate) const REQUEST: &str = "request";
    pub(crate) const TRANSACTION: &str = "transaction";
    pub(crate) const TTL: &str = table::TTL;
}
use attribute_names as name;

/// How long a row stays, seconds, unless `OUTBOX_RETENTION_SECONDS` says otherwise: a week, so that a broken bus can wait for Monday.
const RETENTION: u64 = 7 * 86_400;

/// What the hash of its transaction adds to a row: SHA-256, as hexadecimal digits.
const TRANSACTION_BYTES: usize = name::TRANSACTION.len() + 64;

/// The write of an event's row, but for the hash of its transaction. [`Kind::TooLarge`] if the bus or the table would not take it: better now than lost later.
pub(crate) fn row<E: Event>(
    context: &Context,
    env: &str,
    event: &E,
    id: Uuid,
    aggregate: Option<String>,
    sequence: Option<u64>,
) -> Result<Write, Error> {
    let now = Timestamp::now();
    let delivery = context.delivery();
    let metadata = Metadata {
        event_id: id.to_string(),
        aggregate: aggregate.clone(),
        sequence: sequence.map(Into::into),
        occurred_at: Some(now),
        trace: delivery.trace.clone(),
    };
    bounds::made(format_args!("an event `{}`", E::DETAIL_TYPE), event.bounded())?;
    let detail = event::detail(event, &metadata)?;
    let bytes = event::entry_size(E::SOURCE, E::DETAIL_TYPE, &detail);
    if bytes >= PUT_EVENTS_BYTES {
        return Err(too_large(E::DETAIL_TYPE, "the bus", PUT_EVENTS_BYTES));
    }
    let settings = &context.services().settings;
    let retention = Duration::from_secs(settings.parse(environment::OUTBOX_RETENTION, RETENTION)?);
    let mut item: Item = [
        (name::AGGREGATE, Attribute::S(aggregate.unwrap_or_else(|| id.to_string()))),
        (name::EVENT_ID, Attribute::S(id.to_string())),
        (name::SOURCE, Attribute::S(E::SOURCE.to_owned())),
        (name::DETAIL_TYPE, Attribute::S(E::DETAIL_TYPE.to_owned())),
        (name::DETAIL, Attribute::S(detail)),
        (name::OCCURRED_AT, Attribute::S(now.to_string())),
        (name::TTL, Attribute::N(now.after(retention).seconds().to_string())),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    if let Some(sequence) = sequence {
        item.insert(name::SEQUENCE.to_owned(), Attribute::N(sequence.to_string()));
    }
    if let Some(trace) = &delivery.trace {
        item.insert(name::TRACE.to_owned(), Attribute::S(trace.clone()));
    }
    if let Some(content) = &delivery.origin.content {
        item.insert(name::REQUEST.to_owned(), Attribute::S(content.hash().to_owned()));
    }
    let write = Write {
        table: settings.require(env)?,
        kind: WriteKind::Put(item),
        condition: Some(Test::NotExists(name::EVENT_ID)),
    };
    if write.size() + TRANSACTION_BYTES > crate::limits::ITEM_BYTES {
        return Err(too_large(E::DETAIL_TYPE, "a row of the outbox", crate::limits::ITEM_BYTES));
    }
    Ok(write)
}

/// Whether a stored row is that of the very work which would write this one again: it asked for the same.
///
/// Earlier versions did not store what was asked for. Where a caller of an API chose the key, those of their rows that have the same event
/// count as the same work; an event or a step has its key to itself.
pub(crate) fn is_same_work(stored: &Item, row: &Item, is_api: bool) -> bool {
    let Some(asked) = row.get(name::REQUEST) else { return true };
    let event = |row: &Item| row.get(name::DETAIL).and_then(Attribute::as_s).and_then(|json| canonical(json, true));
    stored.get(name::REQUEST).map_or_else(|| !is_api || event(stored) == event(row), |stored| stored == asked)
}

/// Whether a stored row is that of the transaction which would write this one. Rows of earlier versions do not say.
pub(crate) fn is_same_transaction(stored: &Item, row: &Item) -> bool {
    stored.get(name::TRANSACTION).is_none_or(|stored| row.get(name::TRANSACTION) == Some(stored))
}

fn too_large(detail_type: &str, place: &str, limit: usize) -> Error {
    Error::new(Kind::TooLarge, format!("an event `{detail_type}` is too large for {place}: the limit is {limit} bytes"))
}
