//! Real servers with policies of all kinds, and what a sweep says of them.

use super::super::store::{Redis, Store};
use super::super::sweep::sweep;
use super::*;
use std::sync::{Arc, PoisonError};
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::support::{Cluster, Durability, Kind, Server};

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
