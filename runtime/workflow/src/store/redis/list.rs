//! Lists and views of executions: for people, so they may cost more than a transition.

use super::Redis;
use crate::Error;
use crate::protocol::{ExecutionId, Snapshot, Status};
use crate::store::record;
use crate::store::reply::{Reply, revision, unexpected};
use crate::store::script::{self, Call};
use crate::store::view::{Cursor, Filter, Page, Summary, View};
use futures_util::future::try_join_all;
use std::collections::{BTreeMap, VecDeque};

/// How many executions are read of a partition at a time, at the least and at the most.
const BATCH: (usize, usize) = (8, 200);
/// How many executions are looked at together.
const TOGETHER: usize = 500;

/// The executions of one partition, latest first, read piece by piece.
struct Partition {
    number: u16,
    read: VecDeque<Cursor>,
    /// The last one that was read.
    last: Option<Cursor>,
    more: bool,
}

impl Redis {
    /// Merges the partitions, looks at what the filter may leave, until the page is full.
    pub(super) async fn list(&self, filter: &Filter, after: Option<&Cursor>, limit: usize) -> Result<Page, Error> {
        let wanted = limit.max(1);
        let batch = (wanted / 8).clamp(BATCH.0, BATCH.1);
        let partitions = 0..self.keys.partitions();
        let mut partitions: Vec<Partition> = partitions
            .map(|number| Partition { number, read: VecDeque::new(), last: after.cloned(), more: true })
            .collect();
        let mut executions = Vec::new();
        loop {
            let rest = wanted - executions.len();
            let together = if filter.status.is_none() { rest } else { TOGETHER.max(rest) };
            let candidates = self.merge(&mut partitions, filter, together, batch).await?;
            let last = candidates.len() < together;
            let summaries = try_join_all(candidates.into_iter().map(|cursor| self.summary(cursor.execution))).await?;
            let kept =
                summaries.into_iter().flatten().filter(|s| filter.status.is_none_or(|status| status == s.status));
            executions.extend(kept.take(rest));
            if last || executions.len() == wanted {
                return Ok(Page::of(executions, limit));
            }
        }
    }

    /// The next executions of all partitions that the filter may leave.
    async fn merge(
        &self,
        partitions: &mut [Partition],
        filter: &Filter,
        wanted: usize,
        batch: usize,
    ) -> Result<Vec<Cursor>, Error> {
        let mut merged = Vec::new();
        while merged.len() < wanted {
            let empty = partitions.iter_mut().filter(|partition| partition.more && partition.read.is_empty());
            try_join_all(empty.map(|partition| self.refill(partition, filter.since_ms, batch))).await?;
            let latest = partitions.iter_mut().max_by(|one, other| one.read.front().cmp(&other.read.front()));
            let Some(latest) = latest.and_then(|partition| partition.read.pop_front()) else { break };
            if filter.wants(&latest.execution) {
                merged.push(latest);
            }
        }
        Ok(merged)
    }

    /// Reads on in a partition, back to this time.
    async fn refill(&self, partition: &mut Partition, since_ms: u64, batch: usize) -> Result<(), Error> {
        let highest = partition.last.as_ref().map_or_else(|| "+inf".to_owned(), |last| last.started_ms.to_string());
        let mut offset = 0;
        while partition.more && partition.read.is_empty() {
            let mut range = redis::cmd("ZREVRANGEBYSCORE");
            range.arg(self.keys.all(partition.number)).arg(&highest).arg(since_ms);
            range.arg("WITHSCORES").arg("LIMIT").arg(offset).arg(batch);
            let mut reply = Reply::new(self.send(&range).await?);
            let mut read = 0;
            while let (Some(execution), Some(started_ms)) = (reply.text(), reply.number()) {
                read += 1;
                let cursor = Cursor { started_ms, execution: ExecutionId(execution) };
                // Those of one millisecond are in the order of their names.
                if partition.last.as_ref().is_none_or(|last| cursor < *last) {
                    partition.read.push_back(cursor);
                }
            }
            partition.more = read == batch;
            offset += batch;
        }
        if let Some(last) = partition.read.back() {
            partition.last = Some(last.clone());
        }
        Ok(())
    }

    pub(super) async fn summary(&self, execution: ExecutionId) -> Result<Option<Summary>, Error> {
        let mut get = redis::cmd("HMGET");
        get.arg(self.keys.execution(&execution)).arg("st").arg("d").arg("w").arg("f").arg("r");
        let mut reply = Reply::new(self.send(&get).await?);
        let Some(status) = reply.text() else { return Ok(None) };
        let status = status.chars().next().and_then(Status::of_letter).ok_or_else(unexpected)?;
        let definition = reply.text().ok_or_else(unexpected)?;
        let started_ms = reply.require()?;
        // Each is there or not.
        let (finished_ms, stored) = (reply.number(), reply.bytes());
        let revision = stored.map_or(0, |stored| revision(&stored));
        Ok(Some(Summary { execution, status, revision, definition, started_ms, finished_ms }))
    }

    pub(super) async fn ended(&self, partition: u16, limit: usize) -> Result<Vec<Summary>, Error> {
        let keys = vec![self.keys.done(partition), self.keys.counted(partition)];
        let mut reply = self.run(Call::new(&script::ENDS, keys).arg(limit)).await?;
        let mut ends = Vec::new();
        while let (Some(execution), Some(_at)) = (reply.text(), reply.number()) {
            ends.push(ExecutionId(execution));
        }
        let summaries = try_join_all(ends.into_iter().map(|execution| self.summary(execution))).await?;
        // One whose end a runtime before this one wrote was counted then.
        let counts = |summary: &Summary| summary.status != Status::Running && summary.revision != 0;
        Ok(summaries.into_iter().flatten().filter(counts).collect())
    }
}

/// What the fields of an execution say.
pub(super) fn view(now_ms: u64, fields: &BTreeMap<String, Vec<u8>>) -> Option<View> {
    let text = |name: &str| std::str::from_utf8(fields.get(name)?).ok();
    let number = |name: &str| text(name)?.parse().ok();
    let snapshot = Snapshot {
        status: text("st")?.chars().next().and_then(Status::of_letter)?,
        version: number("v")?,
        revision: fields.get("r").map_or(0, |stored| revision(stored)),
        definition: text("d")?.to_owned(),
        state: fields.get("s")?.clone(),
        now_ms,
    };
    let slots = fields.iter().filter_map(|(name, value)| Some((name.strip_prefix('t')?.parse().ok()?, value)));
    let mut open: Vec<_> = slots.map(|(slot, value)| record::parse(slot, value)).collect::<Option<_>>()?;
    open.sort_by_key(|open| open.slot);
    Some(View { snapshot, started_ms: number("w")?, finished_ms: number("f"), timeout_ms: number("o")?, open })
}
