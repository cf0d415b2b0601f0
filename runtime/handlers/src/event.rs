//! Events: what a generated event type says of itself, and the metadata that travels with one.

use crate::{ParseError, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

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

    /// Checks the ranges of its detail. [`Kind::InvalidInput`](crate::Kind::InvalidInput) for the first value that is out of its range.
    fn bounded(&self) -> Result<(), crate::Error> {
        Ok(())
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
    /// Its place among the events of its aggregate, if the publisher says so: a count, or the place in a table's stream.
    pub sequence: Option<Sequence>,
}

/// A place in the order of an aggregate's events: greater ones came later. A whole number of any length.
///
/// A publisher that counts gives a number; events that are changes of a table's item have the sequence number of the stream, which
/// has more digits than a number of JSON can hold and is text there. Two sequences can be compared if they are of one aggregate
/// and one kind; in the second case, of one item.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sequence(String);

impl Sequence {
    /// The number, if it is one of a counting publisher.
    pub fn count(&self) -> Option<u64> {
        self.0.parse().ok()
    }
}

impl From<u64> for Sequence {
    fn from(count: u64) -> Self {
        Self(count.to_string())
    }
}

impl PartialEq<u64> for Sequence {
    fn eq(&self, other: &u64) -> bool {
        self.count() == Some(*other)
    }
}

impl FromStr for Sequence {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ParseError::new("a sequence is a whole number"));
        }
        let digits = text.trim_start_matches('0');
        Ok(Self(if digits.is_empty() { "0".to_owned() } else { digits.to_owned() }))
    }
}

/// As numbers: without leading zeros, the longer is the greater.
impl Ord for Sequence {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Sequence {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Sequence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.count() {
            Some(count) => serializer.serialize_u64(count),
            None => serializer.serialize_str(&self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Sequence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Count(u64),
            Text(String),
        }
        match Form::deserialize(deserializer)? {
            Form::Count(count) => Ok(count.into()),
            Form::Text(text) => text.parse().map_err(serde::de::Error::custom),
        }
    }
}

/// What a publisher adds to the detail of an event, under `metadata`, so that consumers can tell duplicates and order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Metadata {
    pub(crate) event_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) aggregate: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sequence: Option<Sequence>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) occurred_at: Option<Timestamp>,
    /// The X-Ray header of the invocation that published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trace: Option<String>,
}

impl Metadata {
    /// The names of all its fields.
    pub(crate) const FIELDS: [&'static str; 5] = evc_interface::event::METADATA_FIELDS;
}

/// What the two ways to publish share.
#[cfg(any(feature = "outbox", feature = "eventbridge"))]
mod publishing {
    use super::{Event, Metadata};
    use crate::context::Delivery;
    use crate::limits::PUT_EVENTS_TIME_BYTES;
    use crate::{Error, Kind, Uuid, hash};
    use evc_interface::event::METADATA;
    use serde_json::value::RawValue;
    use std::collections::BTreeMap;

    /// The id of an event: the same for every delivery of the same work, where the delivery has an idempotency key.
    ///
    /// A caller of an API may use a key again for other work. `apart` tells then what would be two events with one id.
    pub(crate) fn event_id(
        delivery: &Delivery,
        place: &str,
        source: &str,
        detail_type: &str,
        apart: Option<&str>,
    ) -> Uuid {
        let Some(key) = &delivery.key else { return Uuid::now_v7() };
        let apart = apart.filter(|_| delivery.origin.is_api);
        let parts = [delivery.function, key, place, source, detail_type].into_iter().chain(apart);
        hash::derived_id(delivery.stable_time(), &parts.collect::<Vec<_>>())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn sequence(text: &str) -> Sequence {
        text.parse().expect("a sequence")
    }

    #[test]
    fn sequences_compare_as_numbers_of_any_length() {
        assert!(sequence("9") < sequence("10"));
        assert!(sequence("300000000000000499659") < sequence("1300000000000000499659"));
        assert_eq!(sequence("007"), Sequence::from(7));
        assert!("".parse::<Sequence>().is_err() && "1e3".parse::<Sequence>().is_err());
    }

    #[test]
    fn the_fields_of_metadata_are_listed() {
        let metadata = Metadata {
            event_id: "e".to_owned(),
            aggregate: Some("a".to_owned()),
            sequence: Some(1.into()),
            occurred_at: Timestamp::from_millis(0).ok(),
            trace: Some("t".to_owned()),
        };
        let json = serde_json::to_value(metadata).expect("JSON");
        let mut names: Vec<_> = json.as_object().expect("an object").keys().collect();
        let mut listed = Metadata::FIELDS;
        names.sort();
        listed.sort_unstable();
        assert_eq!(names, listed.each_ref());
    }

    #[test]
    fn a_count_is_a_number_in_json_and_a_place_in_a_stream_is_text() {
        let read = |json: &str| serde_json::from_str::<Sequence>(json).expect("a sequence");
        assert_eq!(serde_json::to_string(&read("3")).expect("json"), "3");
        let long = "\"300000000000000499659\"";
        assert_eq!(serde_json::to_string(&read(long)).expect("json"), long);
    }
}
