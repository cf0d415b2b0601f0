//! Calls that must not be made twice: their second attempt would do the work again, or be refused because of the first.
//!
//! The SDK makes a call again when its answer is slow or lost, and what was asked for may have been done by then. A second attempt of an
//! update that adds adds twice. One of a write with a condition meets what the first has written, and its refusal would say that somebody
//! else wrote; one of an answer to a step finds that the step waits no more. So these calls are made again only if they certainly did nothing: no connection was made, or the service refused. In
//! all other cases their failure says that nobody knows.

use super::failure;
use crate::{Error, Kind};
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use hyper_util::client::legacy;
use std::error::Error as StdError;

/// A call that is made once: `once!(aws_sdk_dynamodb, call.customize())`. What its failure means says [`failure_of_change`].
macro_rules! once {
    ($sdk:ident, $call:expr) => {
        $call
            .interceptor($crate::aws::InTime { attempt: $crate::aws::only_attempt })
            .config_override($sdk::config::Builder::new().retry_classifier($crate::aws::UnlessDone))
    };
}
pub(crate) use once;

/// Forbids another attempt after one that may have been done.
#[derive(Debug)]
pub(crate) struct UnlessDone;

impl ClassifyRetry for UnlessDone {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        // An answer of these says that the service did nothing; which of them are worth another attempt, the SDK knows.
        let refused = context.response().is_some_and(|response| response.status().is_client_error());
        let error = context.output_or_error().and_then(Result::err);
        let unsent = error.and_then(|error| error.as_connector_error()).is_some_and(|error| was_never_sent(error));
        if refused || unsent { RetryAction::NoActionIndicated } else { RetryAction::RetryForbidden }
    }

    fn name(&self) -> &'static str {
        "UnlessDone"
    }
}

/// What a failed call means that was to change something: without an answer, the change may have been made or not.
pub(crate) fn failure_of_change<E, R>(operation: &str, error: &SdkError<E, R>) -> Error
where
    E: ProvideErrorMetadata + StdError + 'static,
    R: std::fmt::Debug + 'static,
{
    let failure = failure(operation, error);
    let answered = !matches!(failure.kind(), Kind::Transient | Kind::Timeout);
    if answered || matches!(error, SdkError::ConstructionFailure(_)) || was_never_sent(error) {
        return failure;
    }
    Error::new(failure.kind(), format!("{failure}; nobody knows whether it was done")).because(error.to_string())
}

/// Whether there was no connection to send the request on.
fn was_never_sent(error: &(dyn StdError + 'static)) -> bool {
    let connect = error.downcast_ref::<legacy::Error>().is_some_and(legacy::Error::is_connect);
    connect || error.source().is_some_and(was_never_sent)
}
