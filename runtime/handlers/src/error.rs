//! What a function may fail with: its business errors, and what goes wrong outside of them.

use crate::Error;
use std::fmt;

/// What a function may fail with: implemented by each generated error enum, and by [`Error`] for functions that declare none.
pub trait FunctionError: fmt::Display + fmt::Debug + From<Error> + Send {
    /// The name for `Retry` and `Catch`, such as `PaymentDeclined`.
    fn name(&self) -> &str;

    /// The HTTP status for an API caller: 422 for a declared business error unless the spec says otherwise.
    fn status(&self) -> u16 {
        422
    }

    /// The failure outside the business logic, if it is one.
    fn infrastructure(&self) -> Option<&Error>;
}

impl FunctionError for Error {
    fn name(&self) -> &str {
        self.kind().name()
    }

    fn status(&self) -> u16 {
        self.kind().status()
    }

    fn infrastructure(&self) -> Option<&Error> {
        Some(self)
    }
}
