//! Looks after everything that is due: what keeps executions going when messages are lost, workers die and nobody else would come.
//!
//! | what is due | what is done |
//! | --- | --- |
//! | a dispatch that nobody has claimed | it is sent again |
//! | a claim whose lease is over | the work has failed with `Lambda.Unknown` |
//! | work whose deadline is over | it has failed with `States.Timeout` |
//! | a timer | it has come |
//! | an execution that has taken too long | it ends with `States.Timeout` |
//! | an execution that ended long enough ago | one log line, and it is gone |
//!
//! It also tells of a cache that would lose executions when it is full.
//!
//! What is slow to plan takes its turn behind what is quick (`turn`), and ends with an error of its own where it takes too
//! long: it does not keep others from going on, this time or the next.
//!
//! Two sweeps at once do no harm: what one is shown is not shown to the other for a while, and what both act upon nevertheless has a
//! fence that holds once. A sweep that dies leaves what it was shown to the next one.

use super::carrier::Carrier;
use super::ops::{RETENTION, needed_ms};
use super::planner::Event;
use super::state::outcome;
use super::transport::Dispatch;
use super::worker::{lost, overdue};
use super::{Due, ExecutionId, Finished, History, Snapshot, TaskRef, full};
use crate::{Error, Kind, Timestamp};
use futures_util::{StreamExt, stream};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

/// How much of a partition is looked at in one call.
const LIMIT: usize = 100;
/// Partitions that are looked at at the same time.
const PARTITIONS: usize = 32;
/// Executions of a partition that are moved at the same time.
const EXECUTIONS: usize = 16;

/// What a sweep did.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Swept {
    /// Dispatches that were sent again.
    pub sent: usize,
    /// Executions that went on.
    pub moved: usize,
    /// Executions that were archived.
    pub archived: usize,
    /// Partitions that there was no time for.
    pub left: usize,
}

impl Swept {
    fn add(mut self, other: Self) -> Self {
        self.sent += other.sent;
        self.moved += other.moved;
        self.archived += other.archived;
        self.left += other.left;
        self
    }
}

/// Looks after all partitions, for so long at most; executions that ended at least `retention` ago are archived, if one is given.
///
/// The order of partitions is another each time, so that each gets its turn also where time is too short for all. An error of one
/// execution is logged and does not keep others from going on; the last one is returned.
pub async fn sweep(carrier: &Carrier, retention: Option<Duration>, time: Duration) -> Result<Swept, Error> {
    let until = Instant::now() + time;
    full::tell(carrier).await;
    let partitions = carrier.store.keys().partitions();
    let first = u16::try_from(carrier.draw() % u64::from(partitions.max(1))).unwrap_or(0);
    let order = (0..partitions).map(|number| (number + first) % partitions);
    let parts = stream::iter(order).map(|partition| async move {
        let (swept, definitions) = (Swept::default(), BTreeSet::new());
        let mut part = Part { carrier, partition, until, swept, definitions, error: None };
        part.sweep(retention).await;
        (part.swept, part.definitions, part.error)
    });
    let (swept, definitions, mut error) = parts
        .buffer_unordered(PARTITIONS)
        .fold((Swept::default(), BTreeSet::new(), None), |(all, mut definitions, error), part| async move {
            let (swept, archived, failed) = part;
            definitions.extend(archived);
            (all.add(swept), definitions, failed.or(error))
        })
        .await;
    carrier.acknowledge().await;
    if let Err(failed) = adopt(carrier, definitions, retention).await {
        tracing::warn!(
            error = failed.kind().name(),
            "definitions may be kept for longer than they are needed: {failed}"
        );
        error = error.or(Some(failed));
    }
    error.map_or(Ok(swept), Err)
}

/// Sees to it that definitions of archived executions go once no execution needs them, also those that a runtime stored which never
/// said for how long.
async fn adopt(carrier: &Carrier, definitions: BTreeSet<String>, retention: Option<Duration>) -> Result<(), Error> {
    for id in definitions {
        let definition = carrier.definition(&id).await?;
        carrier.store.adopt_definition(&id, needed_ms(&definition, retention.unwrap_or(RETENTION))).await?;
    }
    Ok(())
}

struct Part<'a> {
    carrier: &'a Carrier,
    partition: u16,
    until: Instant,
    swept: Swept,
    /// Of the executions that were archived.
    definitions: BTreeSet<String>,
    error: Option<Error>,
}

impl Part<'_> {
    async fn sweep(&mut self, retention: Option<Duration>) {
        loop {
            if Instant::now() >= self.until {
                self.swept.left += 1;
                return;
            }
            match self.carrier.store.due(self.partition, LIMIT).await {
                Ok(due) => {
                    let more = due.len() >= LIMIT;
                    if !self.look_after(due).await {
                        self.swept.left += 1;
                        return;
                    }
                    if !more {
                        break;
                    }
                }
                // A full cache takes no note of what was looked at: archiving makes room.
                Err(error) => {
                    self.failed("the due set could not be read", error);
                    break;
                }
            }
        }
        if let Some(retention) = retention
            && let Err(error) = self.archive(retention).await
        {
            self.failed("executions could not be archived", error);
        }
    }

    fn failed(&mut self, what: &str, error: Error) {
        tracing::error!(partition = self.partition, error = error.kind().name(), "{what}: {error}");
        self.error = Some(error);
    }

    /// Whether there was time for all of it. What there was none for is due again.
    async fn look_after(&mut self, due: Vec<Due>) -> bool {
        let (mut again, mut happened): (Vec<Dispatch>, Vec<_>) = (Vec::new(), Vec::new());
        for due in due {
            match due {
                Due::Resend(task) => again.push((task, 0)),
                Due::Lease(task, snapshot) => happened.push(work(&task, snapshot, lost(&task))),
                Due::Deadline(task, snapshot) => happened.push(work(&task, snapshot, overdue(&task))),
                Due::Timer(task, snapshot) => {
                    happened.push(work(&task, snapshot, Event::TimerDue { slot: task.slot }));
                }
                Due::Timeout(execution, snapshot) => happened.push((execution, snapshot, None, Event::TimedOut)),
            }
        }
        match self.carrier.send(&again).await {
            Ok(()) => self.swept.sent += again.len(),
            Err(error) => self.failed("dispatches could not be sent", error),
        }
        let (carrier, until) = (self.carrier, self.until);
        let carried = stream::iter(happened).map(|(execution, snapshot, fence, event)| async move {
            if Instant::now() >= until {
                return Ok(None);
            }
            carrier.carry(&execution, snapshot, fence, event, until).await.map(Some).map_err(|error| (execution, error))
        });
        let mut had_time = true;
        let mut carried = carried.buffer_unordered(EXECUTIONS);
        while let Some(result) = carried.next().await {
            match result {
                Ok(Some(_)) => self.swept.moved += 1,
                Ok(None) => had_time = false,
                Err((execution, error)) if error.kind() == Kind::Timeout => {
                    tracing::warn!(execution = execution.0, "an execution is left to the next sweep: {error}");
                    had_time = false;
                }
                Err((execution, error)) => {
                    let kind = error.kind().name();
                    tracing::error!(execution = execution.0, error = kind, "an execution could not go on: {error}");
                    self.error = Some(error);
                }
            }
        }
        had_time
    }

    async fn archive(&mut self, retention: Duration) -> Result<(), Error> {
        let retention_ms = u64::try_from(retention.as_millis()).unwrap_or(u64::MAX);
        while Instant::now() < self.until {
            let finished = self.carrier.store.finished(self.partition, retention_ms, LIMIT).await?;
            let mut archived = 0;
            for finished in &finished {
                match self.archive_one(finished).await {
                    Ok(done) => archived += usize::from(done),
                    // One that cannot be read keeps no other from being archived.
                    Err(error) => {
                        let kind = error.kind().name();
                        tracing::error!(execution = finished.execution.0, error = kind, "not archived: {error}");
                        self.error = Some(error);
                    }
                }
            }
            self.swept.archived += archived;
            // Without progress, another sweep is at it.
            if finished.len() < LIMIT || archived == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Writes the line first: after a crash between the two it is written again, and never missing.
    async fn archive_one(&mut self, finished: &Finished) -> Result<bool, Error> {
        let execution = &finished.execution;
        let store = &self.carrier.store;
        // Only its entry among the finished is left: that goes, too.
        let Some((view, moments)) = store.inspect(execution).await? else { return store.archive(finished).await };
        let steps = moments.iter().flat_map(|moment| &moment.entries);
        let steps = steps.filter(|entry| matches!(entry, History::Dispatched { attempt: 0, .. })).count();
        let error = outcome(&view.snapshot.state).ok().and_then(|outcome| outcome.error);
        let at =
            |ms: u64| i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millis(ms).ok()).map(|at| at.to_string());
        tracing::info!(
            execution = execution.0,
            status = ?view.snapshot.status,
            started = at(view.started_ms),
            finished = at(finished.finished_ms),
            steps,
            transitions = view.snapshot.version,
            executionError = error,
            definition = view.snapshot.definition,
            "archived",
        );
        self.definitions.insert(view.snapshot.definition);
        store.archive(finished).await
    }
}

type Happened = (ExecutionId, Snapshot, Option<(super::Slot, u64)>, Event);

fn work(task: &TaskRef, snapshot: Snapshot, event: Event) -> Happened {
    (task.execution.clone(), snapshot, Some((task.slot, task.seq)), event)
}
