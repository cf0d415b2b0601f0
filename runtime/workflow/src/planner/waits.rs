//! Which steps of an execution wait for a signal, and what proves that somebody was asked for it.

use super::{Definition, Error, Snapshot, State};
use crate::definition::{Machine, Resource, Task, Work};
use crate::protocol::{ExecutionId, Slot};
use crate::state::{Branch, Scope, Wait};
use crate::token::{Secret, Token};

/// A step that waits for a signal, or whose function has not handed its token on yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The step.
    pub step: String,
    /// Its slot.
    pub slot: Slot,
    /// Its fencing token.
    pub seq: u64,
    /// What its token has to prove; `None` if a runtime without secrets ordered the wait.
    pub secret: Option<Secret>,
}

impl Waiting {
    /// The token that its function was given.
    pub fn token(&self, execution: &ExecutionId) -> Token {
        Token { execution: execution.clone(), slot: self.slot, seq: self.seq, secret: self.secret }
    }
}

/// All of them.
pub fn waits(definition: &Definition, snapshot: &Snapshot) -> Result<Vec<Waiting>, Error> {
    let state = State::decode(&snapshot.state)?;
    let mut found = Vec::new();
    if let Some(root) = state.root.as_ref().filter(|_| state.ended.is_none()) {
        of_scope(&definition.machine, root, &mut found);
    }
    Ok(found)
}

fn of_scope(machine: &Machine, scope: &Scope, found: &mut Vec<Waiting>) {
    let Some(state) = machine.states.get(scope.state) else { return };
    let mut wait = |slot, seq, secret| found.push(Waiting { step: state.name.clone(), slot, seq, secret });
    match (&scope.wait, &state.work) {
        (Wait::Signal { slot, seq, secret, .. }, _) => wait(*slot, *seq, Some(*secret)),
        (Wait::Slot { slot, seq, .. }, Work::Task(Task { resource: Resource::CallForSignal, .. })) => {
            wait(*slot, *seq, None);
        }
        (Wait::Branches(branches), Work::Parallel(machines)) => {
            for (branch, machine) in branches.iter().zip(machines) {
                if let Branch::Running(scope) = branch {
                    of_scope(machine, scope, found);
                }
            }
        }
        (Wait::Items { running, .. }, Work::Map { processor, .. }) => {
            for (_, scope) in running {
                of_scope(processor, scope, found);
            }
        }
        _ => {}
    }
}
