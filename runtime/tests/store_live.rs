//! The Redis store against real servers, by the servers' own clocks.

mod support;

use evc_runtime::workflow::store::{Redis, Store};
use evc_runtime::workflow::{
    Claim, Committed, ExecutionId, Phase, Record, Start, Started, Status, TaskRef, Transition,
};
use support::{Cluster, Kind, Server};

fn record(seq: u64, function: &str) -> Record {
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
fn step(number: u64, steps: u64) -> Transition {
    let last = number == steps;
    Transition {
        version: number,
        fence: (number > 0).then_some((0, number)),
        state: format!("state {number}").into_bytes(),
        records: vec![(0, (!last).then(|| record(number + 1, "f")))],
        history: br#"[{"e":"started"}]"#.to_vec(),
        status: last.then_some(Status::Succeeded),
    }
}

fn start(id: &ExecutionId, steps: u64) -> Start {
    Start { execution: id.clone(), definition: "d".to_owned(), timeout_ms: 60_000, transition: step(0, steps) }
}

/// Carries an execution through all of its steps.
async fn carry(store: &dyn Store, id: &ExecutionId, steps: u64) {
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

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

#[test]
fn an_execution_is_carried_to_its_end() {
    for kind in Kind::BOTH {
        let server = Server::start(kind);
        let store = Redis::open(&server.url(), "shop").expect("a store");
        runtime().block_on(carry(&store, &ExecutionId::new("w", "a"), 5));
    }
}

#[test]
fn executions_are_spread_over_a_cluster() {
    let cluster = Cluster::start(Kind::Redis);
    let store = Redis::open(&cluster.url(), "shop").expect("a store");
    runtime().block_on(async {
        for number in 0..50 {
            carry(&store, &ExecutionId::new("w", &number.to_string()), 3).await;
        }
    });
    let sizes: Vec<String> = cluster.nodes[..3].iter().map(|node| node.command(&["DBSIZE"])).collect();
    assert!(sizes.iter().all(|size| size != "0"), "{sizes:?}");
}
