//! How a slot's record is written: a fixed header, then the function. Its payload is a field of its own, so that a claim does not
//! write it again. The scripts read the same places; what they are sent is an order, of which they make a record: see
//! `scripts/apply.lua`.
//!
//! | bytes | hold |
//! | --- | --- |
//! | 0..8 | seq |
//! | 8 | phase: `d`, `c`, `w`, `s` |
//! | 9..17 | not before, ms since 1970 |
//! | 17..25 | deadline, ms since 1970; 0 for none |
//! | 25..33 | the score of its entry of the due set; 0 for none |
//! | 33..41 | lease, ms |
//! | 41..49 | lease until, ms since 1970; 0 while nobody has claimed it |
//! | 49..57 | owner |
//! | 57 | how many times its dispatch was acknowledged |
//! | 58.. | function |

use super::grace;
use super::keys::{Keys, ready_entry, slot_name};
use super::script::Call;
use super::view::Open;
use crate::protocol::{ExecutionId, Owner, Phase, Record, Slot, TaskRef, Transition};

/// An order without the function's name: see `scripts/apply.lua`.
const ORDER_BYTES: usize = 68;
/// The longest time, and the latest, that scripts count with: their numbers are doubles, and this plus a time is still whole.
const LONGEST_MS: u64 = 1 << 52;

/// Adds the changed slots of a transition to a call. `ready`: also to ready lists. `taking`: this one as claimed, by this owner.
pub(crate) fn push(
    call: &mut Call<'_>,
    keys: &Keys,
    execution: &ExecutionId,
    transition: &Transition,
    ready: bool,
    taking: Option<(&TaskRef, Owner)>,
) {
    for (slot, record) in &transition.records {
        call.push(slot_name(*slot));
        match record {
            None => call.push(""),
            Some(record) => {
                let taking = taking.filter(|(task, _)| task.slot == *slot);
                push_record(
                    call,
                    keys,
                    execution,
                    (*slot, record),
                    ready && taking.is_none(),
                    taking.map(|taking| taking.1),
                );
            }
        }
    }
}

fn push_record(
    call: &mut Call<'_>,
    keys: &Keys,
    execution: &ExecutionId,
    (slot, record): (Slot, &Record),
    ready: bool,
    owner: Option<Owner>,
) {
    let offered = ready && record.phase == Phase::Dispatched && record.delay_ms == 0;
    let list = offered.then(|| call.key(keys.ready(keys.partition(execution), &record.function)));
    let bounded = |ms: u64| ms.min(LONGEST_MS);
    let optional = |ms: Option<u64>| ms.map_or(0, |ms| bounded(ms) + 1);
    let mut order = Vec::with_capacity(ORDER_BYTES + record.function.len());
    for number in
        [bounded(record.delay_ms), optional(record.at_ms), optional(grace(record, ready)), optional(record.timeout_ms)]
    {
        order.extend(number.to_be_bytes());
    }
    order.extend(list.unwrap_or(0).to_be_bytes());
    order.extend(record.seq.to_be_bytes());
    order.push(letter(if owner.is_some() { Phase::Claimed } else { record.phase }));
    order.extend(record.lease_ms.to_be_bytes());
    // The script writes until when.
    order.extend([0; 8]);
    order.extend(owner.unwrap_or(0).to_be_bytes());
    order.push(0);
    order.extend(record.function.as_bytes());
    call.push(order.as_slice());
    call.push(record.payload.as_slice());
    if list.is_some() {
        call.push(ready_entry(execution, slot, record.seq));
    }
}

fn letter(phase: Phase) -> u8 {
    match phase {
        Phase::Dispatched => b'd',
        Phase::Claimed => b'c',
        Phase::Timer => b'w',
        Phase::Signal => b's',
    }
}

/// What a stored record says.
pub(crate) fn parse(slot: Slot, stored: &[u8]) -> Option<Open> {
    let number = |at: usize| Some(u64::from_be_bytes(stored.get(at..at + 8)?.try_into().ok()?));
    let some = |number: u64| (number > 0).then_some(number);
    let phase = match stored.get(8)? {
        b'd' => Phase::Dispatched,
        b'c' => Phase::Claimed,
        b'w' => Phase::Timer,
        b's' => Phase::Signal,
        _ => return None,
    };
    Some(Open {
        slot,
        seq: number(0)?,
        phase,
        function: String::from_utf8(stored.get(58..)?.to_vec()).ok()?,
        not_before_ms: number(9)?,
        lease_until_ms: some(number(41)?),
        deadline_ms: some(number(17)?),
        sent: *stored.get(57)?,
    })
}
