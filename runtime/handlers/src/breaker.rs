//! A circuit breaker: a function that fails too often is not called for a while, by none of its environments, so that what it depends
//! on can recover and its callers get their answer at once.
//!
//! | state | a call | ends with a failure | ends well | ends with neither |
//! | --- | --- | --- | --- | --- |
//! | closed | goes ahead | counts; with the last of `failures` within `window_seconds` it opens | nothing | nothing |
//! | open, for `open_seconds` | fails with `CircuitOpen` | | | |
//! | half-open, after that | one goes ahead as the probe, others fail | it opens again | it closes | the next call is the probe |
//!
//! A failure is one of the infrastructure: a service that does not answer, throttles or refuses, a timeout, a panic. A business error,
//! an input that is none, a conflict are neither: the function may have come to them without a call of what it depends on. What the
//! calls before the opening end with does not count.
//!
//! The state is in the cache: `evc:{NAMESPACE.breaker.FUNCTION}` and the times of failures beside it, each change one script, by the
//! server's clock. A probe that crashes is over when its invocation would be. When the cache does not answer, calls go ahead: a breaker
//! must not be what breaks. An answer that is lost may count a failure twice. The times of failures expire, so that a full cache which
//! evicts what expires may forget them: the breaker then opens later. That it is open does not expire.

/// When a function is not called for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CircuitBreaker {
    /// So many failures
    pub failures: u32,
    /// within so many seconds
    pub window_seconds: u32,
    /// open the breaker for so many.
    pub open_seconds: u32,
}

#[cfg(feature = "cache")]
mod gate;

#[cfg(feature = "cache")]
pub(crate) use gate::{Ended, Gate};
