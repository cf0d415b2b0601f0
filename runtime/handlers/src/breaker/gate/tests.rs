//! The breaker on a real server, by a clock of the test, and shared by many workers at once.

use super::*;
use crate::support::{self, Server};
use crate::workflow::store::Redis;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

const BREAKER: CircuitBreaker = CircuitBreaker { failures: 3, window_seconds: 60, open_seconds: 30 };
const TIME: Duration = Duration::from_secs(5);

fn end(failed: bool) -> Ended {
    if failed { Ended::Failed } else { Ended::Well }
}

struct Stage {
    _server: Server,
    redis: Redis,
    clock: Arc<AtomicU64>,
}

impl Stage {
    fn new(kind: support::Kind) -> Self {
        let (server, clock) = (Server::start(kind), Arc::new(AtomicU64::new(1_764_331_200_000)));
        let redis = Redis::open(&server.url(), "test").expect("a URL").with_clock(clock.clone());
        Self { _server: server, redis, clock }
    }

    async fn ask(&self) -> Result<Option<Gate<'_>>, Error> {
        Gate::ask(&self.redis, "charge", BREAKER, TIME).await
    }

    /// One call that goes ahead and ends so; whether it did.
    async fn call(&self, failed: bool) -> bool {
        match self.ask().await {
            Ok(gate) => {
                gate.expect("an answer").leave(end(failed)).await;
                true
            }
            Err(error) => {
                assert_eq!(error.kind(), Kind::CircuitOpen);
                false
            }
        }
    }

    fn pass(&self, seconds: u64) {
        self.clock.fetch_add(seconds * 1000, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn it_opens_after_so_many_failures_and_closes_after_a_good_probe() {
    for kind in support::Kind::BOTH {
        let stage = Stage::new(kind);
        for failed in [true, false, true] {
            assert!(stage.call(failed).await);
        }
        // The first failure is forgotten.
        stage.pass(61);
        for failed in [true, true, false, true] {
            assert!(stage.call(failed).await);
        }
        assert!(!stage.call(false).await, "open");
        stage.pass(29);
        assert!(!stage.call(false).await, "still open");
        stage.pass(1);
        let probe = stage.ask().await.expect("a probe").expect("an answer");
        assert!(!stage.call(false).await, "one probe at a time");
        probe.leave(Ended::Failed).await;
        assert!(!stage.call(false).await, "open again");
        stage.pass(30);
        assert!(stage.call(false).await, "the probe");
        for failed in [true, true] {
            assert!(stage.call(failed).await, "closed");
        }
    }
}

#[tokio::test]
async fn a_probe_that_crashed_makes_room_and_says_nothing_when_it_comes_late() {
    let stage = Stage::new(support::Kind::Redis);
    for _ in 0..3 {
        assert!(stage.call(true).await);
    }
    stage.pass(30);
    let crashed = stage.ask().await.expect("a probe").expect("an answer");
    stage.pass(5);
    let second = stage.ask().await.expect("another probe").expect("an answer");
    crashed.leave(Ended::Well).await;
    assert!(!stage.call(false).await, "the second probe is under way");
    second.leave(Ended::Well).await;
    assert!(stage.call(false).await);
}

#[tokio::test]
async fn a_probe_that_says_nothing_of_the_dependency_is_given_back() {
    for kind in support::Kind::BOTH {
        let stage = Stage::new(kind);
        for _ in 0..3 {
            assert!(stage.call(true).await);
        }
        stage.pass(30);
        let probe = stage.ask().await.expect("a probe").expect("an answer");
        assert!(!stage.call(false).await, "one probe at a time");
        probe.leave(Ended::Neither).await;
        let second = stage.ask().await.expect("the next call is the probe").expect("an answer");
        assert!(!stage.call(false).await, "not closed by that");
        stage.pass(5);
        let third = stage.ask().await.expect("the second took too long").expect("an answer");
        second.leave(Ended::Neither).await;
        assert!(!stage.call(false).await, "one that comes late gives back nothing");
        third.leave(Ended::Failed).await;
        assert!(!stage.call(false).await, "open again");
        stage.pass(30);
        stage.ask().await.expect("a probe").expect("an answer").leave(Ended::Neither).await;
        assert!(stage.call(false).await, "a probe that ends well");
        assert!(stage.call(true).await && stage.call(true).await, "closed, and the failures before are forgotten");
    }
}

#[test]
fn only_trouble_of_the_infrastructure_is_a_failure_and_only_a_result_is_good() {
    let of = |kind| Ended::of::<(), _>(&Ok(Err(Error::new(kind, "x"))));
    assert_eq!(Ended::of::<_, Error>(&Ok(Ok(()))), Ended::Well);
    for kind in [Kind::Transient, Kind::Throttled, Kind::Timeout, Kind::Internal, Kind::AccessDenied] {
        assert_eq!(of(kind), Ended::Failed, "{kind:?}");
    }
    for kind in [Kind::Conflict, Kind::InvalidInput, Kind::InProgress, Kind::KeyReused, Kind::TooLarge] {
        assert_eq!(of(kind), Ended::Neither, "{kind:?}");
    }
    let business = crate::contract::ProcessPaymentError::PaymentDeclined("declined".to_owned());
    assert_eq!(Ended::of::<(), _>(&Ok(Err(business))), Ended::Neither);
    let cut = Err(Error::new(Kind::Panic, "x"));
    assert_eq!(Ended::of::<(), Error>(&cut), Ended::Failed);
}

/// A cache that accepts connections and says nothing.
#[tokio::test]
async fn the_cache_takes_no_more_than_half_of_the_time_that_is_left() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let redis = Redis::open(&format!("redis://{}", listener.local_addr().expect("an address")), "test").expect("a URL");
    let gate = Gate { redis: &redis, breaker: BREAKER, key: "k".to_owned(), probe: "p".to_owned() };
    let start = std::time::Instant::now();
    deadline::within(Duration::from_millis(150), gate.leave(Ended::Failed)).await;
    let took = start.elapsed();
    assert!(took < Duration::from_millis(150), "{took:?}");
}

#[tokio::test]
async fn calls_that_end_while_it_is_open_change_nothing() {
    let stage = Stage::new(support::Kind::Redis);
    let mut under_way = Vec::new();
    for _ in 0..8 {
        under_way.push(stage.ask().await.expect("closed").expect("an answer"));
    }
    for (number, gate) in under_way.into_iter().enumerate() {
        gate.leave(end(number % 2 == 0)).await;
    }
    assert!(!stage.call(false).await);
    stage.pass(30);
    assert!(stage.call(false).await, "the late failures did not open it for longer");
    assert!(stage.call(true).await, "nor count once it is closed");
}

#[tokio::test]
async fn without_the_cache_calls_go_ahead() {
    let redis = Redis::open("redis://127.0.0.1:1", "test").expect("a URL");
    assert!(Gate::ask(&redis, "charge", BREAKER, TIME).await.expect("goes ahead").is_none());
}

/// Many workers, each with a connection of its own, call a service that is down for a while.
#[test]
fn many_workers_share_one_breaker() {
    const WORKERS: usize = 32;
    let breaker = CircuitBreaker { failures: 10, window_seconds: 60, open_seconds: 1 };
    let server = Server::start(support::Kind::Redis);
    let (called, refused, recovered) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let down = std::time::Instant::now() + Duration::from_millis(2_500);
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                runtime.block_on(async {
                    let redis = Redis::open(&server.url(), "test").expect("a URL");
                    while std::time::Instant::now() < down + Duration::from_millis(1_500) {
                        match Gate::ask(&redis, "charge", breaker, TIME).await {
                            Ok(gate) => {
                                let failed = std::time::Instant::now() < down;
                                let count = if failed { &called } else { &recovered };
                                count.fetch_add(1, Ordering::Relaxed);
                                tokio::time::sleep(Duration::from_millis(5)).await;
                                gate.expect("an answer").leave(end(failed)).await;
                            }
                            Err(_) => drop(refused.fetch_add(1, Ordering::Relaxed)),
                        }
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                });
            });
        }
    });
    let (called, refused, recovered) = (called.into_inner(), refused.into_inner(), recovered.into_inner());
    // The first ten failures, what was under way with them, and one probe for each second.
    assert!((10..=2 * WORKERS + 10).contains(&called), "{called} calls while the service was down");
    assert!(refused > 10 * called, "{refused} refused");
    assert!(recovered > WORKERS, "{recovered} calls after the service was up again");
}
