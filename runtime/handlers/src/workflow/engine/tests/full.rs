//! Real servers that are full, and how the engine gets out of it.

use super::super::Engine;
use crate::backend::Services;
use crate::support::{self, Durability, Kind, Server};
use crate::testing::World;
use crate::workflow::store::{Redis, Store};
use serde_json::json;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tokio::time::Instant;

/// The message that starts an execution with 40 kB.
fn start(workflow: &str, id: &str) -> String {
    let detail = json!({ "text": "x".repeat(40_000) });
    json!({ "evcStart": { "workflow": workflow }, "event": { "id": id, "detail": detail } }).to_string()
}

#[tokio::test]
async fn a_sweep_makes_room_in_a_full_cache_although_something_else_is_due() {
    const TIME: Duration = Duration::from_secs(30);
    static DEFINITIONS: LazyLock<[&'static str; 2]> = LazyLock::new(|| {
        let definition = |workflow, state| {
            let machine =
                json!({ "QueryLanguage": "JSONata", "TimeoutSeconds": 900, "StartAt": "a", "States": { "a": state } });
            let text = json!({ "evc": 1, "workflow": workflow, "leases": {}, "machine": machine }).to_string();
            &*Box::leak(text.into_boxed_str())
        };
        [
            definition("short", json!({ "Type": "Succeed" })),
            definition("long", json!({ "Type": "Wait", "Seconds": 30, "End": true })),
        ]
    });
    for kind in Kind::BOTH {
        let server = Server::with(kind, Durability::None, &["--maxmemory", "16mb", "--maxmemory-policy", "noeviction"]);
        let clock = Arc::new(AtomicU64::new(1_764_331_200_000));
        let store = Redis::open(&server.url(), "test").expect("a URL").with_partitions(1).with_clock(clock.clone());
        let world = World::new().env("WORKFLOW_QUEUES", r#"{"": "engine"}"#).env("WORKFLOW_RETENTION_SECONDS", "60");
        let store: Arc<dyn Store> = Arc::new(store);
        let workflows = tokio::sync::OnceCell::new_with(Some(store.clone()));
        let services = Services { workflows, ..world.services() };
        let engine = Engine::new(DEFINITIONS.as_slice(), services).expect("an engine");
        engine.handle(&start("long", "0"), TIME).await.expect("there is room");
        let mut number = 0;
        let full = loop {
            number += 1;
            match engine.handle(&start("short", &number.to_string()), TIME).await {
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        assert_eq!((full.name.as_str(), number > 50), ("Throttled", true), "{kind:?}: {}", full.message);
        // Something that counts for little may still find a place.
        while support::try_command(server.port(), &["APPEND", "other", &"x".repeat(500)]).is_ok() {}
        clock.fetch_add(100_000, Ordering::Relaxed);
        store.keep_definitions(&[]).await.unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        let ended = store.ended(0, 100).await.unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        assert!(!ended.is_empty(), "{kind:?}");
        let sweep = async || engine.handle(r#"{"evcSweep": true}"#, TIME).await;
        assert_eq!(sweep().await.expect_err("not all can be done at once").name, "Throttled", "{kind:?}");
        // What a sweep does before it archives is not refused, and those that had ended are gone.
        assert_eq!(store.finished(0, 0, 100).await.expect("finished executions"), [], "{kind:?}");
        // A server frees what it forgets in another thread, and counts it until then.
        let until = Instant::now() + Duration::from_mins(2);
        while let Err(error) = sweep().await {
            assert!(Instant::now() < until, "{kind:?}: there is room by now: {}", error.message);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        engine.handle(&start("short", "new"), TIME).await.expect("there is room");
    }
}
