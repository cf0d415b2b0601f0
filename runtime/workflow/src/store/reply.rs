//! What scripts answer, taken apart.

use crate::protocol::{Snapshot, Status, Taken};
use crate::{Error, Kind};
use redis::Value;

/// The parts of an answer, in their order.
pub struct Reply(std::vec::IntoIter<Value>);

impl Reply {
    /// An array's parts; anything else is one part.
    pub(crate) fn new(value: Value) -> Self {
        match value {
            Value::Array(parts) | Value::Set(parts) => Self(parts.into_iter()),
            // RESP3 has a type for what RESP2 writes flat.
            Value::Map(pairs) => {
                Self(pairs.into_iter().flat_map(|(key, value)| [key, value]).collect::<Vec<_>>().into_iter())
            }
            Value::Nil => Self(Vec::new().into_iter()),
            other => Self(vec![other].into_iter()),
        }
    }

    /// The next part, if it is there.
    pub(crate) fn bytes(&mut self) -> Option<Vec<u8>> {
        match self.0.next()? {
            Value::BulkString(bytes) => Some(bytes),
            Value::SimpleString(text) => Some(text.into_bytes()),
            Value::Int(number) => Some(number.to_string().into_bytes()),
            Value::Double(number) => Some(number.to_string().into_bytes()),
            Value::Okay => Some(b"OK".to_vec()),
            _ => None,
        }
    }

    pub(crate) fn text(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?).ok()
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        let text = self.text()?;
        // Scores are doubles.
        text.parse().ok().or_else(|| text.parse::<f64>().ok().map(whole))
    }

    /// A number that must be there.
    pub fn require(&mut self) -> Result<u64, Error> {
        self.number().ok_or_else(unexpected)
    }

    /// A counter; nothing is 0.
    pub fn integer(&mut self) -> Result<i64, Error> {
        self.text().map_or(Ok(0), |text| text.parse().map_err(|_| unexpected()))
    }

    /// The rest, if it is there: time, lease's end, deadline of what was taken.
    pub(crate) fn taken(&mut self) -> Option<Taken> {
        let (now_ms, lease_until_ms) = (self.number()?, self.number()?);
        Some(Taken { now_ms, lease_until_ms, deadline_ms: self.number().filter(|deadline| *deadline > 0) })
    }

    /// The rest: time, version, revision, definition, state, status.
    pub(crate) fn snapshot(&mut self) -> Result<Snapshot, Error> {
        let now_ms = self.require()?;
        let version = self.require()?;
        let revision = revision(&self.bytes().ok_or_else(unexpected)?);
        let definition = self.text().ok_or_else(unexpected)?;
        let state = self.bytes().ok_or_else(unexpected)?;
        let status = self.status()?;
        Ok(Snapshot { status, version, revision, definition, state, now_ms })
    }

    pub(crate) fn status(&mut self) -> Result<Status, Error> {
        self.text().and_then(|text| text.chars().next()).and_then(Status::of_letter).ok_or_else(unexpected)
    }
}

/// The revision at the beginning of a field `r`; 0 where a runtime without them wrote.
pub(crate) fn revision(stored: &[u8]) -> u64 {
    stored.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// A time that was written as a double.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "milliseconds since 1970, which a double holds exactly"
)]
fn whole(number: f64) -> u64 {
    number as u64
}

/// An answer of another shape: another version of evc wrote what is there, or something else did.
pub(crate) fn unexpected() -> Error {
    Error::new(Kind::Internal, "the cache holds something that is no workflow of this version of evc")
}
