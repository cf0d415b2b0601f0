//! A cache that the runtime of commit 17e0f7d wrote is taken over: what is in flight goes on and ends, tokens that were handed out are
//! answered, messages that were sent are understood. That runtime had fencing tokens and versions that only count, tokens without a
//! secret, histories without bounds, and definitions of which nobody said for how long they are kept.
//!
//! `takeover/cache.json` was written by that runtime with a clock of the test: keys, tokens that functions were given, and messages that
//! were under way.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use evc_interface::metric::executions;
use evc_workflow::ends::{Ends, ends};
use evc_workflow::ops::Signalled;
use evc_workflow::store::{Redis, Store};
use evc_workflow::sweep::sweep;
use evc_workflow::transport::memory;
use evc_workflow::{Carrier, ExecutionId, History, Job, Message, Outcome, TaskRef, Token, Worked, outcome};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::{Kind, Server};
use tokio::time::Instant;

const TIME: Duration = Duration::from_secs(30);
const WEEK: Duration = Duration::from_hours(7 * 24);

struct Stage {
    _server: Server,
    clock: Arc<AtomicU64>,
    store: Redis,
    sent: Arc<memory::Memory>,
    carrier: Carrier,
    written: Value,
}

impl Stage {
    async fn new(kind: Kind) -> Self {
        let written: Value = serde_json::from_str(include_str!("takeover/cache.json")).expect("JSON");
        let server = Server::start(kind);
        restore(&server, &written["keys"]).await;
        let clock = Arc::new(AtomicU64::new(written["now"].as_u64().expect("a time")));
        let store = Redis::open(&server.url(), "test").expect("a store").with_clock(clock.clone()).with_partitions(4);
        let sent = Arc::new(memory::Memory::default());
        let carrier = Carrier::new(Arc::new(store.clone()), Some(sent.clone()));
        Self { _server: server, clock, store, sent, carrier, written }
    }

    fn pass(&self, seconds: u64) {
        self.clock.fetch_add(seconds * 1000, Ordering::Relaxed);
    }

    fn token(&self, execution: &str) -> String {
        self.written["tokens"][execution].as_str().expect("a token").to_owned()
    }

    /// Does the work of these messages, and what follows from it.
    async fn work(&self, tasks: Vec<TaskRef>) {
        let mut tasks = tasks;
        while let Some(task) = tasks.pop() {
            let run = async |job: Job<'_>| {
                let envelope: Value = serde_json::from_str(job.payload).expect("JSON");
                let key = envelope["evc"]["execution"].as_str().expect("an execution");
                assert_eq!(key, task.execution.0);
                Ok(json!(task.function).to_string())
            };
            self.carrier.work(&task, TIME, run).await.expect("redis");
            tasks.extend(self.sent.take().into_iter().map(|(task, _)| task));
        }
    }

    async fn sweep(&self) {
        sweep(&self.carrier, Some(WEEK), TIME).await.expect("redis");
        let sent = self.sent.take().into_iter().map(|(task, _)| task).collect();
        self.work(sent).await;
    }

    async fn outcome(&self, execution: &str) -> Outcome {
        let snapshot = self.store.load(&ExecutionId(execution.to_owned())).await.expect("redis").expect("it is there");
        outcome(&snapshot.state).expect("an outcome")
    }
}

/// Puts keys back as they were.
async fn restore(server: &Server, keys: &Value) {
    let client = redis::Client::open(server.url()).expect("a client");
    let mut connection = client.get_multiplexed_async_connection().await.expect("a connection");
    let bytes = |value: &Value| STANDARD.decode(value.as_str().expect("text")).expect("base64");
    for (key, value) in keys.as_object().expect("keys") {
        let mut command = redis::Cmd::new();
        if let Some(fields) = value["hash"].as_object() {
            command.arg("HSET").arg(key);
            for (name, value) in fields {
                command.arg(name).arg(bytes(value));
            }
        } else if let Some(members) = value["zset"].as_object() {
            command.arg("ZADD").arg(key);
            for (name, score) in members {
                command.arg(score.as_u64()).arg(name);
            }
        } else {
            command.arg("SET").arg(key).arg(bytes(&value["string"]));
        }
        command.query_async::<()>(&mut connection).await.expect("restored");
    }
}

fn each_server(test: impl AsyncFn(Stage)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for kind in Kind::BOTH {
        runtime.block_on(async { test(Stage::new(kind).await).await });
    }
}

#[test]
fn what_is_in_flight_goes_on_and_ends() {
    each_server(async |stage| {
        let messages = stage.written["messages"].as_array().expect("messages").clone();
        let tasks = messages.iter().map(|body| match Message::parse(body.as_str().expect("a body")) {
            Ok(Message::Task(task)) => task,
            other => panic!("{other:?}"),
        });
        stage.work(tasks.collect()).await;
        // The first item was done before.
        for (execution, first) in [("both/half", "undo"), ("both/items", "one")] {
            assert_eq!(stage.outcome(execution).await.output, Some(json!([first, "undo", "undo"])), "{execution}");
        }
        // Timers come, and the lease of the worker that was replaced ends.
        for _ in 0..8 {
            stage.pass(61);
            stage.sweep().await;
        }
        for execution in ["paying/sent", "paying/claimed", "paying/waits"] {
            assert_eq!(stage.outcome(execution).await.output, Some(json!("ship")), "{execution}");
        }
        let history = stage.store.history(&ExecutionId::new("paying", "claimed")).await.expect("redis");
        let lost = |entry: &History| matches!(entry, History::Failed { error, .. } if error == "Lambda.Unknown");
        assert_eq!(history.iter().flat_map(|moment| &moment.entries).filter(|entry| lost(entry)).count(), 1);
    });
}

#[test]
fn tokens_that_were_handed_out_are_answered_and_new_waits_have_new_ones() {
    each_server(async |stage| {
        let any = |_: &str, _: &str| true;
        let answered = stage.carrier.signal(&stage.token("asking/waits"), any, Ok(json!({ "yes": true }))).await;
        assert_eq!(answered.expect("redis"), Signalled::Delivered);
        assert_eq!(stage.outcome("asking/waits").await.output, Some(json!({ "yes": true })));
        let refused =
            stage.carrier.signal(&stage.token("asking/refused"), any, Err(("Refused".to_owned(), None))).await;
        assert_eq!(refused.expect("redis"), Signalled::Delivered);
        assert_eq!(stage.outcome("asking/refused").await.output, Some(json!("refused")));
        // Its function is still to be given the token that the runtime before wrote into its payload.
        let unasked = ExecutionId::new("asking", "unasked");
        let open = stage.store.view(&unasked).await.expect("redis").expect("it is there").open.remove(0);
        let task = TaskRef { execution: unasked, slot: open.slot, seq: open.seq, function: open.function };
        let given = Mutex::new(String::new());
        let run = async |job: Job<'_>| {
            let envelope: Value = serde_json::from_str(job.payload).expect("JSON");
            envelope["evc"]["token"].as_str().expect("a token").clone_into(&mut given.lock().expect("a place"));
            Ok("{}".to_owned())
        };
        assert_eq!(stage.carrier.work(&task, TIME, run).await.expect("redis"), Worked::Done);
        let given = given.into_inner().expect("a place");
        assert!(given.starts_with("evc1."));
        assert_eq!(stage.carrier.signal(&given, any, Ok(json!(1))).await.expect("redis"), Signalled::Delivered);

        // An execution that begins now: a token such as that runtime wrote is worth nothing.
        let asking = stage.store.load(&ExecutionId::new("asking", "waits")).await.expect("redis").expect("it is there");
        let definition = stage.carrier.definition(&asking.definition).await.expect("redis");
        stage.carrier.start(&definition, "new", json!({})).await.expect("redis");
        let open =
            stage.store.view(&ExecutionId::new("asking", "new")).await.expect("redis").expect("it is there").open;
        let token = Token { execution: ExecutionId::new("asking", "new"), slot: 0, seq: open[0].seq, secret: None };
        assert_eq!(stage.carrier.signal(&token.write(), any, Ok(json!(1))).await.expect("redis"), Signalled::Over);
    });
}

#[test]
fn what_ended_can_be_retried_is_counted_once_and_leaves_nothing_behind() {
    each_server(async |stage| {
        let counted = async || {
            let all = Mutex::new(BTreeMap::new());
            let count = |found: &Ends| {
                for ((workflow, metric), count) in found {
                    *all.lock().expect("counts").entry((workflow.clone(), *metric)).or_insert(0) += count;
                }
            };
            ends(&stage.carrier, Instant::now() + TIME, count).await.expect("redis");
            all.into_inner().expect("counts")
        };
        stage.pass(1);
        // Those ends were counted by the runtime that wrote them.
        assert_eq!(counted().await, BTreeMap::new());
        assert!(stage.carrier.retry(&ExecutionId::new("paying", "failed")).await.expect("redis"));
        let retried: Vec<TaskRef> = stage.sent.take().into_iter().map(|(task, _)| task).collect();
        stage.work(retried).await;
        stage.pass(60);
        stage.sweep().await;
        assert_eq!(stage.outcome("paying/failed").await.output, Some(json!("ship")));
        assert_eq!(stage.outcome("paying/waits").await.output, Some(json!("ship")));
        for execution in ["sent", "claimed"] {
            let id = ExecutionId::new("paying", execution);
            assert!(stage.carrier.cancel(&id, None).await.expect("redis"), "{execution}");
        }
        stage.pass(1);
        let of = |workflow: &str, metric, count| ((workflow.to_owned(), metric), count);
        let all = [
            of("both", executions::SUCCEEDED, 2),
            of("paying", executions::SUCCEEDED, 2),
            of("paying", executions::ABORTED, 2),
        ];
        assert_eq!(counted().await, all.into());
        assert_eq!(counted().await, BTreeMap::new());

        // All else times out, all is archived, and then no execution needs a definition.
        let definitions: Vec<String> = definitions(&stage.written);
        assert_eq!(definitions.len(), 3);
        for _ in 0..9 {
            stage.pass(86_400);
            stage.sweep().await;
            for id in &definitions {
                assert!(stage.store.definition(id).await.expect("redis").is_some(), "it may be needed");
            }
            stage.store.keep_definitions(&[]).await.expect("redis");
            stage.pass(60);
        }
        let filter = evc_workflow::store::Filter::default();
        assert_eq!(stage.store.list(&filter, None, 10).await.expect("redis").executions, []);
        // Time counts only as long as somebody sweeps.
        let mut removed = Vec::new();
        for _ in 0..40 * 96 {
            removed.extend(stage.store.keep_definitions(&[]).await.expect("redis"));
            stage.pass(900);
            if removed.len() == 3 {
                break;
            }
        }
        removed.sort();
        assert_eq!(removed, definitions);
    });
}

/// The definitions that were stored.
fn definitions(written: &Value) -> Vec<String> {
    let keys = written["keys"].as_object().expect("keys").keys();
    keys.filter_map(|key| key.strip_prefix("evc:{test.definitions}:")).map(str::to_owned).collect()
}
