//! Logical ids: what resources are called in the template.

use crate::spec::decode::MAX_LOGICAL_ID as MAX_LENGTH;
pub use crate::spec::decode::pascal_case;

/// The characters of the digest that a longer one ends with.
const DIGEST: usize = 16;

/// The logical id of a resource: letters and digits, derived from the spec's names, unique in the template.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LogicalId(String);

impl LogicalId {
    /// Joins words in `PascalCase`: `["create-order", "role"]` gives `CreateOrderRole`. Other characters than ASCII letters and
    /// digits are dropped; names of the spec have none but hyphens. What is longer than CloudFormation takes is cut, and ends with a digest
    /// of all of it.
    pub fn new<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let id: String = words.into_iter().map(pascal_case).collect();
        if id.len() <= MAX_LENGTH {
            return Self(id);
        }
        // All of it is ASCII, so that every byte is a character.
        let kept = MAX_LENGTH - DIGEST;
        Self(format!("{}{:0DIGEST$x}", &id[..kept], fingerprint(&id)))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for LogicalId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for LogicalId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// FNV-1a of a text: the same everywhere and for ever, unlike the hashes of the standard library.
/// <https://datatracker.ietf.org/doc/html/draft-eastlake-fnv#section-2>
pub(crate) fn fingerprint(text: &str) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    text.bytes().fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_ids_are_cut_and_stay_apart() {
        let long = "a".repeat(300);
        let (first, second) = (LogicalId::new([long.as_str(), "one"]), LogicalId::new([long.as_str(), "two"]));
        assert_eq!((first.as_str().len(), second.as_str().len()), (MAX_LENGTH, MAX_LENGTH));
        assert_ne!(first, second);
        assert_eq!(LogicalId::new([first.as_str()]), first);
        assert_eq!(LogicalId::new(["a".repeat(255).as_str()]).as_str().len(), 255);
    }
}
