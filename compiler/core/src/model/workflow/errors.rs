//! The errors of steps: what is tried again, and what is caught.

use evc_interface::Kind;

use super::Next;
use crate::source::{Span, Spanned};
use crate::spec::scalar::Duration;
use crate::spec::workflow::Jitter;

/// When to try again.
#[derive(Debug, Clone)]
pub struct Retry {
    /// The errors this is for.
    pub errors: Vec<Spanned<RetryError>>,
    /// How often to try again.
    pub attempts: u64,
    /// How long to wait before the first retry.
    pub interval: Duration,
    /// What the interval is multiplied by.
    pub backoff: f64,
    /// The longest interval.
    pub max_interval: Duration,
    /// Whether the wait is random.
    pub jitter: Jitter,
    /// Its place; `None` for the retry that every call has when the spec says none.
    pub span: Option<Span>,
}

/// The retry of a call or a publish of which the spec says nothing: three times on transient errors.
pub fn standard_retry() -> Retry {
    Retry {
        errors: vec![Spanned::new(RetryError::Transient, Span::default())],
        attempts: 3,
        interval: Duration::seconds(1),
        backoff: 2.0,
        max_interval: Duration::seconds(60),
        jitter: Jitter::Full,
        span: None,
    }
}

/// What the runtime fails with outside the business logic, less what is a [`RetryError`] of its own.
pub fn runtime_errors() -> impl Iterator<Item = &'static str> {
    let named = |kind: &Kind| !matches!(kind, Kind::Transient | Kind::Timeout);
    Kind::ALL.into_iter().filter(named).map(Kind::name)
}

/// Those of [`runtime_errors`] after which trying again may help: [`RetryError::Transient`] stands for them too.
pub fn transient_errors() -> impl Iterator<Item = &'static str> {
    let named = |kind: &Kind| kind.is_retryable() && !matches!(kind, Kind::Transient | Kind::Timeout);
    Kind::ALL.into_iter().filter(named).map(Kind::name)
}

/// The error of an execution whose compensation could not be finished: an `undo` failed for good.
pub const COMPENSATION_FAILED: &str = "CompensationFailed";

/// An error, or a kind of errors, that a retry or a catch is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RetryError {
    /// A failure of Lambda or of something the function uses that may pass, or a crash of the function.
    Transient,
    /// The step took too long.
    Timeout,
    /// A business error of the function, or the error of a `fail` in a branch.
    Named(String),
    /// Any error.
    All,
}

impl RetryError {
    /// Reads the name as the spec writes it.
    pub fn parse(name: &str) -> Self {
        match name {
            "Transient" => Self::Transient,
            "Timeout" => Self::Timeout,
            "All" => Self::All,
            other => Self::Named(other.to_owned()),
        }
    }

    /// Whether what this matches includes all that `other` matches.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, _) => true,
            (Self::Transient, Self::Named(name)) => transient_errors().any(|transient| transient == name),
            _ => self == other,
        }
    }

    /// The name as the spec writes it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Transient => "Transient",
            Self::Timeout => "Timeout",
            Self::All => "All",
            Self::Named(name) => name,
        }
    }
}

/// Where to go on an error.
#[derive(Debug, Clone)]
pub struct CatchError {
    /// The error.
    pub error: Spanned<RetryError>,
    /// Where to go.
    pub then: Next,
}
