//! Counters in memory and on real servers.

use super::*;
use crate::support::{self, Durability, Kind, Server};
use crate::testing::World;

struct Greet;
impl grant::UseCache for Greet {}

#[tokio::test]
async fn a_delivery_counts_once_in_each_counter() {
    let world = World::new();
    let count = async |key: &str, counter: &str, by| {
        world.delivery("greet", key).cache::<Greet>().count_once(counter, by).await.expect("memory")
    };
    assert_eq!(count("a", "n", 2).await, 2);
    assert_eq!(count("b", "n", -3).await, -1);
    assert_eq!(count("a", "n", 2).await, 2);
    assert_eq!(count("a", "m", 1).await, 1);
    assert_eq!((world.counter("n"), world.counter("m"), world.counter("o")), (-1, 1, 0));
    let context = world.context("greet");
    for value in [0, 1] {
        assert_eq!(context.cache::<Greet>().count_once("n", 1).await.expect("memory"), value);
    }
    assert_eq!(context.cache::<Greet>().count("n").await.expect("memory"), 1);
}

/// Counts as the delivery with this mark, or as one without.
async fn count(redis: &Redis, mark: Option<&str>, by: i64) -> i64 {
    let count = Count { counter: "n".to_owned(), mark: mark.map(str::to_owned), by };
    redis.count_once(count).await.expect("counted")
}

#[tokio::test]
async fn servers_remember_what_a_delivery_counted() {
    for kind in Kind::BOTH {
        let server = Server::start(kind);
        let redis = Redis::open(&server.url(), "test").expect("a URL");
        assert_eq!(count(&redis, Some("a"), 2).await, 2, "{kind:?}");
        assert_eq!(count(&redis, Some("b"), 3).await, 5, "{kind:?}");
        assert_eq!(count(&redis, Some("a"), 2).await, 2, "{kind:?}");
        assert_eq!(count(&redis, None, 1).await, 6, "{kind:?}");
        assert_eq!(count(&redis, None, 1).await, 7, "{kind:?}");
        assert_eq!(redis.count("n").await.expect("a counter"), 7, "{kind:?}");
        let left = match kind {
            Kind::Redis => server.command(&["TTL", "evc:{test.counter.n}:once:a"]),
            Kind::Valkey => server.command(&["HTTL", "evc:{test.counter.n}:once", "FIELDS", "1", "a"]),
        };
        let left: u64 = left.parse().expect("seconds");
        assert!((MEMORY.as_secs() - 60..=MEMORY.as_secs()).contains(&left), "{kind:?}: {left} s");
        assert_eq!(server.command(&["TTL", "evc:{test.counter.n}"]), "-1", "{kind:?}");
    }
}

#[tokio::test]
async fn what_an_older_version_remembers_counts() {
    for kind in Kind::BOTH {
        let server = Server::start(kind);
        let redis = Redis::open(&server.url(), "test").expect("a URL");
        server.command(&["SET", "evc:{test.counter.n}", "5"]);
        server.command(&["SET", "evc:{test.counter.n}:once:a", "4", "EX", "86400"]);
        assert_eq!(count(&redis, Some("a"), 1).await, 4, "{kind:?}");
        assert_eq!(count(&redis, Some("b"), 1).await, 6, "{kind:?}");
    }
}

/// A serverless cache that reaches `max-storage` throws away what expires, and then refuses writes: what this policy does.
#[tokio::test]
async fn a_full_serverless_cache_forgets_no_delivery() {
    let full = ["--maxmemory", "4mb", "--maxmemory-policy", "volatile-lru"];
    let server = Server::with(Kind::Valkey, Durability::None, &full);
    let redis = Redis::open(&server.url(), "test").expect("a URL");
    for number in 0..500 {
        assert_eq!(count(&redis, Some(&format!("{number}")), 1).await, number + 1);
    }
    let fill = "local i = 0
        repeat
          local answer = redis.pcall('SET', KEYS[1] .. i, string.rep('x', 4096), unpack(ARGV))
          i = i + 1
        until answer.err or i == 4000
        return i";
    let evicted = || server.command(&["INFO", "stats"]).contains("evicted_keys:0\r\n");
    server.command(&["EVAL", fill, "1", "session:", "EX", "1000"]);
    assert!(!evicted(), "it has thrown away what expires");
    // Once a script has written, it is not stopped by a lack of memory: each key is a script of its own.
    let refused = (0..4000).any(|number| {
        support::try_command(server.port(), &["SET", &format!("kept:{number}"), &"x".repeat(4096)])
            .is_err_and(|error| error.starts_with("OOM"))
    });
    assert!(refused, "it is full of what does not expire");
    for number in 0..500 {
        assert_eq!(count(&redis, Some(&format!("{number}")), 1).await, number + 1, "it counted before");
    }
    assert_eq!(redis.count("n").await.expect("a counter"), 500);
}
