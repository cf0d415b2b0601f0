//! Events: what a generated event type says of itself, and the metadata that travels with one.

use crate::Timestamp;
use serde::{Deserialize, Serialize};

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

/// The key of an event's `detail` under which [`Metadata`] travels.
pub(crate) const METADATA: &str = "metadata";

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
