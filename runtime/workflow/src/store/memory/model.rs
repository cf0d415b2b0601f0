//! What a store is, as a value: a function a script, the time an argument. Compared and hashed by model checks.

mod definitions;
mod list;

use super::super::keys::{Keys, member_prefix, parse_member, slot_name};
use super::super::view::{Moment, Open, View, parse_moment};
use super::super::{GRACE_MS, HistoryBounds, LOOK_MS, MAX_RESEND_MS, RESEND_MS, grace, orders_at_once, taken};
use crate::Error;
use crate::protocol::{
    Claim, Committed, Due, ExecutionId, Finished, Owner, Phase, Record, Slot, Snapshot, Start, Started, Status,
    TIMEOUT, Taken, TaskRef, Transition,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// All that a store holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Model {
    keys: Keys,
    ready_lists: bool,
    executions: BTreeMap<ExecutionId, Execution>,
    due: BTreeMap<(u16, String), u64>,
    ready: BTreeMap<(u16, String), VecDeque<Ready>>,
    definitions: BTreeMap<String, String>,
    /// Until when they are kept, and when that was last said.
    kept: BTreeMap<String, u64>,
    kept_ms: Option<u64>,
    /// Until when ends were counted, by partition.
    counted: BTreeMap<u16, u64>,
    history: HistoryBounds,
}

/// What a ready list holds of a piece of work: execution, slot, fencing token.
type Ready = (ExecutionId, Slot, u64);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Execution {
    status: Status,
    version: u64,
    revision: u64,
    definition: String,
    state: Vec<u8>,
    started_ms: u64,
    finished_ms: Option<u64>,
    timeout_ms: u64,
    records: BTreeMap<Slot, Stored>,
    /// By version.
    history: BTreeMap<u64, Vec<u8>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Stored {
    seq: u64,
    phase: Phase,
    function: String,
    payload: Vec<u8>,
    not_before: u64,
    deadline: Option<u64>,
    lease: u64,
    lease_until: Option<u64>,
    owner: Owner,
    sent: u8,
    /// The score of its due entry.
    armed: Option<u64>,
}

impl Execution {
    fn snapshot(&self, now_ms: u64) -> Snapshot {
        let (definition, state) = (self.definition.clone(), self.state.clone());
        Snapshot { status: self.status, version: self.version, revision: self.revision, definition, state, now_ms }
    }

    /// Leaves out what is more than is kept of the history, beside its first transition: a hundred at the most.
    fn cut(&mut self, bounds: HistoryBounds) {
        let of = |history: &BTreeMap<u64, Vec<u8>>| history.range(2..).map(|(_, entry)| entry.len()).sum::<usize>();
        for _ in 0..100 {
            let Some((&first, _)) = self.history.range(2..self.version).next() else { return };
            if of(&self.history) <= bounds.bytes && self.version - first < bounds.transitions {
                return;
            }
            self.history.remove(&first);
        }
    }
}

impl Model {
    /// Nothing yet.
    pub fn new(keys: Keys, ready_lists: bool) -> Self {
        Self {
            keys,
            ready_lists,
            executions: BTreeMap::new(),
            due: BTreeMap::new(),
            ready: BTreeMap::new(),
            definitions: BTreeMap::new(),
            kept: BTreeMap::new(),
            kept_ms: None,
            counted: BTreeMap::new(),
            history: HistoryBounds::default(),
        }
    }

    /// With other bounds of history.
    #[must_use]
    pub fn with_history(self, history: HistoryBounds) -> Self {
        Self { history, ..self }
    }

    /// The same store with nothing in it.
    pub(super) fn emptied(&self) -> Self {
        Self::new(self.keys.clone(), self.ready_lists).with_history(self.history)
    }

    fn due_key(&self, id: &ExecutionId, slot: Slot) -> (u16, String) {
        (self.keys.partition(id), member_prefix(id) + &slot_name(slot))
    }

    /// See [`super::Store::start`].
    pub fn start(&mut self, start: &Start, now: u64) -> Started {
        let transition = &start.transition;
        if let Some(there) = self.executions.get(&start.execution) {
            // The very same start once more: its answer was lost.
            let same = there.version == 1 && there.revision == transition.revision;
            return if same { Started::Now } else { Started::Before(there.status) };
        }
        let status = transition.status.unwrap_or(Status::Running);
        let over = status != Status::Running;
        let execution = Execution {
            status,
            version: 1,
            revision: transition.revision,
            definition: start.definition.clone(),
            state: transition.state.clone(),
            started_ms: now,
            finished_ms: over.then_some(now),
            timeout_ms: start.timeout_ms,
            records: BTreeMap::new(),
            history: [(1, moment(now, &transition.history))].into(),
        };
        self.executions.insert(start.execution.clone(), execution);
        if !over {
            self.due.insert(self.due_key(&start.execution, TIMEOUT), now + start.timeout_ms);
            self.apply(&start.execution, transition, now);
        }
        Started::Now
    }

    /// See [`super::Store::commit`].
    pub fn commit(&mut self, id: &ExecutionId, transition: &Transition, now: u64) -> Committed {
        let Some(execution) = self.executions.get_mut(id) else { return Committed::Stale };
        let holds = match (transition.fence, transition.status) {
            (Some((slot, seq)), _) => {
                let record = execution.records.get(&slot);
                execution.status == Status::Running && record.is_some_and(|record| record.seq == seq)
            }
            (None, Some(Status::Running)) => !matches!(execution.status, Status::Running | Status::Succeeded),
            (None, _) => execution.status == Status::Running,
        };
        if !holds {
            // The very same transition once more: its answer was lost.
            let same = execution.revision == transition.revision;
            return if same { Committed::Done } else { Committed::Stale };
        }
        if (execution.version, execution.revision) != (transition.version, transition.seen) {
            return Committed::Conflict(execution.snapshot(now));
        }
        execution.version += 1;
        execution.revision = transition.revision;
        execution.state.clone_from(&transition.state);
        execution.history.insert(execution.version, moment(now, &transition.history));
        execution.cut(self.history);
        match transition.status {
            None => self.apply(id, transition, now),
            Some(Status::Running) => {
                execution.status = Status::Running;
                execution.finished_ms = None;
                let timeout = now + execution.timeout_ms;
                self.due.insert(self.due_key(id, TIMEOUT), timeout);
                self.apply(id, transition, now);
            }
            Some(status) => {
                execution.status = status;
                execution.finished_ms = Some(now);
                self.due.remove(&self.due_key(id, TIMEOUT));
                self.apply(id, transition, now);
            }
        }
        Committed::Done
    }

    /// See [`super::Store::commit_taking`].
    pub fn commit_taking(
        &mut self,
        id: &ExecutionId,
        transition: &Transition,
        task: &TaskRef,
        owner: Owner,
        now: u64,
    ) -> (Committed, Option<Taken>) {
        // A commit that is made once more, since its answer was lost, takes nothing.
        let before = self.executions.get(id);
        let first = before.is_some_and(|execution| execution.revision == transition.seen);
        let fence = transition.fence.map(|(slot, _)| slot).filter(|slot| *slot == task.slot);
        let armed = before.zip(fence).and_then(|(execution, slot)| execution.records.get(&slot)?.armed);
        let committed = self.commit(id, transition, now);
        if committed != Committed::Done || !first || !orders_at_once(transition, task) {
            return (committed, None);
        }
        if let Some(list) = self.ready.get_mut(&(self.keys.partition(id), task.function.clone())) {
            list.retain(|(execution, slot, seq)| (execution, *slot, *seq) != (id, task.slot, task.seq));
        }
        let taken = taken(self.claim(task, owner, now));
        // The fence's due entry may stay where it is, if nobody can have moved it and it is early enough.
        let key = self.due_key(id, task.slot);
        if let Some(armed) = armed.filter(|armed| taken.is_some() && *armed > now)
            && let Some(due) = self.due.get_mut(&key).filter(|due| armed <= **due)
            && let Some(record) =
                self.executions.get_mut(id).and_then(|execution| execution.records.get_mut(&task.slot))
        {
            (*due, record.armed) = (armed, Some(armed));
        }
        (committed, taken)
    }

    fn apply(&mut self, id: &ExecutionId, transition: &Transition, now: u64) {
        for (slot, record) in &transition.records {
            let key = self.due_key(id, *slot);
            let mut stored = record.as_ref().map(|record| stored(record, now));
            let due = record.as_ref().zip(stored.as_ref()).and_then(|(record, stored)| {
                let begins = grace(record, self.ready_lists).map(|grace| stored.not_before + grace);
                [begins, stored.deadline].into_iter().flatten().min()
            });
            if let Some(stored) = &mut stored {
                stored.armed = due;
            }
            match due {
                Some(due) => drop(self.due.insert(key, due)),
                None => drop(self.due.remove(&key)),
            }
            if let Some(record) = record
                && self.ready_lists
                && record.phase == Phase::Dispatched
                && record.delay_ms == 0
            {
                let list = self.ready.entry((self.keys.partition(id), record.function.clone())).or_default();
                list.push_back((id.clone(), *slot, record.seq));
            }
            if let Some(execution) = self.executions.get_mut(id) {
                match stored {
                    Some(stored) => drop(execution.records.insert(*slot, stored)),
                    None => drop(execution.records.remove(slot)),
                }
            }
        }
    }

    /// See [`super::Store::claim`].
    pub fn claim(&mut self, task: &TaskRef, owner: Owner, now: u64) -> Claim {
        let Some(execution) = self.executions.get_mut(&task.execution) else { return Claim::Gone };
        let snapshot = execution.snapshot(now);
        let running = execution.status == Status::Running;
        let mine = |record: &&mut Stored| {
            running && record.seq == task.seq && record.function == task.function && record.phase != Phase::Signal
        };
        let Some(record) = execution.records.get_mut(&task.slot).filter(mine) else { return Claim::Gone };
        if record.deadline.is_some_and(|deadline| deadline <= now) {
            return Claim::Overdue(snapshot);
        }
        match (record.phase, record.lease_until) {
            (Phase::Claimed, Some(until)) if until <= now => return Claim::Expired(snapshot),
            (Phase::Claimed, Some(until)) if record.owner != owner => return Claim::Leased(until),
            (Phase::Claimed, _) => {}
            _ if record.not_before > now => return Claim::Early(record.not_before),
            (Phase::Timer, _) => return Claim::Timer(snapshot),
            _ => {
                let until = now + record.lease;
                record.phase = Phase::Claimed;
                record.owner = owner;
                record.lease_until = Some(record.deadline.map_or(until, |deadline| deadline.min(until)));
            }
        }
        Claim::Claimed {
            snapshot,
            payload: record.payload.clone(),
            lease_until_ms: record.lease_until.unwrap_or(0),
            deadline_ms: record.deadline,
        }
    }

    /// See [`super::Store::ack`].
    pub fn ack(&mut self, tasks: &[TaskRef], now: u64) {
        // One that is named twice was sent once.
        let tasks: BTreeSet<_> = tasks.iter().map(|task| (&task.execution, task.slot, task.seq)).collect();
        for (id, slot, seq) in tasks {
            let key = self.due_key(id, slot);
            let Some(execution) = self.executions.get_mut(id) else { continue };
            let Some(record) = execution.records.get_mut(&slot) else { continue };
            if record.seq == seq && record.phase == Phase::Dispatched {
                let wait = RESEND_MS.saturating_mul(1 << record.sent.min(32)).min(MAX_RESEND_MS);
                let due = now.max(record.not_before) + wait;
                let due = record.deadline.map_or(due, |deadline| deadline.min(due));
                record.armed = Some(due);
                self.due.insert(key, due);
                record.sent = record.sent.saturating_add(1);
            }
        }
    }

    /// See [`super::Store::due`].
    pub fn due(&mut self, partition: u16, limit: usize, now: u64) -> Vec<Due> {
        let mut found = Vec::new();
        while found.len() < limit {
            let wanted = limit - found.len();
            let mut listed = self.due_set(partition);
            listed.retain(|(_, score)| *score <= now);
            listed.truncate(wanted);
            found.extend(listed.iter().filter_map(|(member, _)| self.look(partition, member, now)));
            if listed.len() < wanted {
                break;
            }
        }
        found
    }

    fn look(&mut self, partition: u16, member: &str, now: u64) -> Option<Due> {
        let (id, slot) = parse_member(member)?;
        let execution = self.executions.get(&id).filter(|execution| execution.status == Status::Running);
        let (found, later) = execution.map_or((None, None), |execution| look(&id, execution, slot, now));
        let later = if found.is_some() { Some(now + LOOK_MS) } else { later };
        let key = (partition, member.to_owned());
        match later {
            Some(later) => drop(self.due.insert(key, later)),
            None => drop(self.due.remove(&key)),
        }
        let record = self.executions.get_mut(&id).and_then(|execution| execution.records.get_mut(&slot));
        if let Some((record, later)) = record.zip(later) {
            record.armed = Some(later);
        }
        found
    }

    /// The due set of a partition: members and when somebody has to look at them, in their order.
    pub fn due_set(&self, partition: u16) -> Vec<(String, u64)> {
        let own = self.due.iter().filter(|((own, _), _)| *own == partition);
        let mut members: Vec<(u64, &String)> = own.map(|((_, member), score)| (*score, member)).collect();
        members.sort();
        members.into_iter().map(|(score, member)| (member.clone(), score)).collect()
    }

    /// See [`super::Store::load`].
    pub fn load(&self, id: &ExecutionId, now: u64) -> Option<Snapshot> {
        self.executions.get(id).map(|execution| execution.snapshot(now))
    }

    /// See [`super::Store::view`].
    pub fn view(&self, id: &ExecutionId, now: u64) -> Option<View> {
        let execution = self.executions.get(id)?;
        let open = execution.records.iter().map(|(slot, record)| Open {
            slot: *slot,
            seq: record.seq,
            phase: record.phase,
            function: record.function.clone(),
            not_before_ms: record.not_before,
            lease_until_ms: record.lease_until,
            deadline_ms: record.deadline,
            sent: record.sent,
        });
        Some(View {
            snapshot: execution.snapshot(now),
            started_ms: execution.started_ms,
            finished_ms: execution.finished_ms,
            timeout_ms: execution.timeout_ms,
            open: open.collect(),
        })
    }

    pub(super) fn history(&self, id: &ExecutionId) -> Result<Vec<Moment>, Error> {
        self.executions
            .get(id)
            .into_iter()
            .flat_map(|execution| execution.history.values())
            .map(|entry| parse_moment(entry))
            .collect()
    }

    /// See [`super::Store::archive`].
    pub fn archive(&mut self, finished: &Finished) -> bool {
        let there = self.executions.get(&finished.execution);
        there.is_some_and(|execution| execution.finished_ms == Some(finished.finished_ms))
            && self.executions.remove(&finished.execution).is_some()
    }

    /// See [`super::Store::offer`].
    pub fn offer(&mut self, tasks: &[TaskRef]) {
        for task in tasks {
            let list = (self.keys.partition(&task.execution), task.function.clone());
            self.ready.entry(list).or_default().push_back((task.execution.clone(), task.slot, task.seq));
        }
    }

    /// See [`super::Store::take`].
    pub fn take(&mut self, partition: u16, function: &str, limit: usize) -> Vec<TaskRef> {
        let key = (partition, function.to_owned());
        let Some(list) = self.ready.get_mut(&key) else { return Vec::new() };
        let taken = list.drain(..limit.min(list.len()));
        let function = || function.to_owned();
        let taken =
            taken.map(|(execution, slot, seq)| TaskRef { execution, slot, seq, function: function() }).collect();
        if list.is_empty() {
            self.ready.remove(&key);
        }
        taken
    }
}

/// What is to be done about a slot that was found to be due; or when somebody has to look again.
fn look(id: &ExecutionId, execution: &Execution, slot: Slot, now: u64) -> (Option<Due>, Option<u64>) {
    let snapshot = execution.snapshot(now);
    if slot == TIMEOUT {
        return (Some(Due::Timeout(id.clone(), snapshot)), None);
    }
    let Some(record) = execution.records.get(&slot) else { return (None, None) };
    let task = TaskRef { execution: id.clone(), slot, seq: record.seq, function: record.function.clone() };
    if record.deadline.is_some_and(|deadline| deadline <= now) {
        return (Some(Due::Deadline(task, snapshot)), None);
    }
    let (begins, later) = match record.phase {
        Phase::Dispatched => (Some(record.not_before), Some(record.not_before + GRACE_MS)),
        Phase::Claimed => (record.lease_until, record.lease_until),
        Phase::Timer => (Some(record.not_before), Some(record.not_before)),
        Phase::Signal => (None, None),
    };
    if begins.is_some_and(|begins| begins <= now) {
        let found = match record.phase {
            Phase::Dispatched => Due::Resend(task),
            Phase::Claimed => Due::Lease(task, snapshot),
            Phase::Timer | Phase::Signal => Due::Timer(task, snapshot),
        };
        return (Some(found), None);
    }
    (None, [later, record.deadline].into_iter().flatten().min())
}

fn stored(record: &Record, now: u64) -> Stored {
    Stored {
        seq: record.seq,
        phase: record.phase,
        function: record.function.clone(),
        payload: record.payload.clone(),
        not_before: record.at_ms.unwrap_or(now + record.delay_ms),
        deadline: record.timeout_ms.map(|timeout| now + timeout),
        lease: record.lease_ms,
        lease_until: None,
        owner: 0,
        sent: 0,
        armed: None,
    }
}

/// A history entry as it is stored.
fn moment(now: u64, entries: &[u8]) -> Vec<u8> {
    [now.to_string().as_bytes(), entries].concat()
}
