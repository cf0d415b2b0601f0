//! Hands out work: what a task is given, who does it, when it is tried again.

use evc_interface::error::states;
use serde_json::Value;

use super::Planner;
use super::errors::Failure;
use super::run::Flow;
use super::scope::Frames;
use crate::definition::{Resource, State, Task};
use crate::hash;
use crate::limits::WORKFLOW_PAYLOAD_BYTES;
use crate::protocol::{self, History, Phase, Record, work_number};
use crate::state::{Scope, Wait};
use crate::token::{Secret, Token};

/// How long the engine has to put an event on its bus, milliseconds.
const PUBLISH_LEASE_MS: u64 = 30_000;

impl Planner<'_> {
    /// How long to wait before the next attempt, if there is to be one.
    pub(super) fn retry(&self, state: &State, scope: &mut Scope, failure: &Failure) -> Option<u64> {
        let (index, retrier) =
            state.retry.iter().enumerate().find(|(_, retrier)| failure.matches(&retrier.error_equals))?;
        scope.attempts.resize(state.retry.len(), 0);
        let attempts = scope.attempts.get_mut(index)?;
        if *attempts >= retrier.max_attempts {
            return None;
        }
        *attempts += 1;
        let random = [self.chance.seed.to_string(), self.state.seq.to_string(), attempts.to_string()];
        let random = hash::fraction(hash::fnv128(&random.each_ref().map(String::as_str)));
        Some(retrier.delay_ms(*attempts, random))
    }

    /// Hands out a task.
    pub(super) fn dispatch(
        &mut self,
        state: &State,
        task: &Task,
        scope: &mut Scope,
        outer: Option<&Frames<'_>>,
        path: &str,
        delay_ms: u64,
    ) -> Flow {
        let (slot, seq) = (self.take_slot(), self.next_seq());
        let secret = (task.resource == Resource::CallForSignal)
            .then(|| Secret::derive(&self.chance.key, self.chance.seed, self.execution, seq));
        let token = secret.map(|_| Token { execution: self.execution.clone(), slot, seq, secret }.write());
        let place = self.place(state, scope, outer, None, token.as_deref());
        let arguments = task.arguments.evaluate(&place);
        scope.input = place.into_input();
        let ordered = arguments.map_err(Failure::from).and_then(|arguments| order(task.resource, arguments));
        let (function, payload) = match ordered {
            Ok(ordered) => ordered,
            Err(failure) => {
                self.free_slot(slot);
                return Flow::Failed(failure);
            }
        };
        let lease_ms = if function.is_empty() { PUBLISH_LEASE_MS } else { self.definition.lease_ms(&function) };
        // A wait before an attempt is no part of the attempt.
        let timeout_ms = task.timeout_ms.map(|timeout| timeout.saturating_add(delay_ms));
        let record =
            Record { seq, phase: Phase::Dispatched, function, payload, delay_ms, at_ms: None, lease_ms, timeout_ms };
        self.records.insert(slot, Some(record));
        let deadline_ms = timeout_ms.map(|timeout| self.now_ms.saturating_add(timeout));
        scope.wait = match secret {
            Some(secret) => Wait::Signal { slot, seq, deadline_ms, secret, asked: false },
            None => Wait::Slot { slot, seq, deadline_ms },
        };
        let attempt = scope.attempts.iter().sum();
        self.history.push(History::Dispatched {
            state: state.name.clone(),
            seq: work_number(seq),
            path: path.to_owned(),
            attempt,
            delay_ms,
        });
        Flow::Blocked
    }

    /// Waits for a time.
    pub(super) fn arm(&mut self, state: &State, scope: &mut Scope, path: &str, delay_ms: u64, at_ms: Option<u64>) {
        let (slot, seq) = (self.take_slot(), self.next_seq());
        let (function, payload) = (String::new(), Vec::new());
        let record =
            Record { seq, phase: Phase::Timer, function, payload, delay_ms, at_ms, lease_ms: 0, timeout_ms: None };
        self.records.insert(slot, Some(record));
        scope.wait = Wait::Slot { slot, seq, deadline_ms: None };
        let attempt = scope.attempts.iter().sum();
        self.history.push(History::Dispatched {
            state: state.name.clone(),
            seq: work_number(seq),
            path: path.to_owned(),
            attempt,
            delay_ms,
        });
    }
}

/// Who does what: the function, empty for the engine, and the payload of its record.
fn order(resource: Resource, arguments: Value) -> Result<(String, Vec<u8>), Failure> {
    let malformed =
        || Failure::new(states::RUNTIME, Some("the arguments of a task are not what evc writes".to_owned()));
    let Value::Object(mut arguments) = arguments else { return Err(malformed()) };
    let (function, task) = match resource {
        Resource::Publish => {
            let entry = match arguments.remove("Entries") {
                Some(Value::Array(entries)) => entries.into_iter().next(),
                _ => None,
            };
            (String::new(), protocol::Task::Publish(entry.ok_or_else(malformed)?))
        }
        Resource::Call | Resource::CallForSignal => {
            let function = arguments.get("FunctionName").and_then(Value::as_str).ok_or_else(malformed)?.to_owned();
            (function, protocol::Task::Call(arguments.remove("Payload").unwrap_or_default()))
        }
    };
    let payload = serde_json::to_vec(&task).map_err(|_| malformed())?;
    if payload.len() > WORKFLOW_PAYLOAD_BYTES {
        let cause = format!("the payload has {} bytes; the limit is {WORKFLOW_PAYLOAD_BYTES}", payload.len());
        return Err(Failure::new(states::DATA_LIMIT, Some(cause)));
    }
    Ok((function, payload))
}
