//! What planner, store and workers tell each other: plain values, no behaviour.
//!
//! An execution has a **state** (the planner's, opaque to the store), a **version** that counts its transitions, and **slots**: the
//! pieces of work that are under way. A slot's [`Record`] says what is to be done and who does it. A record's `seq` is its fencing
//! token: what was started under another one can no longer commit.
//!
//! A cache that fails over may forget its last moments, and go on from before them. So what tells one thing from another is never a
//! mere count: a fencing token has 48 random bits ([`fencing_token`]), and each transition has a random [`Transition::revision`]. What
//! a worker knows from a history that was lost fits nothing in the one that took its place.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Names an execution: `WORKFLOW/NAME`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExecutionId(
    /// The text.
    pub String,
);

impl ExecutionId {
    /// The id of the execution `name` of `workflow`.
    pub fn new(workflow: &str, name: &str) -> Self {
        Self(format!("{workflow}/{name}"))
    }

    /// The workflow.
    pub fn workflow(&self) -> &str {
        self.0.split_once('/').map_or("", |(workflow, _)| workflow)
    }

    /// The name within the workflow.
    pub fn name(&self) -> &str {
        self.0.split_once('/').map_or(self.0.as_str(), |(_, name)| name)
    }

    /// What the execution itself sees as its id. A workflow that is an ARN is one of Step Functions, whose executions have their name
    /// behind a colon.
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html>
    pub(crate) fn seen(&self) -> String {
        if self.workflow().starts_with("arn:") { self.0.replacen('/', ":", 1) } else { self.0.clone() }
    }

    /// What the execution sees as the id and the name of its workflow.
    pub(crate) fn seen_workflow(&self) -> (String, &str) {
        let workflow = self.workflow();
        match workflow.rsplit_once(":execution:") {
            Some((before, name)) => (format!("{before}:stateMachine:{name}"), name),
            None => (workflow.to_owned(), workflow),
        }
    }
}

/// The place of a piece of work in an execution: a small number that is used again once the work is done.
pub type Slot = u32;

/// The slot of an execution's own timeout.
pub const TIMEOUT: Slot = u32::MAX;

/// How many of a fencing token's bits count.
const COUNTED_BITS: u32 = 16;

/// Those bits.
pub(crate) const COUNTED: u64 = (1 << COUNTED_BITS) - 1;

/// A fencing token: 48 bits of chance, above 16 that count the work of the execution, round and round. Two histories of an execution
/// after the loss of a node give the same token to their nth piece of work once in 2^48.
pub(crate) fn fencing_token(count: u64, chance: u64) -> u64 {
    // Tokens that are mere counts are those of a runtime before these.
    let chance = if chance >> COUNTED_BITS == 0 { !chance } else { chance };
    (chance & !COUNTED) | (count & COUNTED)
}

/// The part of a fencing token that counts: what the history calls the work by.
pub fn work_number(seq: u64) -> u64 {
    seq & COUNTED
}

/// Tells one claim of a piece of work from another, so that a claim whose answer was lost can be made again.
pub type Owner = u64;

/// What a message to a worker says: which piece of work of which execution.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TaskRef {
    /// The execution.
    #[serde(rename = "x")]
    pub execution: ExecutionId,
    /// The slot.
    #[serde(rename = "t")]
    pub slot: Slot,
    /// The fencing token of the record that was there. As text in JSON: it has more digits than a double, which some who pass JSON on
    /// take numbers for.
    #[serde(rename = "q", serialize_with = "as_text", deserialize_with = "number_or_text")]
    pub seq: u64,
    /// The function that does it; empty for the engine itself (publishing, timers).
    #[serde(rename = "f")]
    pub function: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn as_text<S: Serializer>(seq: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(seq)
}

/// Messages of a runtime before this one have a number.
fn number_or_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(u64),
        Text(String),
    }
    match Written::deserialize(deserializer)? {
        Written::Number(seq) => Ok(seq),
        Written::Text(text) => text.parse().map_err(|_| D::Error::custom("expected a fencing token")),
    }
}

/// What kind of work a slot holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Sent, or about to be sent, to a worker; nobody has claimed it.
    Dispatched,
    /// A worker has claimed it, until its lease ends.
    Claimed,
    /// Nothing but time is waited for.
    Timer,
    /// Somebody outside is waited for, who has the token.
    Signal,
}

/// A piece of work as the planner orders it. Times are milliseconds; those that are relative are counted by the store, from the
/// server's clock in the moment of the transition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The fencing token.
    pub seq: u64,
    /// [`Phase::Dispatched`], [`Phase::Timer`] or [`Phase::Signal`].
    pub phase: Phase,
    /// The function that does it; empty for the engine itself.
    pub function: String,
    /// What it is given: JSON of a [`Task`]. Empty for a timer.
    pub payload: Vec<u8>,
    /// How long until it may start, or the timer is due; ignored if `at` is given.
    pub delay_ms: u64,
    /// The point in time, milliseconds since 1970, at which a timer is due.
    pub at_ms: Option<u64>,
    /// How long a claim lasts.
    pub lease_ms: u64,
    /// How long the work may take, counted from this transition, waiting in queues included; `None` for no limit of its own.
    pub timeout_ms: Option<u64>,
}

/// What a worker does: the payload of a [`Record`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Task {
    /// Calls the record's function with this payload: the envelope `{evc, input}` of a workflow step.
    Call(serde_json::Value),
    /// Puts this entry on a bus: `{EventBusName, Source, DetailType, Detail}`.
    Publish(serde_json::Value),
}

/// How an execution stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// It is under way.
    Running,
    /// It ended well.
    Succeeded,
    /// It ended with an error.
    Failed,
    /// It took longer than its workflow allows.
    TimedOut,
    /// Somebody cancelled it.
    Aborted,
}

impl Status {
    /// The letter that is stored: `R`, `S`, `F`, `T`, `A`.
    pub fn letter(self) -> char {
        match self {
            Self::Running => 'R',
            Self::Succeeded => 'S',
            Self::Failed => 'F',
            Self::TimedOut => 'T',
            Self::Aborted => 'A',
        }
    }

    /// The status of a letter.
    pub fn of_letter(letter: char) -> Option<Self> {
        [Self::Running, Self::Succeeded, Self::Failed, Self::TimedOut, Self::Aborted]
            .into_iter()
            .find(|status| status.letter() == letter)
    }
}

/// The first transition of an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The execution.
    pub execution: ExecutionId,
    /// The definition that it keeps.
    pub definition: String,
    /// How long it may take, milliseconds from now: arms the slot [`TIMEOUT`].
    pub timeout_ms: u64,
    /// The rest: version 0 is expected.
    pub transition: Transition,
}

/// What came of a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Started {
    /// The execution began.
    Now,
    /// There was an execution of this name before; nothing was changed.
    Before(Status),
}

/// One change of an execution, applied whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// The version that the planner saw; the change applies to no other.
    pub version: u64,
    /// The revision that the planner saw, likewise: another history may have come to the same version. 0 before a start.
    pub seen: u64,
    /// Tells this transition from all others: random. 0 only for what a runtime before this one wrote.
    pub revision: u64,
    /// The piece of work that brought it about: its slot must still hold this `seq`. `None` for a start, a cancellation, a retry.
    pub fence: Option<(Slot, u64)>,
    /// The execution's new state, opaque to the store.
    pub state: Vec<u8>,
    /// Slots that change: their new record, or `None` where the work is over or no longer wanted. A slot that is not listed keeps its
    /// record; the fence's slot is always listed.
    pub records: Vec<(Slot, Option<Record>)>,
    /// What happened, for people: JSON of [`History`] entries, one array a transition; the store adds the time.
    pub history: Vec<u8>,
    /// Set by the last transition of an execution, which lists all slots that were under way as empty: it waits to be archived. A retry of a failed execution
    /// has [`Status::Running`] here, which takes it back.
    pub status: Option<Status>,
    /// The states that were entered, in order, for who looks on: no store keeps it.
    pub entered: Vec<String>,
}

/// What came of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Committed {
    /// It is done; the version is one more.
    Done,
    /// Another transition came first, and the fence still holds: plan again from this state.
    Conflict(Snapshot),
    /// The fence no longer holds, or the execution is over or gone: somebody else has done it, or it is not wanted any more.
    Stale,
}

/// An execution as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// How it stands.
    pub status: Status,
    /// How many transitions it has had.
    pub version: u64,
    /// The last one's [`Transition::revision`].
    pub revision: u64,
    /// The definition that it keeps.
    pub definition: String,
    /// The planner's state.
    pub state: Vec<u8>,
    /// The server's time, milliseconds since 1970.
    pub now_ms: u64,
}

/// What came of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The work is this worker's until the lease ends.
    Claimed {
        /// The execution, to plan what follows.
        snapshot: Snapshot,
        /// JSON of the [`Task`].
        payload: Vec<u8>,
        /// When the lease ends, milliseconds since 1970: no later than the deadline.
        lease_until_ms: u64,
        /// When the work has taken too long, waiting in queues included: what ends later has failed with `States.Timeout`, also if
        /// nobody has noticed yet. Compare it with the snapshot's time plus the time since, by a clock of your own.
        deadline_ms: Option<u64>,
    },
    /// It is a timer, and it is due. Nothing was claimed: the fence of the commit keeps it from firing twice.
    Timer(Snapshot),
    /// It is done, no longer wanted, or another function's than the message says.
    Gone,
    /// Another worker has it, until this time.
    Leased(u64),
    /// Another worker had it, and its lease is over: that is a failure of the work, for the planner to decide about.
    Expired(Snapshot),
    /// Its deadline is over: it has failed with `States.Timeout`.
    Overdue(Snapshot),
    /// It may not start before this time.
    Early(u64),
}

/// Work that who ordered it took in the same step: what a claim in that moment would have said beside the work itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// The server's time, milliseconds since 1970.
    pub now_ms: u64,
    /// As in [`Claim::Claimed`].
    pub lease_until_ms: u64,
    /// As in [`Claim::Claimed`].
    pub deadline_ms: Option<u64>,
}

/// Something that somebody has to look at: found by the sweep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// A dispatch that nobody has claimed: send it again.
    Resend(TaskRef),
    /// A lease that is over.
    Lease(TaskRef, Snapshot),
    /// A deadline that is over, of work that is under way or was never started.
    Deadline(TaskRef, Snapshot),
    /// A timer that is due.
    Timer(TaskRef, Snapshot),
    /// The execution has taken too long.
    Timeout(ExecutionId, Snapshot),
}

/// A finished execution that can be archived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// The execution.
    pub execution: ExecutionId,
    /// When it finished, milliseconds since 1970.
    pub finished_ms: u64,
}

/// Something that happened, for people who look at an execution. Payloads are not part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "e", rename_all = "kebab-case")]
pub enum History {
    /// The execution began.
    Started,
    /// A state's work was handed out, for the first or another time.
    Dispatched {
        /// The state.
        #[serde(rename = "s")]
        state: String,
        /// Which work: its fencing token's [`work_number`]. What ends later has the same.
        #[serde(rename = "q")]
        seq: u64,
        /// Where in a Parallel or Map, such as `ship/2`; empty outside.
        #[serde(rename = "p", default, skip_serializing_if = "String::is_empty")]
        path: String,
        /// 0 for the first attempt.
        #[serde(rename = "n", default)]
        attempt: u32,
        /// How long it waits first, milliseconds.
        #[serde(rename = "d", default)]
        delay_ms: u64,
    },
    /// A state's work succeeded.
    Succeeded {
        /// The state.
        #[serde(rename = "s")]
        state: String,
        /// As in [`History::Dispatched`].
        #[serde(rename = "q")]
        seq: u64,
        /// When a worker claimed it, milliseconds since 1970; 0 if nobody did.
        #[serde(rename = "c", default)]
        claimed_ms: u64,
    },
    /// A state's work failed.
    Failed {
        /// The state.
        #[serde(rename = "s")]
        state: String,
        /// As in [`History::Dispatched`].
        #[serde(rename = "q")]
        seq: u64,
        /// When a worker claimed it, milliseconds since 1970; 0 if nobody did.
        #[serde(rename = "c", default)]
        claimed_ms: u64,
        /// The error's name.
        #[serde(rename = "x")]
        error: String,
    },
    /// A state caught an error and the execution went on elsewhere.
    Caught {
        /// The state that caught.
        #[serde(rename = "s")]
        state: String,
        /// The error's name.
        #[serde(rename = "x")]
        error: String,
        /// Where it went on.
        #[serde(rename = "to")]
        next: String,
    },
    /// Work that was under way is no longer wanted.
    Dropped {
        /// As in [`History::Dispatched`].
        #[serde(rename = "q")]
        seq: u64,
    },
    /// So many entries of this transition were left out, since they are too many to keep.
    Omitted {
        /// How many.
        #[serde(rename = "n")]
        entries: usize,
    },
    /// A failed execution was started again where it failed.
    Retried,
    /// The execution ended.
    Ended {
        /// How.
        #[serde(rename = "st")]
        status: Status,
        /// The error's name, if it has one.
        #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
}
