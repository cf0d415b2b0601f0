//! Runs random workflows as the engine on Redis would, for `tests/equivalence/run.py`.
//!
//!     workflow_equivalence CASES RESULTS
//!
//! Reads the cases that the driver made, carries each execution through, and writes a line of JSON for each. Work that is ready at
//! the same time is done in an order that the case's seed decides; waits take no time.

mod world;

use std::collections::BTreeMap;
use std::io::Write as _;

use evc_runtime::workflow::{
    Definition, Event, ExecutionId, Outcome, Phase, Record, Slot, Snapshot, Start, Status, Task, Transition, outcome,
    plan, start,
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

/// An execution under way, as a store would have it.
struct Running {
    id: ExecutionId,
    snapshot: Snapshot,
    records: BTreeMap<Slot, Record>,
}

/// More transitions than any case has.
const TRANSITIONS: usize = 100_000;

fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, cases, results] = arguments.as_slice() else { return Err("workflow_equivalence CASES RESULTS".into()) };
    let cases: Vec<Case> = serde_json::from_str(&std::fs::read_to_string(cases)?)?;
    let mut results = std::io::BufWriter::new(std::fs::File::create(results)?);
    for case in cases {
        let name = case.name.clone();
        let line = run(case).map_err(|error| format!("{name}: {error}"))?;
        writeln!(results, "{line}")?;
    }
    Ok(())
}

/// One execution, from its start to its end.
fn run(case: Case) -> Result<Value, Failed> {
    let definition = Definition::parse(&case.definition)?;
    let id = ExecutionId(case.execution);
    let mut world = World::new(case.outcomes);
    let mut random = case.seed;
    let now_ms = 1_790_000_000_000;
    let begun = start(&definition, &id, case.input, now_ms, case.seed)?;
    let mut running = Running::begin(id, begun, now_ms);
    let mut transitions = 0;
    while running.snapshot.status == Status::Running {
        transitions += 1;
        let open: Vec<Slot> = running.records.keys().copied().collect();
        let Some(&slot) = pick(&open, &mut random) else { return Err("it is stuck: nothing is under way".into()) };
        let Some(record) = running.records.get(&slot).cloned() else { continue };
        let event = done(slot, &record, &mut world)?;
        running.snapshot.now_ms += 1;
        let planned =
            plan(&definition, &running.id, &running.snapshot, Some((slot, record.seq)), event, case.seed + transitions)?;
        running.apply(planned.ok_or("the planner takes an open slot for a stale one")?);
        if usize::try_from(transitions)? > TRANSITIONS {
            return Err("it does not end".into());
        }
    }
    Ok(result(&case.name, outcome(&running.snapshot.state)?, &world))
}

/// What comes of a piece of work.
fn done(slot: Slot, record: &Record, world: &mut World) -> Result<Event, Failed> {
    if record.phase == Phase::Timer {
        return Ok(Event::TimerDue { slot });
    }
    let answer = match serde_json::from_slice(&record.payload)? {
        Task::Call(payload) => world.call(&record.function, &payload)?,
        Task::Publish(entry) => world.publish(entry)?,
    };
    Ok(match answer {
        Ok(output) => Event::Succeeded { slot, output, claimed_ms: 0 },
        Err((error, cause)) => Event::Failed { slot, error, cause: Some(cause), claimed_ms: 0 },
    })
}

impl Running {
    fn begin(id: ExecutionId, begun: Start, now_ms: u64) -> Self {
        let snapshot = Snapshot {
            status: Status::Running,
            version: 0,
            definition: begun.definition,
            state: Vec::new(),
            now_ms,
        };
        let mut running = Self { id, snapshot, records: BTreeMap::new() };
        running.apply(begun.transition);
        running
    }

    fn apply(&mut self, transition: Transition) {
        self.snapshot.version += 1;
        self.snapshot.state = transition.state;
        for (slot, record) in transition.records {
            match record {
                Some(record) => self.records.insert(slot, record),
                None => self.records.remove(&slot),
            };
        }
        if let Some(status) = transition.status {
            self.snapshot.status = status;
        }
    }
}

/// How it ended and what it did, as the other interpreters say it.
fn result(name: &str, outcome: Outcome, world: &World) -> Value {
    json!({
        "name": name,
        "status": outcome.status,
        "output": outcome.output,
        "error": outcome.error,
        "cause": outcome.cause,
        "log": world.log,
    })
}

/// One of several, by chance. The generator is splitmix64: <https://prng.di.unimi.it/splitmix64.c>
fn pick<'a, T>(from: &'a [T], random: &mut u64) -> Option<&'a T> {
    *random = random.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *random;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    from.get(usize::try_from(mixed % u64::try_from(from.len().max(1)).ok()?).ok()?)
}
