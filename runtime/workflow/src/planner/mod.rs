//! The planner: from a definition, a state and what happened, to the next state and what is to be done.
//!
//! A pure function: no I/O, no clock, no chance: the time and a [`Chance`] are given. It carries a machine as the specification of Amazon
//! States Language says, in the subset that evc writes. Every engine, test and tool that moves an execution uses it.
//!
//! <https://states-language.net/spec.html>,
//! <https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html>

mod dispatch;
mod errors;
mod inner;
mod resume;
mod run;
mod scope;
#[cfg(test)]
mod tests;
mod waits;

pub use waits::{Waiting, waits};

use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use evc_interface::error::states;
use serde_json::Value;
use sha2::{Digest, Sha256};

use self::errors::Failure;
use self::run::Flow;
use super::definition::Definition;
use super::expression::{Patience, Spent};
use super::protocol::{
    ExecutionId, History, Phase, Record, Slot, Snapshot, Start, Status, TIMEOUT, TaskRef, Transition, fencing_token,
    work_number,
};
use super::state::{Ended, Scope, State};
use super::store::MAX_RECORDS;
use crate::limits::WORKFLOW_TRANSITIONS;
use crate::{Error, Kind, hash};

/// What a revision is made of beside the seed: no count of work.
const REVISION: u64 = u64::MAX;

/// What tells runs of an execution apart is made of this and of the run before, beside the seed: no count of work either.
const RUN: u64 = 1 << 63;

/// The most bytes that the history of one transition takes; a transition of 1,000 pieces of work would have more.
const HISTORY_BYTES: usize = 32 * 1024;

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Work was done.
    Succeeded {
        /// Its slot.
        slot: Slot,
        /// What it gave: a function's answer, or that of `PutEvents`.
        output: Value,
        /// When a worker claimed it, milliseconds since 1970.
        claimed_ms: u64,
    },
    /// Work failed.
    Failed {
        /// Its slot.
        slot: Slot,
        /// The error's name.
        error: String,
        /// Why: for a function's error, JSON with `errorType` and `errorMessage`, as Lambda gives it.
        cause: Option<String>,
        /// When a worker claimed it, milliseconds since 1970; 0 if nobody did.
        claimed_ms: u64,
    },
    /// Who had a token sent a result. It counts only where a step waits for one.
    Signalled {
        /// The slot that waits for it.
        slot: Slot,
        /// The result.
        output: Value,
    },
    /// Who had a token sent an error. It counts only where a step waits for a result.
    SignalFailed {
        /// The slot that waits for it.
        slot: Slot,
        /// The error's name.
        error: String,
        /// Why.
        cause: Option<String>,
    },
    /// The time that a slot waits for has come.
    TimerDue {
        /// Its slot.
        slot: Slot,
    },
    /// The execution has taken longer than its workflow allows.
    TimedOut,
    /// Somebody does not want it any more.
    Cancelled {
        /// Why.
        cause: Option<String>,
    },
    /// An execution that did not end well is to go on where it stopped.
    Retried,
}

impl Event {
    /// The slot that it is about, if it is about one.
    pub fn slot(&self) -> Option<Slot> {
        match self {
            Self::Succeeded { slot, .. }
            | Self::Failed { slot, .. }
            | Self::Signalled { slot, .. }
            | Self::SignalFailed { slot, .. }
            | Self::TimerDue { slot } => Some(*slot),
            Self::TimedOut | Self::Cancelled { .. } | Self::Retried => None,
        }
    }
}

/// Why there is no plan.
#[derive(Debug)]
pub(super) enum Unplanned {
    /// There was too little time for it.
    Late,
    Failed(Error),
}

impl From<Error> for Unplanned {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<Unplanned> for Error {
    fn from(unplanned: Unplanned) -> Self {
        match unplanned {
            Unplanned::Late => Self::new(Kind::Timeout, "there was no time to plan"),
            Unplanned::Failed(error) => error,
        }
    }
}

/// What chance decides in a transition.
#[derive(Clone, Copy)]
pub struct Chance {
    /// A number that no other transition is planned with: it makes jitter, random values of expressions, fencing tokens, revisions.
    pub seed: u64,
    /// What only the process that plans knows: it makes the tokens of waits unguessable. Random, and the same for all its transitions.
    pub key: [u8; 32],
}

impl Chance {
    /// As this seed decides it; its tokens can be computed.
    pub fn fixed(seed: u64) -> Self {
        Self { seed, key: [0; 32] }
    }

    /// A number made of seed and key: who has seen it cannot tell those of other transitions.
    fn secret_number(&self, of: &[u64]) -> u64 {
        let mut hash = Sha256::new_with_prefix(self.key).chain_update(self.seed.to_be_bytes());
        for part in of {
            hash.update(part.to_be_bytes());
        }
        hash.finalize().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// Another number made of the seed alone.
    fn number(&self, what: u64) -> u64 {
        hash::mix(self.seed ^ hash::mix(what))
    }
}

/// Keys do not get into logs.
impl fmt::Debug for Chance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chance").field("seed", &self.seed).finish_non_exhaustive()
    }
}

/// Begins an execution. `now_ms` is the time that its expressions see as its start.
pub fn start(
    definition: &Definition,
    execution: &ExecutionId,
    input: Value,
    now_ms: u64,
    chance: Chance,
) -> Result<Start, Error> {
    Ok(start_within(definition, execution, input, now_ms, chance, Patience::default())?)
}

/// The same, where its expressions may take so long.
pub(super) fn start_within(
    definition: &Definition,
    execution: &ExecutionId,
    input: Value,
    now_ms: u64,
    chance: Chance,
    patience: Patience,
) -> Result<Start, Unplanned> {
    let mut state = State {
        started_ms: now_ms,
        entered_ms: 0,
        seq: 0,
        slots: Vec::new(),
        input: Value::Null,
        root: None,
        ended: None,
    };
    state.begin_run(chance.number(RUN));
    let mut planner = Planner::new(definition, execution, state, (now_ms, chance), patience);
    planner.history.push(History::Started);
    let mut root = Scope::new(definition.machine.start, input);
    let flow = planner.run(&definition.machine, &mut root, None, "");
    let transition = planner.transition(root, flow, (0, 0), None)?;
    Ok(Start {
        execution: execution.clone(),
        definition: definition.id().to_owned(),
        timeout_ms: definition.timeout_ms(),
        transition,
    })
}

/// The transition that an event leads to; `None` if it leads to none: its slot has another fencing token than `seq` by now, or the
/// execution is over.
pub fn plan(
    definition: &Definition,
    execution: &ExecutionId,
    snapshot: &Snapshot,
    fence: Option<(Slot, u64)>,
    event: Event,
    chance: Chance,
) -> Result<Option<Transition>, Error> {
    Ok(plan_within(definition, execution, snapshot, fence, event, (chance, Patience::default()))?)
}

/// The same, where its expressions may take so long.
pub(super) fn plan_within(
    definition: &Definition,
    execution: &ExecutionId,
    snapshot: &Snapshot,
    fence: Option<(Slot, u64)>,
    event: Event,
    (chance, patience): (Chance, Patience),
) -> Result<Option<Transition>, Unplanned> {
    let mut state = State::decode(&snapshot.state)?;
    let Some(mut root) = state.root.take() else { return Ok(None) };
    let over = state.ended.is_some();
    if over != (event == Event::Retried) {
        return Ok(None);
    }
    let mut planner = Planner::new(definition, execution, state, (snapshot.now_ms, chance), patience);
    let flow = match event {
        Event::TimedOut => Flow::Ended(Status::TimedOut, Failure::timeout()),
        Event::Cancelled { cause } => Flow::Ended(Status::Aborted, Failure::new("Cancelled", cause)),
        Event::Retried => planner.again(&mut root),
        _ => {
            let Some(slot) = event.slot() else { return Ok(None) };
            let Some((_, seq)) = fence.filter(|fence| fence.0 == slot) else { return Ok(None) };
            match planner.resume(&definition.machine, &mut root, None, "", (slot, seq), &mut Some(event)) {
                Some(flow) => flow,
                None => return Ok(None),
            }
        }
    };
    planner.transition(root, flow, (snapshot.version, snapshot.revision), fence).map(Some)
}

/// Whether what was found out of an execution as it was before says nothing of it as it is now. A timeout has no fence, and an
/// execution's time begins anew with each retry; and with a start that a cache makes once more which has lost the first one.
pub fn is_outdated(event: &Event, before: &Snapshot, now: &Snapshot) -> Result<bool, Error> {
    Ok(*event == Event::TimedOut && State::decode(&before.state)?.run() != State::decode(&now.state)?.run())
}

/// What is to be sent once the transition is committed, and after how long: work to its functions; timers, as hints, to the engine.
pub fn dispatches(execution: &ExecutionId, transition: &Transition) -> Vec<(TaskRef, u64)> {
    let sent = transition.records.iter().filter_map(|(slot, record)| Some((*slot, record.as_ref()?)));
    sent.filter(|(_, record)| record.phase != Phase::Signal)
        .map(|(slot, record)| {
            let function = record.function.clone();
            (TaskRef { execution: execution.clone(), slot, seq: record.seq, function }, record.delay_ms)
        })
        .collect()
}

/// One transition in the making.
struct Planner<'d> {
    definition: &'d Definition,
    execution: &'d ExecutionId,
    state: State,
    now_ms: u64,
    chance: Chance,
    records: BTreeMap<Slot, Option<Record>>,
    history: Vec<History>,
    /// The states that this transition has entered.
    entered: Vec<String>,
    /// What its expressions have taken.
    spent: Rc<Spent>,
}

impl<'d> Planner<'d> {
    fn new(
        definition: &'d Definition,
        execution: &'d ExecutionId,
        state: State,
        (now_ms, chance): (u64, Chance),
        patience: Patience,
    ) -> Self {
        let (records, history, spent) = (BTreeMap::new(), Vec::new(), Rc::new(Spent::new(patience)));
        Self { definition, execution, state, now_ms, chance, records, history, entered: Vec::new(), spent }
    }

    /// Enters the state anew at which the execution stopped; the store lets its time begin again.
    fn again(&mut self, root: &mut Scope) -> Flow {
        self.state.ended = None;
        self.state.begin_run(self.chance.number(RUN | self.state.seq));
        self.history.push(History::Retried);
        root.attempts.clear();
        root.wait = super::state::Wait::Nothing;
        let machine = &self.definition.machine;
        self.run(machine, root, None, "")
    }

    /// The transition, once nothing more can be done at once.
    fn transition(
        mut self,
        root: Scope,
        flow: Flow,
        (version, seen): (u64, u64),
        fence: Option<(Slot, u64)>,
    ) -> Result<Transition, Unplanned> {
        if self.spent.is_undecided() {
            return Err(Unplanned::Late);
        }
        let retried = self.history.contains(&History::Retried);
        let mut status = self.settle(root, flow);
        if status.is_none() && version + 1 >= WORKFLOW_TRANSITIONS {
            let cause = format!("the execution has gone on {WORKFLOW_TRANSITIONS} times, which is the limit");
            status = self.give_up(states::RUNTIME, cause, status);
        }
        let opened = self.records.values().flatten().count();
        if status.is_none() && opened > MAX_RECORDS {
            let cause = format!("{opened} pieces of work were to begin at once; the limit is {MAX_RECORDS}");
            status = self.give_up(states::DATA_LIMIT, cause, status);
        }
        let state = match self.state.encode() {
            Ok(bytes) => bytes,
            Err(error) => {
                status = self.give_up(states::DATA_LIMIT, error.to_string(), status);
                self.state.encode()?
            }
        };
        if status.is_some() {
            // What was under way has been dropped, and so is what was to begin.
            self.records.values_mut().for_each(|record| *record = None);
        }
        if retried && status.is_none() {
            status = Some(Status::Running);
        }
        if let Some((slot, _)) = fence {
            self.records.entry(slot).or_insert(None);
        }
        let history = written(&self.history)?;
        let revision = self.chance.number(REVISION);
        let records = self.records.into_iter().collect();
        let entered = self.entered;
        Ok(Transition { version, seen, revision, fence, state, records, history, status, entered })
    }

    /// Ends an execution that is more than may be stored. What it would have ended with is kept, but for the cause and all variables.
    fn give_up(&mut self, error: &str, cause: String, status: Option<Status>) -> Option<Status> {
        let ended = self.state.ended.take().filter(|_| !matches!(status, None | Some(Status::Succeeded)));
        let error = ended.and_then(|ended| ended.error).unwrap_or_else(|| error.to_owned());
        self.history.retain(|entry| !matches!(entry, History::Ended { .. }));
        let root = self.state.root.take().unwrap_or_else(|| Scope::new(0, Value::Null));
        let flow = Flow::Ended(
            status.filter(|status| *status != Status::Succeeded).unwrap_or(Status::Failed),
            Failure::new(error, Some(cause)),
        );
        let status = self.settle(root, flow);
        (self.state.root, self.state.input) = (None, Value::Null);
        status
    }

    /// Puts the execution where it is after the flow; how it ended, if it did.
    fn settle(&mut self, mut root: Scope, flow: Flow) -> Option<Status> {
        let ended = match flow {
            Flow::Done(output) => Ended { status: Status::Succeeded, output, error: None, cause: None },
            Flow::Failed(failure) => failure.ended(Status::Failed),
            Flow::Ended(status, failure) => failure.ended(status),
            Flow::Blocked | Flow::Next(_) => {
                self.state.root = Some(root);
                return None;
            }
        };
        self.drop_all(&root);
        let status = ended.status;
        self.history.push(History::Ended { status, error: ended.error.clone() });
        self.state.ended = Some(ended);
        self.state.slots.clear();
        if status == Status::Succeeded {
            self.state.input = root.variables.get_mut("input").map(Value::take).unwrap_or_default();
        } else {
            root.wait = super::state::Wait::Nothing;
            self.state.root = Some(root);
        }
        Some(status)
    }

    fn next_seq(&mut self) -> u64 {
        let count = self.state.count();
        fencing_token(count, self.chance.number(count))
    }

    /// The lowest slot that is free, now taken.
    fn take_slot(&mut self) -> Slot {
        let free = self.state.slots.iter().position(|taken| !taken);
        let slot = free.unwrap_or_else(|| {
            self.state.slots.push(false);
            self.state.slots.len() - 1
        });
        self.state.slots[slot] = true;
        // An execution has far fewer pieces of work under way than this has numbers.
        Slot::try_from(slot).unwrap_or(TIMEOUT - 1)
    }

    fn free_slot(&mut self, slot: Slot) {
        if let Some(taken) = self.state.slots.get_mut(slot as usize) {
            *taken = false;
        }
        self.records.insert(slot, None);
    }

    /// Gives up all that a scope waits for.
    fn drop_all(&mut self, scope: &Scope) {
        let mut dropped = Vec::new();
        scope.slots(&mut |slot, seq| dropped.push((slot, seq)));
        for (slot, seq) in dropped {
            self.free_slot(slot);
            self.history.push(History::Dropped { seq: work_number(seq) });
        }
    }
}

/// What happened, as it is stored. Of too many entries the last are left out but for the very last, which tells how it ended.
fn written(history: &[History]) -> Result<Vec<u8>, Error> {
    let bytes = serde_json::to_vec(history).map_err(Error::other)?;
    if bytes.len() <= HISTORY_BYTES {
        return Ok(bytes);
    }
    let (mut kept, mut size) = (Vec::new(), 0);
    let Some((last, first)) = history.split_last() else { return Ok(bytes) };
    for entry in first {
        size += serde_json::to_vec(entry).map_err(Error::other)?.len() + 1;
        if size > HISTORY_BYTES {
            break;
        }
        kept.push(entry.clone());
    }
    kept.push(History::Omitted { entries: first.len() - kept.len() });
    kept.push(last.clone());
    serde_json::to_vec(&kept).map_err(Error::other)
}
