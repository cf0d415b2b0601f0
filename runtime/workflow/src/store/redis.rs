//! Executions in Redis or Valkey.

mod definitions;
mod list;

use super::connect::{Connection, Target};
use super::keys::{Keys, member_prefix, parse_member, parse_ready, ready_entry, slot_name};
use super::reply::{Reply, unexpected};
use super::script::{self, Call};
use super::view::{Cursor, Filter, Moment, Page, Summary, View, parse_moment};
use super::{Answer, Eviction, LOOK_MS, MAX_RESEND_MS, RESEND_MS, Store, limits, record};
use crate::protocol::{
    Claim, Committed, Due, ExecutionId, Finished, Owner, Slot, Snapshot, Start, Started, Status, TIMEOUT, Taken,
    TaskRef, Transition,
};
use crate::{Error, Kind};
use futures_util::future::try_join_all;
use redis::{Cmd, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Executions in Redis or Valkey. A clone shares the connection.
#[derive(Clone)]
pub struct Redis {
    keys: Keys,
    connection: Arc<Connection>,
    /// Whether commits also put dispatches into ready lists.
    ready: bool,
    /// The time that scripts see instead of the server's.
    #[cfg(any(test, feature = "testing"))]
    clock: Option<Arc<std::sync::atomic::AtomicU64>>,
    /// How much history is kept while they do.
    #[cfg(any(test, feature = "testing"))]
    history: limits::HistoryBounds,
}

impl Redis {
    /// The cache at a URL: `redis://[user:password@]host:port`, `rediss://` for TLS, `unix:///path`; `?cluster=true` for cluster mode.
    /// Connects at the first use.
    pub fn open(url: &str, namespace: &str) -> Result<Self, Error> {
        Target::parse(url).map(|target| Self::connect(target, namespace))
    }

    /// Whether anybody answers there: one attempt, of a few seconds at most, where commands are repeated for a while.
    pub async fn contact(&self) -> Result<(), Error> {
        self.connection.contact().await
    }

    /// The same at a target. Connects at the first use.
    pub fn connect(target: Target, namespace: &str) -> Self {
        Self {
            keys: Keys::new(namespace),
            connection: Connection::new(target),
            ready: false,
            #[cfg(any(test, feature = "testing"))]
            clock: None,
            #[cfg(any(test, feature = "testing"))]
            history: limits::HistoryBounds::default(),
        }
    }

    /// Commits also put dispatches into ready lists, for workers that take them from there.
    #[must_use]
    pub fn with_ready_lists(mut self) -> Self {
        self.ready = true;
        self
    }

    /// Another number of partitions: see [`Keys::with_partitions`].
    #[must_use]
    pub fn with_partitions(mut self, partitions: u16) -> Self {
        self.keys = self.keys.with_partitions(partitions);
        self
    }

    /// Scripts see this clock instead of the server's.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<std::sync::atomic::AtomicU64>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Other bounds of history, where there is a clock.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn with_history(mut self, history: limits::HistoryBounds) -> Self {
        self.history = history;
        self
    }

    /// What names the keys: also those of what lives beside workflows ([`Keys::beside`]).
    pub fn names(&self) -> &Keys {
        &self.keys
    }

    /// The text at a key of what lives beside workflows.
    pub async fn read(&self, key: &str) -> Result<Reply, Error> {
        self.send(redis::cmd("GET").arg(key)).await.map(Reply::new)
    }

    /// Runs a script: also for what lives beside workflows.
    pub async fn run(&self, call: Call<'_>) -> Result<Reply, Error> {
        #[cfg(any(test, feature = "testing"))]
        let simulated = self.clock.as_ref().map(|clock| script::Simulated {
            now_ms: clock.load(std::sync::atomic::Ordering::Relaxed),
            history: self.history,
        });
        #[cfg(not(any(test, feature = "testing")))]
        let simulated = None;
        call.run(&self.connection, simulated).await.map(Reply::new)
    }

    async fn send(&self, command: &Cmd) -> Result<Value, Error> {
        self.connection.send(command).await
    }

    /// The keys that start and commit begin with.
    fn transition_keys(&self, execution: &ExecutionId) -> Vec<String> {
        let partition = self.keys.partition(execution);
        let keys = &self.keys;
        vec![keys.execution(execution), keys.due(partition)]
    }

    async fn time(&self) -> Result<u64, Error> {
        #[cfg(any(test, feature = "testing"))]
        if let Some(clock) = &self.clock {
            return Ok(clock.load(std::sync::atomic::Ordering::Relaxed));
        }
        let mut reply = Reply::new(self.send(&redis::cmd("TIME")).await?);
        Ok(reply.require()? * 1000 + reply.require()? / 1000)
    }

    async fn start(&self, start: &Start) -> Result<Started, Error> {
        limits::check(&start.transition)?;
        let execution = &start.execution;
        let mut keys = self.transition_keys(execution);
        let partition = self.keys.partition(execution);
        keys.push(self.keys.all(partition));
        let ended = start.transition.status.filter(|status| *status != Status::Running);
        if ended.is_some() {
            keys.push(self.keys.done(partition));
        }
        let mut call = Call::new(&script::START, keys)
            .arg(&start.definition)
            .arg(start.timeout_ms)
            .arg(start.transition.state.as_slice())
            .arg(start.transition.history.as_slice())
            .arg(letter(ended))
            .arg(member_prefix(execution))
            .arg(revision(start.transition.revision));
        record::push(&mut call, &self.keys, execution, &start.transition, self.ready, None);
        let mut reply = self.run(call).await?;
        let answer = reply.text().ok_or_else(unexpected)?;
        match answer.chars().next().and_then(Status::of_letter) {
            Some(status) => Ok(Started::Before(status)),
            None => Ok(Started::Now),
        }
    }

    async fn claim(&self, task: &TaskRef, owner: Owner) -> Result<Claim, Error> {
        let slot = slot_name(task.slot);
        let call = Call::new(&script::CLAIM, vec![self.keys.execution(&task.execution)])
            .arg(format!("t{slot}"))
            .arg(format!("p{slot}"))
            .arg(task.seq.to_be_bytes().as_slice())
            .arg(owner.to_be_bytes().as_slice())
            .arg(task.function.as_str());
        let mut reply = self.run(call).await?;
        Ok(match reply.require()? {
            1 => Claim::Early(reply.require()?),
            2 => Claim::Leased(reply.require()?),
            3 => Claim::Expired(reply.snapshot()?),
            4 => Claim::Overdue(reply.snapshot()?),
            5 => Claim::Timer(reply.snapshot()?),
            6 => {
                let snapshot = reply.snapshot()?;
                let payload = reply.bytes().unwrap_or_default();
                let lease_until_ms = reply.require()?;
                let deadline_ms = Some(reply.require()?).filter(|deadline| *deadline > 0);
                Claim::Claimed { snapshot, payload, lease_until_ms, deadline_ms }
            }
            _ => Claim::Gone,
        })
    }

    async fn commit(
        &self,
        execution: &ExecutionId,
        transition: &Transition,
        taking: Option<(&TaskRef, Owner)>,
    ) -> Result<(Committed, Option<Taken>), Error> {
        limits::check(transition)?;
        let (field, seq) = match transition.fence {
            Some((slot, seq)) => (format!("t{}", slot_name(slot)), seq.to_be_bytes().to_vec()),
            None => (String::new(), Vec::new()),
        };
        let mut keys = self.transition_keys(execution);
        if transition.status.is_some() {
            keys.push(self.keys.done(self.keys.partition(execution)));
        }
        let mut call = Call::new(&script::COMMIT, keys)
            .arg(transition.version)
            .arg(transition.version + 1)
            .arg(field)
            .arg(seq)
            .arg(transition.state.as_slice())
            .arg(transition.history.as_slice())
            .arg(letter(transition.status))
            .arg(member_prefix(execution))
            .arg(revision(transition.seen))
            .arg(revision(transition.revision));
        record::push(&mut call, &self.keys, execution, transition, self.ready, taking);
        let mut reply = self.run(call).await?;
        Ok(match reply.require()? {
            0 => (Committed::Stale, None),
            1 => (Committed::Done, reply.taken()),
            _ => (Committed::Conflict(reply.snapshot()?), None),
        })
    }

    async fn ack(&self, tasks: &[TaskRef]) -> Result<(), Error> {
        let mut executions: BTreeMap<&ExecutionId, Vec<&TaskRef>> = BTreeMap::new();
        for task in tasks {
            executions.entry(&task.execution).or_default().push(task);
        }
        // So many at a time as Lua can hand to a command.
        let parts =
            executions.iter().flat_map(|(execution, tasks)| tasks.chunks(1000).map(move |part| (*execution, part)));
        let calls = parts.map(|(execution, tasks)| {
            let due = self.keys.due(self.keys.partition(execution));
            let mut call = Call::new(&script::ACK, vec![self.keys.execution(execution), due])
                .arg(member_prefix(execution))
                .arg(RESEND_MS)
                .arg(MAX_RESEND_MS);
            for task in tasks {
                call.push(slot_name(task.slot));
                call.push(task.seq.to_be_bytes().as_slice());
            }
            self.run(call)
        });
        try_join_all(calls).await.map(drop)
    }

    /// Lists what is due, then looks at each: a script may touch only keys that it was told of. Those that somebody has to look at
    /// later only are counted out, so that fewer than asked for means that no more are due.
    async fn due(&self, partition: u16, limit: usize) -> Result<Vec<Due>, Error> {
        let due = self.keys.due(partition);
        let mut found = Vec::new();
        while found.len() < limit {
            let wanted = limit - found.len();
            let mut listed = self.run(Call::new(&script::UNTIL, vec![due.clone()]).arg(0).arg(wanted)).await?;
            let mut members = Vec::new();
            while let (Some(member), Some(_score)) = (listed.text(), listed.number()) {
                members.push(member);
            }
            found.extend(
                try_join_all(members.iter().map(|member| self.look(&due, member))).await?.into_iter().flatten(),
            );
            if members.len() < wanted {
                break;
            }
        }
        Ok(found)
    }

    /// What is to be done about a member of a due set, if anything. What nobody can read is put off like the rest, so that it keeps
    /// nobody from looking at others.
    async fn look(&self, due: &str, member: &str) -> Result<Option<Due>, Error> {
        let looked = match parse_member(member) {
            None => Err(unexpected()),
            Some((execution, slot)) => {
                let call = Call::new(&script::LOOK, vec![self.keys.execution(&execution), due.to_owned()])
                    .arg(member)
                    .arg(slot_name(slot))
                    .arg(LOOK_MS)
                    .arg(super::GRACE_MS);
                self.run(call).await.and_then(|mut reply| looked(&mut reply, execution, slot))
            }
        };
        match looked {
            Err(error) if error.kind() == Kind::Internal => {
                tracing::error!(due, member, "it cannot be read: {error}");
                let mut put_off = redis::cmd("ZADD");
                put_off.arg(due).arg("XX").arg(self.time().await?.saturating_add(LOOK_MS)).arg(member);
                self.send(&put_off).await.map(|_| None)
            }
            looked => looked,
        }
    }

    async fn load(&self, execution: &ExecutionId) -> Result<Option<Snapshot>, Error> {
        let call = Call::new(&script::LOAD, vec![self.keys.execution(execution)]);
        let mut reply = self.run(call).await?;
        if reply.require()? == 0 { Ok(None) } else { reply.snapshot().map(Some) }
    }

    /// The server's time, and all fields of an execution.
    async fn fields(&self, execution: &ExecutionId) -> Result<(u64, BTreeMap<String, Vec<u8>>), Error> {
        let mut reply = self.run(Call::new(&script::VIEW, vec![self.keys.execution(execution)])).await?;
        let now_ms = reply.require()?;
        let mut fields = BTreeMap::new();
        while let (Some(field), Some(value)) = (reply.text(), reply.bytes()) {
            fields.insert(field, value);
        }
        Ok((now_ms, fields))
    }

    async fn inspect(&self, execution: &ExecutionId) -> Result<Option<(View, Vec<Moment>)>, Error> {
        let (now_ms, fields) = self.fields(execution).await?;
        if fields.is_empty() {
            return Ok(None);
        }
        let view = list::view(now_ms, &fields).ok_or_else(unexpected)?;
        let of_version = |name: &str| name.strip_prefix('h')?.parse().ok();
        let entries = fields.into_iter().filter_map(|(name, entry)| Some((of_version(&name)?, entry)));
        let entries: BTreeMap<u64, Vec<u8>> = entries.collect();
        let moments = entries.values().map(|entry| parse_moment(entry)).collect::<Result<_, _>>()?;
        Ok(Some((view, moments)))
    }

    async fn finished(&self, partition: u16, retention_ms: u64, limit: usize) -> Result<Vec<Finished>, Error> {
        let call = Call::new(&script::UNTIL, vec![self.keys.done(partition)]).arg(retention_ms).arg(limit);
        let mut reply = self.run(call).await?;
        let mut finished = Vec::new();
        while let (Some(execution), Some(finished_ms)) = (reply.text(), reply.number()) {
            finished.push(Finished { execution: ExecutionId(execution), finished_ms });
        }
        Ok(finished)
    }

    async fn archive(&self, finished: &Finished) -> Result<bool, Error> {
        let execution = &finished.execution;
        let partition = self.keys.partition(execution);
        let keys = vec![self.keys.execution(execution), self.keys.all(partition), self.keys.done(partition)];
        let call = Call::new(&script::ARCHIVE, keys).arg(&execution.0).arg(finished.finished_ms);
        Ok(self.run(call).await?.require()? == 1)
    }

    async fn offer(&self, tasks: &[TaskRef]) -> Result<(), Error> {
        let mut lists: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for task in tasks {
            let list = self.keys.ready(self.keys.partition(&task.execution), &task.function);
            lists.entry(list).or_default().push(ready_entry(&task.execution, task.slot, task.seq));
        }
        let pushes = lists.into_iter().map(async |(list, entries)| {
            let mut push = redis::cmd("RPUSH");
            self.send(push.arg(list).arg(entries)).await
        });
        try_join_all(pushes).await.map(drop)
    }

    async fn take(&self, partition: u16, function: &str, limit: usize) -> Result<Vec<TaskRef>, Error> {
        let mut pop = redis::cmd("LPOP");
        let taken = self.send(pop.arg(self.keys.ready(partition, function)).arg(limit)).await?;
        let mut reply = Reply::new(taken);
        std::iter::from_fn(|| reply.text())
            .map(|entry| {
                let (execution, slot, seq) = parse_ready(&entry).ok_or_else(unexpected)?;
                Ok(TaskRef { execution, slot, seq, function: function.to_owned() })
            })
            .collect()
    }
}

/// What `look.lua` says of a slot.
fn looked(reply: &mut Reply, execution: ExecutionId, slot: Slot) -> Result<Option<Due>, Error> {
    let code = reply.require()?;
    if code == 0 {
        return Ok(None);
    }
    let snapshot = reply.snapshot()?;
    if slot == TIMEOUT {
        return Ok(Some(Due::Timeout(execution, snapshot)));
    }
    let seq = reply.bytes().and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes).ok_or_else(unexpected)?;
    let function = reply.text().ok_or_else(unexpected)?;
    let task = TaskRef { execution, slot, seq, function };
    Ok(match code {
        1 => Some(Due::Resend(task)),
        2 => Some(Due::Lease(task, snapshot)),
        3 => Some(Due::Deadline(task, snapshot)),
        4 => Some(Due::Timer(task, snapshot)),
        _ => None,
    })
}

/// A revision as an argument: empty for none.
fn revision(revision: u64) -> Vec<u8> {
    if revision == 0 { Vec::new() } else { revision.to_be_bytes().to_vec() }
}

/// The status letter as an argument: empty for none.
fn letter(status: Option<Status>) -> String {
    status.map(|status| status.letter().to_string()).unwrap_or_default()
}

impl Store for Redis {
    fn keys(&self) -> &Keys {
        &self.keys
    }

    fn time(&self) -> Answer<'_, u64> {
        Box::pin(self.time())
    }

    fn start<'a>(&'a self, start: &'a Start) -> Answer<'a, Started> {
        Box::pin(self.start(start))
    }

    fn claim<'a>(&'a self, task: &'a TaskRef, owner: Owner) -> Answer<'a, Claim> {
        Box::pin(self.claim(task, owner))
    }

    fn commit<'a>(&'a self, execution: &'a ExecutionId, transition: &'a Transition) -> Answer<'a, Committed> {
        Box::pin(async move { Ok(self.commit(execution, transition, None).await?.0) })
    }

    fn commit_taking<'a>(
        &'a self,
        execution: &'a ExecutionId,
        transition: &'a Transition,
        task: &'a TaskRef,
        owner: Owner,
    ) -> Answer<'a, (Committed, Option<Taken>)> {
        let taking = super::orders_at_once(transition, task).then_some((task, owner));
        Box::pin(self.commit(execution, transition, taking))
    }

    fn ack<'a>(&'a self, tasks: &'a [TaskRef]) -> Answer<'a, ()> {
        Box::pin(self.ack(tasks))
    }

    fn due(&self, partition: u16, limit: usize) -> Answer<'_, Vec<Due>> {
        Box::pin(self.due(partition, limit))
    }

    fn load<'a>(&'a self, execution: &'a ExecutionId) -> Answer<'a, Option<Snapshot>> {
        Box::pin(self.load(execution))
    }

    fn inspect<'a>(&'a self, execution: &'a ExecutionId) -> Answer<'a, Option<(View, Vec<Moment>)>> {
        Box::pin(self.inspect(execution))
    }

    fn list<'a>(&'a self, filter: &'a Filter, after: Option<&'a Cursor>, limit: usize) -> Answer<'a, Page> {
        Box::pin(self.list(filter, after, limit))
    }

    fn put_definition<'a>(&'a self, id: &'a str, text: &'a str) -> Answer<'a, ()> {
        Box::pin(self.put_definition(id, text))
    }

    fn definition<'a>(&'a self, id: &'a str) -> Answer<'a, Option<String>> {
        Box::pin(self.definition(id))
    }

    fn keep_definitions<'a>(&'a self, kept: &'a [(&'a str, u64)]) -> Answer<'a, Vec<String>> {
        Box::pin(self.keep_definitions(kept))
    }

    fn adopt_definition<'a>(&'a self, id: &'a str, for_ms: u64) -> Answer<'a, ()> {
        Box::pin(self.adopt_definition(id, for_ms))
    }

    fn ended(&self, partition: u16, limit: usize) -> Answer<'_, Vec<Summary>> {
        Box::pin(self.ended(partition, limit))
    }

    fn finished(&self, partition: u16, retention_ms: u64, limit: usize) -> Answer<'_, Vec<Finished>> {
        Box::pin(self.finished(partition, retention_ms, limit))
    }

    fn archive<'a>(&'a self, finished: &'a Finished) -> Answer<'a, bool> {
        Box::pin(self.archive(finished))
    }

    fn eviction(&self) -> Answer<'_, Vec<Eviction>> {
        Box::pin(Eviction::ask(&self.connection))
    }

    fn offer<'a>(&'a self, tasks: &'a [TaskRef]) -> Answer<'a, ()> {
        Box::pin(self.offer(tasks))
    }

    fn take<'a>(&'a self, partition: u16, function: &'a str, limit: usize) -> Answer<'a, Vec<TaskRef>> {
        Box::pin(self.take(partition, function, limit))
    }
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redis").field("keys", &self.keys).finish_non_exhaustive()
    }
}
