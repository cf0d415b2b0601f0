//! Crashes at every place that matters, in a world that is made of a seed: processes that die before or after any call of the store or
//! the transport, messages that come many times and in any order, sweeps at any moment, several processes at once. Every execution
//! ends as it must, and each piece of work ends once.
//!
//! `EVC_SEED=7` runs one seed, `EVC_SEEDS=10000` so many.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a test fails by panicking")]

#[macro_use]
mod shop;

use evc_workflow::store::{Answer, Cursor, Filter, Keys, Memory, Moment, Page, Store, Summary, View};
use evc_workflow::sweep::sweep;
use evc_workflow::transport::{Dispatch, Sending, Sent, Transport, memory};
use evc_workflow::{
    Carrier, Claim, Committed, Definition, Due, ExecutionId, Finished, Job, Owner, Snapshot, Start, Started, Taken,
    TaskRef, Transition, outcome,
};
use evc_workflow::{Error, Kind};
use shop::{Chance, number};
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a process lives for: so many calls, and the last one has happened or not.
#[derive(Debug)]
struct Life {
    calls: Mutex<Option<u64>>,
    chance: Chance,
}

#[derive(Debug, PartialEq)]
enum Fate {
    Lives,
    DiesBefore,
    DiesAfter,
}

impl Life {
    fn new(chance: &Chance) -> Arc<Self> {
        let calls = chance.once_in(2).then(|| chance.below(8));
        Arc::new(Self { calls: Mutex::new(calls), chance: chance.clone() })
    }

    fn fate(&self) -> Fate {
        match self.calls.lock().expect("calls").as_mut() {
            None => Fate::Lives,
            Some(0) => Fate::DiesBefore,
            Some(calls) => {
                *calls -= 1;
                if *calls == 0 && self.chance.once_in(2) { Fate::DiesAfter } else { Fate::Lives }
            }
        }
    }
}

fn dead() -> Error {
    Error::new(Kind::Transient, "this process is dead")
}

/// Lets others go first, now and then.
async fn give_way(chance: &Chance) {
    while chance.once_in(2) {
        tokio::task::yield_now().await;
    }
}

/// A store, as a process that may die sees it.
struct Mortal<T> {
    life: Arc<Life>,
    inner: T,
}

fn mortal<'a, T: Send + 'a>(life: &'a Life, call: Answer<'a, T>) -> Answer<'a, T> {
    Box::pin(async move {
        give_way(&life.chance).await;
        match life.fate() {
            Fate::DiesBefore => Err(dead()),
            Fate::Lives => call.await,
            Fate::DiesAfter => call.await.and(Err(dead())),
        }
    })
}

macro_rules! mortal_store {
    ($($name:ident($($argument:ident: $type:ty),*) -> $result:ty;)+) => {
        #[allow(clippy::elidable_lifetime_names, reason = "some calls name it")]
        impl Store for Mortal<Memory> {
            fn keys(&self) -> &Keys {
                self.inner.keys()
            }

            fn claim<'a>(&'a self, task: &'a TaskRef, owner: Owner) -> Answer<'a, Claim> {
                mortal(&self.life, self.later(move |store| store.claim(task, owner)))
            }

            fn commit_taking<'a>(
                &'a self,
                execution: &'a ExecutionId,
                transition: &'a Transition,
                task: &'a TaskRef,
                owner: Owner,
            ) -> Answer<'a, (Committed, Option<Taken>)> {
                mortal(&self.life, self.later(move |store| store.commit_taking(execution, transition, task, owner)))
            }

            $(fn $name<'a>(&'a self, $($argument: $type),*) -> Answer<'a, $result> {
                mortal(&self.life, self.later(move |store| store.$name($($argument),*)))
            })+
        }
    };
}

impl Mortal<Memory> {
    /// The memory store acts when it is called; this acts when it is awaited.
    fn later<'a, T: Send + 'a>(&'a self, call: impl FnOnce(&'a Memory) -> Answer<'a, T> + Send + 'a) -> Answer<'a, T> {
        Box::pin(async move { call(&self.inner).await })
    }
}

each_call_but_claim!(mortal_store);

impl Transport for Mortal<Arc<memory::Memory>> {
    fn send<'a>(&'a self, dispatches: &'a [Dispatch]) -> Sending<'a> {
        let nothing = || Sent { taken: Vec::new(), error: Some(dead()) };
        Box::pin(async move {
            give_way(&self.life.chance).await;
            match self.life.fate() {
                Fate::DiesBefore => nothing(),
                Fate::Lives => self.inner.send(dispatches).await,
                Fate::DiesAfter => {
                    self.inner.send(dispatches).await;
                    nothing()
                }
            }
        })
    }
}

/// Everything there is.
struct World {
    chance: Chance,
    clock: Arc<AtomicU64>,
    store: Memory,
    sent: Arc<memory::Memory>,
    definition: Definition,
    /// Orders whose start message has not been dealt with.
    starts: Mutex<Vec<u64>>,
    messages: Mutex<Vec<TaskRef>>,
}

impl World {
    fn new(seed: u64, orders: u64) -> Self {
        let clock = Arc::new(AtomicU64::new(1_764_331_200_000));
        let text = shop::definition(shop::LEASE, 3);
        Self {
            chance: Chance::new(seed),
            store: Memory::new().with_clock(clock.clone()),
            clock,
            sent: Arc::default(),
            definition: Definition::parse(&text).expect("a definition"),
            starts: Mutex::new((0..orders).collect()),
            messages: Mutex::default(),
        }
    }

    /// A process that may die.
    fn process(&self) -> Carrier {
        let life = Life::new(&self.chance);
        let store = Mortal { life: life.clone(), inner: self.store.clone() };
        let transport = Mortal { life, inner: self.sent.clone() };
        Carrier::new(Arc::new(store), Some(Arc::new(transport))).seeded(self.chance.below(u64::MAX))
    }

    /// Something happens, in a process of its own.
    async fn act(&self) {
        let carrier = self.process();
        match self.chance.below(12) {
            0 => drop(sweep(&carrier, None, Duration::from_mins(1)).await),
            1 => drop(self.clock.fetch_add(self.chance.below(15_000), Ordering::Relaxed)),
            2 => {
                let order = self.pick(&self.starts);
                let Some(order) = order else { return };
                let started = carrier.start(&self.definition, &order.to_string(), shop::input(order)).await;
                // As a queue does: what failed comes again, and what did not may, too.
                if started.is_err() || self.chance.once_in(4) {
                    self.starts.lock().expect("starts").push(order);
                }
            }
            _ => {
                let Some(task) = self.pick(&self.messages) else { return };
                if self.chance.once_in(2) {
                    self.messages.lock().expect("messages").push(task.clone());
                }
                let run = async |job: Job<'_>| {
                    let chance = &self.chance;
                    give_way(chance).await;
                    // Slower than its lease, now and then: others take it for dead.
                    if chance.once_in(20) {
                        self.clock.fetch_add(shop::LEASE * 1000 + 1, Ordering::Relaxed);
                    }
                    give_way(chance).await;
                    shop::handle(&job, chance.once_in(10) && job.task.function != "charge")
                };
                let (time, wants) = (Duration::from_mins(1), |_: &TaskRef| self.chance.once_in(2));
                let work = async {
                    // Some go on with what follows.
                    if self.chance.once_in(2) {
                        drop(carrier.work_on(&task, time, &wants, &run).await);
                    } else {
                        drop(carrier.work(&task, time, run).await);
                    }
                };
                // Some die in the handler.
                if self.chance.once_in(10) {
                    let polls = self.chance.below(12);
                    polled(work, polls).await;
                } else {
                    work.await;
                }
            }
        }
        carrier.acknowledge().await;
        let sent = self.sent.take();
        self.messages.lock().expect("messages").extend(sent.into_iter().map(|(task, _)| task));
    }

    fn pick<T>(&self, from: &Mutex<Vec<T>>) -> Option<T> {
        self.chance.pick(&mut from.lock().expect("things"))
    }

    async fn all_over(&self, orders: u64) -> bool {
        for order in 0..orders {
            let execution = ExecutionId::new("shop", &order.to_string());
            let snapshot = self.store.load(&execution).await.expect("memory");
            if snapshot.is_none_or(|snapshot| snapshot.status == evc_workflow::Status::Running) {
                return false;
            }
        }
        true
    }
}

/// Polls a future so often at most, then drops it.
async fn polled<T>(future: impl Future<Output = T>, mut times: u64) -> Option<T> {
    let mut future = Box::pin(future);
    std::future::poll_fn(move |cx| {
        if times == 0 {
            return std::task::Poll::Ready(None);
        }
        times -= 1;
        Pin::new(&mut future).poll(cx).map(Some)
    })
    .await
}

async fn run(seed: u64) {
    let orders = 1 + seed % 9;
    let world = World::new(seed, orders);
    world.store.put_definition(world.definition.id(), &shop::definition(shop::LEASE, 3)).await.expect("memory");
    for round in 0.. {
        assert!(round < 20_000, "seed {seed}: an execution is stuck: {:#?}", world.store.model());
        // Up to four processes at once.
        let acts = (0..=world.chance.below(4)).map(|_| world.act());
        futures_util::future::join_all(acts).await;
        if round % 8 == 0 && world.all_over(orders).await {
            break;
        }
    }
    for order in 0..orders {
        let execution = ExecutionId::new("shop", &order.to_string());
        let snapshot = world.store.load(&execution).await.expect("memory").expect("an execution");
        let outcome = outcome(&snapshot.state).expect("an outcome");
        let told = (snapshot.status, outcome.output);
        assert_eq!(told, (shop::status(order), shop::output(order)), "seed {seed}, order {order}");
        let history = world.store.history(&execution).await.expect("memory");
        let history: Vec<_> = history.into_iter().flat_map(|moment| moment.entries).collect();
        shop::check_history(order, &history);
    }
    ready(()).await;
}

#[tokio::test(start_paused = true)]
async fn executions_end_as_they_must_wherever_processes_die() {
    let seeds = match number("EVC_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("EVC_SEEDS").unwrap_or(150),
    };
    for seed in seeds {
        // The seed of a failure is on its last line.
        println!("seed {seed} (to repeat it: EVC_SEED={seed} cargo test -p evc-runtime --all-features --test crashes)");
        run(seed).await;
    }
}
