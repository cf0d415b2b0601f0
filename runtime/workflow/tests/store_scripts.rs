//! Each script alone, on Redis and on Valkey: what it refuses, and what it costs.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "the server's time")]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small counts"
)]

#[path = "support/steps.rs"]
mod steps;
mod support;

use evc_workflow::Kind as ErrorKind;
use evc_workflow::store::{MAX_RECORDS, Redis, Store};
use evc_workflow::{
    Claim, Committed, Due, ExecutionId, Finished, Phase, Record, Slot, Started, Status, TaskRef, Transition,
};
use std::time::Duration;
use steps::{record, runtime, start, step, task};
use support::{Kind, Server};

async fn begin(store: &Redis, name: &str, records: Vec<(Slot, Option<Record>)>) -> ExecutionId {
    let id = ExecutionId::new("w", name);
    let mut start = start(&id, 9);
    start.transition.records = records;
    assert_eq!(store.start(&start).await.expect("start"), Started::Now);
    id
}

/// A server and a store, for a test of one script.
fn with_store(test: impl AsyncFn(Redis)) {
    for kind in Kind::BOTH {
        let server = Server::start(kind);
        let store = Redis::open(&server.url(), "shop").expect("a store");
        runtime().block_on(test(store));
    }
}

#[test]
fn a_start_is_refused_if_there_is_one() {
    with_store(async |store| {
        let id = begin(&store, "a", vec![(0, Some(record(1, "f")))]).await;
        let mut other = start(&id, 5);
        // Another delivery of what starts it.
        (other.transition.state, other.transition.revision) = (b"other".to_vec(), 7);
        assert_eq!(store.start(&other).await.expect("start"), Started::Before(Status::Running));
        assert_eq!(store.history(&id).await.expect("history").len(), 1);
    });
}

#[test]
fn a_claim_is_refused_for_what_is_gone_early_leased_expired_or_overdue() {
    with_store(async |store| {
        let brief = |record: Record| Record { lease_ms: 1, ..record };
        let records = vec![
            (0, Some(record(1, "f"))),
            (1, Some(Record { delay_ms: 60_000, ..record(2, "f") })),
            (2, Some(brief(record(3, "f")))),
            (3, Some(Record { timeout_ms: Some(0), ..record(4, "f") })),
            (4, Some(Record { phase: Phase::Signal, ..record(5, "f") })),
            (5, Some(Record { phase: Phase::Timer, payload: Vec::new(), ..record(6, "") })),
        ];
        let id = begin(&store, "a", records).await;
        let claim = async |slot, seq, owner| store.claim(&task(&id, slot, seq), owner).await.expect("a claim");
        assert!(matches!(claim(0, 2, 1).await, Claim::Gone), "another seq");
        assert!(matches!(claim(9, 1, 1).await, Claim::Gone), "an empty slot");
        assert!(matches!(claim(5, 6, 1).await, Claim::Gone), "the engine's, not `f`'s");
        let nobody = task(&ExecutionId::new("w", "b"), 0, 1);
        assert!(matches!(store.claim(&nobody, 1).await, Ok(Claim::Gone)), "no execution");
        assert!(matches!(claim(1, 2, 1).await, Claim::Early(_)));
        assert!(matches!(claim(0, 1, 1).await, Claim::Claimed { .. }));
        assert!(matches!(claim(0, 1, 1).await, Claim::Claimed { .. }), "the same owner again");
        assert!(matches!(claim(0, 1, 2).await, Claim::Leased(_)));
        assert!(matches!(claim(2, 3, 1).await, Claim::Claimed { .. }));
        std::thread::sleep(Duration::from_millis(5));
        assert!(matches!(claim(2, 3, 1).await, Claim::Expired(_)), "even for who had it");
        assert!(matches!(claim(3, 4, 1).await, Claim::Overdue(_)));
        assert!(matches!(claim(4, 5, 1).await, Claim::Gone), "a signal is nobody's work");
        let timer = TaskRef { function: String::new(), ..task(&id, 5, 6) };
        assert!(matches!(store.claim(&timer, 1).await, Ok(Claim::Timer(_))));
    });
}

#[test]
fn a_commit_is_refused_if_its_fence_or_its_version_is_old() {
    with_store(async |store| {
        let id = begin(&store, "a", vec![(0, Some(record(1, "f"))), (1, Some(record(2, "f")))]).await;
        let commit = async |transition: &Transition| store.commit(&id, transition).await.expect("a commit");
        let next = |version, seen, fence: (Slot, u64), seq| Transition {
            version,
            seen,
            revision: seq,
            fence: Some(fence),
            records: vec![(fence.0, Some(record(seq, "f")))],
            state: format!("{version} {seq}").into_bytes(),
            ..step(1, 9)
        };
        assert_eq!(commit(&next(1, 1, (0, 7), 9)).await, Committed::Stale, "another seq");
        let first = next(1, 1, (0, 1), 3);
        assert_eq!(commit(&first).await, Committed::Done);
        assert_eq!(commit(&first).await, Committed::Done, "the same again: the answer was lost");
        assert_eq!(commit(&next(1, 1, (0, 1), 4)).await, Committed::Stale, "another for the same work");
        let Committed::Conflict(seen) = commit(&next(1, 1, (1, 2), 5)).await else { panic!("a conflict") };
        assert_eq!((seen.version, seen.revision, seen.state.as_slice()), (2, 3, &b"1 3"[..]));
        let Committed::Conflict(_) = commit(&next(2, 7, (1, 2), 5)).await else { panic!("another history") };
        assert_eq!(commit(&next(2, 3, (1, 2), 5)).await, Committed::Done);
        assert_eq!(commit(&first).await, Committed::Stale, "something came after");
        let cancel = Transition {
            version: 3,
            seen: 5,
            revision: 8,
            fence: None,
            records: vec![],
            status: Some(Status::Aborted),
            ..step(1, 9)
        };
        assert_eq!(commit(&cancel).await, Committed::Done);
        assert_eq!(commit(&next(4, 8, (1, 5), 6)).await, Committed::Stale, "it is over");
        assert_eq!(store.history(&id).await.expect("history").len(), 4);
        assert!(matches!(store.commit(&ExecutionId::new("w", "b"), &cancel).await, Ok(Committed::Stale)));
    });
}

#[test]
fn a_retry_takes_back_an_end_that_was_no_success() {
    with_store(async |store| {
        for (name, status, taken) in [("a", Status::Failed, true), ("b", Status::Succeeded, false)] {
            let id = begin(&store, name, vec![(0, Some(record(1, "f")))]).await;
            let end = Transition { records: vec![(0, None)], status: Some(status), ..step(1, 9) };
            assert_eq!(store.commit(&id, &end).await.expect("commit"), Committed::Done);
            let finished = Finished {
                execution: id.clone(),
                finished_ms: store.view(&id).await.expect("view").and_then(|view| view.finished_ms).expect("an end"),
            };
            let retry = Transition { version: 2, fence: None, status: Some(Status::Running), ..step(2, 9) };
            let committed = store.commit(&id, &retry).await.expect("commit");
            assert_eq!(committed == Committed::Done, taken, "{status:?}");
            // What was found to be finished before is not archived if it runs again.
            assert_eq!(store.archive(&finished).await.expect("archive"), !taken);
        }
    });
}

#[test]
fn what_is_too_large_is_refused_before_it_is_sent() {
    with_store(async |store| {
        let id = ExecutionId::new("w", "a");
        let large = |change: &dyn Fn(&mut Transition)| {
            let mut start = start(&id, 9);
            change(&mut start.transition);
            start
        };
        for start in [
            large(&|transition| transition.state = vec![0; 1024 * 1024 + 1]),
            large(&|transition| {
                transition.records[0].1 = Some(Record { payload: vec![0; 256 * 1024 + 1], ..record(1, "f") });
            }),
            large(&|transition| {
                let slots = 0..=MAX_RECORDS as u32;
                transition.records = slots.map(|slot| (slot, Some(record(u64::from(slot) + 1, "f")))).collect();
            }),
        ] {
            assert_eq!(store.start(&start).await.expect_err("too large").kind(), ErrorKind::TooLarge);
        }
        let kept = Transition { records: vec![], ..step(1, 9) };
        assert_eq!(store.commit(&id, &kept).await.expect_err("its fence stays").kind(), ErrorKind::Internal);
        // What is just small enough is taken.
        let slots: Vec<_> =
            (0..MAX_RECORDS as u32).map(|slot| (slot, Some(record(u64::from(slot) + 1, "f")))).collect();
        let most = large(&|transition| {
            transition.state = vec![0; 1024 * 1024];
            transition.records = slots.clone();
        });
        assert_eq!(store.start(&most).await.expect("start"), Started::Now);
        let more: Vec<_> = (0..MAX_RECORDS as u32)
            .map(|slot| (slot, Some(record(10_000, "f"))))
            .map(|(slot, record)| (slot + if slot == 0 { 0 } else { 5000 }, record))
            .collect();
        let more = Transition { version: 1, fence: Some((0, 1)), records: more, ..step(1, 9) };
        assert_eq!(store.commit(&id, &more).await.expect("commit"), Committed::Done);
        // An end empties all slots, however many there are.
        let slots = (0..MAX_RECORDS as u32).flat_map(|slot| [slot, slot + 5000]).filter(|slot| *slot != 5000);
        let records = slots.map(|slot| (slot, None)).collect();
        let end = Transition { version: 2, fence: None, records, status: Some(Status::Aborted), ..step(2, 9) };
        assert_eq!(store.commit(&id, &end).await.expect("commit"), Committed::Done);
        assert_eq!(store.view(&id).await.expect("view").expect("it is there").open, []);
        assert_eq!(store.due(store.keys().partition(&id), 10).await.expect("due"), []);
    });
}

#[test]
fn what_was_just_seen_is_left_to_who_saw_it() {
    with_store(async |store| {
        let id = begin(&store, "a", vec![(0, Some(Record { timeout_ms: Some(1), ..record(1, "f") }))]).await;
        std::thread::sleep(Duration::from_millis(5));
        let partition = store.keys().partition(&id);
        let due = store.due(partition, 10).await.expect("due");
        assert!(matches!(due.as_slice(), [Due::Deadline(found, _)] if *found == task(&id, 0, 1)), "{due:?}");
        assert_eq!(store.due(partition, 10).await.expect("due"), [], "another sweep");
    });
}

#[test]
fn what_cannot_be_read_keeps_nobody_from_the_rest() {
    for kind in Kind::BOTH {
        let server = Server::start(kind);
        let store = Redis::open(&server.url(), "shop").expect("a store").with_partitions(1);
        runtime().block_on(async {
            for name in ["a", "b", "c", "d"] {
                begin(&store, name, vec![(0, Some(Record { timeout_ms: Some(1), ..record(1, "f") }))]).await;
            }
            std::thread::sleep(Duration::from_millis(5));
            // One has another type, one a record of another version; and somebody put in a member of his own.
            server.command(&["SET", "evc:{shop.0}:x:w/a", "text"]);
            server.command(&["HSET", "evc:{shop.0}:x:w/b", "v", "much"]);
            server.command(&["ZADD", "evc:{shop.0}:due", "1", "another"]);
            let name = |due: Due| match due {
                Due::Deadline(task, _) => task.execution.name().to_owned(),
                other => panic!("{other:?}"),
            };
            let found: Vec<_> = store.due(0, 2).await.expect("due").into_iter().map(name).collect();
            assert_eq!(found, ["c", "d"]);
            assert_eq!(store.due(0, 2).await.expect("due"), [], "nobody looks again so soon");
            // A server that takes no writes just now is no such case: nothing is put off, and the error is told.
            begin(&store, "e", vec![(0, Some(Record { timeout_ms: Some(1), ..record(1, "f") }))]).await;
            std::thread::sleep(Duration::from_millis(5));
            server.command(&["CONFIG", "SET", "min-replicas-to-write", "1"]);
            assert_eq!(store.due(0, 2).await.expect_err("no replica").kind(), ErrorKind::Transient);
            server.command(&["CONFIG", "SET", "min-replicas-to-write", "0"]);
            assert_eq!(store.due(0, 2).await.expect("due").len(), 1);
        });
    }
}

/// Commands since the last reset, by name, with the server's microseconds of each; without those of the test itself.
fn spent(server: &Server) -> std::collections::BTreeMap<String, (u64, f64)> {
    let stats = server.command(&["INFO", "commandstats"]);
    let line = |line: &str| {
        let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(':')?;
        let field = |field: &str| rest.split(',').find_map(|pair| pair.strip_prefix(field)?.parse::<f64>().ok());
        Some((name.to_owned(), (field("calls=")? as u64, field("usec=")?)))
    };
    let ours =
        |(name, _): &(String, _)| !name.starts_with("config") && !["info", "hello", "ping"].contains(&name.as_str());
    stats.lines().filter_map(line).filter(ours).collect()
}

/// What a step costs: the number of commands is part of the design, and printed beside the server's time.
#[test]
fn a_step_costs_few_commands() {
    const COUNT: u64 = 2000;
    for kind in Kind::BOTH {
        let server = Server::start(kind);
        let store = Redis::open(&server.url(), "shop").expect("a store");
        let ids: Vec<_> = (0..COUNT).map(|number| ExecutionId::new("fulfil", &number.to_string())).collect();
        let state = |text: String| [text.into_bytes(), vec![b'x'; 500]].concat();
        let with_state = |mut transition: Transition, text: &str| {
            transition.state = state(text.to_owned());
            transition
        };
        let measure = |what: &str, most: u64, call: &dyn Fn(u64)| {
            call(0);
            server.command(&["CONFIG", "RESETSTAT"]);
            (1..COUNT).for_each(call);
            let spent = spent(&server);
            let (_, micros) = spent["evalsha"];
            let inner: u64 = spent.iter().filter(|(name, _)| *name != "evalsha").map(|(_, (calls, _))| calls).sum();
            let (calls, left) = (inner / (COUNT - 1), inner % (COUNT - 1));
            let names: Vec<_> = spent.keys().filter(|name| *name != "evalsha").collect();
            println!("{kind:?} {what}: {calls} commands, {:.1} us {names:?}", micros / (COUNT - 1) as f64);
            assert!(left == 0 && calls <= most, "{what}: {calls} commands and {left}: {spent:?}");
        };
        let runtime = runtime();
        let at = |number: u64| &ids[number as usize];
        measure("start", 5, &|number| {
            let mut start = start(at(number), 9);
            start.transition = with_state(start.transition, "started");
            assert_eq!(runtime.block_on(store.start(&start)).expect("start"), Started::Now);
        });
        measure("claim", 3, &|number| {
            let claim = runtime.block_on(store.claim(&task(at(number), 0, 1), 1)).expect("claim");
            assert!(matches!(claim, Claim::Claimed { .. }));
        });
        measure("commit", 4, &|number| {
            let commit = with_state(step(1, 9), "one");
            assert_eq!(runtime.block_on(store.commit(at(number), &commit)).expect("commit"), Committed::Done);
        });
        measure("acknowledge", 4, &|number| {
            runtime.block_on(store.ack(&[task(at(number), 0, 2)])).expect("ack");
        });
        measure("last commit", 6, &|number| {
            let commit = Transition { version: 2, seen: 2, fence: Some((0, 2)), ..step(9, 9) };
            assert_eq!(runtime.block_on(store.commit(at(number), &commit)).expect("commit"), Committed::Done);
        });
        let memory = server.command(&[
            "MEMORY",
            "USAGE",
            &format!("evc:{{shop.{}}}:x:{}", store.keys().partition(at(7)), at(7).0),
        ]);
        println!("{kind:?}: the hash of a finished execution takes {memory} bytes");
    }
}
