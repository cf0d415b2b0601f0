//! The scripts mean what the model in memory says: random sequences of operations on both give the same answers and leave the same
//! behind, on Redis, on Valkey and on a cluster. Both see one clock, that of the test, so that times are equal to the millisecond.
//!
//! A failing case is printed as the smallest that fails; `PROPTEST_RNG_SEED=N` repeats a run, `PROPTEST_CASES=N` makes more.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod operations;
#[path = "../support/mod.rs"]
mod support;

use evc_workflow::store::{Answer, Cursor, Filter, HistoryBounds, Keys, Memory, Redis, Store, View};
use evc_workflow::{Committed, ExecutionId, Finished, Phase, Record, Slot, Start, Status, TaskRef, Transition};
use operations::{Operation, Work, operation};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use support::{Cluster, Kind, Server};

const PARTITIONS: u16 = 3;
const DEFINITIONS: [&str; 2] = ["one", "two"];
const BEGINNING: u64 = 1_800_000_000_000;
/// So little that it is cut.
const HISTORY: HistoryBounds = HistoryBounds { transitions: 4, bytes: 180 };
const FUNCTIONS: [&str; 3] = ["", "charge", "ship"];

/// A server, seen from outside.
enum Target {
    Single(Server),
    Cluster(Cluster),
}

impl Target {
    fn url(&self) -> String {
        match self {
            Self::Single(server) => server.url(),
            Self::Cluster(cluster) => cluster.url(),
        }
    }

    fn primaries(&self) -> &[Server] {
        match self {
            Self::Single(server) => std::slice::from_ref(server),
            Self::Cluster(cluster) => &cluster.nodes[..3],
        }
    }

    fn everywhere(&self, words: &[&str]) {
        for server in self.primaries() {
            server.command(words);
        }
    }

    fn keys(&self) -> Vec<String> {
        let keys = self.primaries().iter().map(|server| server.command(&["KEYS", "*"]));
        let mut keys: Vec<String> = keys.flat_map(|keys| keys.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
        keys.sort();
        keys
    }
}

struct Case<'a> {
    target: &'a Target,
    redis: Redis,
    memory: Memory,
    clock: Arc<AtomicU64>,
    /// Every record has one of its own.
    seq: u64,
    /// Every transition has one of its own.
    revision: u64,
    last: Option<Last>,
}

#[derive(Clone)]
enum Last {
    Start(Start),
    Commit(ExecutionId, Transition),
}

fn id(number: usize) -> ExecutionId {
    ExecutionId::new(["fulfil", "refund"][number % 2], &format!("name-{number}"))
}

fn chosen<T: Clone>(from: &[T], pick: usize) -> Option<T> {
    from.get(pick.checked_rem(from.len())?).cloned()
}

impl<'a> Case<'a> {
    fn new(target: &'a Target, ready_lists: bool) -> Self {
        let clock = Arc::new(AtomicU64::new(BEGINNING));
        let redis = Redis::open(&target.url(), "test").expect("a store").with_clock(clock.clone());
        let redis = redis.with_partitions(PARTITIONS).with_history(HISTORY);
        let redis = if ready_lists { redis.with_ready_lists() } else { redis };
        let memory = Memory::of(Keys::new("test").with_partitions(PARTITIONS), ready_lists).with_clock(clock.clone());
        let memory = memory.with_history(HISTORY);
        Self { target, redis, memory, clock, seq: 0, revision: 0, last: None }
    }

    /// The same call on both.
    async fn both<'b, T: Debug + PartialEq>(
        &'b self,
        call: impl Fn(&'b dyn Store) -> Answer<'b, T>,
    ) -> Result<T, TestCaseError> {
        let redis = call(&self.redis).await.map_err(|error| error.to_string());
        let memory = call(&self.memory).await.map_err(|error| error.to_string());
        prop_assert_eq!(&redis, &memory, "redis, then memory");
        redis.map_err(TestCaseError::fail)
    }

    fn now(&self) -> u64 {
        self.clock.load(Ordering::Relaxed)
    }

    fn view(&self, id: &ExecutionId) -> Option<View> {
        self.memory.model().view(id, self.now())
    }

    /// Version and revision of an execution.
    fn seen(&self, id: &ExecutionId) -> (u64, u64) {
        self.view(id).map_or((0, 0), |view| (view.snapshot.version, view.snapshot.revision))
    }

    /// All work that is under way.
    fn tasks(&self) -> Vec<TaskRef> {
        let open = (0..5).map(id).filter_map(|id| self.view(&id).map(|view| (id, view)));
        open.flat_map(|(id, view)| {
            let task = |open: evc_workflow::store::Open| TaskRef {
                execution: id.clone(),
                slot: open.slot,
                seq: open.seq,
                function: open.function,
            };
            view.open.into_iter().map(task).collect::<Vec<_>>()
        })
        .collect()
    }

    /// The times that may make a difference.
    fn times(&self) -> Vec<u64> {
        let model = self.memory.model();
        let due = (0..PARTITIONS).flat_map(|partition| model.due_set(partition)).map(|(_, score)| score);
        let open = (0..5).map(id).filter_map(|id| self.view(&id)).flat_map(|view| view.open);
        let open = open.flat_map(|open| [Some(open.not_before_ms), open.lease_until_ms, open.deadline_ms]);
        let mut times: Vec<u64> = due.chain(open.flatten()).filter(|time| *time >= self.now()).collect();
        times.sort_unstable();
        times.truncate(4);
        times
    }

    fn picked(&self, picks: &[usize]) -> Vec<TaskRef> {
        let tasks = self.tasks();
        picks.iter().filter_map(|pick| chosen(&tasks, *pick)).collect()
    }

    fn records(&mut self, fence: Option<Slot>, work: &[Option<Work>]) -> Vec<(Slot, Option<Record>)> {
        // The fence's slot first, then others.
        let slots = fence.into_iter().chain((0..5).filter(|slot| Some(*slot) != fence));
        let mut records: Vec<(Slot, Option<Record>)> = Vec::new();
        for (slot, work) in slots.zip(work) {
            self.seq += 1;
            let record = work.clone().map(|work| Record {
                seq: self.seq,
                phase: work.phase,
                function: FUNCTIONS[work.function].to_owned(),
                payload: work.payload,
                delay_ms: work.delay_ms,
                at_ms: work.at_ms,
                lease_ms: work.lease_ms,
                timeout_ms: work.timeout_ms,
            });
            records.push((slot, record));
        }
        if let Some(fence) = fence
            && records.is_empty()
        {
            records.push((fence, None));
        }
        records
    }

    /// A transition of an execution; one that ends it drops all that is under way, as the planner does.
    fn transition(
        &mut self,
        id: &ExecutionId,
        (version, seen): (u64, u64),
        fence: Option<(Slot, u64)>,
        work: &[Option<Work>],
        status: Option<Status>,
    ) -> Transition {
        let mut records = self.records(fence.map(|(slot, _)| slot), work);
        if status.is_some_and(|status| status != Status::Running) {
            let open = self.view(id).into_iter().flat_map(|view| view.open).map(|open| open.slot);
            let dropped: BTreeSet<Slot> = open.chain(fence.map(|(slot, _)| slot)).collect();
            records = dropped.into_iter().map(|slot| (slot, None)).collect();
        }
        let state = format!("state {}", self.seq).into_bytes();
        let history = br#"[{"e":"started"},{"e":"dropped","q":1}]"#.to_vec();
        self.revision += 1;
        let entered = Vec::new();
        Transition { version, seen, revision: self.revision, fence, state, records, history, status, entered }
    }

    /// A commit whose committer wants the work that it puts into a slot.
    async fn take(&mut self, id: ExecutionId, transition: Transition, slot: Slot) -> Result<(), TestCaseError> {
        let ordered = transition.records.iter().find(|(own, _)| *own == slot).and_then(|(_, record)| record.clone());
        let Some(Record { seq, function, .. }) = ordered else { return self.commit(id, transition).await };
        let task = TaskRef { execution: id.clone(), slot, seq, function };
        let (committed, _) = self.both(|store| store.commit_taking(&id, &transition, &task, 1)).await?;
        if committed == Committed::Done {
            self.last = Some(Last::Commit(id, transition));
        }
        Ok(())
    }

    async fn commit(&mut self, id: ExecutionId, transition: Transition) -> Result<(), TestCaseError> {
        let committed = self.both(|store| store.commit(&id, &transition)).await?;
        if committed == Committed::Done {
            self.last = Some(Last::Commit(id, transition));
        }
        Ok(())
    }

    async fn run(&mut self, operation: &Operation) -> Result<(), TestCaseError> {
        match operation {
            Operation::Start { id: number, timeout_ms, work, over } => {
                let status = over.then_some(Status::Succeeded);
                let transition = self.transition(&id(*number), (0, 0), None, work, status);
                let definition = format!("definition {}", number % 2);
                let start = Start { execution: id(*number), definition, timeout_ms: *timeout_ms, transition };
                self.both(|store| store.start(&start)).await?;
                self.last = Some(Last::Start(start));
            }
            Operation::Claim { pick, owner, wrong, by } => {
                if let Some(mut task) = chosen(&self.tasks(), *pick) {
                    task.seq += u64::from(*wrong);
                    if let Some(function) = by {
                        FUNCTIONS[*function].clone_into(&mut task.function);
                    }
                    self.both(|store| store.claim(&task, *owner)).await?;
                }
            }
            Operation::Commit { pick, wrong_seq, wrong_version, wrong_revision, work, status, take } => {
                if let Some(task) = chosen(&self.tasks(), *pick) {
                    let (version, seen) = self.seen(&task.execution);
                    let seen = seen + u64::from(*wrong_revision);
                    let version = (version.saturating_sub(u64::from(*wrong_version)), seen);
                    let fence = (task.slot, task.seq + u64::from(*wrong_seq));
                    let transition = self.transition(&task.execution, version, Some(fence), work, *status);
                    match take {
                        Some(slot) => self.take(task.execution, transition, *slot).await?,
                        None => self.commit(task.execution, transition).await?,
                    }
                }
            }
            Operation::Unfenced { id: number, wrong_version, work, status } => {
                let (version, seen) = self.seen(&id(*number));
                let version = (version.saturating_sub(u64::from(*wrong_version)), seen);
                let transition = self.transition(&id(*number), version, None, work, *status);
                self.commit(id(*number), transition).await?;
            }
            Operation::Retry { id: number, work } => {
                // Of one that ended, if there is one.
                let ended = |number: &usize| {
                    self.view(&id(*number)).is_some_and(|view| view.snapshot.status != Status::Running)
                };
                let number = (0..5).find(ended).unwrap_or(*number);
                let version = self.seen(&id(number));
                let transition = self.transition(&id(number), version, None, work, Some(Status::Running));
                self.commit(id(number), transition).await?;
            }
            Operation::Repeat => match self.last.clone() {
                Some(Last::Start(start)) => {
                    self.both(|store| store.start(&start)).await?;
                }
                Some(Last::Commit(id, transition)) => {
                    drop(self.both(|store| store.commit(&id, &transition)).await?);
                }
                None => {}
            },
            Operation::Ack { picks, wrong } => {
                let mut tasks = self.picked(picks);
                if let Some(task) = tasks.first_mut() {
                    task.seq += u64::from(*wrong);
                }
                self.both(|store| store.ack(&tasks)).await?;
            }
            Operation::Due { partition, limit } => drop(self.both(|store| store.due(*partition, *limit)).await?),
            Operation::Look { id: number } => self.look(&id(*number)).await?,
            Operation::List { workflow, status, since, limit } => {
                let workflow = workflow.then(|| "fulfil".to_owned());
                let since_ms = since.map_or(0, |back| self.now().saturating_sub(back));
                let filter = Filter { workflow, status: *status, since_ms };
                self.list(&filter, *limit).await?;
            }
            Operation::Finished { partition, retention_ms, limit } => {
                self.both(|store| store.finished(*partition, *retention_ms, *limit)).await?;
            }
            Operation::Ended { partition, limit } => drop(self.both(|store| store.ended(*partition, *limit)).await?),
            Operation::Keep { ids, for_ms } => {
                let kept: Vec<(&str, u64)> = ids.iter().map(|id| (DEFINITIONS[*id], *for_ms)).collect();
                self.both(|store| store.keep_definitions(&kept)).await?;
            }
            Operation::Adopt { id, for_ms } => {
                self.both(|store| store.adopt_definition(DEFINITIONS[*id], *for_ms)).await?;
            }
            Operation::Archive { pick, wrong } => {
                let finished: Vec<Finished> = (0..PARTITIONS)
                    .flat_map(|partition| self.memory.model().finished(partition, self.now(), 10))
                    .collect();
                if let Some(mut finished) = chosen(&finished, *pick) {
                    finished.finished_ms += u64::from(*wrong);
                    self.both(|store| store.archive(&finished)).await?;
                }
            }
            Operation::Offer { picks } => {
                let tasks = self.picked(picks);
                self.both(|store| store.offer(&tasks)).await?;
            }
            Operation::Take { partition, function, limit } => {
                self.both(|store| store.take(*partition, FUNCTIONS[*function], *limit)).await?;
            }
            Operation::Define { id, text } => {
                let (id, text) = (DEFINITIONS[*id], ["{}", "[]"][*text]);
                self.both(|store| store.put_definition(id, text)).await?;
                self.both(|store| store.definition(id)).await?;
            }
            Operation::WaitDue { pick, less, more, sweep } => {
                let time = chosen(&self.times(), *pick).unwrap_or(0);
                self.clock.fetch_max(time + more - less.min(&time), Ordering::Relaxed);
                if *sweep {
                    for partition in 0..PARTITIONS {
                        self.both(|store| store.due(partition, 5)).await?;
                    }
                }
            }
            Operation::Wait { ms } => drop(self.clock.fetch_add(*ms, Ordering::Relaxed)),
        }
        Ok(())
    }

    async fn look(&self, id: &ExecutionId) -> Result<(), TestCaseError> {
        self.both(|store| store.load(id)).await?;
        self.both(|store| store.view(id)).await?;
        self.both(|store| store.history(id)).await.map(drop)
    }

    async fn list(&self, filter: &Filter, limit: usize) -> Result<(), TestCaseError> {
        let mut after: Option<Cursor> = None;
        loop {
            let last = after.clone();
            let redis = self.redis.list(filter, last.as_ref(), limit).await.expect("a list");
            let memory = self.memory.list(filter, last.as_ref(), limit).await.expect("a list");
            prop_assert_eq!(&redis, &memory);
            after = redis.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// What is left behind is the same.
    async fn compare(&self) -> Result<(), TestCaseError> {
        for number in 0..5 {
            self.look(&id(number)).await?;
        }
        self.list(&Filter::default(), 2).await?;
        let server = |partition: u16| {
            let slot = self.target.primaries();
            let key = format!("evc:{{test.{partition}}}:due");
            let answers = slot.iter().filter_map(|server| {
                support::try_command(server.port(), &["ZRANGE", &key, "0", "-1", "WITHSCORES"]).ok()
            });
            let lines: Vec<String> =
                answers.flat_map(|answer| answer.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
            lines.chunks(2).map(|pair| (pair[0].clone(), pair[1].parse().expect("a score"))).collect::<Vec<_>>()
        };
        for partition in 0..PARTITIONS {
            prop_assert_eq!(server(partition), self.memory.model().due_set(partition), "the due set");
        }
        self.somebody_looks()
    }

    /// All that is under way, and that time or a worker ends, has its entry in the due set; a claim's comes up no later than 15 minutes
    /// after its lease is over, which is the longest that an acknowledgement puts off.
    fn somebody_looks(&self) -> Result<(), TestCaseError> {
        const LONGEST_MS: u64 = 900_000;
        let views = (0..5).map(id).filter_map(|id| self.view(&id).map(|view| (id, view)));
        for (id, view) in views.filter(|(_, view)| view.snapshot.status == Status::Running) {
            let due = self.memory.model().due_set(self.memory.keys().partition(&id));
            for open in view.open.iter().filter(|open| open.phase != Phase::Signal) {
                let member = format!("{}\u{1f}{}", id.0, open.slot);
                let entry = due.iter().find(|(name, _)| *name == member);
                prop_assert!(entry.is_some(), "nobody looks at {} of {}", open.slot, id.0);
                let last = open.lease_until_ms.unwrap_or(0).max(open.not_before_ms).max(self.now()) + LONGEST_MS;
                prop_assert!(entry.is_none_or(|(_, score)| *score <= last), "{entry:?} is later than {last}");
            }
        }
        Ok(())
    }

    /// Nothing is left behind for ever.
    async fn clean_up(&mut self) -> Result<(), TestCaseError> {
        for number in 0..5 {
            if let Some(view) = self.view(&id(number)).filter(|view| view.snapshot.status == Status::Running) {
                let seen = (view.snapshot.version, view.snapshot.revision);
                let transition = self.transition(&id(number), seen, None, &[], Some(Status::Aborted));
                self.commit(id(number), transition).await?;
            }
        }
        for partition in 0..PARTITIONS {
            for finished in self.both(|store| store.finished(partition, 0, 100)).await? {
                prop_assert!(self.both(|store| store.archive(&finished)).await?);
            }
            for function in FUNCTIONS {
                self.both(|store| store.take(partition, function, 1000)).await?;
            }
        }
        let mut left = Vec::new();
        for id in DEFINITIONS {
            if self.both(|store| store.definition(id)).await?.is_some() {
                left.push(format!("evc:{{test.definitions}}:{id}"));
            }
        }
        // A key for each partition, and one for the definitions, stay.
        let mut keys = self.target.keys();
        keys.retain(|key| !key.ends_with(":counted") && key != "evc:{test.definitions}:");
        prop_assert_eq!(keys, left);
        Ok(())
    }
}

fn check(target: &Target, cases: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let config = Config { cases, max_shrink_iters: 2000, failure_persistence: None, ..Config::default() };
    let cases = (any::<bool>(), vec(operation(), 1..80));
    let result = TestRunner::new(config).run(&cases, |(ready_lists, operations)| {
        target.everywhere(&["FLUSHALL"]);
        // Each time of the clock is a script of its own.
        target.everywhere(&["SCRIPT", "FLUSH"]);
        runtime.block_on(async {
            let mut case = Case::new(target, ready_lists);
            for operation in &operations {
                case.run(operation).await?;
            }
            case.compare().await?;
            case.clean_up().await
        })
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

/// How many cases, unless the environment says.
fn cases(default: u32) -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(default)
}

#[test]
fn redis_does_as_the_model_does() {
    check(&Target::Single(Server::start(Kind::Redis)), cases(200));
}

#[test]
fn valkey_does_as_the_model_does() {
    check(&Target::Single(Server::start(Kind::Valkey)), cases(60));
}

#[test]
fn a_cluster_does_as_the_model_does() {
    check(&Target::Cluster(Cluster::start(Kind::Redis)), cases(30));
}
