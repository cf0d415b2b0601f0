//! An event of EventBridge: the detail is the input, the envelope its metadata.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html>

use super::Incoming;
use crate::event::{EventMetadata, Metadata};
use crate::{Error, Payload, Timestamp, payload};
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Envelope<'a> {
    id: String,
    source: String,
    #[serde(rename = "detail-type")]
    detail_type: String,
    time: Timestamp,
    #[serde(borrow)]
    detail: &'a RawValue,
}

/// The detail, as far as it carries metadata. A detail of another publisher may have a `metadata` of any other form.
#[derive(Deserialize)]
struct Detail<'a> {
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
}

pub(super) fn read(text: &str) -> Result<Incoming<'_>, Error> {
    let envelope: Envelope<'_> = payload::decode(text)?;
    let metadata = serde_json::from_str::<Detail<'_>>(envelope.detail.get())
        .ok()
        .and_then(|detail| detail.metadata)
        .and_then(|metadata| serde_json::from_str::<Metadata>(metadata.get()).ok());
    let mut event = EventMetadata {
        id: envelope.id,
        source: envelope.source,
        detail_type: envelope.detail_type,
        time: envelope.time,
        aggregate: None,
        sequence: None,
    };
    let mut trace = None;
    if let Some(metadata) = metadata {
        event.id = metadata.event_id;
        event.time = metadata.occurred_at.unwrap_or(event.time);
        event.aggregate = metadata.aggregate;
        event.sequence = metadata.sequence;
        trace = metadata.trace;
    }
    let payload = Payload::of_event(envelope.detail.get(), &event.source, &event.detail_type);
    Ok(Incoming { key: Some(event.id.clone()), event: Some(event), trace, ..Incoming::bare(payload) })
}
