//! What people and functions do to executions from outside. Without a transport, what follows is due at once for the sweep.

use super::carrier::{Carried, Carrier};
use super::definition::Definition;
use super::planner::{self, Event};
use super::{ExecutionId, Slot, Start, Started, Status};
use crate::{Error, Kind, Timestamp};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use std::time::Duration;
use tokio::time::Instant;

/// How long an operation goes on when other transitions come first.
const PATIENCE: Duration = Duration::from_secs(10);

/// What became of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signalled {
    /// The step that waited for it went on.
    Delivered,
    /// No step waits any more: it had a signal before, ran out of time, or its execution is over.
    Over,
}

/// The step that waits for a signal: what its token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The execution.
    pub execution: ExecutionId,
    /// The slot that waits.
    pub slot: Slot,
    /// Its fencing token.
    pub seq: u64,
}

impl Token {
    /// Reads a token; `None` if it is none of a workflow on Redis: those of Step Functions are not JSON.
    pub fn parse(text: &str) -> Option<Self> {
        let json = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?;
        let (execution, slot, seq) = serde_json::from_slice(&json).ok()?;
        Some(Self { execution: ExecutionId(execution), slot, seq })
    }
}

impl Carrier {
    /// Begins an execution, unless there is one of its name.
    pub async fn start(&self, definition: &Definition, name: &str, input: Value) -> Result<Started, Error> {
        let execution = ExecutionId::new(definition.workflow(), name);
        let now_ms = u64::try_from(Timestamp::now().millis()).unwrap_or(0);
        let start: Start = planner::start(definition, &execution, input, now_ms, self.draw())?;
        super::crash::point("before-start");
        let started = self.store.start(&start).await?;
        super::crash::point("after-start");
        if started == Started::Now {
            self.send_hints(&execution, &start.transition, now_ms).await?;
        }
        Ok(started)
    }

    /// Lets the step go on that waits for this token: with a result, or with an error's name and cause.
    pub async fn signal(&self, token: &Token, answer: Result<Value, (String, Option<String>)>) -> Result<Signalled, Error> {
        let slot = token.slot;
        let event = match answer {
            Ok(output) => Event::Signalled { slot, output },
            Err((error, cause)) => Event::Failed { slot, error, cause, claimed_ms: 0 },
        };
        let Some(snapshot) = self.store.load(&token.execution).await? else { return Ok(Signalled::Over) };
        if snapshot.status != Status::Running {
            return Ok(Signalled::Over);
        }
        let fence = Some((slot, token.seq));
        match self.carry(&token.execution, snapshot, fence, event, Instant::now() + PATIENCE).await? {
            Carried::On => Ok(Signalled::Delivered),
            Carried::Late => Ok(Signalled::Over),
        }
    }

    /// Ends an execution that is not wanted any more; false if it is over already.
    pub async fn cancel(&self, execution: &ExecutionId, cause: Option<String>) -> Result<bool, Error> {
        self.turn(execution, Event::Cancelled { cause }).await
    }

    /// Lets an execution that did not end well go on where it stopped; false if it is under way or ended well.
    pub async fn retry(&self, execution: &ExecutionId) -> Result<bool, Error> {
        self.turn(execution, Event::Retried).await
    }

    async fn turn(&self, execution: &ExecutionId, event: Event) -> Result<bool, Error> {
        let snapshot = self.store.load(execution).await?;
        let snapshot = snapshot.ok_or_else(|| {
            Error::new(Kind::InvalidInput, format!("there is no execution `{}`", execution.0))
        })?;
        let carried = self.carry(execution, snapshot, None, event, Instant::now() + PATIENCE).await?;
        Ok(carried == Carried::On)
    }
}
