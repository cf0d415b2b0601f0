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
//! | `ttl` | N | seconds since 1970, when DynamoDB may remove the row |
//!
//! A row is never changed. The forwarder reads it from the table's stream; until `ttl` it can be published again from the table.

use crate::attribute::{Attribute, Item};
use crate::context::Delivery;
use crate::event::{Event, METADATA, Metadata};
use crate::limits::PUT_EVENTS_BYTES;
use crate::table::{Test, Write, WriteKind};
use crate::{Context, Error, Kind, Timestamp, Uuid, hash, size};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::time::Duration;

/// The attribute names of a row.
pub(crate) mod attribute_names {
    pub(crate) const AGGREGATE: &str = "aggregate";
    pub(crate) const EVENT_ID: &str = "eventId";
    pub(crate) const SOURCE: &str = "source";
    pub(crate) const DETAIL_TYPE: &str = "detailType";
    pub(crate) const DETAIL: &str = "detail";
    pub(crate) const SEQUENCE: &str = "sequence";
    pub(crate) const OCCURRED_AT: &str = "occurredAt";
    pub(crate) const TRACE: &str = "trace";
    pub(crate) const TTL: &str = "ttl";
}
use attribute_names as name;

/// How long a row stays, seconds, unless `OUTBOX_RETENTION_SECONDS` says otherwise: a week, so that a broken bus can wait for Monday.
const RETENTION: u64 = 7 * 86_400;

/// The id of an event: the same for every delivery of the same work, where the delivery has an idempotency key.
pub(crate) fn event_id(delivery: &Delivery, place: &str, source: &str, detail_type: &str) -> Uuid {
    match &delivery.key {
        Some(key) => hash::derived_id(delivery.stable_time(), &[delivery.function, key, place, source, detail_type]),
        None => Uuid::now_v7(),
    }
}

/// The write of an event's row. [`Kind::TooLarge`] if the bus or the table would not take it: better now than lost later.
pub(crate) fn row<E: Event>(context: &Context, env: &str, event: &E, id: Uuid, aggregate: Option<String>, sequence: Option<u64>) -> Result<Write, Error> {
    let now = Timestamp::now();
    let delivery = context.delivery();
    let metadata = Metadata {
        event_id: id.to_string(),
        aggregate: aggregate.clone(),
        sequence,
        occurred_at: Some(now),
        trace: delivery.trace.clone(),
    };
    let detail = detail(event, &metadata)?;
    let bytes = size::entry(E::SOURCE, E::DETAIL_TYPE, &detail);
    if bytes >= PUT_EVENTS_BYTES {
        return Err(too_large(E::DETAIL_TYPE, "the bus", PUT_EVENTS_BYTES));
    }
    let settings = &context.services().settings;
    let retention = Duration::from_secs(settings.parse("OUTBOX_RETENTION_SECONDS", RETENTION)?);
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
    let write = Write { table: settings.require(env)?, kind: WriteKind::Put(item), condition: Some(Test::NotExists(name::EVENT_ID)) };
    if write.size() > crate::limits::ITEM_BYTES {
        return Err(too_large(E::DETAIL_TYPE, "a row of the outbox", crate::limits::ITEM_BYTES));
    }
    Ok(write)
}

fn too_large(detail_type: &str, place: &str, limit: usize) -> Error {
    Error::new(Kind::TooLarge, format!("an event `{detail_type}` is too large for {place}: the limit is {limit} bytes"))
}

/// The detail's JSON with the metadata in it. Numbers stay the text that they were written as.
pub(crate) fn detail<E: Event>(event: &E, metadata: &Metadata) -> Result<String, Error> {
    let json = serde_json::to_string(event).map_err(Error::other)?;
    let mut fields: BTreeMap<String, &RawValue> =
        serde_json::from_str(&json).map_err(|_| Error::new(Kind::Internal, format!("the detail of `{}` is not a record", E::DETAIL_TYPE)))?;
    let metadata = serde_json::value::to_raw_value(metadata).map_err(Error::other)?;
    if fields.insert(METADATA.to_owned(), &metadata).is_some() {
        return Err(Error::new(Kind::Internal, format!("the detail of `{}` has a field `{METADATA}`, which is this crate's", E::DETAIL_TYPE)));
    }
    serde_json::to_string(&fields).map_err(Error::other)
}
