//! A model check: every interleaving of two workers and a sweeper over one execution, with the real planner and the store's model,
//! while workers die at every point, messages are lost, duplicated and reordered, handlers fail and leases end.
//!
//! The workflow fans out, joins, waits and goes on; if a branch fails for good, what was done is undone. In every state that can be
//! reached:
//!
//! - no fence commits twice, no attempt of a step runs twice, no step is dispatched twice for one attempt: the join fires once;
//! - an execution that failed has undone what was done, one that succeeded has undone nothing;
//! - if now all workers died and all messages were lost, a sweeper would bring the execution to its end.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "how much was gone through")]

use evc_runtime::serde_json::{self, Value, json};
use evc_runtime::workflow::protocol::TIMEOUT;
use evc_runtime::workflow::store::Keys;
use evc_runtime::workflow::store::memory::Model;
use evc_runtime::workflow::{
    Claim, Committed, Definition, Due, Event, ExecutionId, History, Slot, Snapshot, Started, Status, TaskRef,
    dispatches, plan, start,
};
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeSet, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::LazyLock;

const BEGINNING: u64 = 1_800_000_000_000;
const SEED: u64 = 7;

static DEFINITION: LazyLock<Definition> = LazyLock::new(|| {
    let call = |function: &str, more: Value| {
        let mut state = json!({
            "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": { "FunctionName": function, "Payload": { "input": {} } },
            "Output": "{% $states.result.Payload %}",
        });
        if let (Value::Object(state), Value::Object(more)) = (&mut state, more) {
            state.extend(more);
        }
        state
    };
    let retry =
        json!([{ "ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "MaxAttempts": 1, "JitterStrategy": "NONE" }]);
    let branch =
        |function: &str, more: Value| json!({ "StartAt": function, "States": { function: call(function, more) } });
    let machine = json!({
        "QueryLanguage": "JSONata", "TimeoutSeconds": 3600, "StartAt": "both",
        "States": {
            "both": {
                "Type": "Parallel",
                "Branches": [branch("a", json!({ "End": true })), branch("b", json!({ "End": true, "Retry": retry }))],
                "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "undo" }],
                "Output": {}, "Next": "pause",
            },
            "pause": { "Type": "Wait", "Seconds": 5, "Next": "after" },
            "after": call("after", json!({ "End": true, "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "undo" }] })),
            // It has to succeed: it is tried for as long as the execution may take.
            "undo": call("undo", json!({ "Next": "failed", "Retry": [
                { "ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 99, "JitterStrategy": "NONE" }
            ] })),
            "failed": { "Type": "Fail", "Error": "NotDone" },
        },
    });
    let leases = json!({ "a": 30, "b": 30, "after": 30, "undo": 30 });
    Definition::parse(&json!({ "evc": 1, "workflow": "w", "leases": leases, "machine": machine }).to_string())
        .expect("a definition")
});

fn execution() -> ExecutionId {
    ExecutionId::new("w", "one")
}

/// What a worker found out, and has not committed yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum What {
    Succeeded,
    Failed(&'static str),
    Timer,
    TimedOut,
    Cancelled,
}

#[derive(Debug, Clone)]
struct Found {
    fence: Option<(Slot, u64)>,
    what: What,
    snapshot: Snapshot,
}

#[derive(Debug, Clone)]
enum Worker {
    Idle,
    /// It claimed a piece of work, and has not run the handler.
    Claimed(TaskRef, Snapshot),
    /// It is about to commit.
    Commits(Found),
    /// It committed, and is about to send what follows.
    Sends(Vec<TaskRef>),
}

/// How often each kind of trouble may still come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Troubles {
    crashes: u8,
    duplicates: u8,
    losses: u8,
    failures: u8,
    cancels: u8,
    /// How often time may pass, each time to when something is due.
    ticks: u8,
}

/// The first is the sweeper's helper as well: what a sweep finds is carried by whoever swept.
#[derive(Debug, Clone)]
struct World {
    model: Model,
    now: u64,
    messages: BTreeSet<(Slot, u64, String)>,
    workers: Vec<Worker>,
    swept: Vec<Found>,
    left: Troubles,
    /// How many claims there were: each has an owner of its own.
    claims: u64,
    /// Of the past, for the laws.
    committed: BTreeSet<(Slot, u64)>,
    ran: BTreeSet<u64>,
    entered: BTreeSet<(String, String, u32)>,
    succeeded: BTreeSet<String>,
}

impl World {
    fn new(left: Troubles, workers: usize) -> Self {
        let mut model = Model::new(Keys::new("test").with_partitions(1), false);
        let first = start(&DEFINITION, &execution(), json!({}), BEGINNING, SEED).expect("a start");
        assert_eq!(model.start(&first, BEGINNING), Started::Now);
        let mut world = Self {
            model,
            now: BEGINNING,
            messages: BTreeSet::new(),
            workers: vec![Worker::Idle; workers],
            swept: Vec::new(),
            left,
            claims: 0,
            committed: BTreeSet::new(),
            ran: BTreeSet::new(),
            entered: BTreeSet::new(),
            succeeded: BTreeSet::new(),
        };
        world.record(&first.transition.history);
        world.send(&dispatches(&execution(), &first.transition).into_iter().map(|(task, _)| task).collect::<Vec<_>>());
        world
    }

    /// What the store holds, as far as the future and the laws go: not which of many owners claimed what, nor when what happened.
    fn stored(&self, hasher: &mut DefaultHasher) {
        let view = self.model.view(&execution(), self.now).expect("it is there");
        (self.now, view.snapshot.status, view.snapshot.version, view.snapshot.state).hash(hasher);
        for open in view.open {
            (open.slot, open.seq, open.phase, open.not_before_ms, open.sent).hash(hasher);
            (open.lease_until_ms, open.deadline_ms).hash(hasher);
        }
        (self.model.due_set(0), &self.entered, &self.succeeded).hash(hasher);
    }

    /// What tells this world from another. Which worker is which does not matter.
    fn key(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.stored(&mut hasher);
        (&self.messages, self.left, &self.committed, &self.ran).hash(&mut hasher);
        let found = |found: &Found| (found.fence, found.what.clone(), found.snapshot.version, found.snapshot.now_ms);
        let mut workers: Vec<_> = self
            .workers
            .iter()
            .map(|worker| match worker {
                Worker::Idle => (0, None, Vec::new(), None),
                Worker::Claimed(task, snapshot) => (
                    1,
                    Some((task.slot, task.seq)),
                    Vec::new(),
                    Some((None, What::Succeeded, snapshot.version, snapshot.now_ms)),
                ),
                Worker::Commits(one) => (2, None, Vec::new(), Some(found(one))),
                Worker::Sends(tasks) => (3, None, tasks.iter().map(|task| task.seq).collect(), None),
            })
            .collect();
        workers.sort();
        (workers, self.swept.iter().map(found).collect::<Vec<_>>()).hash(&mut hasher);
        hasher.finish()
    }

    fn send(&mut self, tasks: &[TaskRef]) {
        for task in tasks {
            self.messages.insert((task.slot, task.seq, task.function.clone()));
        }
    }

    /// The laws about what may happen once.
    fn record(&mut self, history: &[u8]) {
        for entry in serde_json::from_slice::<Vec<History>>(history).expect("history") {
            match entry {
                History::Dispatched { state, path, attempt, .. } => {
                    let first = self.entered.insert((state.clone(), path, attempt));
                    assert!(first, "{state} is dispatched twice for attempt {attempt}");
                }
                History::Succeeded { state, .. } => {
                    assert!(self.succeeded.insert(state.clone()), "{state} succeeds twice");
                }
                History::Ended { status, .. } => self.ended(status),
                _ => {}
            }
        }
    }

    /// The laws about how it ends.
    fn ended(&self, status: Status) {
        let undone = self.succeeded.contains("undo");
        match status {
            Status::Succeeded => {
                assert!(["a", "b", "after"].iter().all(|step| self.succeeded.contains(*step)), "{:?}", self.succeeded);
                assert!(self.entered.iter().all(|(state, ..)| state != "undo"), "it succeeds, and yet undoes");
            }
            Status::Failed => assert!(undone, "it fails, and does not undo"),
            _ => {}
        }
    }

    /// Claims; what the worker does next.
    fn claim(&mut self, task: TaskRef) -> Worker {
        self.claims += 1;
        let found = |what, snapshot| Worker::Commits(Found { fence: Some((task.slot, task.seq)), what, snapshot });
        match self.model.claim(&task, self.claims, self.now) {
            Claim::Claimed { snapshot, .. } => Worker::Claimed(task, snapshot),
            Claim::Timer(snapshot) => found(What::Timer, snapshot),
            Claim::Expired(snapshot) => found(What::Failed("Lambda.Unknown"), snapshot),
            Claim::Overdue(snapshot) => found(What::Failed("States.Timeout"), snapshot),
            Claim::Gone | Claim::Leased(_) | Claim::Early(_) => Worker::Idle,
        }
    }

    fn run(&mut self, task: &TaskRef, snapshot: Snapshot, what: What) -> Worker {
        assert!(self.ran.insert(task.seq), "an attempt runs twice");
        Worker::Commits(Found { fence: Some((task.slot, task.seq)), what, snapshot })
    }

    /// Plans and commits; what is to be done next.
    fn commit(&mut self, found: Found) -> Worker {
        let slot = found.fence.map_or(TIMEOUT, |(slot, _)| slot);
        let event = match found.what {
            What::Succeeded => Event::Succeeded { slot, output: json!({}), claimed_ms: 0 },
            What::Failed(error) => Event::Failed { slot, error: error.to_owned(), cause: None, claimed_ms: 0 },
            What::Timer => Event::TimerDue { slot },
            What::TimedOut => Event::TimedOut,
            What::Cancelled => Event::Cancelled { cause: None },
        };
        let planned = plan(&DEFINITION, &execution(), &found.snapshot, found.fence, event, SEED).expect("a plan");
        let Some(transition) = planned else { return Worker::Idle };
        let before = self.version();
        match self.model.commit(&execution(), &transition, self.now) {
            Committed::Done => {
                // The very same transition once more is done already: two find a timer due and plan the same.
                if self.version() > before {
                    if let Some(fence) = found.fence {
                        assert!(self.committed.insert(fence), "a fence commits twice");
                    }
                    self.record(&transition.history);
                }
                let tasks: Vec<_> = dispatches(&execution(), &transition).into_iter().map(|(task, _)| task).collect();
                if tasks.is_empty() { Worker::Idle } else { Worker::Sends(tasks) }
            }
            Committed::Conflict(snapshot) => Worker::Commits(Found { snapshot, ..found }),
            Committed::Stale => Worker::Idle,
        }
    }

    fn sweep(&mut self) {
        for due in self.model.due(0, 10, self.now) {
            let mut found = |task: &TaskRef, what, snapshot| {
                self.swept.push(Found { fence: Some((task.slot, task.seq)), what, snapshot });
            };
            match due {
                Due::Resend(task) => self.send(&[task]),
                Due::Lease(task, snapshot) => found(&task, What::Failed("Lambda.Unknown"), snapshot),
                Due::Deadline(task, snapshot) => found(&task, What::Failed("States.Timeout"), snapshot),
                Due::Timer(task, snapshot) => found(&task, What::Timer, snapshot),
                Due::Timeout(_, snapshot) => self.swept.push(Found { fence: None, what: What::TimedOut, snapshot }),
            }
        }
    }

    /// When something is due next.
    fn next_due(&self) -> Option<u64> {
        self.model.due_set(0).first().map(|(_, score)| (*score).max(self.now))
    }

    fn version(&self) -> u64 {
        self.model.load(&execution(), self.now).expect("it is there").version
    }

    fn status(&self) -> Status {
        self.model.load(&execution(), self.now).expect("it is there").status
    }

    /// All worlds that may come next.
    fn next(&self) -> Vec<Self> {
        let mut worlds = Vec::new();
        let mut may = |change: &dyn Fn(&mut Self)| {
            let mut world = self.clone();
            change(&mut world);
            worlds.push(world);
        };
        let left = self.left;
        for (number, worker) in self.workers.iter().enumerate() {
            match worker {
                Worker::Idle => {
                    for (slot, seq, function) in &self.messages {
                        let deliver = |world: &mut Self, again: bool| {
                            if !again {
                                world.messages.remove(&(*slot, *seq, function.clone()));
                            }
                            let task =
                                TaskRef { execution: execution(), slot: *slot, seq: *seq, function: function.clone() };
                            world.workers[number] = world.claim(task);
                        };
                        may(&|world| deliver(world, false));
                        if left.duplicates > 0 {
                            may(&|world| {
                                world.left.duplicates -= 1;
                                deliver(world, true);
                            });
                        }
                    }
                    continue;
                }
                Worker::Claimed(task, snapshot) => {
                    may(&|world| world.workers[number] = world.run(task, snapshot.clone(), What::Succeeded));
                    if left.failures > 0 {
                        may(&|world| {
                            world.left.failures -= 1;
                            world.workers[number] = world.run(task, snapshot.clone(), What::Failed("Declined"));
                        });
                    }
                }
                Worker::Commits(found) => may(&|world| world.workers[number] = world.commit(found.clone())),
                Worker::Sends(tasks) => may(&|world| {
                    world.send(tasks);
                    world.model.ack(tasks, world.now);
                    world.workers[number] = Worker::Idle;
                }),
            }
            if left.crashes > 0 {
                may(&|world| {
                    world.left.crashes -= 1;
                    world.workers[number] = Worker::Idle;
                });
            }
        }
        // What was swept is committed by the sweeper, one by one; it sends at once, or dies before.
        if let Some(found) = self.swept.first() {
            let carry = |world: &mut Self, sends: bool| {
                world.swept.remove(0);
                match world.commit(found.clone()) {
                    Worker::Sends(tasks) if sends => world.send(&tasks),
                    Worker::Commits(found) => world.swept.insert(0, found),
                    _ => {}
                }
            };
            may(&|world| carry(world, true));
            if left.crashes > 0 {
                may(&|world| {
                    world.left.crashes -= 1;
                    carry(world, false);
                    world.swept.clear();
                });
            }
        }
        if left.losses > 0 {
            for message in &self.messages {
                may(&|world| {
                    world.left.losses -= 1;
                    world.messages.remove(message);
                });
            }
        }
        if left.cancels > 0 {
            may(&|world| {
                world.left.cancels -= 1;
                let snapshot = world.model.load(&execution(), world.now).expect("it is there");
                world.swept.push(Found { fence: None, what: What::Cancelled, snapshot });
            });
        }
        match self.next_due() {
            Some(due) if due <= self.now && self.swept.is_empty() => may(&|world| world.sweep()),
            Some(due) if due > self.now && left.ticks > 0 => may(&|world| {
                world.left.ticks -= 1;
                world.now = due;
            }),
            _ => {}
        }
        worlds
    }

    /// All workers die and all messages are lost; then all goes well. It must end.
    fn ends(mut self) {
        self.messages.clear();
        self.swept.clear();
        for _ in 0..200 {
            if self.status() != Status::Running {
                return;
            }
            self.now = self.next_due().expect("somebody looks at it again");
            self.sweep();
            let mut found = std::mem::take(&mut self.swept);
            while let Some((slot, seq, function)) = self.messages.pop_first() {
                let task = TaskRef { execution: execution(), slot, seq, function };
                match self.claim(task) {
                    Worker::Claimed(task, snapshot) => {
                        if let Worker::Commits(one) = self.run(&task, snapshot, What::Succeeded) {
                            found.push(one);
                        }
                    }
                    Worker::Commits(one) => found.push(one),
                    _ => {}
                }
                while let Some(one) = found.pop() {
                    match self.commit(one) {
                        Worker::Commits(again) => found.push(again),
                        Worker::Sends(tasks) => self.send(&tasks),
                        _ => {}
                    }
                }
            }
            while let Some(one) = found.pop() {
                match self.commit(one) {
                    Worker::Commits(again) => found.push(again),
                    Worker::Sends(tasks) => self.send(&tasks),
                    _ => {}
                }
            }
        }
        panic!("it is stuck: {self:#?}");
    }
}

/// Goes through all worlds that can be reached.
fn explore(left: Troubles, workers: usize) -> (usize, usize, BTreeSet<String>) {
    let mut seen = HashSet::new();
    let mut models = HashSet::new();
    let mut ends = BTreeSet::new();
    let mut open = vec![World::new(left, workers)];
    while let Some(world) = open.pop() {
        if !seen.insert(world.key()) {
            continue;
        }
        let mut hasher = DefaultHasher::new();
        world.stored(&mut hasher);
        if models.insert(hasher.finish()) {
            world.clone().ends();
        }
        if world.status() == Status::Running {
            open.extend(world.next());
        } else {
            // What comes now finds it over.
            let view = world.model.view(&execution(), world.now).expect("it is there");
            assert_eq!(view.open, [], "the end leaves work behind");
            ends.insert(format!("{:?}", world.status()));
            for (slot, seq, function) in &world.messages {
                let task = TaskRef { execution: execution(), slot: *slot, seq: *seq, function: function.clone() };
                assert_eq!(world.model.clone().claim(&task, 99, world.now), Claim::Gone);
            }
            for worker in &world.workers {
                let mut over = world.clone();
                match worker {
                    Worker::Commits(found) => drop(over.commit(found.clone())),
                    Worker::Claimed(task, snapshot) => drop(over.run(task, snapshot.clone(), What::Succeeded)),
                    Worker::Idle | Worker::Sends(_) => {}
                }
                assert_eq!(over.status(), world.status());
            }
            assert_eq!(world.model.due_set(0), Vec::new(), "it is over, and yet due");
        }
    }
    (seen.len(), models.len(), ends)
}

fn check(left: Troubles, workers: usize, ends: &[&str]) {
    let (worlds, models, found) = explore(left, workers);
    println!("{left:?}, {workers} workers: {worlds} worlds, {models} states of the store, {found:?}");
    assert!(ends.iter().all(|end| found.contains(*end)), "not all ends were reached: {found:?}");
}

const NONE: Troubles = Troubles { crashes: 0, duplicates: 0, losses: 0, failures: 0, cancels: 0, ticks: 2 };

#[test]
fn without_trouble() {
    check(NONE, 2, &["Succeeded"]);
}

#[test]
fn with_a_death() {
    check(Troubles { crashes: 1, ticks: 4, ..NONE }, 2, &["Succeeded"]);
}

#[test]
fn with_failures() {
    check(Troubles { failures: 2, ticks: 2, ..NONE }, 2, &["Succeeded", "Failed"]);
}

#[test]
fn with_duplicates() {
    check(Troubles { duplicates: 2, ticks: 2, ..NONE }, 2, &["Succeeded"]);
}

#[test]
fn with_losses() {
    check(Troubles { losses: 2, ticks: 6, ..NONE }, 1, &["Succeeded"]);
}

#[test]
fn with_a_cancellation() {
    check(Troubles { cancels: 1, failures: 1, ticks: 2, ..NONE }, 2, &["Succeeded", "Failed", "Aborted"]);
}

#[test]
fn with_one_of_each() {
    let left = Troubles { crashes: 1, duplicates: 1, losses: 1, failures: 1, cancels: 1, ticks: 2 };
    check(left, 1, &["Succeeded", "Failed", "Aborted"]);
}
