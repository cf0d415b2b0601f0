//! From a stream record of an outbox to an entry of `PutEvents`; and what is kept of a row that cannot become one.

use super::plan::Weighed;
use crate::adapter::stream::Record;
use crate::attribute::{Attribute, Item};
use crate::event::entry_size;
use crate::limits::{PUT_EVENTS_BYTES, SQS_MESSAGE_BYTES};
use crate::outbox::attribute_names as name;
use crate::publish::Entry;
use crate::{Error, Timestamp};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// A row that can never be published, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Poison {
    pub(crate) reason: String,
}

/// The entry of an inserted row, and its size in bytes.
pub(crate) fn read(record: &Record, bus: &str) -> Result<Weighed, Poison> {
    read_row(record.dynamodb.new_image.as_ref(), bus)
}

/// The entry of a row, wherever it was read.
pub(crate) fn read_row(row: Option<&Item>, bus: &str) -> Result<Weighed, Poison> {
    let poison = |reason: &str| Poison { reason: reason.to_owned() };
    let row = row.ok_or_else(|| poison("the stream record has no new image"))?;
    let text = |name: &str| {
        let text = row.get(name).and_then(Attribute::as_s).filter(|text| !text.is_empty());
        text.map(str::to_owned)
            .ok_or_else(|| Poison { reason: format!("the attribute `{name}` is missing or not a string") })
    };
    let time: Timestamp =
        text(name::OCCURRED_AT)?.parse().map_err(|_| poison("the attribute `occurredAt` is not a timestamp"))?;
    let detail = text(name::DETAIL)?;
    let is_object = serde_json::from_str::<&RawValue>(&detail).is_ok_and(|json| json.get().starts_with('{'));
    if !is_object {
        return Err(poison("the attribute `detail` is not a JSON object"));
    }
    let trace = row.get(name::TRACE).and_then(Attribute::as_s).map(str::to_owned);
    let entry = Entry {
        bus: bus.to_owned(),
        source: text(name::SOURCE)?,
        detail_type: text(name::DETAIL_TYPE)?,
        detail,
        time,
        trace,
    };
    weigh(entry)
}

/// An entry with its size; poison if it is over the limit of the bus.
pub(crate) fn weigh(entry: Entry) -> Result<Weighed, Poison> {
    let bytes = entry_size(&entry.source, &entry.detail_type, &entry.detail);
    if bytes >= PUT_EVENTS_BYTES {
        return Err(Poison {
            reason: format!("the event has {bytes} bytes; the limit of the bus is {PUT_EVENTS_BYTES}"),
        });
    }
    Ok((entry, bytes))
}

/// The message that goes to the dead-letter queue: the reason and the whole row in DynamoDB's JSON, from which it can be mended and
/// published. A row whose message would be over the queue's limit is named by its key; it is still in the table.
pub(crate) fn letter(record: &Record, poison: &Poison) -> Result<String, Error> {
    let message = |row: &Item, whole: bool| {
        let row = serde_json::to_value(row)?;
        let message = json!({ "reason": poison.reason, "sequenceNumber": record.dynamodb.sequence_number, "row": row, "whole": whole });
        serde_json::to_string::<Value>(&message)
    };
    let empty = Item::new();
    let row = record.dynamodb.new_image.as_ref().unwrap_or(&empty);
    let text = message(row, true).map_err(Error::other)?;
    if text.len() <= SQS_MESSAGE_BYTES {
        return Ok(text);
    }
    message(&record.dynamodb.keys, false).map_err(Error::other)
}
