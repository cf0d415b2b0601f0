//! Runs random workflows as the engine on Redis does, for `tests/equivalence/run.py`.
//!
//!     workflow_equivalence REDIS_URL CASES RESULTS
//!
//! Reads the cases that the driver made, carries each execution through, and writes a line of JSON for each. Work that is ready at
//! the same time is done in an order that the case's seed decides; waits take no time.

mod world;

use std::collections::BTreeMap;
use std::io::Write as _;

use evc_workflow::store::{Redis, Store};
use evc_workflow::{
    Chance, Claim, Committed, Definition, Event, ExecutionId, Outcome, Slot, Snapshot, Started, Status, Task, TaskRef,
    Transition, dispatches, outcome, plan, start,
};
use serde::Deserialize;
use serde_json::{Value, json};
use world::{Outcomes, World};

/// What went wrong with the run itself.
type Failed = Box<dyn std::error::Error>;

/// One execution to be.
#[derive(Deserialize)]
struct Case {
    seed: u64,
    name: String,
    execution: String,
    input: Value,
    outcomes: Outcomes,
    definition: String,
}

/// An execution under way.
struct Running<'s> {
    store: &'s dyn Store,
    definition: Definition,
    id: ExecutionId,
    open: BTreeMap<Slot, TaskRef>,
    world: World,
    random: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, url, cases, results] = arguments.as_slice() else {
        return Err("workflow_equivalence REDIS_URL CASES RESULTS".into());
    };
    let store = Redis::open(url, "equivalence")?;
    let cases: Vec<Case> = serde_json::from_str(&std::fs::read_to_string(cases)?)?;
    let mut results = std::io::BufWriter::new(std::fs::File::create(results)?);
    for case in cases {
        let name = case.name.clone();
        let line = run(&store, case).await.map_err(|error| format!("{name}: {error}"))?;
        writeln!(results, "{line}")?;
    }
    Ok(())
}

/// One execution, from its start to its end.
async fn run(store: &dyn Store, case: Case) -> Result<Value, Failed> {
    let definition = Definition::parse(&case.definition)?;
    store.put_definition(definition.id(), &case.definition).await?;
    let id = ExecutionId(case.execution);
    let mut start = start(&definition, &id, case.input, 1_790_000_000_000, Chance::fixed(case.seed))?;
    hurry(&mut start.transition);
    if store.start(&start).await? != Started::Now {
        return Err("it has been started before".into());
    }
    let open = BTreeMap::new();
    let mut running = Running { store, definition, id, open, world: World::new(case.outcomes), random: case.seed };
    running.follow(&start.transition);
    while running.step().await? {}
    let ended = store.load(&running.id).await?.ok_or("it is gone")?;
    Ok(result(&case.name, &outcome(&ended.state)?, &running.world))
}

impl Running<'_> {
    /// Does one piece of work; false when there is none.
    async fn step(&mut self) -> Result<bool, Failed> {
        let open: Vec<Slot> = self.open.keys().copied().collect();
        let random = self.draw();
        let Some(&slot) = open.get(usize::try_from(random % open.len().max(1) as u64)?) else { return Ok(false) };
        let Some(task) = self.open.remove(&slot) else { return Ok(false) };
        let (snapshot, event) = match self.store.claim(&task, random).await? {
            Claim::Claimed { snapshot, payload, .. } => {
                let answer = match serde_json::from_slice(&payload)? {
                    Task::Call(payload) => self.world.call(&task.function, &payload)?,
                    Task::Publish(entry) => self.world.publish(entry)?,
                };
                let event = match answer {
                    Ok(output) => Event::Succeeded { slot, output, claimed_ms: snapshot.now_ms },
                    Err((error, cause)) => {
                        Event::Failed { slot, error, cause: Some(cause), claimed_ms: snapshot.now_ms }
                    }
                };
                (snapshot, event)
            }
            Claim::Timer(snapshot) => (snapshot, Event::TimerDue { slot }),
            // Another branch has failed meanwhile.
            Claim::Gone => return Ok(true),
            other => return Err(format!("unexpected claim: {other:?}").into()),
        };
        self.commit(&task, snapshot, event).await
    }

    async fn commit(&mut self, task: &TaskRef, snapshot: Snapshot, event: Event) -> Result<bool, Failed> {
        let (fence, seed) = (Some((task.slot, task.seq)), self.draw());
        let planned = plan(&self.definition, &self.id, &snapshot, fence, event, Chance::fixed(seed))?;
        let mut transition = planned.ok_or("the planner takes what was claimed for stale")?;
        hurry(&mut transition);
        match self.store.commit(&self.id, &transition).await? {
            Committed::Done => self.follow(&transition),
            other => return Err(format!("unexpected commit: {other:?}").into()),
        }
        Ok(transition.status.is_none_or(|status| status == Status::Running))
    }

    /// Notes what a transition ordered.
    fn follow(&mut self, transition: &Transition) {
        self.open.extend(dispatches(&self.id, transition).into_iter().map(|(task, _)| (task.slot, task)));
    }

    /// A number by chance: splitmix64, <https://prng.di.unimi.it/splitmix64.c>.
    fn draw(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// Lets waits and the pauses before retries take no time.
fn hurry(transition: &mut Transition) {
    for (_, record) in &mut transition.records {
        if let Some(record) = record {
            (record.delay_ms, record.at_ms) = (0, None);
        }
    }
}

/// How it ended and what it did, as the other interpreters say it.
fn result(name: &str, outcome: &Outcome, world: &World) -> Value {
    json!({
        "name": name,
        "status": outcome.status,
        "output": outcome.output,
        "error": outcome.error,
        "cause": outcome.cause,
        "log": world.log,
    })
}
