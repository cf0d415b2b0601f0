//! What can go wrong outside the business logic, and the name each failure has for `Retry` and `Catch`.
//!
//! A state machine, a rule target or a caller sees two things of a failed invocation: a name (`errorType`) and a message.
//! Business errors are the generated enums of a function; everything else is an [`Error`], whose [`Kind`] is its name.

use std::error::Error as StdError;
use std::fmt;

/// What kind of failure this is. [`Kind::name`] is what `Retry` and `Catch` of a state machine see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A service did not answer, or answered with a fault of its own: trying again may help.
    Transient,
    /// A service refused for the moment because of the rate of calls: trying again later helps.
    Throttled,
    /// A condition or a version did not hold: somebody else wrote first. Read again, decide again.
    Conflict,
    /// The input is not what the contract says; the message has the path to what is wrong.
    InvalidInput,
    /// An amount of money has more than 15 significant digits.
    MoneyTooPrecise,
    /// An item, an event, a transaction or a result is over a limit of a service.
    TooLarge,
    /// Another invocation with the same idempotency key is running.
    InProgress,
    /// The function failed too often lately: its circuit breaker does not let it run for a while.
    CircuitOpen,
    /// The idempotency key was used before with another payload.
    KeyReused,
    /// The service does not allow this call to this function.
    AccessDenied,
    /// The function lacks a setting, or a setting cannot be read.
    Configuration,
    /// The handler panicked.
    Panic,
    /// The invocation would not end before its deadline, or a call in it had no answer before that.
    Timeout,
    /// Anything else; trying again is not known to help.
    Internal,
}

impl Kind {
    /// The error name in `errorType`, as `Retry` and `Catch` match it.
    ///
    /// ```
    /// assert_eq!(evc_values::Kind::Throttled.name(), "Throttled");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Self::Transient => "Transient",
            Self::Throttled => "Throttled",
            Self::Conflict => "Conflict",
            Self::InvalidInput => "InvalidInput",
            Self::MoneyTooPrecise => "MoneyTooPrecise",
            Self::TooLarge => "TooLarge",
            Self::InProgress => "InProgress",
            Self::CircuitOpen => "CircuitOpen",
            Self::KeyReused => "KeyReused",
            Self::AccessDenied => "AccessDenied",
            Self::Configuration => "Configuration",
            Self::Panic => "Panic",
            Self::Timeout => "Timeout",
            Self::Internal => "Internal",
        }
    }

    /// The HTTP status an API caller gets.
    pub fn status(self) -> u16 {
        match self {
            Self::InvalidInput | Self::MoneyTooPrecise => 400,
            Self::Conflict | Self::InProgress => 409,
            Self::TooLarge => 413,
            Self::KeyReused => 422,
            Self::Transient | Self::Throttled | Self::CircuitOpen => 503,
            Self::AccessDenied | Self::Configuration | Self::Panic | Self::Internal => 500,
            Self::Timeout => 504,
        }
    }

    /// Whether something that the function depends on, or the function itself, is in trouble: not its input, its callers, or who wrote first.
    pub fn is_of_infrastructure(self) -> bool {
        match self {
            Self::Transient
            | Self::Throttled
            | Self::AccessDenied
            | Self::Configuration
            | Self::Panic
            | Self::Timeout
            | Self::Internal => true,
            Self::Conflict
            | Self::InvalidInput
            | Self::MoneyTooPrecise
            | Self::TooLarge
            | Self::InProgress
            | Self::CircuitOpen
            | Self::KeyReused => false,
        }
    }

    /// Whether trying the same again may succeed.
    pub fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::Transient | Self::Throttled | Self::Conflict | Self::InProgress | Self::CircuitOpen | Self::Timeout
        )
    }
}

/// A failure outside the business logic: a [`Kind`], a message without payload data, and where it came from.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// A failure of this kind. The message is logged and sent to callers: it must not contain payload data.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// The same with what caused it.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Wraps any other error as [`Kind::Internal`].
    ///
    /// ```
    /// # fn handler() -> Result<u8, evc_values::Error> {
    /// let number: u8 = "12".parse().map_err(evc_values::Error::other)?;
    /// # Ok(number) }
    /// # assert_eq!(handler().unwrap(), 12);
    /// ```
    pub fn other(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let source = source.into();
        Self { kind: Kind::Internal, message: source.to_string(), source: Some(source) }
    }

    /// Which kind of failure.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What happened, without the name.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether a condition or version did not hold.
    pub fn is_conflict(&self) -> bool {
        self.kind == Kind::Conflict
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapped_error_keeps_its_source_and_is_internal() {
        let error = Error::other("x".parse::<u8>().expect_err("not a number"));
        assert_eq!(error.kind().name(), "Internal");
        assert!(StdError::source(&error).is_some());
        assert!(!error.kind().is_retryable());
    }
}
