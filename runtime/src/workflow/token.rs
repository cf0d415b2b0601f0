//! Tokens of steps that wait for a signal: who has one can answer, once.
//!
//! A token names the execution, the slot and the fencing token. It is not secret in the way a password is: who may signal is decided by
//! who can reach the cache. What it says is checked against the execution: a token that was answered, or guessed, changes nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::protocol::{ExecutionId, Slot};

/// What tokens of this runtime begin with, beside those of Step Functions.
const PREFIX: &str = "evc1.";

/// The token of a slot.
pub fn write(execution: &ExecutionId, slot: Slot, seq: u64) -> String {
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(format!("{seq}/{slot}/{}", execution.0)))
}

/// What a token names; `None` if it is not one of this runtime.
pub fn read(token: &str) -> Option<(ExecutionId, Slot, u64)> {
    let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix(PREFIX)?).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let mut parts = text.splitn(3, '/');
    let seq = parts.next()?.parse().ok()?;
    let slot = parts.next()?.parse().ok()?;
    Some((ExecutionId(parts.next()?.to_owned()), slot, seq))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_read_back_and_others_are_told_apart() {
        let execution = ExecutionId::new("fulfil-order", "a_b-1");
        assert_eq!(read(&write(&execution, 7, 42)), Some((execution, 7, 42)));
        assert_eq!(read("AQCEAAAAKgAAAAMAAAAA"), None);
        assert_eq!(read("evc1.!"), None);
    }
}
