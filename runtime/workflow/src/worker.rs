//! One piece of work: claimed, done, and the execution carried on with what came of it.
//!
//! Two calls of the store a step: the claim brings what planning needs, and the commit applies the plan. A worker that goes on with
//! the next step of the same execution makes one: the commit is its claim.
//!
//! # What a crash does
//!
//! - **Before the claim**: nothing happened. The message comes again, or the sweep sends another.
//! - **After the claim, in the handler, or before the commit**: nobody else does the work until the lease is over. Then it has failed
//!   with `Lambda.Unknown`, and the step's `Retry` decides whether it is done again, as the next attempt. So a handler may run more
//!   than once; its result is committed once.
//! - **After the commit**: see [`carrier`](super::carrier). If the commit claimed the next step, it is as after a claim of that step.
//!
//! A worker that was thought dead and is not commits nothing: its fence is gone.

use super::carrier::{Carried, Carrier, Next};
use super::planner::Event;
use super::turn::Member;
use super::{Claim, TaskRef, crash};
use crate::limits::WORKFLOW_PAYLOAD_BYTES;
use crate::{Error, Kind};
use evc_interface::error::{LAMBDA_UNKNOWN, states};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::time::Duration;
use tokio::time::Instant;

/// How long before its deadline a handler is cut off at the latest: see `ANSWER` in `serve.rs` of `evc-runtime`, and a little.
const CUT: Duration = Duration::from_millis(250);

/// The longest message of an error that a state machine is given.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_FailStateMachine.html>
const MESSAGE_BYTES: usize = 32_000;

/// Why work failed: a function's error, with its name and message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskError {
    /// What `Retry` and `Catch` see.
    pub name: String,
    /// For people, without payload data.
    pub message: String,
    /// Whether the cause is JSON with name and message, as of a function's error; else it is the message.
    pub of_function: bool,
}

/// What a worker has to do.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// Which piece of work.
    pub task: &'a TaskRef,
    /// JSON: for a function the envelope of a step, for the engine an entry of `PutEvents`.
    pub payload: &'a str,
    /// How long it may take.
    pub time: Duration,
}

/// What became of a message about a piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worked {
    /// The execution went on.
    Done,
    /// There was nothing to do: it is done, not wanted any more, under way elsewhere, or may not start yet.
    Dropped,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Payload<'a> {
    #[serde(borrow)]
    Call(&'a RawValue),
    #[serde(borrow)]
    Publish(&'a RawValue),
}

impl Carrier {
    /// Does a piece of work with `run`, unless somebody else did or does; all of it within `time`. An error means that Redis or the
    /// transport failed: what `run` fails with is part of the execution.
    pub async fn work(
        &self,
        task: &TaskRef,
        time: Duration,
        run: impl AsyncFnOnce(Job<'_>) -> Result<String, TaskError>,
    ) -> Result<Worked, Error> {
        let begin = Instant::now();
        let member = self.turns.member(begin + time, true);
        let claim = self.claim(task).await?;
        self.claimed(task, claim, begin, &member, &|_| false, run).await.map(|(worked, _)| worked)
    }

    /// The same, and then what follows from it and is wanted, one piece of work after the other, each within `time`. The claim of what
    /// follows is part of the commit.
    pub async fn work_on(
        &self,
        task: &TaskRef,
        time: Duration,
        wants: &(dyn Fn(&TaskRef) -> bool + Sync),
        run: &impl AsyncFn(Job<'_>) -> Result<String, TaskError>,
    ) -> Result<Worked, Error> {
        let begin = Instant::now();
        let mut member = self.turns.member(begin + time, true);
        let claim = self.claim(task).await?;
        let (mut worked, mut next) =
            self.claimed(task, claim, begin, &member, wants, async |job| run(job).await).await?;
        while let Some(Next { task, claim, sent }) = next {
            member = self.turns.member(sent + time, true);
            (worked, next) = self.claimed(&task, claim, sent, &member, wants, async |job| run(job).await).await?;
        }
        Ok(worked)
    }

    async fn claim(&self, task: &TaskRef) -> Result<Claim, Error> {
        crash::point("before-claim");
        let claim = self.store.claim(task, self.draw()).await?;
        crash::point("after-claim");
        Ok(claim)
    }

    /// Does what was claimed; `begin` is before the claim was sent.
    async fn claimed(
        &self,
        task: &TaskRef,
        claim: Claim,
        begin: Instant,
        member: &Member<'_>,
        wants: &(dyn Fn(&TaskRef) -> bool + Sync),
        run: impl AsyncFnOnce(Job<'_>) -> Result<String, TaskError>,
    ) -> Result<(Worked, Option<Next>), Error> {
        let (snapshot, event) = match claim {
            Claim::Claimed { mut snapshot, payload, lease_until_ms, deadline_ms } => {
                // The lease began after the claim was sent, so that it ends later than this, whatever the clocks of the two say.
                let left = |at_ms: u64| Duration::from_millis(at_ms.saturating_sub(snapshot.now_ms));
                let lease = left(lease_until_ms).saturating_sub(begin.elapsed());
                let deadline = deadline_ms.map(|at_ms| begin + left(at_ms));
                let time = lease.min(member.until().saturating_duration_since(Instant::now()));
                let result = match serde_json::from_slice(&payload).map_err(Error::other)? {
                    Payload::Call(payload) | Payload::Publish(payload) => {
                        run(Job { task, payload: payload.get(), time }).await
                    }
                };
                crash::point("after-handler");
                let event = ended(task, result, deadline, snapshot.now_ms);
                // What follows is planned now, and not when the work was claimed: the store's time, counted on.
                let passed = u64::try_from(begin.elapsed().as_millis()).unwrap_or(0);
                snapshot.now_ms = snapshot.now_ms.saturating_add(passed);
                (snapshot, event)
            }
            Claim::Timer(snapshot) => (snapshot, Event::TimerDue { slot: task.slot }),
            Claim::Expired(snapshot) => (snapshot, lost(task)),
            Claim::Overdue(snapshot) => (snapshot, overdue(task)),
            Claim::Gone | Claim::Leased(_) | Claim::Early(_) => {
                tracing::debug!(execution = task.execution.0, seq = task.seq, "nothing to do: {claim:?}");
                return Ok((Worked::Dropped, None));
            }
        };
        let fence = Some((task.slot, task.seq));
        match self.carry_taking(&task.execution, snapshot, fence, event, member, wants).await? {
            (Carried::On, next) => Ok((Worked::Done, next)),
            (Carried::Late, _) => {
                tracing::warn!(execution = task.execution.0, seq = task.seq, "the execution went on without this work");
                Ok((Worked::Dropped, None))
            }
        }
    }
}

/// What a worker's result is for the planner.
fn ended(task: &TaskRef, result: Result<String, TaskError>, deadline: Option<Instant>, claimed_ms: u64) -> Event {
    let failed = |error: &str, cause: Option<String>| Event::Failed {
        slot: task.slot,
        error: error.to_owned(),
        cause,
        claimed_ms,
    };
    let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
    if left.is_some_and(|left| left.is_zero()) {
        return failed(states::TIMEOUT, None);
    }
    match result {
        Ok(output) if output.len() > WORKFLOW_PAYLOAD_BYTES => failed(
            states::DATA_LIMIT,
            Some(format!("the result has {} bytes; the limit is {WORKFLOW_PAYLOAD_BYTES}", output.len())),
        ),
        Ok(output) => match serde_json::from_str(&output) {
            Ok(output) => Event::Succeeded { slot: task.slot, output, claimed_ms },
            Err(_) => failed(Kind::Internal.name(), Some("the result is not JSON".to_owned())),
        },
        // The handler was cut off, and it is the step's time that was over.
        Err(error) if error.name == Kind::Timeout.name() && left.is_some_and(|left| left <= CUT) => {
            failed(states::TIMEOUT, None)
        }
        Err(error) => failed(&error.name, Some(error.cause())),
    }
}

/// Work whose lease is over.
pub(super) fn lost(task: &TaskRef) -> Event {
    tracing::warn!(execution = task.execution.0, seq = task.seq, function = task.function, "a worker did not answer");
    Event::Failed {
        slot: task.slot,
        error: LAMBDA_UNKNOWN.to_owned(),
        cause: Some("the worker ended without an answer, or did not answer before its lease was over".to_owned()),
        claimed_ms: 0,
    }
}

/// Work whose deadline is over.
pub(super) fn overdue(task: &TaskRef) -> Event {
    Event::Failed { slot: task.slot, error: states::TIMEOUT.to_owned(), cause: None, claimed_ms: 0 }
}

impl TaskError {
    /// The cause, as Lambda gives it for a function's error.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-invokeerror>
    fn cause(&self) -> String {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Cause<'a> {
            error_type: &'a str,
            error_message: &'a str,
        }
        let message = &self.message[..self.message.floor_char_boundary(MESSAGE_BYTES)];
        if !self.of_function {
            return message.to_owned();
        }
        // Two strings are always JSON.
        serde_json::to_string(&Cause { error_type: &self.name, error_message: message }).unwrap_or_default()
    }
}
