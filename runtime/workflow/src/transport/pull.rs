//! Word by lists in Redis, for workers that are processes: [`Pull`] puts it there, [`PullWorker`] takes it and does the work.
//!
//! A worker does what follows from its own work itself: the next step is claimed with the commit that orders it, and word of others
//! never leaves the process as long as it has room. If the process dies, the sweep finds the records, as after any lost message.
//!
//! What is in a list is not acknowledged: whoever takes word from it may die with it, and nobody else has it then. So the sweep offers
//! work again every ten seconds until it is claimed; a list that is longer than that has some of it twice, which a claim finds out.

use super::{Dispatch, Sending, Sent, Transport};
use crate::TaskRef;
use crate::carrier::{Carrier, lock};
use crate::store::Store;
use crate::sweep::sweep;
use crate::worker::{Job, TaskError};
use futures_util::StreamExt;
use futures_util::future::{join_all, pending};
use futures_util::stream::FuturesUnordered;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;
use tokio::time::Instant;

/// Partitions that are asked for work at the same time.
const PARTITIONS: u16 = 64;
/// The shortest pause of a worker that finds nothing.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
/// The longest one, for 256 lists or fewer.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);
/// The longest that one of its sweeps takes.
const SWEEP: Duration = Duration::from_secs(10);
/// The longest that a step may take.
const LONGEST: Duration = Duration::from_mins(15);

/// Puts word of work into the ready lists. What may not start yet is left to the sweep.
pub struct Pull {
    store: Arc<dyn Store>,
}

impl Pull {
    /// Into the lists of this store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }
}

impl Transport for Pull {
    fn send<'a>(&'a self, dispatches: &'a [Dispatch]) -> Sending<'a> {
        let ready = dispatches.iter().filter(|(_, delay_ms)| *delay_ms == 0).map(|(task, _)| task.clone()).collect();
        Box::pin(offer(self.store.as_ref(), ready))
    }
}

async fn offer(store: &dyn Store, ready: Vec<TaskRef>) -> Sent {
    if ready.is_empty() {
        return Sent::default();
    }
    match store.offer(&ready).await {
        Ok(()) => Sent::default(),
        Err(error) => Sent { taken: Vec::new(), error: Some(error) },
    }
}

/// How a worker of this kind is run.
#[derive(Debug, Clone)]
pub struct PullOptions {
    /// The functions whose work it does; the empty name is the engine's work: publishing and timers.
    pub functions: BTreeSet<String>,
    /// How much it does at a time.
    pub concurrency: usize,
    /// How often it sweeps; `None` if others do.
    pub sweep: Option<Duration>,
}

/// What a worker has taken and not begun.
struct Local {
    options: PullOptions,
    store: Arc<dyn Store>,
    ready: Mutex<VecDeque<TaskRef>>,
    /// Word of what may not start yet, by the time when it may.
    later: Mutex<BTreeMap<Instant, Vec<TaskRef>>>,
}

impl Transport for Local {
    fn send<'a>(&'a self, dispatches: &'a [Dispatch]) -> Sending<'a> {
        let mut away = Vec::new();
        for (task, delay_ms) in dispatches {
            let own = self.options.functions.contains(&task.function);
            // What waits for its time and is another's, the sweep finds.
            if *delay_ms > 0 && !own {
                continue;
            }
            if *delay_ms > 0 {
                let at = Instant::now() + Duration::from_millis(*delay_ms);
                lock(&self.later).entry(at).or_default().push(task.clone());
            } else if own && lock(&self.ready).len() < self.options.concurrency {
                lock(&self.ready).push_back(task.clone());
            } else {
                away.push(task.clone());
            }
        }
        Box::pin(offer(self.store.as_ref(), away))
    }
}

impl Local {
    fn next(&self) -> Option<TaskRef> {
        lock(&self.ready).pop_front()
    }

    /// Moves what may start by now to the ready ones; returns when the next may.
    fn wake(&self) -> Option<Instant> {
        let mut later = lock(&self.later);
        while let Some(first) = later.first_entry() {
            if *first.key() > Instant::now() {
                return Some(*first.key());
            }
            lock(&self.ready).extend(first.remove());
        }
        None
    }
}

/// A worker that takes work from the ready lists, for many functions in one process.
pub struct PullWorker {
    local: Arc<Local>,
    carrier: Carrier,
    stopped: AtomicBool,
}

impl PullWorker {
    /// A worker on this store.
    pub fn new(store: Arc<dyn Store>, options: PullOptions) -> Self {
        let local = Arc::new(Local { options, store: store.clone(), ready: Mutex::default(), later: Mutex::default() });
        let carrier = Carrier::new(store, Some(local.clone()));
        Self { local, carrier, stopped: AtomicBool::new(false) }
    }

    /// What moves executions for this worker: to start some, to signal.
    pub fn carrier(&self) -> &Carrier {
        &self.carrier
    }

    /// Lets [`Self::run`] end once what it has begun is done.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Works until it is stopped. An error of the store or the transport is logged, and work goes on: what was concerned is found by a
    /// sweep.
    pub async fn run(&self, run: impl AsyncFn(Job<'_>) -> Result<String, TaskError>) {
        let concurrency = self.local.options.concurrency;
        let mut working = FuturesUnordered::new();
        let mut sweeping = pin!(self.sweeps());
        let (mut taking, mut cursor) = (None, 0);
        let (mut pause, mut ask_at) = (SHORTEST_PAUSE, Instant::now());
        loop {
            let wake_at = self.local.wake();
            let stopped = self.stopped.load(Ordering::Relaxed);
            while working.len() < concurrency
                && !stopped
                && let Some(task) = self.local.next()
            {
                working.push(self.work(task, &run));
            }
            if stopped && working.is_empty() {
                return;
            }
            let free = concurrency - working.len();
            if taking.is_none() && free > 0 && Instant::now() >= ask_at {
                taking = Some(Box::pin(self.take(cursor, free)));
            }
            let look_at = if taking.is_none() && free > 0 { ask_at } else { Instant::now() + LONGEST_PAUSE };
            let mut rest = pin!(tokio::time::sleep_until(wake_at.map_or(look_at, |at| at.min(look_at))));
            poll_fn(|cx| {
                let _ = sweeping.as_mut().poll(cx);
                let worked = matches!(working.poll_next_unpin(cx), Poll::Ready(Some(())));
                let taken = taking.as_mut().map_or(Poll::Pending, |taking| taking.as_mut().poll(cx));
                if let Poll::Ready((found, place)) = taken {
                    (taking, cursor) = (None, place);
                    pause = if found { SHORTEST_PAUSE } else { (pause * 2).min(self.longest_pause()) };
                    ask_at = if found { Instant::now() } else { Instant::now() + pause };
                }
                let rested = rest.as_mut().poll(cx).is_ready();
                if worked || taken.is_ready() || rested { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        }
    }

    /// Asking all lists costs the server something, so that a worker of many functions asks less often.
    fn longest_pause(&self) -> Duration {
        let lists = usize::from(self.local.store.keys().partitions()) * self.local.options.functions.len();
        LONGEST_PAUSE * u32::try_from(lists.div_ceil(256)).unwrap_or(1)
    }

    async fn work(&self, task: TaskRef, run: &impl AsyncFn(Job<'_>) -> Result<String, TaskError>) {
        // What was taken is done before the worker stops.
        let wants = |task: &TaskRef| {
            self.local.options.functions.contains(&task.function) && !self.stopped.load(Ordering::Relaxed)
        };
        if let Err(error) = self.carrier.work_on(&task, LONGEST, &wants, run).await {
            let kind = error.kind().name();
            tracing::error!(execution = task.execution.0, seq = task.seq, error = kind, "{error}");
        }
    }

    /// Takes work from the lists, beginning with this partition; says whether there was some, and where to go on.
    async fn take(&self, mut cursor: u16, free: usize) -> (bool, u16) {
        let store = self.local.store.as_ref();
        let partitions = store.keys().partitions();
        let mut asked = 0;
        while asked < partitions {
            let count = PARTITIONS.min(partitions - asked);
            let places: Vec<_> = (0..count).map(|number| (cursor + number) % partitions).collect();
            let calls = places.iter().flat_map(|partition| {
                self.local.options.functions.iter().map(move |function| store.take(*partition, function, free))
            });
            (cursor, asked) = ((cursor + count) % partitions, asked + count);
            let mut found = false;
            for taken in join_all(calls).await {
                match taken {
                    Ok(tasks) => {
                        found |= !tasks.is_empty();
                        lock(&self.local.ready).extend(tasks);
                    }
                    Err(error) => {
                        tracing::warn!(error = error.kind().name(), "no work could be taken: {error}");
                        return (found, cursor);
                    }
                }
            }
            if found {
                return (true, cursor);
            }
        }
        (false, cursor)
    }

    async fn sweeps(&self) {
        let Some(every) = self.local.options.sweep else { return pending().await };
        loop {
            tokio::time::sleep(every).await;
            if let Err(error) = sweep(&self.carrier, None, SWEEP).await {
                tracing::warn!(error = error.kind().name(), "a sweep failed in part: {error}");
            }
        }
    }
}
