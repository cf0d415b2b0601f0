//! What people see of executions.

use crate::protocol::{ExecutionId, History, Phase, Slot, Snapshot, Status};

/// An execution and the work that is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// How it stands.
    pub snapshot: Snapshot,
    /// When it started, milliseconds since 1970.
    pub started_ms: u64,
    /// When it finished.
    pub finished_ms: Option<u64>,
    /// How long it may take.
    pub timeout_ms: u64,
    /// The work that is under way, by slot.
    pub open: Vec<Open>,
}

/// A piece of work that is under way. Times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// Its slot.
    pub slot: Slot,
    /// Its fencing token.
    pub seq: u64,
    /// What it waits for.
    pub phase: Phase,
    /// The function that does it; empty for the engine.
    pub function: String,
    /// When it may start, or is due.
    pub not_before_ms: u64,
    /// When a claim ends.
    pub lease_until_ms: Option<u64>,
    /// When it has taken too long.
    pub deadline_ms: Option<u64>,
    /// How many times its dispatch was acknowledged.
    pub sent: u8,
}

/// The history entries of one transition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// The server's time, milliseconds since 1970.
    pub at_ms: u64,
    /// What happened.
    pub entries: Vec<History>,
}

/// An execution in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The execution.
    pub execution: ExecutionId,
    /// How it stands.
    pub status: Status,
    /// The last transition's [`Transition::revision`](crate::Transition::revision).
    pub revision: u64,
    /// The definition that it keeps.
    pub definition: String,
    /// When it started, milliseconds since 1970.
    pub started_ms: u64,
    /// When it finished.
    pub finished_ms: Option<u64>,
}

/// Which executions a list has; without anything, all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this workflow.
    pub workflow: Option<String>,
    /// That stand so.
    pub status: Option<Status>,
    /// That started at this time or later, milliseconds since 1970.
    pub since_ms: u64,
}

impl Filter {
    /// Whether an execution is wanted, as far as its id tells.
    pub(crate) fn wants(&self, execution: &ExecutionId) -> bool {
        self.workflow.as_ref().is_none_or(|workflow| workflow == execution.workflow())
    }
}

/// Where a page ended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// When the last execution started, milliseconds since 1970.
    pub started_ms: u64,
    /// The last execution.
    pub execution: ExecutionId,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Latest start first.
    pub executions: Vec<Summary>,
    /// Where to go on, if there may be more.
    pub next: Option<Cursor>,
}

impl Page {
    /// These; there may be more if they are as many as were asked for.
    pub(crate) fn of(executions: Vec<Summary>, limit: usize) -> Self {
        let full = executions.len() >= limit.max(1);
        let last = executions.last().filter(|_| full);
        let next = last.map(|last| Cursor { started_ms: last.started_ms, execution: last.execution.clone() });
        Self { executions, next }
    }
}

/// The history of a transition as it is stored: the time, and JSON of an array.
pub(crate) fn parse_moment(stored: &[u8]) -> Result<Moment, crate::Error> {
    let digits = stored.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (time, entries) = stored.split_at(digits);
    let at_ms = std::str::from_utf8(time).ok().and_then(|time| time.parse().ok()).unwrap_or(0);
    let entries =
        if entries.is_empty() { Vec::new() } else { serde_json::from_slice(entries).map_err(crate::Error::other)? };
    Ok(Moment { at_ms, entries })
}
