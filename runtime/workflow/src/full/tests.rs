//! Real servers with policies of all kinds, and what a sweep says of them.

use super::super::store::{Redis, Store};
use super::super::sweep::sweep;
use super::*;
use std::sync::{Arc, PoisonError};
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::support::{self, Cluster, Durability, Kind, Server};

/// Level, server and policy of each line that names a server.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<(String, String, String)>>>);

#[derive(Default)]
struct Line {
    server: Option<String>,
    policy: String,
}

impl Visit for Line {
    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "server" => self.server = Some(value.to_owned()),
            "policy" => value.clone_into(&mut self.policy),
            _ => {}
        }
    }
}

impl<S: tracing::Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut line = Line::default();
        event.record(&mut line);
        if let Some(server) = line.server {
            let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            lines.push((event.metadata().level().to_string(), server, line.policy));
        }
    }
}

impl Lines {
    /// What was said since the last time: levels and policies.
    fn take(&self) -> Vec<(String, String)> {
        let lines = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        lines.into_iter().map(|(level, _, policy)| (level, policy)).collect()
    }
}

fn carrier(url: &str) -> Carrier {
    Carrier::new(Arc::new(Redis::open(url, "test").expect("a URL").with_partitions(1)), None)
}

async fn swept(carrier: &Carrier) {
    sweep(carrier, None, Duration::from_secs(20)).await.expect("swept");
}

fn said(level: &str, policy: &str) -> (String, String) {
    (level.to_owned(), policy.to_owned())
}

#[tokio::test]
async fn the_sweep_tells_of_a_cache_that_evicts() {
    let lines = Lines::default();
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(lines.clone()));
    for kind in Kind::BOTH {
        let server =
            Server::with(kind, Durability::None, &["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"]);
        let carrier = carrier(&server.url());
        swept(&carrier).await;
        assert_eq!(lines.take(), [said("ERROR", "allkeys-lru")], "{kind:?}");
        swept(&carrier).await;
        assert_eq!(lines.take(), [], "{kind:?}: not each minute");
        server.command(&["CONFIG", "SET", "maxmemory-policy", "volatile-lru"]);
        swept(&carrier).await;
        assert_eq!(lines.take(), [said("WARN", "volatile-lru")], "{kind:?}: it is another now");
        server.command(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
        swept(&carrier).await;
        assert_eq!(lines.take(), [], "{kind:?}: as it should be");
        server.command(&["CONFIG", "SET", "maxmemory-policy", "allkeys-random", "maxmemory", "0"]);
        swept(&carrier).await;
        assert_eq!(lines.take(), [], "{kind:?}: it is never full");
    }
}

#[tokio::test]
async fn a_cache_that_refuses_to_say_is_told_of_and_swept() {
    let lines = Lines::default();
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(lines.clone()));
    let server = Server::start(Kind::Redis);
    server.command(&["ACL", "SETUSER", "worker", "on", ">secret", "~*", "+@all", "-info"]);
    let carrier = carrier(&server.url().replace("redis://", "redis://worker:secret@"));
    swept(&carrier).await;
    swept(&carrier).await;
    assert_eq!(lines.take(), [said("INFO", "")]);
}

#[tokio::test]
async fn each_server_of_a_cluster_is_asked() {
    let cluster = Cluster::start(Kind::Valkey);
    let odd = &cluster.nodes[4];
    odd.command(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru", "maxmemory", "100mb"]);
    // A node may be a while behind in knowing all replicas, and a client knows what its first node does.
    let until = Instant::now() + Duration::from_secs(20);
    let found = loop {
        let store = Redis::open(&cluster.url(), "test").expect("a URL");
        let found = store.eviction().await.expect("an answer");
        if found.len() == cluster.nodes.len() {
            break found;
        }
        assert!(Instant::now() < until, "{found:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let evicting: Vec<_> = found.iter().filter(|it| it.evicts() != Evicts::Nothing).collect();
    assert_eq!(evicting.len(), 1, "{found:?}");
    assert!(evicting[0].server.ends_with(&format!(":{}", odd.port())), "{evicting:?}");
    assert_eq!(evicting[0].policy.as_deref(), Some("allkeys-lru"));
}

/// The message that starts an execution with 40 kB.
#[cfg(feature = "engine")]
fn start(workflow: &str, id: &str) -> String {
    let detail = serde_json::json!({ "text": "x".repeat(40_000) });
    serde_json::json!({ "evcStart": { "workflow": workflow }, "event": { "id": id, "detail": detail } }).to_string()
}

#[cfg(feature = "engine")]
#[tokio::test]
async fn a_sweep_makes_room_in_a_full_cache_although_something_else_is_due() {
    use super::super::engine::Engine;
    use crate::backend::Services;
    use crate::testing::World;
    use serde_json::json;
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};
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
        let workflows = tokio::sync::OnceCell::new_with(Some(Arc::new(store) as Arc<dyn Store>));
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
        let sweep = async || engine.handle(r#"{"evcSweep": true}"#, TIME).await;
        assert_eq!(sweep().await.expect_err("not all can be done at once").name, "Throttled", "{kind:?}");
        // A server frees what it forgets in another thread, and counts it until then.
        let until = Instant::now() + Duration::from_secs(20);
        while let Err(error) = sweep().await {
            assert!(Instant::now() < until, "{kind:?}: there is room by now: {}", error.message);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        engine.handle(&start("short", "new"), TIME).await.expect("there is room");
    }
}

#[cfg(feature = "cache")]
#[tokio::test]
async fn a_serverless_cache_is_not_asked_since_nobody_can_change_it() {
    let server =
        Server::with(Kind::Valkey, Durability::None, &["--maxmemory", "100mb", "--maxmemory-policy", "volatile-lru"]);
    for (serverless, asked) in [("true", 0), ("false", 1)] {
        let settings = [
            ("CACHE_ENDPOINT", server.url()),
            ("CACHE_SERVERLESS", serverless.to_owned()),
            ("WORKFLOW_NAMESPACE", "test".to_owned()),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value)).into();
        let store = Redis::of_environment(&crate::backend::Settings::Fixed(settings)).expect("settings");
        assert_eq!(store.eviction().await.expect("an answer").len(), asked, "{serverless}");
    }
}
