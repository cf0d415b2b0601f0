//! Executions that functions start, in memory: nothing runs, and a test says how they end.

use super::World;
use crate::execution::{Execution, Workflow, execution_name};
use crate::{Error, Kind};
use serde_json::Value;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// An execution that a function has started.
#[derive(Debug, Clone, PartialEq)]
pub struct StartedExecution {
    /// The workflow's name in the spec.
    pub workflow: &'static str,
    /// The execution's name, as its engine has it.
    pub name: String,
    /// What it was given.
    pub input: Value,
}

/// All executions of a test.
#[derive(Default)]
pub(crate) struct Executions(Mutex<State>);

#[derive(Default)]
struct State {
    started: Vec<StartedExecution>,
    ends: Vec<(&'static str, String, Execution<Value>)>,
    fails: Option<Kind>,
}

impl Executions {
    pub(crate) fn start(&self, workflow: &'static str, name: &str, input: &str) -> Result<(), Error> {
        let mut state = self.lock();
        state.failure()?;
        if state.find(workflow, name).is_none() {
            let input = serde_json::from_str(input).map_err(Error::other)?;
            state.started.push(StartedExecution { workflow, name: name.to_owned(), input });
        }
        Ok(())
    }

    pub(crate) fn get(&self, workflow: &'static str, name: &str) -> Result<Option<Execution<Value>>, Error> {
        let mut state = self.lock();
        state.failure()?;
        Ok(state.find(workflow, name))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn failure(&mut self) -> Result<(), Error> {
        self.fails.take().map_or(Ok(()), |kind| Err(Error::new(kind, "as the test wants it")))
    }

    fn find(&self, workflow: &str, name: &str) -> Option<Execution<Value>> {
        let ended = self.ends.iter().find(|(of, called, _)| *of == workflow && called == name);
        let started = self.started.iter().any(|one| one.workflow == workflow && one.name == name);
        ended.map(|(.., end)| end.clone()).or_else(|| started.then_some(Execution::Running))
    }
}

impl World {
    /// The executions that functions have started, in their order; what was started again under one name is there once.
    pub fn executions(&self) -> Vec<StartedExecution> {
        self.executions.lock().started.clone()
    }

    /// How an execution of workflow `W` is from now on, whether a function of the test has started it or somebody else.
    pub fn end_execution<W: Workflow>(&self, name: &str, end: Execution<Value>) {
        let mut state = self.executions.lock();
        let name = execution_name(name);
        state.ends.retain(|(of, called, _)| *of != W::NAME || *called != name);
        state.ends.push((W::NAME, name, end));
    }

    /// Lets the next start of an execution, or the next question how one is, fail.
    pub fn fail_next_execution(&self, kind: Kind) {
        self.executions.lock().fails = Some(kind);
    }
}
