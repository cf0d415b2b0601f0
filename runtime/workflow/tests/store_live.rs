//! The Redis store against real servers, by the servers' own clocks: what happens while servers forget scripts,
//! restart, or fail over; passwords and TLS.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "how much trouble there was")]

#[path = "support/steps.rs"]
mod steps;
mod support;

use evc_workflow::Kind as ErrorKind;
use evc_workflow::store::{Redis, Store};
use evc_workflow::{Carrier, Claim, Committed, Definition, ExecutionId, Job, Phase, Started, TaskRef, Worked, outcome};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use steps::{carry, runtime, start, step, task};
use support::{Cluster, Durability, Kind, Server};

#[test]
fn an_execution_is_carried_to_its_end() {
    for kind in Kind::BOTH {
        let server = Server::start(kind);
        let store = Redis::open(&server.url(), "shop").expect("a store");
        runtime().block_on(carry(&store, &ExecutionId::new("w", "a"), 5));
    }
}

#[test]
fn a_password_is_needed_where_there_is_one() {
    let server = Server::with(Kind::Redis, Durability::None, &["--requirepass", "sesame"]);
    let id = ExecutionId::new("w", "a");
    for (url, kind) in [
        (format!("redis://:sesame@127.0.0.1:{}", server.port()), None),
        (format!("redis://:wrong@127.0.0.1:{}", server.port()), Some(ErrorKind::AccessDenied)),
        (server.url(), Some(ErrorKind::AccessDenied)),
    ] {
        let store = Redis::open(&url, "shop").expect("a store");
        let loaded = runtime().block_on(store.load(&id));
        assert_eq!(loaded.err().map(|error| error.kind()), kind, "{url}");
    }
}

/// A process of its own, since the roots come from its environment.
#[test]
fn tls_trusts_the_roots_of_the_system() {
    let folder = support::folder();
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("a file");
        path.to_string_lossy().into_owned()
    };
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let certificate = file("certificate.pem", &made.cert.pem());
    let key = file("key.pem", &made.signing_key.serialize_pem());
    let port = support::free_port().to_string();
    let tls = ["--tls-port", &port, "--tls-cert-file", &certificate, "--tls-key-file", &key];
    let server = Server::with(Kind::Redis, Durability::None, &[&tls[..], &["--tls-auth-clients", "no"]].concat());
    for (roots, works) in [(Some(&certificate), true), (None, false)] {
        let mut child = std::process::Command::new(std::env::current_exe().expect("this program"));
        child.args(["--exact", "carry_over_tls"]).env("EVC_TEST_PORT", &port);
        match roots {
            Some(roots) => child.env("SSL_CERT_FILE", roots),
            None => child.env_remove("SSL_CERT_FILE"),
        };
        let output = child.output().expect("a process");
        assert_eq!(output.status.success(), works, "{}", String::from_utf8_lossy(&output.stdout));
    }
    drop(server);
    let _ = std::fs::remove_dir_all(folder);
}

/// The part of `tls_trusts_the_roots_of_the_system` that runs in a process of its own, with roots of its own.
#[test]
fn carry_over_tls() {
    let Ok(port) = std::env::var("EVC_TEST_PORT") else { return };
    let store = Redis::open(&format!("rediss://127.0.0.1:{port}"), "shop").expect("a store");
    runtime().block_on(carry(&store, &ExecutionId::new("w", "a"), 2));
}

/// How many steps each execution has while there is trouble.
const STEPS: u64 = 40;

/// How far executions are that are carried while there is trouble.
struct Progress {
    /// Steps of all of them that are done.
    done: AtomicU64,
    /// How many may be done before the trouble is over: some are left for afterwards, however fast the machine is.
    before: u64,
    over: AtomicBool,
}

impl Progress {
    /// Waits where going on would leave nothing for after the trouble.
    async fn leave_some(&self) {
        while self.done.load(Ordering::Relaxed) >= self.before && !self.over.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// Carries many executions at once, while something is done to the server.
fn meanwhile(store: &Redis, executions: u64, trouble: impl FnOnce()) {
    let total = executions * STEPS;
    let progress = Progress { done: AtomicU64::new(0), before: total * 9 / 10, over: AtomicBool::new(false) };
    std::thread::scope(|scope| {
        let carried = scope.spawn(|| {
            let runs = (0..executions)
                .map(async |number| carry_on(store, &ExecutionId::new("w", &number.to_string()), &progress).await);
            runtime().block_on(futures_util::future::join_all(runs)).into_iter().sum::<u64>()
        });
        while progress.done.load(Ordering::Relaxed) < total / 10 && !carried.is_finished() {
            std::thread::sleep(Duration::from_millis(1));
        }
        trouble();
        let before = progress.done.load(Ordering::Relaxed);
        progress.over.store(true, Ordering::Relaxed);
        let lost = carried.join().expect("all end");
        println!("{before} of {total} steps were done when the trouble was over; {lost} answers were lost");
        assert!(before < total, "nothing was left for after the trouble");
    });
}

/// As [`carry`], while answers may be lost: what is gone was done.
async fn carry_on(store: &Redis, id: &ExecutionId, progress: &Progress) -> u64 {
    let steps = STEPS;
    let deadline = Instant::now() + Duration::from_mins(1);
    let mut lost = 0;
    let started = store.start(&start(id, steps)).await.expect("start");
    assert_eq!(started, Started::Now);
    let mut number = 1;
    while number <= steps {
        assert!(Instant::now() < deadline, "{} does not end", id.0);
        progress.leave_some().await;
        let claim = store.claim(&task(id, 0, number), number).await.expect("claim");
        let Claim::Claimed { snapshot, .. } = claim else {
            // A server that lost the last second has an earlier step.
            lost += 1;
            number = store.load(id).await.expect("load").expect("it is there").version;
            continue;
        };
        assert_eq!(snapshot.version, number);
        match store.commit(id, &step(number, steps)).await.expect("commit") {
            Committed::Done => {
                number += 1;
                progress.done.fetch_add(1, Ordering::Relaxed);
            }
            // The same: it was done, or what it followed is lost.
            Committed::Stale => {
                lost += 1;
                number = store.load(id).await.expect("load").expect("it is there").version;
            }
            Committed::Conflict(_) => panic!("nobody else commits"),
        }
    }
    assert_eq!(store.history(id).await.expect("history").len() as u64, steps + 1);
    lost
}

#[test]
fn a_server_that_forgets_its_scripts_is_told_them_again() {
    for kind in Kind::BOTH {
        let server = Server::start(kind);
        let store = Redis::open(&server.url(), "shop").expect("a store");
        meanwhile(&store, 30, || {
            for _ in 0..20 {
                server.command(&["SCRIPT", "FLUSH"]);
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        let calls = server.command(&["INFO", "errorstats"]);
        assert!(calls.contains("errorstat_NOSCRIPT"), "{calls}");
    }
}

#[test]
fn a_server_that_is_killed_and_started_again_goes_on_where_it_was() {
    for kind in Kind::BOTH {
        let mut server = Server::durable(kind, Durability::Always);
        let store = Redis::open(&server.url(), "shop").expect("a store");
        meanwhile(&store, 30, || server.restart());
    }
}

#[test]
fn a_replica_takes_over() {
    let mut cluster = Cluster::start(Kind::Redis);
    let store = Redis::open(&cluster.url(), "shop").expect("a store");
    meanwhile(&store, 30, || cluster.nodes[1].kill());
    runtime().block_on(async {
        for number in 0..50 {
            carry(&store, &ExecutionId::new("after", &number.to_string()), 3).await;
        }
    });
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

/// Takes a payment, then ships.
fn selling() -> String {
    let call = |function: &str, more: Value| {
        let mut state = json!({
            "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": { "FunctionName": function, "Payload": { "input": {} } },
            "Assign": { function: "{% $states.result.Payload %}" },
        });
        if let (Value::Object(state), Value::Object(more)) = (&mut state, more) {
            state.extend(more);
        }
        state
    };
    let states = json!({
        "pay": call("pay", json!({ "Next": "ship" })),
        "ship": call("ship", json!({ "Next": "done" })),
        "done": { "Type": "Succeed", "Output": { "payment": "{% $pay %}", "parcel": "{% $ship %}" } },
    });
    json!({
        "evc": 1, "workflow": "sell", "leases": { "pay": 60, "ship": 60 },
        "machine": { "QueryLanguage": "JSONata", "TimeoutSeconds": 3600, "StartAt": "pay", "States": states },
    })
    .to_string()
}

#[test]
fn a_worker_of_a_history_that_was_lost_commits_nothing_over_what_was_acknowledged_since() {
    for kind in Kind::BOTH {
        let mut server = Server::start(kind);
        runtime().block_on(async {
            let text = selling();
            let definition = Definition::parse(&text).expect("a definition");
            let id = ExecutionId::new("sell", "1");
            // Each as a process of its own.
            let worker = || {
                let store = Redis::open(&server.url(), "shop").expect("a store").with_partitions(1);
                Carrier::new(Arc::new(store), None)
            };
            let (old, new) = (worker(), worker());
            let store = Redis::open(&server.url(), "shop").expect("a store").with_partitions(1);
            store.put_definition(definition.id(), &text).await.expect("redis");
            old.start(&definition, "1", json!({})).await.expect("redis");
            // What a replica has got to.
            server.command(&["SAVE"]);

            let open = async || {
                let open = store.view(&id).await.expect("redis").expect("it is there").open.remove(0);
                TaskRef { execution: id.clone(), slot: open.slot, seq: open.seq, function: open.function }
            };
            let time = Duration::from_mins(1);
            let answer = async |carrier: &Carrier, task: &TaskRef, text: &str| {
                let run = async |_: Job<'_>| Ok(json!(text).to_string());
                carrier.work(task, time, run).await.expect("redis")
            };
            let paid = open().await;
            assert_eq!(answer(&old, &paid, "payment of the lost history").await, Worked::Done);
            let shipping = open().await;
            let (begins, begun) = tokio::sync::oneshot::channel::<()>();
            let (goes_on, wait) = tokio::sync::oneshot::channel::<()>();
            let ships = old.work(&shipping, time, async |_| {
                begins.send(()).expect("the cache fails over after it");
                wait.await.expect("it goes on");
                Ok(json!("parcel of the lost history").to_string())
            });
            let fails_over = async {
                // It knows that it has claimed its work: the cache says so before the worker has read the answer.
                begun.await.expect("it begins");
                let claimed = store.view(&id).await.expect("redis").expect("it is there").open.remove(0);
                assert_eq!(claimed.phase, Phase::Claimed);
                server.restart();
                assert_eq!(open().await, paid, "the payment is forgotten");
                assert_eq!(answer(&new, &paid, "payment").await, Worked::Done);
                let again = open().await;
                assert_eq!((again.slot, again.function.as_str()), (shipping.slot, "ship"));
                assert_ne!(again.seq, shipping.seq, "a fencing token is used again");
                goes_on.send(()).expect("it waits");
                again
            };
            let (shipped, again) = tokio::join!(ships, fails_over);
            assert_eq!(shipped.expect("redis"), Worked::Dropped, "it commits over what was acknowledged");
            let stale = answer(&old, &shipping, "once more").await;
            assert_eq!(stale, Worked::Dropped, "its message comes late");
            assert_eq!(answer(&new, &again, "parcel").await, Worked::Done);
            let ended = store.load(&id).await.expect("redis").expect("it is there");
            let output = outcome(&ended.state).expect("an outcome").output;
            assert_eq!(output, Some(json!({ "payment": "payment", "parcel": "parcel" })));
        });
    }
}
