//! The digests by which SDKs check that a queue has taken what they sent.

use base64::Engine as _;
use serde_json::{Map, Value};

/// The digest of a body.
pub(super) fn of_body(body: &str) -> String {
    format!("{:x}", md5::compute(body))
}

/// The digest of attributes; none without any.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html#sqs-attributes-md5-message-digest-calculation>
pub(super) fn of_attributes(attributes: &Map<String, Value>) -> Option<String> {
    if attributes.is_empty() {
        return None;
    }
    let mut all: Vec<(&String, &Value)> = attributes.iter().collect();
    all.sort_by_key(|(name, _)| *name);
    let mut bytes = Vec::new();
    for (name, attribute) in all {
        let text = |key: &str| attribute.get(key).and_then(Value::as_str);
        put(&mut bytes, name.as_bytes());
        put(&mut bytes, text("DataType").unwrap_or_default().as_bytes());
        // What follows is text, or bytes.
        if let Some(base64) = text("BinaryValue") {
            bytes.push(2);
            put(&mut bytes, &base64::engine::general_purpose::STANDARD.decode(base64).unwrap_or_default());
        } else {
            bytes.push(1);
            put(&mut bytes, text("StringValue").unwrap_or_default().as_bytes());
        }
    }
    Some(format!("{:x}", md5::compute(bytes)))
}

/// A part behind its length.
fn put(bytes: &mut Vec<u8>, part: &[u8]) {
    bytes.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend(part);
}
