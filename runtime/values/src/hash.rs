//! Ids derived from names, and the run-time's little randomness.

use crate::{Timestamp, Uuid};

/// FNV-1a, 128 bits, over length-prefixed parts: for derived ids and simulated outcomes. Not for secrets.
/// <https://datatracker.ietf.org/doc/html/draft-eastlake-fnv>
pub fn fnv128(parts: &[&str]) -> u128 {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let mut hash = OFFSET;
    for part in parts {
        for byte in (part.len() as u64).to_be_bytes().iter().chain(part.as_bytes()) {
            hash = (hash ^ u128::from(*byte)).wrapping_mul(PRIME);
        }
    }
    // FNV mixes its last bytes badly into the high bits, and a UUID or a fraction takes those: fold and stir once more.
    hash ^= hash >> 67;
    hash = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    hash ^ (hash >> 71)
}

/// The step of splitmix64's sequence: an odd number near 2^64 divided by the golden ratio.
pub const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// splitmix64's mixing: a number for each number, with all of its bits stirred. Not for secrets.
/// <https://prng.di.unimi.it/splitmix64.c>
pub fn mix(number: u64) -> u64 {
    let z = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A number in [0, 1) from 53 of the hash's bits.
pub fn fraction(hash: u128) -> f64 {
    // 53 bits fit a double exactly.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
    let bits = (hash >> 75) as u64 as f64;
    bits / 9_007_199_254_740_992.0
}

/// A random number in [0, 1).
pub fn random() -> f64 {
    // Bits 0..62 of a version 4 UUID are random.
    fraction(Uuid::new_v4().as_u128() << 66)
}

/// The id that random bits make: a UUID of version 4.
pub fn random_id(bits: u128) -> Uuid {
    uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
}

/// An id that is the same whenever the same delivery makes it again (such as that of an event it publishes), and sorts by `at` where that is known.
///
/// With a stable time it has the layout of a version 7 UUID, else of version 8 (RFC 9562).
pub fn derived_id(at: Option<Timestamp>, parts: &[&str]) -> Uuid {
    let hash = fnv128(parts).to_be_bytes();
    match at.and_then(|at| u64::try_from(at.millis()).ok()) {
        Some(millis) => {
            let mut random = [0; 10];
            random.copy_from_slice(&hash[..10]);
            uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
        }
        None => Uuid::new_v8(hash),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn parts_do_not_run_into_each_other() {
        let hashes: BTreeSet<_> =
            [&["ab", "c"][..], &["a", "bc"], &["abc"], &["abc", ""], &[]].into_iter().map(fnv128).collect();
        assert_eq!(hashes.len(), 5);
    }

    #[test]
    fn fractions_are_even() {
        let low = (0..10_000).filter(|i| fraction(fnv128(&["seed", &i.to_string()])) < 0.9).count();
        assert!((8_800..9_200).contains(&low), "{low} of 10000 below 0.9");
        let low = (0..10_000).filter(|_| random() < 0.5).count();
        assert!((4_700..5_300).contains(&low), "{low} of 10000 below 0.5");
    }

    #[test]
    fn derived_ids_are_stable_and_sort_by_time() {
        let at = |millis| Timestamp::from_millis(millis).ok();
        assert_eq!(derived_id(at(5), &["k"]), derived_id(at(5), &["k"]));
        assert_ne!(derived_id(at(5), &["k"]), derived_id(at(5), &["l"]));
        assert!(derived_id(at(1_700_000_000_000), &["z"]) < derived_id(at(1_700_000_000_001), &["a"]));
        assert_eq!(derived_id(at(5), &["k"]).get_version_num(), 7);
        assert_eq!(derived_id(None, &["k"]).get_version_num(), 8);
    }
}
