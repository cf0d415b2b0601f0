//! Thousands of executions on a real server while anything may go wrong: workers that are processes of their own and are killed at
//! random or die at named points, a server that is killed and comes back with its append-only file, scripts that are flushed, clocks
//! that are minutes apart, each message ten times and in any order. Every execution ends as it must, each piece of work ends once, and
//! a counter counts each order once. Then a cluster whose primaries change, the second one without a word.
//!
//! A worker is this test binary again, running [`a_worker`] with [`URL`] set.
//!
//! `EVC_SEED` repeats what was drawn (which process is the next one, the machine decides); `EVC_SOAK_EXECUTIONS` says how many: by
//! default few, and 10,000 in `cargo xtask test --only faults`, more with `--all`.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a test fails by panicking")]

#[macro_use]
#[path = "../../workflow/tests/shop/mod.rs"]
mod shop;
#[path = "../../workflow/tests/support/mod.rs"]
mod support;

use evc_runtime::testing::World;
use evc_runtime::workflow::store::{Answer, Cursor, Filter, Keys, Moment, Page, Redis, Store, Summary, View};
use evc_runtime::workflow::transport::pull::{Pull, PullOptions, PullWorker};
use evc_runtime::workflow::{
    Carrier, Claim, Committed, Definition, Due, ExecutionId, Finished, History, Owner, Snapshot, Start, Started, Taken,
    TaskRef, Transition, outcome,
};
use evc_runtime::{Error, grant};
use futures_util::{StreamExt, stream};
use shop::{Chance, number};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use support::{Cluster, Durability, Kind, Server};

/// Set in the environment of a worker: where its executions are.
const URL: &str = "EVC_SOAK_URL";
const SEED: &str = "EVC_SEED";
const NAMESPACE: &str = "soak";
const PARTITIONS: u16 = 4;
/// How often each message comes, beside the first time.
const DUPLICATES: usize = 9;
/// How long a claim lasts, seconds.
const LEASE: u64 = 3;
/// How long there is trouble, at least and, for so many executions, at most; between the two, until nearly all have ended.
const TROUBLE: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(40)];
/// How long everything may take, for so many executions.
const PATIENCE: Duration = Duration::from_mins(4);
/// For more of them, both times are longer.
const SO_MANY: u64 = 10_000;

fn scaled(time: Duration, orders: u64) -> Duration {
    time * u32::try_from(orders.div_ceil(SO_MANY)).expect("not that many")
}

/// Where workers die by themselves.
const POINTS: [&str; 7] =
    ["before-claim", "after-claim", "after-handler", "before-commit", "after-commit", "before-send", "after-send"];

fn open(url: &str) -> Redis {
    Redis::open(url, NAMESPACE).expect("a URL").with_partitions(PARTITIONS)
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

/// A store that lets word of all work come again, nine times, when it may.
struct Duplicating {
    inner: Redis,
    chance: Chance,
    held: Mutex<Vec<TaskRef>>,
}

impl Duplicating {
    async fn claim(&self, task: &TaskRef, owner: Owner) -> Result<Claim, Error> {
        let claim = self.inner.claim(task, owner).await?;
        if matches!(claim, Claim::Claimed { .. } | Claim::Timer(_)) {
            self.repeat(task).await?;
        }
        Ok(claim)
    }

    /// Lets word of this work come nine times more, sooner or later.
    async fn repeat(&self, task: &TaskRef) -> Result<(), Error> {
        let mut duplicates = Vec::new();
        {
            let mut held = self.held.lock().expect("held back");
            held.extend(std::iter::repeat_n(task.clone(), DUPLICATES));
            while held.len() > 100 || (!held.is_empty() && !self.chance.once_in(10)) {
                duplicates.extend(self.chance.pick(&mut held));
            }
        }
        self.inner.offer(&duplicates).await
    }
}

macro_rules! duplicating_store {
    ($($name:ident($($argument:ident: $type:ty),*) -> $result:ty;)+) => {
        #[allow(clippy::elidable_lifetime_names, reason = "some calls name it")]
        impl Store for Duplicating {
            fn keys(&self) -> &Keys {
                self.inner.keys()
            }

            fn claim<'a>(&'a self, task: &'a TaskRef, owner: Owner) -> Answer<'a, Claim> {
                Box::pin(self.claim(task, owner))
            }

            fn commit_taking<'a>(
                &'a self,
                execution: &'a ExecutionId,
                transition: &'a Transition,
                task: &'a TaskRef,
                owner: Owner,
            ) -> Answer<'a, (Committed, Option<Taken>)> {
                Box::pin(async move {
                    let committed = self.inner.commit_taking(execution, transition, task, owner).await?;
                    if committed.1.is_some() {
                        self.repeat(task).await?;
                    }
                    Ok(committed)
                })
            }

            $(fn $name<'a>(&'a self, $($argument: $type),*) -> Answer<'a, $result> {
                Store::$name(&self.inner, $($argument),*)
            })+
        }
    };
}

each_call_but_claim!(duplicating_store);

struct Count;
impl grant::UseCache for Count {}

/// The process of a worker; nothing in the test's own process.
#[test]
fn a_worker() {
    let Ok(url) = std::env::var(URL) else { return };
    let redis = open(&url);
    let chance = Chance::new(number(SEED).unwrap_or_default());
    let world = World::new().cache(redis.clone());
    let store = Duplicating { inner: redis, chance: chance.clone(), held: Mutex::default() };
    let functions = shop::FUNCTIONS.into_iter().chain([""]).map(str::to_owned).collect();
    let options = PullOptions { functions, concurrency: 32, sweep: Some(Duration::from_millis(300)) };
    let worker = PullWorker::new(Arc::new(store), options);
    block_on(worker.run(async |job| {
        if chance.once_in(50) {
            tokio::time::sleep(Duration::from_millis(chance.below(20))).await;
        }
        // Slower than its lease: others take it for dead.
        if chance.once_in(2_000) {
            tokio::time::sleep(job.time + Duration::from_millis(100)).await;
        }
        if job.task.function == "count" {
            let delivery = world.delivery("count", &job.task.execution.0);
            let counted = delivery.cache::<Count>().count_once("orders", 1).await;
            counted.map_err(|error| evc_runtime::workflow::TaskError {
                name: error.kind().name().to_owned(),
                message: error.to_string(),
                of_function: true,
            })?;
        }
        shop::handle(&job, chance.once_in(50) && job.task.function != "charge")
    }));
}

/// Processes that work.
struct Workers<'a> {
    url: &'a str,
    chance: &'a Chance,
    /// Each with whether it dies by itself.
    children: Vec<(Child, bool)>,
    kills: usize,
    deaths: usize,
}

impl<'a> Workers<'a> {
    fn start(url: &'a str, chance: &'a Chance, count: usize) -> Self {
        let mut workers = Self { url, chance, children: Vec::new(), kills: 0, deaths: 0 };
        for _ in 0..count {
            let child = workers.spawn(None);
            workers.children.push((child, false));
        }
        workers
    }

    /// A worker with a clock of its own, which dies at this point now and then.
    fn spawn(&self, crash_at: Option<&str>) -> Child {
        let skew = i64::try_from(self.chance.below(1_200_000)).expect("small") - 600_000;
        Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "a_worker", "--nocapture"])
            .env(URL, self.url)
            .env(SEED, self.chance.below(u64::MAX).to_string())
            .env("EVC_CLOCK_SKEW_MS", skew.to_string())
            .env("EVC_CRASH_AT", crash_at.map(|point| format!("{point}:0.002")).unwrap_or_default())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a worker")
    }

    /// Kills one, or replaces one that died by itself.
    fn disturb(&mut self) {
        let number = usize::try_from(self.chance.below(self.children.len() as u64)).expect("few");
        let (child, _) = &mut self.children[number];
        if child.try_wait().expect("a child").is_some() {
            self.deaths += 1;
        } else {
            self.kills += 1;
            child.kill().expect("killed");
            child.wait().expect("ended");
        }
        let point = POINTS[usize::try_from(self.chance.below(POINTS.len() as u64)).expect("few")];
        let mortal = self.chance.once_in(2);
        self.children[number] = (self.spawn(mortal.then_some(point)), mortal);
    }

    /// From now on all live.
    fn calm(&mut self) {
        for number in 0..self.children.len() {
            if self.children[number].1 {
                drop(self.children[number].0.kill());
                drop(self.children[number].0.wait());
                self.children[number] = (self.spawn(None), false);
            }
        }
    }
}

impl Drop for Workers<'_> {
    fn drop(&mut self) {
        for (child, _) in &mut self.children {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

fn definition() -> String {
    shop::definition(LEASE, 1)
}

/// Starts these orders, each twice.
async fn start(carrier: &Carrier, definition: &Definition, orders: Vec<u64>) {
    let starts = stream::iter(orders).map(|order| async move {
        for _ in 0..2 {
            let started = carrier.start(definition, &order.to_string(), shop::input(order)).await;
            started.unwrap_or_else(|error| panic!("order {order} was not started: {error:?}"));
        }
    });
    starts.buffer_unordered(32).collect::<Vec<()>>().await;
    carrier.acknowledge().await;
}

/// The orders in an order of chance.
fn shuffled(orders: u64, chance: &Chance) -> Vec<u64> {
    let mut left: Vec<u64> = (0..orders).collect();
    std::iter::from_fn(|| chance.pick(&mut left)).collect()
}

/// How many executions have ended.
fn ended(servers: &[&Server]) -> u64 {
    let count = |key: &str| {
        servers.iter().find_map(|server| support::try_command(server.port(), &["ZCARD", key]).ok()?.parse::<u64>().ok())
    };
    (0..PARTITIONS).filter_map(|partition| count(&format!("evc:{{{NAMESPACE}.{partition}}}:done"))).sum()
}

/// Holds all executions against what must have come of them; returns how often work was lost with its worker.
async fn check(store: &Redis, orders: u64) -> usize {
    let checks = stream::iter(0..orders).map(|order| async move {
        let execution = ExecutionId::new("shop", &order.to_string());
        let snapshot = store.load(&execution).await.expect("an answer").expect("an execution");
        let outcome = outcome(&snapshot.state).expect("an outcome");
        assert_eq!((snapshot.status, outcome.output), (shop::status(order), shop::output(order)), "order {order}");
        let history = store.history(&execution).await.expect("a history");
        let history: Vec<_> = history.into_iter().flat_map(|moment| moment.entries).collect();
        shop::check_history(order, &history);
        history
            .iter()
            .filter(|entry| matches!(entry, History::Failed { error, .. } if error == "Lambda.Unknown"))
            .count()
    });
    checks.buffer_unordered(64).collect::<Vec<usize>>().await.into_iter().sum()
}

fn seed() -> u64 {
    let seed = number(SEED).unwrap_or_else(|| evc_runtime::Uuid::new_v4().as_u64_pair().1);
    println!("seed {seed} (to repeat it: EVC_SEED={seed})");
    seed
}

#[test]
fn executions_end_as_they_must_whatever_dies() {
    let orders = number("EVC_SOAK_EXECUTIONS").unwrap_or(60);
    let chance = Chance::new(seed());
    let mut server = Server::durable(Kind::Redis, Durability::Second);
    let (url, begin) = (server.url(), Instant::now());
    let mut workers = Workers::start(&url, &chance, 3);
    let (mut restarts, mut flushes) = (0, 0);
    let starter = {
        let (url, orders) = (url.clone(), shuffled(orders, &chance));
        std::thread::spawn(move || {
            block_on(async {
                let store = Arc::new(open(&url));
                let text = definition();
                let definition = Definition::parse(&text).expect("a definition");
                store.put_definition(definition.id(), &text).await.expect("kept");
                let carrier = Carrier::new(store.clone(), Some(Arc::new(Pull::new(store))));
                start(&carrier, &definition, orders).await;
            });
        })
    };
    let mut disturbed = 0;
    let (least, most, patience) = (TROUBLE[0], scaled(TROUBLE[1], orders), scaled(PATIENCE, orders));
    while begin.elapsed() < least || (begin.elapsed() < most && ended(&[&server]) < orders - orders / 20) {
        std::thread::sleep(Duration::from_millis(50 + chance.below(400)));
        disturbed += 1;
        if disturbed == 5 || chance.once_in(15) {
            server.restart();
            restarts += 1;
        } else if chance.once_in(6) {
            server.command(&["SCRIPT", "FLUSH"]);
            flushes += 1;
        } else {
            workers.disturb();
        }
    }
    workers.calm();
    println!(
        "{} of {orders} ended when the trouble did, after {:.1} s",
        ended(&[&server]),
        begin.elapsed().as_secs_f64()
    );
    while ended(&[&server]) < orders {
        assert!(begin.elapsed() < patience, "{} of {orders} executions ended", ended(&[&server]));
        std::thread::sleep(Duration::from_millis(200));
    }
    starter.join().expect("all started");
    let (kills, deaths) = (workers.kills, workers.deaths);
    drop(workers);
    let lost = block_on(check(&open(&url), orders));
    let counted = server.command(&["GET", &format!("evc:{{{NAMESPACE}.counter.orders}}")]);
    let expected = (0..orders).filter(|order| shop::output(*order).is_some()).count();
    assert_eq!(counted, expected.to_string(), "each order is counted once");
    println!(
        "{orders} executions in {:.1} s; {kills} workers killed, {deaths} died, server killed {restarts} times, scripts flushed \
         {flushes} times; {lost} pieces of work lost with their workers and done again",
        begin.elapsed().as_secs_f64(),
    );
}

#[test]
fn executions_survive_changes_of_primaries() {
    let orders = number("EVC_SOAK_EXECUTIONS").unwrap_or(50).min(1_000);
    let chance = Chance::new(seed());
    let mut cluster = Cluster::start(Kind::Redis);
    let (url, begin) = (cluster.url(), Instant::now());
    let workers = Workers::start(&url, &chance, 2);
    let (store, text) = (Arc::new(open(&url)), definition());
    let definition = Definition::parse(&text).expect("a definition");
    let started = async |orders| {
        store.put_definition(definition.id(), &text).await.expect("kept");
        let carrier = Carrier::new(store.clone(), Some(Arc::new(Pull::new(store.clone()))));
        start(&carrier, &definition, orders).await;
    };
    block_on(started(shuffled(orders / 2, &chance)));
    // The first replica takes over from its primary, which hands over what it has.
    cluster.nodes[3].command(&["CLUSTER", "FAILOVER"]);
    block_on(started(shuffled(orders, &chance)));
    // The second primary is gone without a word: what it had acknowledged and not passed on is lost. Whoever sent an event sends it
    // again, as a queue does, and the execution begins again if it was lost.
    cluster.nodes[1].kill();
    cluster.settle();
    loop {
        let running: Vec<&Server> = cluster.nodes.iter().filter(|node| node.pid().is_some()).collect();
        let done = ended(&running);
        if done == orders {
            break;
        }
        assert!(begin.elapsed() < PATIENCE, "{done} of {orders} executions ended");
        std::thread::sleep(Duration::from_millis(500));
        block_on(started(shuffled(orders, &chance)));
    }
    drop(workers);
    let lost = block_on(check(&open(&format!("{}?cluster=true", cluster.nodes[0].url())), orders));
    println!("{orders} executions in {:.1} s; {lost} pieces of work done again", begin.elapsed().as_secs_f64());
}
