//! Carries executions on: what happened is planned, committed, planned again if another transition came first, and the work that
//! follows is sent out.
//!
//! # What a crash does
//!
//! - **Before the commit**: nothing has changed. What happened is found again: a timer or a deadline by the sweep, a function's work
//!   when its lease ends.
//! - **After the commit, before or while its dispatches are sent**: their records stand in Redis, not acknowledged, and are due within
//!   ten seconds: the sweep sends them.
//! - **After sending, before the acknowledgement**: the sweep sends them again within ten seconds. Whoever gets the second message
//!   finds the work claimed or done.
//! - **The answer of a commit is lost**: as after the commit. Whoever commits the very same again is told that it is done, or, when more
//!   has happened since, that its fence is gone.

use super::definition::Definition;
use super::full::Told;
use super::planner::{self, Chance, Event};
use super::store::Store;
use super::transport::{Dispatch, Transport};
use super::turn::{Member, Turns};
use super::{Claim, Committed, ExecutionId, Slot, Snapshot, Status, Taken, TaskRef, Transition, crash};
use crate::{Error, Kind, Uuid, hash};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Definitions that are kept: one a deployment of each workflow, as long as executions of it are under way.
const DEFINITIONS: usize = 64;

/// How long the store's time is counted on before it is asked for again.
const TIME: Duration = Duration::from_mins(1);

/// Moves executions of one namespace.
pub struct Carrier {
    pub(crate) store: Arc<dyn Store>,
    transport: Option<Arc<dyn Transport>>,
    definitions: Mutex<HashMap<String, Arc<Definition>>>,
    sent: Mutex<Vec<TaskRef>>,
    seed: AtomicU64,
    /// See [`Chance::key`].
    key: [u8; 32],
    /// The store's time, and when it was that.
    time: Mutex<Option<(Instant, u64)>>,
    /// Whose turn it is to plan.
    pub(crate) turns: Turns,
    /// What the sweep said of the cache.
    pub(crate) told: Told,
}

/// What became of something that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carried {
    /// The execution has gone on by it.
    On,
    /// It was too late: the execution has gone on without it, or is over.
    Late,
}

impl Carrier {
    /// Without a transport, what is to be done is left to the sweep.
    pub fn new(store: Arc<dyn Store>, transport: Option<Arc<dyn Transport>>) -> Self {
        let [seed, _] = halves(Uuid::new_v4());
        let seed = AtomicU64::new(seed);
        let (definitions, sent, time) = (Mutex::default(), Mutex::default(), Mutex::default());
        let (turns, told) = (Turns::default(), Told::default());
        Self { store, transport, definitions, sent, seed, key: random_key(), time, turns, told }
    }

    /// Where its executions live.
    pub fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// Draws jitter and owners from this seed.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn seeded(mut self, seed: u64) -> Self {
        self.seed = AtomicU64::new(seed);
        self
    }

    /// The next number of a sequence that no other carrier has: splitmix64.
    /// <https://prng.di.unimi.it/splitmix64.c>
    pub(crate) fn draw(&self) -> u64 {
        hash::mix(self.seed.fetch_add(hash::GAMMA, Ordering::Relaxed).wrapping_add(hash::GAMMA))
    }

    /// What chance decides in the next transition.
    pub(crate) fn chance(&self) -> Chance {
        Chance { seed: self.draw(), key: self.key }
    }

    /// The store's time, milliseconds since 1970: asked for now and then, and counted on from there. The clocks of workers do not matter.
    pub(crate) async fn time(&self) -> Result<u64, Error> {
        let counted = lock(&self.time).map(|(at, time)| (at.elapsed(), time));
        if let Some((passed, time)) = counted.filter(|(passed, _)| *passed < TIME) {
            return Ok(time + u64::try_from(passed.as_millis()).unwrap_or(0));
        }
        let at = Instant::now();
        let time = self.store.time().await?;
        *lock(&self.time) = Some((at, time));
        Ok(time)
    }

    /// Plans and commits what happened, again from the new state as long as other transitions come first, until this time; then
    /// sends what follows.
    pub async fn carry(
        &self,
        execution: &ExecutionId,
        snapshot: Snapshot,
        fence: Option<(Slot, u64)>,
        event: Event,
        until: Instant,
    ) -> Result<Carried, Error> {
        let member = self.turns.member(until, false);
        let (carried, _) = self.carry_taking(execution, snapshot, fence, event, &member, &|_| false).await?;
        Ok(carried)
    }

    /// The same; takes the first piece of work that follows, may start at once and is wanted, with the commit.
    pub(crate) async fn carry_taking(
        &self,
        execution: &ExecutionId,
        mut snapshot: Snapshot,
        fence: Option<(Slot, u64)>,
        event: Event,
        member: &Member<'_>,
        wants: &(dyn Fn(&TaskRef) -> bool + Sync),
    ) -> Result<(Carried, Option<Next>), Error> {
        let mut conflicts = 0;
        loop {
            let definition = self.definition(&snapshot.definition).await?;
            let chance = self.chance();
            let plan = |patience| {
                planner::plan_within(&definition, execution, &snapshot, fence, event.clone(), (chance, patience))
            };
            let (transition, turn) = member.plan(plan).await?;
            let Some(transition) = transition else { return Ok((Carried::Late, None)) };
            let mut dispatches = hints(execution, &transition, snapshot.now_ms);
            let wanted = dispatches.iter().position(|(task, delay_ms)| *delay_ms == 0 && wants(task));
            let sent = Instant::now();
            crash::point("before-commit");
            let (committed, taken) = match wanted.and_then(|place| dispatches.get(place)) {
                Some((task, _)) => {
                    turn.through(self.store.commit_taking(execution, &transition, task, self.draw())).await?
                }
                None => (turn.through(self.store.commit(execution, &transition)).await?, None),
            };
            crash::point("after-commit");
            match committed {
                Committed::Done => {
                    let next = wanted.zip(taken).map(|(place, taken)| (dispatches.remove(place).0, taken));
                    // The execution has gone on, whatever becomes of word of it: the sweep sends what was not sent.
                    if let Err(error) = self.send(&dispatches).await {
                        tracing::warn!(execution = execution.0, error = error.kind().name(), "not sent: {error}");
                    }
                    let next = next.map(|(task, taken)| Next::new(task, taken, transition, &snapshot, sent));
                    return Ok((Carried::On, next));
                }
                Committed::Stale => return Ok((Carried::Late, None)),
                Committed::Conflict(now) if planner::is_outdated(&event, &snapshot, &now)? => {
                    return Ok((Carried::Late, None));
                }
                Committed::Conflict(now) => snapshot = now,
            }
            self.give_way(conflicts, member.until()).await?;
            conflicts += 1;
        }
    }

    /// A pause between a conflict and the next attempt: none after the first, since another transition is rarely just then on its way;
    /// then random ones, up to a bound that doubles.
    async fn give_way(&self, conflicts: u32, until: Instant) -> Result<(), Error> {
        const LONGEST_MS: u64 = 64;
        if conflicts == 0 {
            return Ok(());
        }
        let pause = Duration::from_millis(self.draw() % (1 << conflicts.min(6)).min(LONGEST_MS));
        if Instant::now() + pause >= until {
            return Err(Error::new(
                Kind::Conflict,
                "other transitions of the execution came first, until time was over",
            ));
        }
        tokio::time::sleep(pause).await;
        Ok(())
    }

    /// Sends word of what a transition orders.
    pub(crate) async fn send_hints(
        &self,
        execution: &ExecutionId,
        transition: &Transition,
        now_ms: u64,
    ) -> Result<(), Error> {
        self.send(&hints(execution, transition, now_ms)).await
    }

    /// Sends word of work. What a transport could not send is an error, although nothing is lost: the sweep sends it.
    pub(crate) async fn send(&self, dispatches: &[Dispatch]) -> Result<(), Error> {
        let Some(transport) = self.transport.as_ref().filter(|_| !dispatches.is_empty()) else { return Ok(()) };
        crash::point("before-send");
        let sent = transport.send(dispatches).await;
        crash::point("after-send");
        lock(&self.sent).extend(sent.taken);
        sent.error.map_or(Ok(()), Err)
    }

    /// Acknowledges what was sent so far, so that the sweep does not send it again so soon. That this fails is no harm.
    pub async fn acknowledge(&self) {
        let sent = std::mem::take(&mut *lock(&self.sent));
        if sent.is_empty() {
            return;
        }
        crash::point("before-ack");
        if let Err(error) = self.store.ack(&sent).await {
            tracing::warn!(
                error = error.kind().name(),
                "dispatches were not acknowledged, and are sent again: {error}"
            );
        }
        crash::point("after-ack");
    }

    /// A definition, as an execution keeps it.
    pub async fn definition(&self, id: &str) -> Result<Arc<Definition>, Error> {
        if let Some(definition) = lock(&self.definitions).get(id) {
            return Ok(definition.clone());
        }
        let text = self.store.definition(id).await?;
        let text = text.ok_or_else(|| {
            Error::new(Kind::Configuration, format!("there is no definition `{id}`, which an execution keeps"))
        })?;
        Ok(self.keep(Definition::parse(&text)?))
    }

    /// Keeps a definition in memory.
    pub(crate) fn keep(&self, definition: Definition) -> Arc<Definition> {
        let definition = Arc::new(definition);
        let mut definitions = lock(&self.definitions);
        if definitions.len() >= DEFINITIONS {
            // Rare enough that reading those in use once more does not matter.
            definitions.clear();
        }
        definitions.insert(definition.id().to_owned(), definition.clone());
        definition
    }
}

/// Work that was taken with the commit that ordered it.
pub(crate) struct Next {
    /// Which piece of work.
    pub(crate) task: TaskRef,
    /// What a claim would have brought.
    pub(crate) claim: Claim,
    /// When the commit was sent: the lease began later.
    pub(crate) sent: Instant,
}

impl Next {
    fn new(task: TaskRef, taken: Taken, transition: Transition, before: &Snapshot, sent: Instant) -> Self {
        let Taken { now_ms, lease_until_ms, deadline_ms } = taken;
        let record = transition.records.into_iter().find(|(slot, _)| *slot == task.slot);
        let payload = record.and_then(|(_, record)| record).map(|record| record.payload).unwrap_or_default();
        let snapshot = Snapshot {
            status: Status::Running,
            version: transition.version + 1,
            revision: transition.revision,
            definition: before.definition.clone(),
            state: transition.state,
            now_ms,
        };
        Self { task, claim: Claim::Claimed { snapshot, payload, lease_until_ms, deadline_ms }, sent }
    }
}

/// What is to be sent after a transition; a timer for a point in time after as long as it is from the transition till then.
fn hints(execution: &ExecutionId, transition: &Transition, now_ms: u64) -> Vec<Dispatch> {
    let mut dispatches = planner::dispatches(execution, transition);
    for (task, delay_ms) in &mut dispatches {
        let record =
            transition.records.iter().find(|(slot, _)| *slot == task.slot).and_then(|(_, record)| record.as_ref());
        if let Some(at_ms) = record.and_then(|record| record.at_ms) {
            *delay_ms = at_ms.saturating_sub(now_ms);
        }
    }
    dispatches
}

/// 244 bits from the system's source of randomness.
fn random_key() -> [u8; 32] {
    let mut key = [0; 32];
    for half in key.chunks_exact_mut(16) {
        half.copy_from_slice(Uuid::new_v4().as_bytes());
    }
    key
}

fn halves(id: Uuid) -> [u64; 2] {
    let (high, low) = id.as_u64_pair();
    [high ^ low.rotate_left(17), low]
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
