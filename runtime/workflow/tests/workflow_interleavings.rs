//! A model check: every interleaving of two workers and a sweeper over one execution, with the real planner and the store's model,
//! while workers die at every point, messages are lost, duplicated and reordered, handlers fail and leases end.
//!
//! The workflow fans out, joins, waits and goes on; if a branch fails for good, what was done is undone. In every state that can be
//! reached:
//!
//! - no fence commits twice, no attempt of a step runs twice, no step is dispatched twice for one attempt: the join fires once;
//! - an execution that failed has undone what was done, one that succeeded has undone nothing;
//! - a transition is applied to the very state that it was planned from;
//! - if now all workers died and all messages were lost, a sweeper would bring the execution to its end.
//!
//! The store may fail over: it forgets all since some earlier moment, while workers and messages stay as they are. That moment may be
//! before the start, which is then made once more. Who is shown that an execution's time is over ends no other run of it: one ends
//! by its time when that is over.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "how much was gone through")]

use evc_workflow::protocol::{Phase, TIMEOUT};
use evc_workflow::store::Keys;
use evc_workflow::store::memory::Model;
use evc_workflow::{
    Chance, Claim, Committed, Definition, Due, Event, ExecutionId, History, Slot, Snapshot, Start, Started, Status,
    TaskRef, Transition, dispatches, is_outdated, plan, start, waits,
};
use serde_json::{Value, json};
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeSet, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::LazyLock;

const BEGINNING: u64 = 1_800_000_000_000;

/// What chance decides in a history of the store: no two histories draw the same.
fn chance(history: u64) -> Chance {
    Chance::fixed(7 + history)
}

/// A state that calls a function.
fn call(function: &str, more: Value) -> Value {
    let mut state = json!({
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": { "FunctionName": function, "Payload": { "input": {} } },
        "Output": "{% $states.result.Payload %}",
    });
    if let (Value::Object(state), Value::Object(more)) = (&mut state, more) {
        state.extend(more);
    }
    state
}

fn define(states: &Value) -> Definition {
    define_with(3600, states)
}

fn define_with(timeout: u64, states: &Value) -> Definition {
    let leases = json!({ "a": 30, "b": 30, "both": 30, "after": 30, "undo": 30 });
    let machine = json!({ "QueryLanguage": "JSONata", "TimeoutSeconds": timeout, "StartAt": "both", "States": states });
    Definition::parse(&json!({ "evc": 1, "workflow": "w", "leases": leases, "machine": machine }).to_string())
        .expect("a definition")
}

/// What is carried, and what must have been done at its end.
struct Workflow {
    definition: Definition,
    succeeded: fn(&BTreeSet<String>),
    failed: fn(&BTreeSet<String>),
}

/// Fans out, joins, waits and goes on; if something fails for good, it is undone.
static UNDONE: LazyLock<Workflow> = LazyLock::new(|| {
    let retry =
        json!([{ "ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "MaxAttempts": 1, "JitterStrategy": "NONE" }]);
    let branch =
        |function: &str, more: Value| json!({ "StartAt": function, "States": { function: call(function, more) } });
    let definition = define(&json!({
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
    }));
    let succeeded = |done: &BTreeSet<String>| {
        assert!(["a", "b", "after"].iter().all(|step| done.contains(*step)), "{done:?}");
        assert!(!done.contains("undo"), "it succeeds, and yet undoes");
    };
    let failed = |done: &BTreeSet<String>| assert!(done.contains("undo"), "it fails, and does not undo");
    Workflow { definition, succeeded, failed }
});

/// Goes one way or the other by what `a` comes to, beside `b`: so that two histories of the store may differ.
static FORK: LazyLock<Workflow> = LazyLock::new(|| {
    let a = call("a", json!({ "Next": "after", "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "undo" }] }));
    let (after, undo) = (call("after", json!({ "End": true })), call("undo", json!({ "End": true })));
    let definition = define(&json!({
        "both": {
            "Type": "Parallel", "End": true,
            "Branches": [
                { "StartAt": "a", "States": { "a": a, "after": after, "undo": undo } },
                { "StartAt": "b", "States": { "b": call("b", json!({ "End": true })) } },
            ],
        },
    }));
    let succeeded = |done: &BTreeSet<String>| {
        assert!(done.contains("b"), "{done:?}");
        assert_eq!((done.contains("a"), done.contains("a")), (done.contains("after"), !done.contains("undo")));
    };
    Workflow { definition, succeeded, failed: |_| {} }
});

/// Asks, and goes one way or the other by what it is answered, if it is.
static ASKED: LazyLock<Workflow> = LazyLock::new(|| {
    let asks = json!({
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "TimeoutSeconds": 90, "Output": {}, "Next": "after",
        "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "undo" }],
    });
    let definition = define(&json!({
        "both": call("both", asks), "after": call("after", json!({ "End": true })), "undo": call("undo", json!({ "End": true })),
    }));
    let succeeded = |done: &BTreeSet<String>| {
        assert_eq!((done.contains("both"), !done.contains("both")), (done.contains("after"), done.contains("undo")));
    };
    Workflow { definition, succeeded, failed: |_| {} }
});

/// Calls a function, and has little time for it.
static TIMED: LazyLock<Workflow> = LazyLock::new(|| {
    let definition = define_with(5, &json!({ "both": call("both", json!({ "End": true })) }));
    let succeeded = |done: &BTreeSet<String>| assert!(done.contains("both"), "{done:?}");
    Workflow { definition, succeeded, failed: |_| {} }
});

fn execution() -> ExecutionId {
    ExecutionId::new("w", "one")
}

/// What a worker found out, and has not committed yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum What {
    Succeeded,
    Signalled,
    Failed(&'static str),
    Timer,
    TimedOut,
    Cancelled,
}

#[derive(Debug, Clone)]
struct Found {
    fence: Option<(Slot, u64)>,
    /// The function that ran.
    ran: Option<String>,
    what: What,
    snapshot: Snapshot,
}

#[derive(Debug, Clone)]
enum Worker {
    Idle,
    /// It claimed a piece of work, in this history of the store, and has not run the handler.
    Claimed(TaskRef, Snapshot, u64),
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
    failovers: u8,
    /// How often the replica may catch up with all that there is; until then it has the beginning.
    catches_up: u8,
    /// How often the replica may have nothing at all, so that the execution is started again.
    restarts: u8,
    /// How often an execution that did not end well may be retried.
    retries: u8,
    /// How often who waits for a signal may be answered.
    signals: u8,
    /// How often time may pass, each time to when something is due.
    ticks: u8,
}

/// The first is the sweeper's helper as well: what a sweep finds is carried by whoever swept.
#[derive(Clone)]
struct World {
    workflow: &'static Workflow,
    model: Model,
    /// What a replica has of it.
    replica: Box<(Model, Past)>,
    /// Counts failovers.
    history: u64,
    now: u64,
    messages: BTreeSet<(Slot, u64, String)>,
    workers: Vec<Worker>,
    swept: Vec<Found>,
    left: Troubles,
    /// How many claims there were: each has an owner of its own.
    claims: u64,
    past: Past,
}

/// What happened, for the laws. What a failover forgets has not happened; what was done then is done again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Past {
    committed: BTreeSet<(Slot, u64)>,
    /// The work of functions that handed their token on; its fence is that of the wait.
    handed_on: BTreeSet<(Slot, u64)>,
    /// By the history in which it was claimed: what a failover forgets may be claimed, and run, again.
    ran: BTreeSet<(u64, u64)>,
    entered: BTreeSet<(String, String, u32)>,
    succeeded: BTreeSet<String>,
    /// When the time of the execution began.
    began: u64,
}

impl World {
    fn new(workflow: &'static Workflow, left: Troubles, workers: usize) -> Self {
        let mut model = Model::new(Keys::new("test").with_partitions(1), false);
        let (first, past) = begin(workflow, &mut model, BEGINNING, 0);
        let mut world = Self {
            workflow,
            replica: Box::new((model.clone(), Past::default())),
            model,
            history: 0,
            now: BEGINNING,
            messages: BTreeSet::new(),
            workers: vec![Worker::Idle; workers],
            swept: Vec::new(),
            left,
            claims: 0,
            past,
        };
        world.record(&first.transition.history, None);
        world.replica.1 = world.past.clone();
        world.send(&dispatches(&execution(), &first.transition).into_iter().map(|(task, _)| task).collect::<Vec<_>>());
        world
    }

    /// What the store holds, as far as the future and the laws go: not which of many owners claimed what, nor when what happened.
    fn stored(&self, hasher: &mut DefaultHasher) {
        self.now.hash(hasher);
        hash_model(&self.model, self.now, hasher);
        (&self.past.entered, &self.past.succeeded, self.past.began).hash(hasher);
    }

    /// What tells this world from another. Which worker is which does not matter.
    fn key(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.stored(&mut hasher);
        (&self.messages, self.left, self.history, &self.past.committed, &self.past.handed_on, &self.past.ran)
            .hash(&mut hasher);
        let (replica, past) = &*self.replica;
        (past, replica.load(&execution(), 0).map(|snapshot| snapshot.revision), replica.due_set(0)).hash(&mut hasher);
        let of = |snapshot: &Snapshot| (snapshot.version, snapshot.revision, snapshot.now_ms);
        let found = |found: &Found| (found.fence, found.what.clone(), of(&found.snapshot));
        let mut workers: Vec<_> = self
            .workers
            .iter()
            .map(|worker| match worker {
                Worker::Idle => (0, None, Vec::new(), None),
                Worker::Claimed(task, snapshot, _) => {
                    (1, Some((task.slot, task.seq)), Vec::new(), Some((None, What::Succeeded, of(snapshot))))
                }
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
    fn record(&mut self, history: &[u8], ran: Option<&str>) {
        let history = serde_json::from_slice::<Vec<History>>(history).expect("history");
        let ended = history.iter().find_map(|entry| match entry {
            History::Succeeded { state, .. } | History::Failed { state, .. } => Some(state.as_str()),
            _ => None,
        });
        if let Some((ran, ended)) = ran.zip(ended) {
            assert_eq!(ended, ran, "a step ends by what another's function did");
        }
        for entry in history {
            match entry {
                History::Dispatched { state, path, attempt, .. } => {
                    let first = self.past.entered.insert((state.clone(), path, attempt));
                    assert!(first, "{state} is dispatched twice for attempt {attempt}");
                }
                History::Succeeded { state, .. } => {
                    assert!(self.past.succeeded.insert(state.clone()), "{state} succeeds twice");
                }
                History::Ended { status, .. } => self.ended(status),
                _ => {}
            }
        }
    }

    /// The laws about fences: each ends once what it stands for, which is a function's work, and then the wait for who has its token.
    fn fenced(&mut self, found: &Found, transition: &Transition) {
        let Some(fence) = found.fence else { return };
        let waits = transition.records.iter().any(|(slot, record)| {
            record.as_ref().is_some_and(|record| (*slot, record.seq) == fence && record.phase == Phase::Signal)
        });
        if waits {
            assert!(self.past.handed_on.insert(fence), "a token is handed on twice");
            return;
        }
        if self.past.handed_on.contains(&fence) {
            let ends = matches!(found.what, What::Signalled | What::Failed("States.Timeout"));
            assert!(ends, "a wait is ended by {:?} of its function", found.what);
        }
        assert!(self.past.committed.insert(fence), "a fence commits twice");
    }

    /// The laws about how it ends.
    fn ended(&self, status: Status) {
        match status {
            Status::TimedOut => {
                let until = self.past.began + self.workflow.definition.timeout_ms();
                assert!(self.now >= until, "its time ends before it is over");
            }
            Status::Succeeded => (self.workflow.succeeded)(&self.past.succeeded),
            Status::Failed => (self.workflow.failed)(&self.past.succeeded),
            _ => {}
        }
    }

    /// Claims; what the worker does next.
    fn claim(&mut self, task: TaskRef) -> Worker {
        self.claims += 1;
        let found =
            |what, snapshot| Worker::Commits(Found { fence: Some((task.slot, task.seq)), ran: None, what, snapshot });
        match self.model.claim(&task, self.claims, self.now) {
            Claim::Claimed { snapshot, .. } => Worker::Claimed(task, snapshot, self.history),
            Claim::Timer(snapshot) => found(What::Timer, snapshot),
            Claim::Expired(snapshot) => found(What::Failed("Lambda.Unknown"), snapshot),
            Claim::Overdue(snapshot) => found(What::Failed("States.Timeout"), snapshot),
            Claim::Gone | Claim::Leased(_) | Claim::Early(_) => Worker::Idle,
        }
    }

    fn run(&mut self, task: &TaskRef, (snapshot, history): (Snapshot, u64), what: What) -> Worker {
        assert!(self.past.ran.insert((history, task.seq)), "an attempt runs twice");
        let ran = Some(task.function.clone());
        Worker::Commits(Found { fence: Some((task.slot, task.seq)), ran, what, snapshot })
    }

    /// Plans and commits; what is to be done next.
    fn commit(&mut self, found: Found) -> Worker {
        let slot = found.fence.map_or(TIMEOUT, |(slot, _)| slot);
        let event = match found.what {
            What::Succeeded => Event::Succeeded { slot, output: json!({}), claimed_ms: 0 },
            What::Signalled => Event::Signalled { slot, output: json!({}) },
            What::Failed(error) => Event::Failed { slot, error: error.to_owned(), cause: None, claimed_ms: 0 },
            What::Timer => Event::TimerDue { slot },
            What::TimedOut => Event::TimedOut,
            What::Cancelled => Event::Cancelled { cause: None },
        };
        let planned = plan(
            &self.workflow.definition,
            &execution(),
            &found.snapshot,
            found.fence,
            event.clone(),
            chance(self.history),
        );
        let Some(transition) = planned.expect("a plan") else { return Worker::Idle };
        let before = self.model.load(&execution(), self.now).expect("it is there");
        match self.model.commit(&execution(), &transition, self.now) {
            Committed::Done => {
                // The very same transition once more is done already: two find a timer due and plan the same.
                if self.version() > before.version {
                    assert_eq!(
                        found.snapshot.state, before.state,
                        "it is applied to another state than it was planned from"
                    );
                    self.fenced(&found, &transition);
                    self.record(&transition.history, found.ran.as_deref());
                }
                let tasks: Vec<_> = dispatches(&execution(), &transition).into_iter().map(|(task, _)| task).collect();
                if tasks.is_empty() { Worker::Idle } else { Worker::Sends(tasks) }
            }
            Committed::Conflict(now) if is_outdated(&event, &found.snapshot, &now).expect("states") => Worker::Idle,
            Committed::Conflict(snapshot) => Worker::Commits(Found { snapshot, ..found }),
            Committed::Stale => Worker::Idle,
        }
    }

    fn sweep(&mut self) {
        for due in self.model.due(0, 10, self.now) {
            let mut found = |task: &TaskRef, what, snapshot| {
                self.swept.push(Found { fence: Some((task.slot, task.seq)), ran: None, what, snapshot });
            };
            match due {
                Due::Resend(task) => self.send(&[task]),
                Due::Lease(task, snapshot) => found(&task, What::Failed("Lambda.Unknown"), snapshot),
                Due::Deadline(task, snapshot) => found(&task, What::Failed("States.Timeout"), snapshot),
                Due::Timer(task, snapshot) => found(&task, What::Timer, snapshot),
                Due::Timeout(_, snapshot) => {
                    self.swept.push(Found { fence: None, ran: None, what: What::TimedOut, snapshot });
                }
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
                Worker::Claimed(task, snapshot, history) => {
                    let claimed = || (snapshot.clone(), *history);
                    may(&|world| world.workers[number] = world.run(task, claimed(), What::Succeeded));
                    if left.failures > 0 {
                        may(&|world| {
                            world.left.failures -= 1;
                            world.workers[number] = world.run(task, claimed(), What::Failed("Declined"));
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
                world.swept.push(Found { fence: None, ran: None, what: What::Cancelled, snapshot });
            });
        }
        if left.signals > 0 {
            let snapshot = self.model.load(&execution(), self.now).expect("it is there");
            for wait in waits(&self.workflow.definition, &snapshot).expect("a state") {
                may(&|world| {
                    world.left.signals -= 1;
                    let (fence, snapshot) = (Some((wait.slot, wait.seq)), snapshot.clone());
                    world.swept.push(Found { fence, ran: None, what: What::Signalled, snapshot });
                });
            }
        }
        if left.catches_up > 0 {
            may(&|world| {
                world.left.catches_up -= 1;
                *world.replica = (world.model.clone(), world.past.clone());
            });
        }
        // A replica takes the store's place.
        if left.failovers > 0 {
            may(&|world| {
                world.left.failovers -= 1;
                world.history += 1;
                (world.model, world.past) = (*world.replica).clone();
            });
        }
        // One takes it that has nothing at all, and whoever started the execution starts it again.
        if left.restarts > 0 {
            may(&|world| {
                world.left.restarts -= 1;
                world.history += 1;
                world.model = Model::new(Keys::new("test").with_partitions(1), false);
                let (first, past) = begin(world.workflow, &mut world.model, world.now, world.history);
                world.past = past;
                world.record(&first.transition.history, None);
                let sent = dispatches(&execution(), &first.transition).into_iter().map(|(task, _)| task);
                world.send(&sent.collect::<Vec<_>>());
                *world.replica = (world.model.clone(), world.past.clone());
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

    /// Lets an execution that did not end well go on.
    fn retry(&mut self) {
        self.left.retries -= 1;
        let snapshot = self.model.load(&execution(), self.now).expect("it is there");
        let (definition, chance) = (&self.workflow.definition, chance(self.history));
        let planned = plan(definition, &execution(), &snapshot, None, Event::Retried, chance).expect("a plan");
        let transition = planned.expect("it is over");
        assert_eq!(self.model.commit(&execution(), &transition, self.now), Committed::Done);
        self.past.began = self.now;
        // What is entered anew is dispatched anew.
        self.past.entered.clear();
        self.record(&transition.history, None);
        self.send(&dispatches(&execution(), &transition).into_iter().map(|(task, _)| task).collect::<Vec<_>>());
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
                    Worker::Claimed(task, snapshot, history) => {
                        if let Worker::Commits(one) = self.run(&task, (snapshot, history), What::Succeeded) {
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
        panic!("it is stuck: {:#?}", self.model);
    }
}

/// Starts the execution.
fn begin(workflow: &Workflow, model: &mut Model, now: u64, history: u64) -> (Start, Past) {
    let first = start(&workflow.definition, &execution(), json!({}), now, chance(history)).expect("a start");
    assert_eq!(model.start(&first, now), Started::Now);
    (first, Past { began: now, ..Past::default() })
}

/// What a store holds, as far as the future goes.
fn hash_model(model: &Model, now: u64, hasher: &mut DefaultHasher) {
    let view = model.view(&execution(), now).expect("it is there");
    (view.snapshot.status, view.snapshot.version, view.snapshot.revision, view.snapshot.state).hash(hasher);
    for open in view.open {
        (open.slot, open.seq, open.phase, open.not_before_ms, open.sent).hash(hasher);
        (open.lease_until_ms, open.deadline_ms).hash(hasher);
    }
    model.due_set(0).hash(hasher);
}

/// Goes through all worlds that can be reached.
fn explore(workflow: &'static Workflow, left: Troubles, workers: usize) -> (usize, usize, BTreeSet<String>) {
    let mut seen = HashSet::new();
    let mut models = HashSet::new();
    let mut ends = BTreeSet::new();
    let mut open = vec![World::new(workflow, left, workers)];
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
                    Worker::Claimed(task, snapshot, history) => {
                        drop(over.run(task, (snapshot.clone(), *history), What::Succeeded));
                    }
                    Worker::Idle | Worker::Sends(_) => {}
                }
                assert_eq!(over.status(), world.status());
            }
            assert_eq!(world.model.due_set(0), Vec::new(), "it is over, and yet due");
            if world.left.retries > 0 && world.status() != Status::Succeeded {
                let mut retried = world.clone();
                retried.retry();
                open.push(retried);
            }
            if world.left.retries > 0 {
                open.extend(world.next());
            }
        }
    }
    (seen.len(), models.len(), ends)
}

fn check(left: Troubles, workers: usize, ends: &[&str]) {
    check_of(&UNDONE, left, workers, ends);
}

fn check_of(workflow: &'static Workflow, left: Troubles, workers: usize, ends: &[&str]) {
    let (worlds, models, found) = explore(workflow, left, workers);
    println!("{left:?}, {workers} workers: {worlds} worlds, {models} states of the store, {found:?}");
    assert!(ends.iter().all(|end| found.contains(*end)), "not all ends were reached: {found:?}");
}

const NONE: Troubles = Troubles {
    crashes: 0,
    duplicates: 0,
    losses: 0,
    failures: 0,
    cancels: 0,
    failovers: 0,
    catches_up: 0,
    restarts: 0,
    retries: 0,
    signals: 0,
    ticks: 2,
};

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
fn with_a_failover() {
    // A handler may fail in one history of the store and not in the other.
    check_of(&FORK, Troubles { failovers: 1, failures: 1, ticks: 1, ..NONE }, 2, &["Succeeded", "Failed"]);
}

#[test]
fn with_a_wait_for_a_signal() {
    let left = Troubles { crashes: 1, duplicates: 1, failures: 1, signals: 1, ticks: 3, ..NONE };
    check_of(&ASKED, left, 2, &["Succeeded"]);
}

#[test]
fn with_a_failover_around_a_wait_for_a_signal() {
    let left = Troubles { failovers: 1, failures: 1, signals: 1, ticks: 2, ..NONE };
    check_of(&ASKED, left, 2, &["Succeeded"]);
}

#[test]
fn with_a_failover_around_a_retry() {
    let left = Troubles { catches_up: 1, failovers: 1, retries: 2, ..NONE };
    check_of(&TIMED, left, 1, &["Succeeded", "TimedOut"]);
}

#[test]
fn with_a_start_that_is_lost() {
    check_of(&TIMED, Troubles { restarts: 1, ..NONE }, 1, &["Succeeded", "TimedOut"]);
}

#[test]
fn with_one_of_each() {
    let left = Troubles { crashes: 1, duplicates: 1, losses: 1, failures: 1, cancels: 1, ..NONE };
    check(left, 1, &["Succeeded", "Failed", "Aborted"]);
}
