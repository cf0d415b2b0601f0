//! The size of a `PutEvents` entry.

use crate::limits::PUT_EVENTS_TIME_BYTES;

/// Bytes that an entry counts for, as AWS adds them up: the time, and the UTF-8 of source, detail-type and detail.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevent-size>
pub(crate) fn entry(source: &str, detail_type: &str, detail: &str) -> usize {
    PUT_EVENTS_TIME_BYTES + source.len() + detail_type.len() + detail.len()
}
