//! Tokens of steps that wait for a signal: who has one can answer, once, and nobody else.
//!
//! A token names the execution, the slot and the fencing token of the wait, and proves that its holder was given it: with 128 bits that
//! only the execution's state has beside it. They are drawn anew for each attempt of each step, so that a token is good for one wait
//! and for nothing before or after it.
//!
//! `evc2.` is followed by base64url of the secret (16 bytes), the fencing token (8), the slot (4), both big-endian, and the execution's
//! id. Tokens of a runtime before these began with `evc1.` and had no secret: they answer only waits that such a runtime ordered.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;

use super::protocol::{ExecutionId, Slot};

/// What tokens of this runtime begin with, beside those of Step Functions.
const PREFIX: &str = "evc2.";
/// What those without a secret begin with.
const BEFORE: &str = "evc1.";

/// What proves that somebody was given a token.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Secret([u8; Secret::BYTES]);

impl Secret {
    const BYTES: usize = 16;

    /// The secret of a wait: SHA-256 of a key that only the process which plans knows, of the number that it draws for this transition
    /// alone, and of the wait; cut to 128 bits.
    pub(crate) fn derive(key: &[u8; 32], drawn: u64, execution: &ExecutionId, seq: u64) -> Self {
        let hash = Sha256::new()
            .chain_update(key)
            .chain_update(drawn.to_be_bytes())
            .chain_update(seq.to_be_bytes())
            .chain_update(execution.0.as_bytes())
            .finalize();
        let mut secret = [0; Self::BYTES];
        secret.copy_from_slice(&hash[..Self::BYTES]);
        Self(secret)
    }
}

/// In a time that tells nothing of either.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Secret {}

/// It must not get into a log.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The execution.
    pub execution: ExecutionId,
    /// The slot that waits.
    pub slot: Slot,
    /// Its fencing token.
    pub seq: u64,
    /// What proves it; `None` in a token of a runtime before this one.
    pub secret: Option<Secret>,
}

impl Token {
    /// The text.
    pub fn write(&self) -> String {
        let Some(Secret(secret)) = self.secret else {
            let text = format!("{}/{}/{}", self.seq, self.slot, self.execution.0);
            return format!("{BEFORE}{}", URL_SAFE_NO_PAD.encode(text));
        };
        let (seq, slot) = (self.seq.to_be_bytes(), self.slot.to_be_bytes());
        let bytes = [secret.as_slice(), &seq, &slot, self.execution.0.as_bytes()].concat();
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// What a text says; `None` if it is no token of this runtime.
    pub fn read(text: &str) -> Option<Self> {
        let Some(encoded) = text.strip_prefix(PREFIX) else { return Self::read_before(text.strip_prefix(BEFORE)?) };
        let bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
        let (secret, rest) = bytes.split_first_chunk()?;
        let (seq, rest) = rest.split_first_chunk()?;
        let (slot, execution) = rest.split_first_chunk()?;
        Some(Self {
            execution: ExecutionId(String::from_utf8(execution.to_vec()).ok()?),
            slot: Slot::from_be_bytes(*slot),
            seq: u64::from_be_bytes(*seq),
            secret: Some(Secret(*secret)),
        })
    }

    fn read_before(encoded: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(encoded).ok()?).ok()?;
        let mut parts = text.splitn(3, '/');
        let seq = parts.next()?.parse().ok()?;
        let slot = parts.next()?.parse().ok()?;
        Some(Self { execution: ExecutionId(parts.next()?.to_owned()), slot, seq, secret: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tokens_read_back_and_others_are_told_apart() {
        let execution = ExecutionId::new("fulfil-order", "a_b-1");
        let secret = Secret::derive(&[7; 32], 1, &execution, 42);
        for secret in [Some(secret), None] {
            let token = Token { execution: execution.clone(), slot: 7, seq: 42, secret };
            assert_eq!(Token::read(&token.write()), Some(token));
        }
        for text in ["AQCEAAAAKgAAAAMAAAAA", "evc1.!", "evc2.!", "evc2.AAAA", "evc3.AAAA", ""] {
            assert_eq!(Token::read(text), None, "{text}");
        }
    }

    #[test]
    fn each_wait_has_a_secret_of_its_own() {
        let of = |key: u8, drawn, name: &str, seq| Secret::derive(&[key; 32], drawn, &ExecutionId::new("w", name), seq);
        let secret = of(7, 1, "a", 42);
        assert_eq!(secret, of(7, 1, "a", 42));
        for other in [of(8, 1, "a", 42), of(7, 2, "a", 42), of(7, 1, "b", 42), of(7, 1, "a", 43)] {
            assert_ne!(secret, other);
        }
        assert_eq!(format!("{secret:?}"), "Secret");
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_was_written(text in "evc[12]\\.[A-Za-z0-9_-]{0,80}") {
            if let Some(token) = Token::read(&text) {
                prop_assert_eq!(Token::read(&token.write()), Some(token));
            }
        }
    }
}
