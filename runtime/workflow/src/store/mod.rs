//! Where executions live: Redis, or memory. Every change of an execution is one atomic step here.
//!
//! Keys, records and scripts are described in `docs/workflows-protocol.md`. In short: a **commit** applies a transition of the planner if the
//! execution has the version that the planner saw and the fencing token of the work still holds; a **claim** gives a piece of work to
//! one worker until its lease ends; the **due set** has an entry for all that somebody has to look at, so that no message needs to
//! arrive for an execution to go on.
//!
//! # What a crash does
//!
//! - **Before a script ran**: nothing has changed.
//! - **After it, before its answer arrived**: all is changed. The call may be made again. The same start answers [`Started::Now`], the same
//!   owner is given its claim, and the same transition answers [`Committed::Done`], as long as nothing came after it. If something did, it
//!   is [`Committed::Stale`], and its dispatches are the sweep's: they are in the due set since the commit.
//! - **Within it**: Redis runs a script whole, and writes it to its append-only file and to replicas whole.
//! - **The server is replaced by a replica that has not seen the last transitions**: an execution is where it was before them. State, work,
//!   history and due entries go back together, since they are in one slot. Who still works on what was lost commits nothing: fencing
//!   tokens and revisions have random bits, so that no two histories share one.
//!
//! # Once
//!
//! A transition that is committed with a fence replaces or removes the work that it names, so that the fence holds once. Without a fence
//! (a cancellation, a retry) it changes the status, which is checked likewise. A lease that is over is never given to another worker:
//! that the work failed is a transition, and its retry has another fencing token. So each attempt is begun by one worker.

mod eviction;
mod keys;
mod limits;
pub mod memory;
mod view;

#[cfg(feature = "redis")]
mod connect;
#[cfg(feature = "redis")]
mod record;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "redis")]
mod reply;
#[cfg(feature = "redis")]
mod script;

use crate::Error;
use crate::protocol::{
    Claim, Committed, Due, ExecutionId, Finished, Owner, Phase, Record, Snapshot, Start, Started, Taken, TaskRef,
    Transition,
};

#[cfg(feature = "redis")]
pub use connect::{Credentials, Provider, Target};
pub use eviction::{Eviction, Evicts};
pub use keys::{Keys, PARTITIONS};
pub use limits::{HistoryBounds, MAX_RECORDS, MAX_STATES};
pub use memory::Memory;
#[cfg(feature = "redis")]
pub use redis::Redis;
#[cfg(feature = "redis")]
pub use reply::Reply;
#[cfg(feature = "redis")]
pub use script::{Call, Script};
pub use view::{Cursor, Filter, Moment, Open, Page, Summary, View};

/// What a call of the store comes to.
pub type Answer<'a, T> = std::pin::Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// After a dispatch that nobody acknowledged, how long until the sweep sends it again.
pub(crate) const GRACE_MS: u64 = 10_000;
/// After an acknowledged dispatch: doubled with each time it is sent again.
pub(crate) const RESEND_MS: u64 = 60_000;
/// The longest of these.
pub(crate) const MAX_RESEND_MS: u64 = 900_000;
/// What the sweep has been shown, it is not shown again for this long: others look at other things meanwhile.
pub(crate) const LOOK_MS: u64 = 10_000;

/// Sweeps that are further apart than this leave out time: see [`Store::keep_definitions`].
pub(crate) const SWEPT_MS: u64 = 900_000;

/// Where executions live. Each method is one atomic step, or several of which each may be the last. All may be called again when an
/// answer was lost.
pub trait Store: Send + Sync {
    /// How executions are spread: see [`Keys::partition`].
    fn keys(&self) -> &Keys;

    /// The store's time, milliseconds since 1970.
    fn time(&self) -> Answer<'_, u64>;

    /// Begins an execution, unless there is one of its name.
    fn start<'a>(&'a self, start: &'a Start) -> Answer<'a, Started>;

    /// Takes a piece of work for a worker, until its lease ends. The same owner may ask again.
    fn claim<'a>(&'a self, task: &'a TaskRef, owner: Owner) -> Answer<'a, Claim>;

    /// Applies a transition whole or not at all.
    fn commit<'a>(&'a self, execution: &'a ExecutionId, transition: &'a Transition) -> Answer<'a, Committed>;

    /// [`Self::commit`], and, if it is done, a claim of work that it orders and that may start at once: in one step where the store
    /// can. It saves a worker that goes on with the next step a round trip, and the server a write to its log.
    fn commit_taking<'a>(
        &'a self,
        execution: &'a ExecutionId,
        transition: &'a Transition,
        task: &'a TaskRef,
        owner: Owner,
    ) -> Answer<'a, (Committed, Option<Taken>)> {
        Box::pin(async move {
            let committed = self.commit(execution, transition).await?;
            let takes = committed == Committed::Done && orders_at_once(transition, task);
            let taken = if takes { taken(self.claim(task, owner).await?) } else { None };
            Ok((committed, taken))
        })
    }

    /// These dispatches were sent: the sweep need not send them again so soon.
    fn ack<'a>(&'a self, tasks: &'a [TaskRef]) -> Answer<'a, ()>;

    /// What somebody has to look at, in one partition; what is handed out here is not handed out again for ten seconds. Fewer than
    /// `limit` means that no more is due.
    fn due(&self, partition: u16, limit: usize) -> Answer<'_, Vec<Due>>;

    /// An execution as it stands.
    fn load<'a>(&'a self, execution: &'a ExecutionId) -> Answer<'a, Option<Snapshot>>;

    /// An execution, the work that is under way, and what happened to it as far as that is kept: for people.
    fn inspect<'a>(&'a self, execution: &'a ExecutionId) -> Answer<'a, Option<(View, Vec<Moment>)>>;

    /// An execution and the work that is under way, for people.
    fn view<'a>(&'a self, execution: &'a ExecutionId) -> Answer<'a, Option<View>> {
        Box::pin(async move { Ok(self.inspect(execution).await?.map(|(view, _)| view)) })
    }

    /// What happened to an execution; empty if there is none.
    fn history<'a>(&'a self, execution: &'a ExecutionId) -> Answer<'a, Vec<Moment>> {
        Box::pin(async move { Ok(self.inspect(execution).await?.map(|(_, history)| history).unwrap_or_default()) })
    }

    /// Executions, latest start first.
    fn list<'a>(&'a self, filter: &'a Filter, after: Option<&'a Cursor>, limit: usize) -> Answer<'a, Page>;

    /// Keeps a definition; one that is there stays as it is.
    fn put_definition<'a>(&'a self, id: &'a str, text: &'a str) -> Answer<'a, ()>;

    /// A definition.
    fn definition<'a>(&'a self, id: &'a str) -> Answer<'a, Option<String>>;

    /// Says of definitions for how long from now they are kept at the least, milliseconds; removes those whose time is over, and says
    /// which. For the sweep, that is, every minute or so: time in which nobody calls it does not count, since executions that would have ended
    /// then are there still. A definition of which nobody ever said it stays.
    fn keep_definitions<'a>(&'a self, kept: &'a [(&'a str, u64)]) -> Answer<'a, Vec<String>>;

    /// Says the same of a definition of which nobody has said it yet.
    fn adopt_definition<'a>(&'a self, id: &'a str, for_ms: u64) -> Answer<'a, ()>;

    /// Executions of a partition that ended since this was last asked, earliest first, each handed out once: to be counted. What is in
    /// an answer that is lost is not counted. Fewer than `limit` does not mean that there are no more; none does.
    fn ended(&self, partition: u16, limit: usize) -> Answer<'_, Vec<Summary>>;

    /// Executions of a partition that finished at least this long ago by the store's clock, earliest first.
    fn finished(&self, partition: u16, retention_ms: u64, limit: usize) -> Answer<'_, Vec<Finished>>;

    /// Removes a finished execution; false if it is gone, or no longer finished as it was then.
    fn archive<'a>(&'a self, finished: &'a Finished) -> Answer<'a, bool>;

    /// What its servers do when they are full, as far as that matters: nothing of a store that never is.
    fn eviction(&self) -> Answer<'_, Vec<Eviction>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    /// Puts work into the ready lists, for workers that are processes.
    fn offer<'a>(&'a self, tasks: &'a [TaskRef]) -> Answer<'a, ()>;

    /// Takes work of a function from the ready list of a partition: at most so many. What the taker loses, the sweep offers again.
    fn take<'a>(&'a self, partition: u16, function: &'a str, limit: usize) -> Answer<'a, Vec<TaskRef>>;
}

/// How long after its beginning somebody has to look at a record; `None` if its beginning means nothing.
pub(crate) fn grace(record: &Record, ready: bool) -> Option<u64> {
    match record.phase {
        Phase::Signal => None,
        Phase::Timer => Some(0),
        // What waits for its time goes to the ready list only when the sweep finds it.
        Phase::Dispatched | Phase::Claimed if ready && record.delay_ms > 0 => Some(0),
        Phase::Dispatched | Phase::Claimed => Some(GRACE_MS),
    }
}

/// Whether a transition orders this piece of work, to be done as soon as somebody claims it.
fn orders_at_once(transition: &Transition, task: &TaskRef) -> bool {
    transition.records.iter().any(|(slot, record)| {
        *slot == task.slot
            && record.as_ref().is_some_and(|record| {
                record.seq == task.seq
                    && record.phase == Phase::Dispatched
                    && record.delay_ms == 0
                    && record.at_ms.is_none()
                    && record.timeout_ms != Some(0)
            })
    })
}

/// What a claim has of what was taken.
pub(crate) fn taken(claim: Claim) -> Option<Taken> {
    match claim {
        Claim::Claimed { snapshot, lease_until_ms, deadline_ms, .. } => {
            Some(Taken { now_ms: snapshot.now_ms, lease_until_ms, deadline_ms })
        }
        _ => None,
    }
}
