//! How states fail, and which retriers and catchers an error matches.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html>

use evc_interface::error::states;
use serde_json::{Map, Value};

use crate::expression::QueryError;
use crate::protocol::Status;
use crate::state::Ended;

/// Why a state failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) error: String,
    pub(super) cause: Option<String>,
}

impl Failure {
    pub(super) fn new(error: impl Into<String>, cause: Option<String>) -> Self {
        Self { error: error.into(), cause }
    }

    pub(super) fn timeout() -> Self {
        Self::new(states::TIMEOUT, None)
    }

    /// What a catcher finds in `$states.errorOutput`.
    pub(super) fn output(&self) -> Value {
        let cause = self.cause.as_ref().map(|cause| ("Cause".to_owned(), Value::String(cause.clone())));
        Value::Object(
            [("Error".to_owned(), Value::String(self.error.clone()))].into_iter().chain(cause).collect::<Map<_, _>>(),
        )
    }

    pub(super) fn ended(self, status: Status) -> Ended {
        Ended { status, output: Value::Null, error: Some(self.error), cause: self.cause }
    }

    /// Whether a retrier or a catcher with these names is for it.
    pub(super) fn matches(&self, names: &[String]) -> bool {
        let last = matches!(self.error.as_str(), states::DATA_LIMIT | states::RUNTIME);
        names.iter().any(|name| match name.as_str() {
            states::ALL => !last,
            states::TASK_FAILED => !last && self.error != states::TIMEOUT,
            name => name == self.error,
        })
    }
}

impl From<QueryError> for Failure {
    fn from(error: QueryError) -> Self {
        Self::new(states::QUERY, Some(error.0))
    }
}
