//! How long an attempt of idempotent work keeps later attempts out, and the retry that outlasts it.
//!
//! The runtime claims a piece of work before its handler runs, and a later attempt of the same work fails with [`IN_PROGRESS`] for as
//! long as the claim holds: while the process of the attempt lives, and a lease after it has died; never longer than the deadline of
//! its invocation. Who gives up sooner reports work as failed that was only interrupted.

use evc_interface::{Kind, limits};

use super::workflow::{CALL_MARGIN, Retry, RetryError, Step};
use super::{Function, Model};
use crate::source::{Span, Spanned};
use crate::spec::scalar::Duration;
use crate::spec::workflow::Jitter;

/// The error of an attempt that finds the claim of another one.
pub const IN_PROGRESS: &str = Kind::InProgress.name();

/// How long the claim of a process that has died holds.
pub const LEASE: Duration = Duration::seconds(limits::IDEMPOTENCY_LEASE_SECONDS);

/// The least interval at which an attempt looks again whether the claim is over: often enough for work that has died, seldom enough
/// for a call that costs an invocation and a state transition.
const INTERVAL: Duration = Duration::seconds(5);

/// How often at most an attempt looks again, for each attempt that may have left a claim behind. Each is in the history of an
/// execution, which has 25000 entries at most.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html#service-limits-state-machine-executions>
const LOOKS: u64 = 60;

/// How long the claim of a function's attempt may hold after that has failed for its caller, in the environment where it is longest.
///
/// An attempt that died keeps its claim for the lease, or until its deadline if that is sooner. One whose caller stopped to wait,
/// after `waited`, runs on until its own time is over, which begins after a cold start.
pub fn longest_claim(function: &Function, waited: Option<Duration>) -> Duration {
    let timeout = greatest_timeout(function);
    let died = LEASE.min(timeout);
    let runs_on = waited
        .filter(|waited| *waited < timeout)
        .map_or(0, |waited| (timeout.seconds + CALL_MARGIN.seconds).saturating_sub(waited.seconds));
    died.max(Duration::seconds(runs_on))
}

/// The retry of a call of an idempotent function that waits until the claim of an earlier attempt is over, whatever became of that
/// attempt: it may still run, unheard, for as long as its function may. None if the function is not idempotent, or if `others`, the
/// retries of the call, have one for [`IN_PROGRESS`] by name: then that is meant.
pub fn retry_in_progress(function: &Function, others: &[Retry]) -> Option<Retry> {
    if function.idempotent.is_none() || others.iter().any(Retry::names_in_progress) {
        return None;
    }
    let timeout = greatest_timeout(function);
    let longest = timeout.seconds + CALL_MARGIN.seconds;
    let interval = INTERVAL.seconds.max(longest.div_ceil(LOOKS));
    // A retry counts over all attempts of a state, and each attempt that is tried again may have left a claim.
    let attempts: u64 = others.iter().map(|other| other.attempts).sum();
    Some(Retry {
        errors: vec![Spanned::new(RetryError::Named(IN_PROGRESS.to_owned()), Span::default())],
        attempts: (longest / interval + 1).saturating_mul(attempts.saturating_add(1)),
        interval: Duration::seconds(interval),
        backoff: 1.0,
        max_interval: Duration::seconds(interval),
        // A random part of the intervals would be half as long, and might be nothing.
        jitter: Jitter::None,
        span: None,
    })
}

fn greatest_timeout(function: &Function) -> Duration {
    function.timeout.greatest().copied().unwrap_or(Duration::seconds(0))
}

impl Retry {
    /// How many seconds it waits before each attempt, the random part of them left out.
    pub fn waits(&self) -> impl Iterator<Item = u64> {
        let (most, backoff) = (self.max_interval.seconds, self.backoff.max(1.0));
        let mut interval = f64::from(u32::try_from(self.interval.seconds).unwrap_or(u32::MAX));
        (0..self.attempts).map(move |_| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "positive; what is too long is cut"
            )]
            let wait = interval.ceil() as u64;
            interval = (interval * backoff).min(1e12);
            wait.min(most)
        })
    }

    /// Whether it is for [`IN_PROGRESS`] by name.
    pub fn names_in_progress(&self) -> bool {
        self.errors.iter().any(|error| matches!(&error.value, RetryError::Named(name) if name == IN_PROGRESS))
    }
}

impl Step {
    /// Whether it, or a step inside of it, calls a function that is idempotent.
    pub fn is_idempotent(&self, model: &Model) -> bool {
        let mut found = self.calls_idempotent(model);
        for body in self.bodies() {
            body.walk(&mut |inner| found |= inner.calls_idempotent(model));
        }
        found
    }

    fn calls_idempotent(&self, model: &Model) -> bool {
        let function = self.call().and_then(|call| call.function);
        function.is_some_and(|function| model.functions[function].idempotent.is_some())
    }

    /// How long its call waits for the function, if the spec says so.
    pub fn waits_for_call(&self) -> Option<Duration> {
        self.timeout.as_ref().map(|time| time.value)
    }
}
