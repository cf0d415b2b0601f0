//! What all crates of the runtime share: errors with the names that `Retry` and `Catch` see, the values of payload types, hashes.
//!
//! Handlers and their tests name these through `evc_runtime`, which exports them. The values are those of the spec's type language that
//! Rust's own types do not cover, each with one form in JSON and in DynamoDB.
//!
//! | spec | Rust | JSON | DynamoDB |
//! | --- | --- | --- | --- |
//! | `money` | [`Money`] | number | N |
//! | `timestamp` | [`Timestamp`] | `2026-11-21T04:50:00.000Z` | S |
//! | `date` | [`Date`] | `2026-11-21` | S |
//! | `duration` | [`Duration`] | `PT1H30M` | S |
//! | `uuid` | [`Uuid`] | `0197a2f0-…` | S |
//! | `bytes` | [`Bytes`] | base64 string | B |

#![cfg_attr(docsrs, feature(doc_cfg))]

mod bytes;
mod date;
mod duration;
mod error;
pub mod hash;
mod money;
mod timestamp;

pub use bytes::Bytes;
pub use date::Date;
pub use duration::Duration;
pub use error::Error;
pub use evc_interface::Kind;
pub use money::{Money, MoneyError};
pub use rust_decimal;
pub use timestamp::Timestamp;
pub use uuid::Uuid;

/// The names under which values ask a format for more than JSON has: for formats that have it.
pub mod wire {
    pub use crate::bytes::BINARY;
    pub use crate::money::RAW_TEXT;
}

/// Why a text is not a value of its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError(String);

impl ParseError {
    /// What was expected.
    pub fn new(expected: impl Into<String>) -> Self {
        Self(expected.into())
    }
}

impl std::fmt::Display for ParseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ParseError {}

/// Serde through `Display` and `FromStr`, for the values that are strings on the wire.
macro_rules! serde_as_string {
    ($type:ty, $expected:literal) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;

                impl serde::de::Visitor<'_> for Visitor {
                    type Value = $type;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($expected)
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$type, E> {
                        text.parse().map_err(E::custom)
                    }
                }

                deserializer.deserialize_str(Visitor)
            }
        }
    };
}
use serde_as_string;
