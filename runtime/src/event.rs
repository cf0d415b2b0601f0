//! Events: what a generated event type says of itself, and the metadata that travels with one.

use crate::Timestamp;
use serde::{Deserialize, Serialize};

#[cfg(any(feature = "outbox", feature = "eventbridge"))]
pub(crate) use publishing::{detail, entry_size, event_id};

/// An event of the spec; the type is the `detail`.
pub trait Event: Serialize {
    /// The `source` of the envelope.
    const SOURCE: &'static str;
    /// The `detail-type` of the envelope.
    const DETAIL_TYPE: &'static str;

    /// What the event is about, such as the order's id: events of one aggregate lie together in the outbox and carry its name.
    /// Without one an event stands alone.
    fn aggregate(&self) -> Option<String> {
        None
    }
}

/// An outbox of the spec: the table that its events are written to.
pub trait Outbox {
    /// The environment variable with the name of the outbox's table.
    const ENV: &'static str;
}

/// The outbox publishes `E`.
#[diagnostic::on_unimplemented(message = "the outbox `{Self}` does not list `{E}` under `publishes`")]
pub trait Carries<E> {}

/// What is known of a delivered event beside its detail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventMetadata {
    /// Identifies the event through all its deliveries: `detail.metadata.eventId` if the publisher gave one, else the envelope's `id`.
    pub id: String,
    /// The envelope's `source`.
    pub source: String,
    /// The envelope's `detail-type`.
    pub detail_type: String,
    /// When it happened: `detail.metadata.occurredAt`, else the envelope's `time`.
    pub time: Timestamp,
    /// What it is about, if the publisher said so.
    pub aggregate: Option<String>,
    /// Its number among the events of its aggregate, if the publisher counts them.
    pub sequence: Option<u64>,
}

/// What a publisher adds to the detail of an event, under `metadata`, so that consumers can tell duplicates and order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Metadata {
    pub(crate) event_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) aggregate: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sequence: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) occurred_at: Option<Timestamp>,
    /// The X-Ray header of the invocation that published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trace: Option<String>,
}

/// What the two ways to publish share.
#[cfg(any(feature = "outbox", feature = "eventbridge"))]
mod publishing {
    use super::{Event, Metadata};
    use crate::context::Delivery;
    use crate::limits::PUT_EVENTS_TIME_BYTES;
    use crate::{Error, Kind, Uuid, hash};
    use serde_json::value::RawValue;
    use std::collections::BTreeMap;

    /// The key of an event's `detail` under which [`Metadata`] travels.
    const METADATA: &str = "metadata";

    /// The id of an event: the same for every delivery of the same work, where the delivery has an idempotency key.
    pub(crate) fn event_id(delivery: &Delivery, place: &str, source: &str, detail_type: &str) -> Uuid {
        match &delivery.key {
            Some(key) => {
                hash::derived_id(delivery.stable_time(), &[delivery.function, key, place, source, detail_type])
            }
            None => Uuid::now_v7(),
        }
    }

    /// The detail's JSON with the metadata in it. Numbers stay the text that they were written as.
    pub(crate) fn detail<E: Event>(event: &E, metadata: &Metadata) -> Result<String, Error> {
        let json = serde_json::to_string(event).map_err(Error::other)?;
        let mut fields: BTreeMap<String, &RawValue> = serde_json::from_str(&json)
            .map_err(|_| Error::new(Kind::Internal, format!("the detail of `{}` is not a record", E::DETAIL_TYPE)))?;
        let metadata = serde_json::value::to_raw_value(metadata).map_err(Error::other)?;
        if fields.insert(METADATA.to_owned(), &metadata).is_some() {
            return Err(Error::new(
                Kind::Internal,
                format!("the detail of `{}` has a field `{METADATA}`, which is this crate's", E::DETAIL_TYPE),
            ));
        }
        serde_json::to_string(&fields).map_err(Error::other)
    }

    /// Bytes that an entry of `PutEvents` counts for, as AWS adds them up: the time, and the UTF-8 of source, detail-type and detail.
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevent-size>
    pub(crate) fn entry_size(source: &str, detail_type: &str, detail: &str) -> usize {
        PUT_EVENTS_TIME_BYTES + source.len() + detail_type.len() + detail.len()
    }
}
