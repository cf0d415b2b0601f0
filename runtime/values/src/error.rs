//! What can go wrong outside the business logic, and the name each failure has for `Retry` and `Catch`.
//!
//! A state machine, a rule target or a caller sees two things of a failed invocation: a name (`errorType`) and a message.
//! Business errors are the generated enums of a function; everything else is an [`Error`], whose [`Kind`] is its name.

use evc_interface::Kind;
use std::error::Error as StdError;
use std::fmt;

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
