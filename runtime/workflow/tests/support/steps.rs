//! Executions of a plain workflow: one step after another, in slot 0.

#![allow(dead_code, reason = "no test uses all of it")]
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use evc_workflow::store::Store;
use evc_workflow::{Claim, Committed, ExecutionId, Phase, Record, Slot, Start, Started, Status, TaskRef, Transition};

pub(crate) fn record(seq: u64, function: &str) -> Record {
    Record {
        seq,
        phase: Phase::Dispatched,
        function: function.to_owned(),
        payload: format!("payload {seq}").into_bytes(),
        delay_ms: 0,
        at_ms: None,
        lease_ms: 30_000,
        timeout_ms: None,
    }
}

/// From step `number` to the next of `steps`.
pub(crate) fn step(number: u64, steps: u64) -> Transition {
    let last = number == steps;
    Transition {
        version: number,
        seen: number,
        revision: number + 1,
        fence: (number > 0).then_some((0, number)),
        state: format!("state {number}").into_bytes(),
        records: vec![(0, (!last).then(|| record(number + 1, "f")))],
        history: br#"[{"e":"started"}]"#.to_vec(),
        status: last.then_some(Status::Succeeded),
        entered: Vec::new(),
    }
}

pub(crate) fn start(id: &ExecutionId, steps: u64) -> Start {
    Start { execution: id.clone(), definition: "d".to_owned(), timeout_ms: 60_000, transition: step(0, steps) }
}

/// Carries an execution through all of its steps.
pub(crate) async fn carry(store: &dyn Store, id: &ExecutionId, steps: u64) {
    assert_eq!(store.start(&start(id, steps)).await.expect("start"), Started::Now);
    for number in 1..=steps {
        let task = TaskRef { execution: id.clone(), slot: 0, seq: number, function: "f".to_owned() };
        let claim = store.claim(&task, number).await.expect("claim");
        let Claim::Claimed { snapshot, payload, .. } = claim else { panic!("{claim:?}") };
        assert_eq!(snapshot.version, number);
        assert_eq!(payload, format!("payload {number}").into_bytes());
        assert_eq!(store.commit(id, &step(number, steps)).await.expect("commit"), Committed::Done);
        assert!(matches!(store.claim(&task, 9).await, Ok(Claim::Gone)));
    }
    let view = store.view(id).await.expect("view").expect("it is there");
    assert_eq!((view.snapshot.status, view.open.len()), (Status::Succeeded, 0));
    assert_eq!(store.history(id).await.expect("history").len() as u64, steps + 1);
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

pub(crate) fn task(id: &ExecutionId, slot: Slot, seq: u64) -> TaskRef {
    TaskRef { execution: id.clone(), slot, seq, function: "f".to_owned() }
}
