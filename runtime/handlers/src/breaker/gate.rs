//! The state of a breaker in the cache, and what it lets through.

use super::CircuitBreaker;
use crate::workflow::store::Redis;
use crate::workflow::store::{Call, Script};
use crate::{Context, Error, FunctionError, Kind, Uuid, deadline};
use std::sync::LazyLock;
use std::time::Duration;

static BEFORE: LazyLock<Script> = LazyLock::new(|| Script::new(true, include_str!("before.lua")));
static AFTER: LazyLock<Script> = LazyLock::new(|| Script::new(true, include_str!("after.lua")));

/// How long the cache may take, and no more than half of the time that is left: then the call goes ahead, or its answer out, without it.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long a probe may take where the invocation has no deadline.
const PROBE: Duration = Duration::from_mins(1);

/// What lets calls of one function through, or not.
pub(crate) struct Gate<'a> {
    redis: &'a Redis,
    breaker: CircuitBreaker,
    key: String,
    /// The id of this call, if it is the probe.
    probe: String,
}

/// What the end of a call says of what the function depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It answers.
    Well,
    /// It is in trouble.
    Failed,
    /// Nothing: the function may not have called it.
    Neither,
}

impl Ended {
    /// How a handler ended, or what cut it off.
    pub(crate) fn of<T, E: FunctionError>(result: &Result<Result<T, E>, Error>) -> Self {
        match result {
            Ok(Ok(_)) => Self::Well,
            Ok(Err(error)) => error.infrastructure().map_or(Self::Neither, Self::of_error),
            Err(error) => Self::of_error(error),
        }
    }

    fn of_error(error: &Error) -> Self {
        if error.kind().is_of_infrastructure() { Self::Failed } else { Self::Neither }
    }

    /// As the script reads it.
    fn code(self) -> u8 {
        match self {
            Self::Well => 0,
            Self::Failed => 1,
            Self::Neither => 2,
        }
    }
}

impl<'a> Gate<'a> {
    /// Asks whether a call may go ahead: [`Kind::CircuitOpen`] if not. `None` without a breaker, or when the cache does not answer.
    pub(crate) async fn enter(
        function: &str,
        breaker: Option<CircuitBreaker>,
        context: &'a Context,
    ) -> Result<Option<Self>, Error> {
        let Some(breaker) = breaker else { return Ok(None) };
        let redis = match context.services().redis().await {
            Ok(redis) => redis,
            Err(error) => {
                tracing::error!(error = error.kind().name(), "the circuit breaker is not asked: {error}");
                return Ok(None);
            }
        };
        let time = Some(context.remaining()).filter(|time| !time.is_zero()).unwrap_or(PROBE);
        Self::ask(redis, function, breaker, time).await
    }

    async fn ask(
        redis: &'a Redis,
        function: &str,
        breaker: CircuitBreaker,
        time: Duration,
    ) -> Result<Option<Self>, Error> {
        let key = redis.names().beside(&format!("breaker.{function}"));
        let probe = Uuid::new_v4().to_string();
        let call = Call::new(&BEFORE, vec![key.clone()]).arg(&probe).arg(millis(time));
        let gate = |probe| Ok(Some(Self { redis, breaker, key, probe }));
        match answer(redis, call).await {
            Some(1) => {
                let message = format!("`{function}` failed too often lately, and is not called for a while");
                Err(Error::new(Kind::CircuitOpen, message))
            }
            Some(2) => gate(probe),
            Some(_) => gate(String::new()),
            None => Ok(None),
        }
    }

    /// Says how the call ended.
    pub(crate) async fn leave(self, ended: Ended) {
        if ended != Ended::Failed && self.probe.is_empty() {
            return;
        }
        let call = Call::new(&AFTER, vec![self.key.clone(), format!("{}:failures", self.key)])
            .arg(&self.probe)
            .arg(ended.code())
            .arg(self.breaker.failures)
            .arg(u64::from(self.breaker.window_seconds) * 1000)
            .arg(u64::from(self.breaker.open_seconds) * 1000);
        match answer(self.redis, call).await {
            Some(1) => tracing::error!(seconds = self.breaker.open_seconds, "the circuit breaker opens"),
            Some(2) => tracing::info!("the circuit breaker closes"),
            _ => {}
        }
    }
}

/// What the cache answers, if it does in time.
async fn answer(redis: &Redis, call: Call<'_>) -> Option<u64> {
    let patience = PATIENCE.min(deadline::left() / 2);
    let answer = match tokio::time::timeout(patience, redis.run(call)).await {
        Ok(answer) => answer.and_then(|mut reply| reply.require()),
        Err(_) => Err(Error::new(Kind::Timeout, "the cache did not answer in time")),
    };
    answer
        .inspect_err(|error| {
            tracing::warn!(error = error.kind().name(), "the circuit breaker is not asked: {error}");
        })
        .ok()
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
