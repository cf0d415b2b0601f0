//! What to do with a batch of stream records, decided without doing it: which rows to publish, which can never be, how to pack calls.

use super::row::{self, Poison};
use crate::adapter::stream::{ChangeKind, Record};
use crate::limits::{PUT_EVENTS_BYTES, PUT_EVENTS_ENTRIES};
use crate::publish::Entry;

/// A row to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pending {
    /// The number of its record in the batch.
    pub(crate) record: usize,
    pub(crate) entry: Entry,
    /// What the entry counts for, bytes.
    pub(crate) bytes: usize,
}

/// What to do with each record of a batch that needs something done.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) publish: Vec<Pending>,
    pub(crate) poison: Vec<(usize, Poison)>,
}

/// Sorts a batch. Only inserted rows are events: a row is never changed, and its removal is the end of its time to live.
pub(crate) fn plan(records: &[Record], bus: &str) -> Plan {
    let mut plan = Plan::default();
    for (number, record) in records.iter().enumerate() {
        if record.event_name != ChangeKind::Insert {
            continue;
        }
        match row::read(record, bus) {
            Ok((entry, bytes)) => plan.publish.push(Pending { record: number, entry, bytes }),
            Err(poison) => plan.poison.push((number, poison)),
        }
    }
    plan
}

/// Splits entries of these sizes into calls, in order: each within the limits of count and bytes. Returns the length of each call.
/// No single size may be over the limit.
pub(crate) fn pack(sizes: &[usize]) -> Vec<usize> {
    let mut calls: Vec<usize> = Vec::new();
    let mut bytes = 0;
    for size in sizes {
        match calls.last_mut() {
            Some(count) if *count < PUT_EVENTS_ENTRIES && bytes + size < PUT_EVENTS_BYTES => {
                *count += 1;
                bytes += size;
            }
            _ => {
                calls.push(1);
                bytes = *size;
            }
        }
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_entry_is_in_one_call_within_the_limits(sizes in prop::collection::vec(1..PUT_EVENTS_BYTES, 0..200)) {
            let calls = pack(&sizes);
            prop_assert_eq!(calls.iter().sum::<usize>(), sizes.len());
            let mut rest = &sizes[..];
            let mut before: Option<(usize, usize)> = None;
            for count in calls {
                let (call, next) = rest.split_at(count);
                let bytes: usize = call.iter().sum();
                prop_assert!((1..=PUT_EVENTS_ENTRIES).contains(&count));
                prop_assert!(bytes < PUT_EVENTS_BYTES);
                // No call ends early: the next entry would not have fitted.
                if let Some((count, bytes)) = before {
                    prop_assert!(count == PUT_EVENTS_ENTRIES || bytes + call[0] >= PUT_EVENTS_BYTES);
                }
                before = Some((count, bytes));
                rest = next;
            }
        }
    }

    #[test]
    fn ten_small_entries_are_one_call_and_eleven_are_two() {
        assert_eq!(pack(&[100; 10]), [10]);
        assert_eq!(pack(&[100; 11]), [10, 1]);
        assert_eq!(pack(&[PUT_EVENTS_BYTES / 2; 3]), [1, 1, 1]);
        assert_eq!(pack(&[PUT_EVENTS_BYTES / 2, PUT_EVENTS_BYTES / 2 - 1, 1]), [2, 1]);
    }
}
