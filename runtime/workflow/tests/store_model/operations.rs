//! The operations, and how they are drawn.

use crate::{BEGINNING, PARTITIONS};
use evc_workflow::{Phase, Slot, Status};
use proptest::collection::vec;
use proptest::prelude::*;

/// A piece of work, drawn.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    pub(crate) phase: Phase,
    pub(crate) function: usize,
    pub(crate) payload: Vec<u8>,
    pub(crate) delay_ms: u64,
    pub(crate) at_ms: Option<u64>,
    pub(crate) lease_ms: u64,
    pub(crate) timeout_ms: Option<u64>,
}

/// What is done. `pick` chooses among what is there.
#[derive(Debug, Clone)]
pub(crate) enum Operation {
    Start {
        id: usize,
        timeout_ms: u64,
        work: Vec<Option<Work>>,
        over: bool,
    },
    Claim {
        pick: usize,
        owner: u64,
        wrong: bool,
        /// Another function than the record's, as of a message that went astray.
        by: Option<usize>,
    },
    Commit {
        pick: usize,
        wrong_seq: bool,
        wrong_version: bool,
        /// As of a history that was lost.
        wrong_revision: bool,
        work: Vec<Option<Work>>,
        status: Option<Status>,
        /// Which slot the committer wants.
        take: Option<Slot>,
    },
    Unfenced {
        id: usize,
        wrong_version: bool,
        work: Vec<Option<Work>>,
        status: Option<Status>,
    },
    Retry {
        id: usize,
        work: Vec<Option<Work>>,
    },
    Repeat,
    Ack {
        picks: Vec<usize>,
        wrong: bool,
    },
    Due {
        partition: u16,
        limit: usize,
    },
    Look {
        id: usize,
    },
    List {
        workflow: bool,
        status: Option<Status>,
        /// Since so long ago.
        since: Option<u64>,
        limit: usize,
    },
    Finished {
        partition: u16,
        retention_ms: u64,
        limit: usize,
    },
    Ended {
        partition: u16,
        limit: usize,
    },
    Keep {
        ids: Vec<usize>,
        for_ms: u64,
    },
    Adopt {
        id: usize,
        for_ms: u64,
    },
    Archive {
        pick: usize,
        wrong: bool,
    },
    Offer {
        picks: Vec<usize>,
    },
    Take {
        partition: u16,
        function: usize,
        limit: usize,
    },
    Define {
        id: usize,
        text: usize,
    },
    Wait {
        ms: u64,
    },
    /// Until something is due, may start, or ends; or a millisecond before or after. Then perhaps a sweep.
    WaitDue {
        pick: usize,
        less: u64,
        more: u64,
        sweep: bool,
    },
}

fn time() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), Just(1), Just(999), Just(10_000), Just(30_000), Just(60_000), 0..2_000_000_u64]
}

fn work() -> impl Strategy<Value = Work> {
    let phase = prop_oneof![4 => Just(Phase::Dispatched), 1 => Just(Phase::Timer), 1 => Just(Phase::Signal)];
    let delay = prop_oneof![3 => Just(0), 1 => time()];
    let at = prop_oneof![4 => Just(None), 1 => time().prop_map(|ms| Some(BEGINNING + ms))];
    let lease = prop_oneof![Just(30_000), time()];
    (phase, 0..3_usize, vec(any::<u8>(), 0..20), delay, at, lease, prop::option::of(time())).prop_map(
        |(phase, function, payload, delay_ms, at_ms, lease_ms, timeout_ms)| {
            let at_ms = at_ms.filter(|_| phase == Phase::Timer);
            Work { phase, function, payload, delay_ms, at_ms, lease_ms, timeout_ms }
        },
    )
}

fn works() -> impl Strategy<Value = Vec<Option<Work>>> {
    vec(prop_oneof![3 => work().prop_map(Some), 1 => Just(None)], 0..4)
}

fn status(running: u32) -> impl Strategy<Value = Option<Status>> {
    prop_oneof![
        10 => Just(None),
        running => Just(Some(Status::Running)),
        1 => Just(Some(Status::Succeeded)),
        1 => Just(Some(Status::Failed)),
        1 => Just(Some(Status::TimedOut)),
        1 => Just(Some(Status::Aborted)),
    ]
}

pub(crate) fn operation() -> impl Strategy<Value = Operation> {
    use Operation as O;
    let any_status = prop_oneof![Just(None), status(2)];
    prop_oneof![
        6 => (0..5_usize, time(), works(), prop::bool::weighted(0.1))
            .prop_map(|(id, timeout_ms, work, over)| O::Start { id, timeout_ms, work, over }),
        10 => (any::<usize>(), 0..3_u64, prop::bool::weighted(0.1), prop::option::weighted(0.1, 0..3_usize))
            .prop_map(|(pick, owner, wrong, by)| O::Claim { pick, owner, wrong, by }),
        12 => (
            any::<usize>(),
            prop::bool::weighted(0.1),
            prop::bool::weighted(0.1),
            prop::bool::weighted(0.1),
            works(),
            status(0),
            prop::option::of(0..3_u32),
        )
            .prop_map(|(pick, wrong_seq, wrong_version, wrong_revision, work, status, take)| O::Commit {
                pick, wrong_seq, wrong_version, wrong_revision, work, status, take
            }),
        3 => (0..5_usize, prop::bool::weighted(0.1), works(), status(6))
            .prop_map(|(id, wrong_version, work, status)| O::Unfenced { id, wrong_version, work, status }),
        4 => (0..5_usize, works()).prop_map(|(id, work)| O::Retry { id, work }),
        2 => Just(O::Repeat),
        5 => (vec(any::<usize>(), 1..4), prop::bool::weighted(0.2)).prop_map(|(picks, wrong)| O::Ack { picks, wrong }),
        8 => (0..PARTITIONS, 1..6_usize).prop_map(|(partition, limit)| O::Due { partition, limit }),
        3 => (0..5_usize).prop_map(|id| O::Look { id }),
        2 => (any::<bool>(), any_status, prop::option::of(time()), 1..4_usize)
            .prop_map(|(workflow, status, since, limit)| O::List { workflow, status, since, limit }),
        2 => (0..PARTITIONS, time(), 1..3_usize)
            .prop_map(|(partition, retention_ms, limit)| O::Finished { partition, retention_ms, limit }),
        3 => (0..PARTITIONS, 1..4_usize).prop_map(|(partition, limit)| O::Ended { partition, limit }),
        2 => (vec(0..2_usize, 0..3), time()).prop_map(|(ids, for_ms)| O::Keep { ids, for_ms }),
        1 => (0..2_usize, time()).prop_map(|(id, for_ms)| O::Adopt { id, for_ms }),
        2 => (any::<usize>(), prop::bool::weighted(0.2)).prop_map(|(pick, wrong)| O::Archive { pick, wrong }),
        1 => vec(any::<usize>(), 0..4).prop_map(|picks| O::Offer { picks }),
        2 => (0..PARTITIONS, 0..3_usize, 1..4_usize)
            .prop_map(|(partition, function, limit)| O::Take { partition, function, limit }),
        1 => (0..2_usize, 0..2_usize).prop_map(|(id, text)| O::Define { id, text }),
        6 => time().prop_map(|ms| O::Wait { ms }),
        12 => (any::<usize>(), 0..2_u64, 0..2_u64, any::<bool>())
            .prop_map(|(pick, less, more, sweep)| O::WaitDue { pick, less, more, sweep }),
    ]
}
