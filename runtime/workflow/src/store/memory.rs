//! Executions in memory: the meaning of the scripts in plain Rust, for tests, and for checking the scripts against.

mod model;

use super::keys::Keys;
use super::view::{Cursor, Filter, Moment, Page, Summary, View};
use super::{Answer, HistoryBounds, Store, limits};
use crate::protocol::{
    Claim, Committed, Due, ExecutionId, Finished, Owner, Snapshot, Start, Started, Taken, TaskRef, Transition,
};
use crate::{Error, Timestamp};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

pub use model::Model;

/// Executions in memory. A clone is the same memory.
#[derive(Debug, Clone)]
pub struct Memory {
    keys: Keys,
    clock: Option<Arc<AtomicU64>>,
    model: Arc<Mutex<Model>>,
}

impl Memory {
    /// Nothing yet, and the process's clock.
    pub fn new() -> Self {
        Self::of(Keys::new("memory"), false)
    }

    /// Nothing yet, spread as these keys say. `ready_lists`: commits also put dispatches into ready lists.
    pub fn of(keys: Keys, ready_lists: bool) -> Self {
        let model = Arc::new(Mutex::new(Model::new(keys.clone(), ready_lists)));
        Self { keys, model, clock: None }
    }

    /// Other bounds of history.
    #[must_use]
    pub fn with_history(self, history: HistoryBounds) -> Self {
        self.change(|model, _| *model = model.clone().with_history(history));
        self
    }

    /// Puts back what was there at another time, as a cache does that fails over to a replica.
    pub fn restore(&self, earlier: Model) {
        self.change(|model, _| *model = earlier);
    }

    /// Another clock, milliseconds since 1970.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<AtomicU64>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// What is there now.
    pub fn model(&self) -> Model {
        self.change(|model, _| model.clone())
    }

    /// Loses all there was, as a cache does that is replaced by an empty one.
    pub fn forget(&self) {
        self.change(|model, _| *model = model.emptied());
    }

    fn change<T>(&self, change: impl FnOnce(&mut Model, u64) -> T) -> T {
        let now = match &self.clock {
            Some(clock) => clock.load(Ordering::Relaxed),
            None => u64::try_from(Timestamp::now().millis()).unwrap_or(0),
        };
        change(&mut self.model.lock().unwrap_or_else(PoisonError::into_inner), now)
    }

    fn answer<'a, T: Send + 'a>(&self, change: impl FnOnce(&mut Model, u64) -> T) -> Answer<'a, T> {
        let result = self.change(change);
        Box::pin(std::future::ready(Ok(result)))
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

fn refused<'a, T: Send + 'a>(error: Error) -> Answer<'a, T> {
    Box::pin(std::future::ready(Err(error)))
}

impl Store for Memory {
    fn keys(&self) -> &Keys {
        &self.keys
    }

    fn time(&self) -> Answer<'_, u64> {
        self.answer(|_, now| now)
    }

    fn start<'a>(&'a self, start: &'a Start) -> Answer<'a, Started> {
        match limits::check(&start.transition) {
            Ok(()) => self.answer(|model, now| model.start(start, now)),
            Err(error) => refused(error),
        }
    }

    fn claim<'a>(&'a self, task: &'a TaskRef, owner: Owner) -> Answer<'a, Claim> {
        self.answer(|model, now| model.claim(task, owner, now))
    }

    fn commit<'a>(&'a self, execution: &'a ExecutionId, transition: &'a Transition) -> Answer<'a, Committed> {
        match limits::check(transition) {
            Ok(()) => self.answer(|model, now| model.commit(execution, transition, now)),
            Err(error) => refused(error),
        }
    }

    fn commit_taking<'a>(
        &'a self,
        execution: &'a ExecutionId,
        transition: &'a Transition,
        task: &'a TaskRef,
        owner: Owner,
    ) -> Answer<'a, (Committed, Option<Taken>)> {
        match limits::check(transition) {
            Ok(()) => self.answer(|model, now| model.commit_taking(execution, transition, task, owner, now)),
            Err(error) => refused(error),
        }
    }

    fn ack<'a>(&'a self, tasks: &'a [TaskRef]) -> Answer<'a, ()> {
        self.answer(|model, now| model.ack(tasks, now))
    }

    fn due(&self, partition: u16, limit: usize) -> Answer<'_, Vec<Due>> {
        self.answer(|model, now| model.due(partition, limit, now))
    }

    fn load<'a>(&'a self, execution: &'a ExecutionId) -> Answer<'a, Option<Snapshot>> {
        self.answer(|model, now| model.load(execution, now))
    }

    fn inspect<'a>(&'a self, execution: &'a ExecutionId) -> Answer<'a, Option<(View, Vec<Moment>)>> {
        let result = self.change(|model, now| {
            let view = model.view(execution, now);
            view.map(|view| Ok((view, model.history(execution)?))).transpose()
        });
        Box::pin(std::future::ready(result))
    }

    fn list<'a>(&'a self, filter: &'a Filter, after: Option<&'a Cursor>, limit: usize) -> Answer<'a, Page> {
        self.answer(|model, _| model.list(filter, after, limit))
    }

    fn put_definition<'a>(&'a self, id: &'a str, text: &'a str) -> Answer<'a, ()> {
        self.answer(|model, _| model.put_definition(id, text))
    }

    fn definition<'a>(&'a self, id: &'a str) -> Answer<'a, Option<String>> {
        self.answer(|model, _| model.definition(id))
    }

    fn keep_definitions<'a>(&'a self, kept: &'a [(&'a str, u64)]) -> Answer<'a, Vec<String>> {
        self.answer(|model, now| model.keep_definitions(kept, now))
    }

    fn adopt_definition<'a>(&'a self, id: &'a str, for_ms: u64) -> Answer<'a, ()> {
        self.answer(|model, now| model.adopt_definition(id, for_ms, now))
    }

    fn ended(&self, partition: u16, limit: usize) -> Answer<'_, Vec<Summary>> {
        self.answer(|model, now| model.ended(partition, limit, now))
    }

    fn finished(&self, partition: u16, retention_ms: u64, limit: usize) -> Answer<'_, Vec<Finished>> {
        self.answer(|model, now| model.finished(partition, now.saturating_sub(retention_ms), limit))
    }

    fn archive<'a>(&'a self, finished: &'a Finished) -> Answer<'a, bool> {
        self.answer(|model, _| model.archive(finished))
    }

    fn offer<'a>(&'a self, tasks: &'a [TaskRef]) -> Answer<'a, ()> {
        self.answer(|model, _| model.offer(tasks))
    }

    fn take<'a>(&'a self, partition: u16, function: &'a str, limit: usize) -> Answer<'a, Vec<TaskRef>> {
        self.answer(|model, _| model.take(partition, function, limit))
    }
}
