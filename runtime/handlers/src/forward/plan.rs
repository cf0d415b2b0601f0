//! What to do with a batch of stream records, decided without doing it: which rows to publish, which can never be, how to pack calls.

use super::row::{self, Poison};
use crate::adapter::stream::{ChangeKind, Record};
use crate::attribute::Attribute;
use crate::limits::{PUT_EVENTS_BYTES, PUT_EVENTS_ENTRIES};
use crate::outbox::attribute_names as name;
use crate::publish::Entry;
use std::collections::{HashMap, HashSet};

/// A row to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pending {
    /// The number of its record in the batch.
    pub(crate) record: usize,
    pub(crate) entry: Entry,
    /// What the entry counts for, bytes.
    pub(crate) bytes: usize,
    /// What the event is about: events of one lane are published in their order.
    pub(crate) lane: String,
}

/// What to do with each record of a batch that needs something done.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) publish: Vec<Pending>,
    pub(crate) poison: Vec<(usize, Poison)>,
}

/// What a stream record is: the entries to publish because of it, most often one or none.
pub(crate) trait Reader {
    /// The entries of a record, each with its size in bytes.
    fn read(&self, record: &Record, bus: &str) -> Vec<Result<Weighed, Poison>>;

    /// The attribute of the key that says what the record's events are about.
    fn aggregate(&self) -> &str;
}

/// An entry and what it counts for, bytes.
pub(crate) type Weighed = (Entry, usize);

/// Rows of an outbox's own table. Only inserted rows are events: a row is never changed, and its removal is the end of its time to
/// live.
pub(crate) struct Rows;

impl Reader for Rows {
    fn read(&self, record: &Record, bus: &str) -> Vec<Result<Weighed, Poison>> {
        let inserted = record.event_name == ChangeKind::Insert;
        inserted.then(|| row::read(record, bus)).into_iter().collect()
    }

    fn aggregate(&self) -> &str {
        name::AGGREGATE
    }
}

/// Sorts a batch.
pub(crate) fn plan(records: &[Record], reader: &impl Reader, bus: &str) -> Plan {
    let mut plan = Plan::default();
    for (number, record) in records.iter().enumerate() {
        let lane = record.dynamodb.keys.get(reader.aggregate()).and_then(Attribute::as_key).unwrap_or_default();
        for read in reader.read(record, bus) {
            match read {
                Ok((entry, bytes)) => {
                    plan.publish.push(Pending { record: number, entry, bytes, lane: lane.clone() });
                }
                Err(poison) => plan.poison.push((number, poison)),
            }
        }
    }
    plan
}

/// Spreads entries over calls that are made one after the other, as few as the limits of count and bytes allow. Returns the numbers
/// of each call's entries.
///
/// No call has two entries of one lane, since the bus takes or refuses each entry of a call by itself: the later of two might be
/// taken and the earlier one not. Each entry is in a later call than those before it in its lane. No single size may be over the
/// limit.
pub(crate) fn pack(entries: &[Pending]) -> Vec<Vec<usize>> {
    let mut calls: Vec<(Vec<usize>, usize)> = Vec::new();
    // The first call that an entry of a lane may go into.
    let mut next: HashMap<&str, usize> = HashMap::new();
    // All calls before this one are full.
    let mut open = 0;
    for (number, entry) in entries.iter().enumerate() {
        let from = next.get(entry.lane.as_str()).copied().unwrap_or(0).max(open);
        let has_room = |(call, bytes): &(Vec<usize>, usize)| {
            call.len() < PUT_EVENTS_ENTRIES && bytes + entry.bytes < PUT_EVENTS_BYTES
        };
        let at = (from..calls.len()).find(|at| has_room(&calls[*at])).unwrap_or(calls.len());
        if at == calls.len() {
            calls.push((Vec::new(), 0));
        }
        let (call, bytes) = &mut calls[at];
        call.push(number);
        *bytes += entry.bytes;
        next.insert(&entry.lane, at + 1);
        while calls.get(open).is_some_and(|(call, _)| call.len() == PUT_EVENTS_ENTRIES) {
            open += 1;
        }
    }
    calls.into_iter().map(|(call, _)| call).collect()
}

/// Groups calls, in order, so that no two of a group have a lane in common: they can be made at once, one group after the other.
pub(crate) fn waves(entries: &[Pending], calls: Vec<Vec<usize>>) -> Vec<Vec<Vec<usize>>> {
    let mut waves: Vec<Vec<Vec<usize>>> = Vec::new();
    let mut lanes: HashSet<&str> = HashSet::new();
    for call in calls {
        let of_call = || call.iter().map(|entry| entries[*entry].lane.as_str());
        if waves.is_empty() || of_call().any(|lane| lanes.contains(lane)) {
            waves.push(Vec::new());
            lanes.clear();
        }
        lanes.extend(of_call());
        if let Some(wave) = waves.last_mut() {
            wave.push(call);
        }
    }
    waves
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;
    use proptest::prelude::*;

    fn pending(bytes: usize, lane: &str) -> Pending {
        let text = String::new;
        let time = Timestamp::now();
        let entry = Entry { bus: text(), source: text(), detail_type: text(), detail: text(), time, trace: None };
        Pending { record: 0, entry, bytes, lane: lane.to_owned() }
    }

    /// Entries that are each about something else.
    fn alone(sizes: &[usize]) -> Vec<Pending> {
        sizes.iter().enumerate().map(|(lane, bytes)| pending(*bytes, &lane.to_string())).collect()
    }

    fn lengths(calls: &[Vec<usize>]) -> Vec<usize> {
        calls.iter().map(Vec::len).collect()
    }

    proptest! {
        #[test]
        fn every_entry_is_in_one_call_within_the_limits(
            entries in prop::collection::vec((1..PUT_EVENTS_BYTES, 0..20_u8), 0..200),
        ) {
            let entries: Vec<_> = entries.into_iter().map(|(bytes, lane)| pending(bytes, &lane.to_string())).collect();
            let calls = pack(&entries);
            let mut all: Vec<usize> = calls.concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..entries.len()).collect::<Vec<_>>());
            let mut latest: HashMap<&str, usize> = HashMap::new();
            for call in &calls {
                prop_assert!((1..=PUT_EVENTS_ENTRIES).contains(&call.len()));
                prop_assert!(call.iter().map(|entry| entries[*entry].bytes).sum::<usize>() < PUT_EVENTS_BYTES);
                for entry in call {
                    let lane = entries[*entry].lane.as_str();
                    // In a later call than all before it in its lane.
                    prop_assert!(latest.get(lane).is_none_or(|before| before < entry));
                }
                for entry in call {
                    let before = latest.insert(&entries[*entry].lane, *entry);
                    prop_assert!(before.is_none_or(|before| !call.contains(&before)));
                }
            }
        }

        #[test]
        fn small_entries_of_many_lanes_are_packed_tight(count in 0..300_usize) {
            prop_assert_eq!(pack(&alone(&vec![100; count])).len(), count.div_ceil(PUT_EVENTS_ENTRIES));
        }
    }

    #[test]
    fn ten_small_entries_are_one_call_and_eleven_are_two() {
        let pack = |sizes: &[usize]| lengths(&pack(&alone(sizes)));
        assert_eq!(pack(&[100; 10]), [10]);
        assert_eq!(pack(&[100; 11]), [10, 1]);
        assert_eq!(pack(&[PUT_EVENTS_BYTES / 2; 3]), [1, 1, 1]);
        assert_eq!(pack(&[PUT_EVENTS_BYTES / 2, PUT_EVENTS_BYTES / 2 - 1, 1]), [2, 1]);
    }

    #[test]
    fn calls_without_a_common_lane_are_made_at_once() {
        let entries = alone(&[100; 25]);
        assert_eq!(waves(&entries, pack(&entries)).len(), 1);
        let entries: Vec<_> = ["a", "b", "a", "c", "b"].map(|lane| pending(1, lane)).into();
        // a b c | a b
        assert_eq!(waves(&entries, pack(&entries)), [vec![vec![0, 1, 3]], vec![vec![2, 4]]]);
        assert!(waves(&[], pack(&[])).is_empty());
    }

    #[test]
    fn entries_of_one_lane_go_one_after_the_other_beside_those_of_others() {
        let entries: Vec<_> = ["a", "a", "b", "a", "c"].map(|lane| pending(1, lane)).into();
        assert_eq!(pack(&entries), [vec![0, 2, 4], vec![1], vec![3]]);
    }
}
