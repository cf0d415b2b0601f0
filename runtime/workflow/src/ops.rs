//! What people and functions do to executions from outside. Without a transport, what follows is due at once for the sweep.

use super::carrier::{Carried, Carrier};
use super::definition::Definition;
use super::planner::{self, Event};
use super::{ExecutionId, Start, Started, Status, Token};
use crate::limits::WORKFLOW_PAYLOAD_BYTES;
use crate::{Error, Kind};
use serde_json::Value;
use std::time::Duration;
use tokio::time::Instant;

/// How long a finished execution stays, unless `WORKFLOW_RETENTION_SECONDS` says otherwise: a week.
pub const RETENTION: Duration = Duration::from_secs(evc_interface::workflow::RETENTION_SECONDS);

/// What a definition is kept for longer than executions of it can be there: a function that was replaced by a deployment may still start
/// one.
const SPARE: Duration = Duration::from_hours(24);

/// For how long from now a definition is needed if an execution of it starts now.
pub fn needed_ms(definition: &Definition, retention: Duration) -> u64 {
    let stays = u64::try_from((retention + SPARE).as_millis()).unwrap_or(u64::MAX);
    definition.timeout_ms().saturating_add(stays)
}

/// How long an operation goes on when other transitions come first.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// The longest error that may be answered, name and cause together.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskFailure.html>
const FAILURE_BYTES: usize = 32_768;

/// What became of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signalled {
    /// The step that waited for it went on.
    Delivered,
    /// No step waits any more: it had a signal before, ran out of time, or its execution is over.
    Over,
}

impl Carrier {
    /// Begins an execution, unless there is one of its name.
    pub async fn start(&self, definition: &Definition, name: &str, input: Value) -> Result<Started, Error> {
        self.start_within(definition, name, input, PATIENCE).await
    }

    /// The same, within this time.
    pub async fn start_within(
        &self,
        definition: &Definition,
        name: &str,
        input: Value,
        time: Duration,
    ) -> Result<Started, Error> {
        let member = self.turns.member(Instant::now() + time, false);
        let execution = ExecutionId::new(definition.workflow(), name);
        let now_ms = self.time().await?;
        let chance = self.chance();
        let plan = |patience| planner::start_within(definition, &execution, input.clone(), now_ms, chance, patience);
        let (start, turn): (Start, _) = member.plan(plan).await?;
        super::crash::point("before-start");
        let started = turn.through(self.store.start(&start)).await?;
        super::crash::point("after-start");
        if started == Started::Now {
            self.send_hints(&execution, &start.transition, now_ms).await?;
        }
        Ok(started)
    }

    /// Lets the step go on that waits for this token: with a result, or with an error's name and cause. `may` says, of a workflow and a
    /// step, whether who signals may answer it: [`Kind::InvalidInput`] if not. A token that proves nothing finds nothing that waits.
    pub async fn signal(
        &self,
        token: &str,
        may: impl Fn(&str, &str) -> bool,
        answer: Result<Value, (String, Option<String>)>,
    ) -> Result<Signalled, Error> {
        self.signal_within(token, may, answer, PATIENCE).await
    }

    /// The same, within this time.
    pub async fn signal_within(
        &self,
        token: &str,
        may: impl Fn(&str, &str) -> bool,
        answer: Result<Value, (String, Option<String>)>,
        time: Duration,
    ) -> Result<Signalled, Error> {
        let token = Token::read(token)
            .ok_or_else(|| Error::new(Kind::InvalidInput, "this is no token of a workflow on Redis"))?;
        let (execution, slot) = (&token.execution, token.slot);
        let bytes = match &answer {
            Ok(output) => serde_json::to_vec(output).map_err(Error::other)?.len(),
            Err((error, cause)) => error.len() + cause.as_ref().map_or(0, String::len),
        };
        let most = if answer.is_ok() { WORKFLOW_PAYLOAD_BYTES } else { FAILURE_BYTES };
        if bytes > most {
            let message = format!("the answer has {bytes} bytes; the limit is {most}");
            return Err(Error::new(Kind::TooLarge, message));
        }
        let event = match answer {
            Ok(output) => Event::Signalled { slot, output },
            Err((error, cause)) => Event::SignalFailed { slot, error, cause },
        };
        let Some(snapshot) = self.store.load(execution).await? else { return Ok(Signalled::Over) };
        if snapshot.status != Status::Running {
            return Ok(Signalled::Over);
        }
        let definition = self.definition(&snapshot.definition).await?;
        let waits = planner::waits(&definition, &snapshot)?;
        let Some(wait) = waits.into_iter().find(|wait| wait.token(execution) == token) else {
            return Ok(Signalled::Over);
        };
        if !may(execution.workflow(), &wait.step) {
            return Err(Error::new(Kind::InvalidInput, "this is no token of a wait that the function may answer"));
        }
        // It was proven for this fencing token, and holds as long as that does.
        let fence = Some((slot, token.seq));
        match self.carry(execution, snapshot, fence, event, Instant::now() + time).await? {
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
        let snapshot = snapshot
            .ok_or_else(|| Error::new(Kind::InvalidInput, format!("there is no execution `{}`", execution.0)))?;
        if event == Event::Retried {
            // Its time begins again, and it needs its definition until that is over.
            let definition = self.definition(&snapshot.definition).await?;
            self.store.keep_definitions(&[(definition.id(), needed_ms(&definition, RETENTION))]).await?;
        }
        let carried = self.carry(execution, snapshot, None, event, Instant::now() + PATIENCE).await?;
        Ok(carried == Carried::On)
    }
}
