//! What a delivery asks for, as a hash by which a key that is used again for something else is seen.
//!
//! The hash is of the payload alone. What travels with it and is new in each delivery although the work is the same, is no part of it:
//!
//! - **Form**: spaces, the order of fields, escapes in texts. Numbers count as they are written.
//! - **The metadata of an event** ([`Metadata`]): who publishes straight to a bus and runs again publishes the same event with another
//!   `occurredAt` and `trace`. Whatever else a publisher of its own keeps under `metadata` is payload.
//! - **The input of a workflow's step**: each attempt computes it anew, and `$uuid()` or `$millis()` in it give another value. Execution
//!   and step say what the work is, and nobody who calls an API can choose them.
//!
//! The envelopes of EventBridge, SQS and API Gateway are no payload to begin with.

use crate::Payload;
use crate::event::Metadata;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// How deep a payload may be nested to be written canonically. `serde_json`, which reads it afterwards, takes no more.
/// <https://docs.rs/serde_json/latest/serde_json/struct.Deserializer.html#method.disable_recursion_limit>
const DEPTH: usize = 128;

/// The hashes of one payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Content {
    /// SHA-256 of the payload in canonical form, or what stands for all payloads of a step.
    hash: String,
    /// SHA-256 of the text as versions of the runtime before the lease read it: all that they compared.
    #[cfg(feature = "idempotency")]
    text: String,
    /// Whether the key alone says what the work is.
    #[cfg(feature = "idempotency")]
    is_step: bool,
}

impl Content {
    /// What a delivery brings; `is_step`: as a workflow's step.
    pub(crate) fn of(payload: &Payload<'_>, is_step: bool) -> Self {
        let json = payload.json();
        let hash = if is_step {
            "step".to_owned()
        } else {
            let canonical = canonical(json, payload.source().is_some());
            // Text that cannot be read has no canonical form; decoding will refuse it.
            let content = canonical.as_deref().unwrap_or(json);
            match (payload.source(), payload.detail_type()) {
                // Of whom and what an event is: publishers give their events ids as they like, and a detail says nothing of its kind.
                (Some(source), Some(detail_type)) => sha256(format!("{source:?} {detail_type:?} {content}")),
                _ => sha256(content),
            }
        };
        Self {
            hash,
            #[cfg(feature = "idempotency")]
            text: sha256(payload.compared_before()),
            #[cfg(feature = "idempotency")]
            is_step,
        }
    }

    /// What is stored and compared.
    #[cfg_attr(
        not(any(feature = "cache", feature = "dynamodb", feature = "eventbridge", feature = "sqs")),
        allow(dead_code, reason = "clients compare it")
    )]
    pub(crate) fn hash(&self) -> &str {
        &self.hash
    }

    /// What is stored for functions that still run an earlier version.
    #[cfg(feature = "idempotency")]
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether a record with these hashes is of the same work. Earlier versions stored the second only.
    #[cfg(feature = "idempotency")]
    pub(crate) fn is(&self, hash: Option<&str>, text: Option<&str>) -> bool {
        match hash {
            Some(hash) => hash == self.hash,
            None => self.is_step || text == Some(&self.text),
        }
    }
}

/// SHA-256, as 64 hexadecimal digits.
pub(crate) fn sha256(text: impl AsRef<[u8]>) -> String {
    Sha256::digest(text).iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The payload with sorted keys and without spaces; that of an event without our metadata. `None` if it is no JSON, or nested too deep.
pub(crate) fn canonical(json: &str, is_event: bool) -> Option<String> {
    let mut out = String::with_capacity(json.len());
    match serde_json::from_str::<BTreeMap<String, &RawValue>>(json) {
        Ok(mut fields) if is_event => {
            let rest = fields.get("metadata").and_then(|metadata| foreign(metadata.get()));
            match &rest {
                Some(rest) if rest.get() == "{}" => drop(fields.remove("metadata")),
                Some(rest) => drop(fields.insert("metadata".to_owned(), rest)),
                None => {}
            }
            write_fields(&fields, 0, &mut out)?;
        }
        _ => write_value(json.trim(), 0, &mut out)?,
    }
    Some(out)
}

/// What a `metadata` has beside the fields that are ours, if it is one of ours at all.
fn foreign(metadata: &str) -> Option<Box<RawValue>> {
    serde_json::from_str::<Metadata>(metadata).ok()?;
    let mut fields: BTreeMap<String, &RawValue> = serde_json::from_str(metadata).ok()?;
    fields.retain(|name, _| !Metadata::FIELDS.contains(&name.as_str()));
    serde_json::value::to_raw_value(&fields).ok()
}

fn write_value(json: &str, depth: usize, out: &mut String) -> Option<()> {
    if depth > DEPTH {
        return None;
    }
    match json.as_bytes().first()? {
        b'{' => write_fields(&serde_json::from_str(json).ok()?, depth, out),
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(json).ok()?;
            out.push('[');
            for (number, item) in items.iter().enumerate() {
                if number > 0 {
                    out.push(',');
                }
                write_value(item.get(), depth + 1, out)?;
            }
            out.push(']');
            Some(())
        }
        b'"' => write_text(&serde_json::from_str::<String>(json).ok()?, out),
        _ => {
            out.push_str(serde_json::from_str::<&RawValue>(json).ok()?.get());
            Some(())
        }
    }
}

fn write_fields(fields: &BTreeMap<String, &RawValue>, depth: usize, out: &mut String) -> Option<()> {
    out.push('{');
    for (number, (name, value)) in fields.iter().enumerate() {
        if number > 0 {
            out.push(',');
        }
        write_text(name, out)?;
        out.push(':');
        write_value(value.get(), depth + 1, out)?;
    }
    out.push('}');
    Some(())
}

fn write_text(text: &str, out: &mut String) -> Option<()> {
    out.push_str(&serde_json::to_string(text).ok()?);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn event(json: &str) -> String {
        Content::of(&Payload::of_event(json.to_owned(), "s", "d"), false).hash
    }

    fn plain(json: &str) -> String {
        Content::of(&Payload::new(json.to_owned()), false).hash
    }

    #[test]
    fn form_is_no_content_and_values_are() {
        let canonical = |json| canonical(json, false).expect("JSON");
        assert_eq!(
            canonical(" { \"b\" : [1.0, {\"z\":null,\"a\":\"\\u0041\\n\"} ] ,\"a\":true}\n"),
            r#"{"a":true,"b":[1.0,{"a":"A\n","z":null}]}"#
        );
        for (one, other, same) in [
            (r#"{"a":1,"b":2}"#, r#"{ "b":2, "a":1 }"#, true),
            (r#"{"a":1.00000000000000000001}"#, r#"{"a":1.00000000000000000002}"#, false),
            (r#"{"a":1}"#, r#"{"a":1.0}"#, false),
            (r#"{"a":[1,2]}"#, r#"{"a":[2,1]}"#, false),
            (r#"{"a":"1"}"#, r#"{"a":1}"#, false),
            (r#"{"a":{"b":1}}"#, r#"{"a":{},"b":1}"#, false),
            (r#"["a","b"]"#, r#"["a,b"]"#, false),
            (r#"{"a":"\",\"b\":\""}"#, r#"{"a":"","b":""}"#, false),
        ] {
            assert_eq!(plain(one) == plain(other), same, "{one} and {other}");
        }
    }

    #[test]
    fn metadata_of_an_event_is_no_content_and_what_others_keep_there_is() {
        let with = |metadata: &str| event(&format!(r#"{{"orderId":"1","metadata":{metadata}}}"#));
        let first = with(r#"{"eventId":"e","occurredAt":"2026-11-21T04:50:00Z","trace":"Root=1-a"}"#);
        assert_eq!(first, with(r#"{"eventId":"e","occurredAt":"2026-11-21T04:51:00Z"}"#));
        assert_eq!(first, event(r#"{"orderId":"1"}"#));
        assert_ne!(first, event(r#"{"orderId":"2"}"#));
        assert_ne!(with(r#"{"eventId":"e","amount":1}"#), with(r#"{"eventId":"e","amount":2}"#));
        assert_eq!(with(r#"{"eventId":"e","amount":1,"trace":"x"}"#), with(r#"{"amount":1,"eventId":"e"}"#));
        // What is not ours counts whole, and so does that of a request.
        assert_ne!(with(r#"{"trace":"a"}"#), with(r#"{"trace":"b"}"#));
        assert_ne!(plain(r#"{"metadata":{"eventId":"a"}}"#), plain(r#"{"metadata":{"eventId":"b"}}"#));
    }

    #[test]
    fn what_cannot_be_read_counts_as_its_text() {
        let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(canonical(&deep(DEPTH), false).is_some());
        for text in ["{", "\"\\ud800\"", &deep(DEPTH + 2), "1 2"] {
            assert_eq!(canonical(text, false), None, "{text}");
            assert_eq!(plain(text), sha256(text));
        }
    }

    #[test]
    fn attempts_of_a_step_are_one_work_whatever_they_bring() {
        let step = |json: &'static str| Content::of(&Payload::new(json), true).hash;
        assert_eq!(step(r#"{"id":"a"}"#), step(r#"{"id":"b"}"#));
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                prop::collection::btree_map(any::<String>(), inner, 0..4)
                    .prop_map(|fields| serde_json::Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// The values are made with sorted keys, and `serde_json` writes them without spaces: it is the reference.
        #[test]
        fn canonical_text_is_that_of_the_value(value in json()) {
            let pretty = serde_json::to_string_pretty(&value).expect("JSON");
            prop_assert_eq!(canonical(&pretty, false), Some(value.to_string()));
        }
    }
}
