//! How the AWS SDK is set up: the one place that knows.
//!
//! TLS is rustls with *ring*, not the SDK's default of rustls with AWS-LC: ring needs neither cmake nor an assembler to build, gathers
//! no CPU jitter entropy at start (AWS-LC may take up to a second for that, once a process), and the binaries are about a tenth smaller.
//! The SDK crates are therefore built without a client of their own and get this one.
//!
//! Region, credentials, retries (standard mode, three attempts) and endpoints (`AWS_ENDPOINT_URL`, for a local emulator) are the SDK's own
//! defaults from the environment. Time-outs are not: by itself the SDK gives up connecting, and waits for an answer without end. Every
//! client is made by `client!`, so that each of its calls has the time that is left where it is made (src/deadline.rs), and each
//! attempt a share of it: a connection that hangs is given up while there is time for another. Calls that must not be made twice are in
//! aws/once.rs.
//! <https://docs.aws.amazon.com/sdk-for-rust/latest/dg/timeouts.html>

#![cfg_attr(
    not(any(
        feature = "cache",
        feature = "config",
        feature = "dynamodb",
        feature = "eventbridge",
        feature = "secrets",
        feature = "signal",
        feature = "sqs"
    )),
    allow(dead_code, unused_imports, unused_macros, reason = "the function's own clients are made without it")
)]

#[cfg(any(feature = "dynamodb", feature = "signal"))]
mod once;

#[cfg(any(feature = "dynamodb", feature = "signal"))]
pub(crate) use self::once::{UnlessDone, failure_of_change, once};
use crate::{Error, Kind, deadline};
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeSerializationInterceptorContextRef;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use std::time::Duration;
use tokio::sync::OnceCell;

static CONFIG: OnceCell<SdkConfig> = OnceCell::const_new();

/// The SDK's configuration, loaded at the first use of a client.
pub(crate) async fn config() -> &'static SdkConfig {
    CONFIG.get_or_init(load).await
}

/// A configuration with an HTTP client of its own, for a thread with a runtime of its own: the connections of a client belong to the
/// runtime on which they were made.
pub(crate) async fn load() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest()).http_client(http_client()).load().await
}

fn http_client() -> SharedHttpClient {
    Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
}

/// A client whose calls end in time: `client!(aws_sdk_sqs, config)`.
macro_rules! client {
    ($sdk:ident, $config:expr) => {
        $sdk::Client::from_conf(
            $sdk::config::Builder::from($config)
                .interceptor($crate::aws::InTime { attempt: $crate::aws::attempt })
                .build(),
        )
    };
}
pub(crate) use client;

/// The attempts of a call that has time for all of them: the SDK's default.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>
const ATTEMPTS: u32 = 3;
/// An attempt has at least this, or all that is left: less would give up on services that are only slow, and on a first connection.
const SHORTEST_ATTEMPT: Duration = Duration::from_secs(1);
/// And at most this: the services called here answer within milliseconds, or a second when they are in trouble.
const LONGEST_ATTEMPT: Duration = Duration::from_secs(10);

/// How long one attempt of a call may take that has so much time.
pub(crate) fn attempt(time: Duration) -> Duration {
    (time / ATTEMPTS).clamp(SHORTEST_ATTEMPT, LONGEST_ATTEMPT).min(time)
}

/// The longest attempt of a call that keeps a lease: less than what is left of one when its renewal is due.
#[cfg(feature = "dynamodb")]
const LONGEST_SHORT_ATTEMPT: Duration = Duration::from_secs(3);

/// The same of a call that keeps a lease, which runs out meanwhile.
#[cfg(feature = "dynamodb")]
pub(crate) fn short_attempt(time: Duration) -> Duration {
    attempt(time).min(LONGEST_SHORT_ATTEMPT)
}

/// The same of a call that is made once (src/aws/once.rs): time that is kept for other attempts would be lost.
#[cfg(any(feature = "dynamodb", feature = "signal"))]
pub(crate) fn only_attempt(time: Duration) -> Duration {
    time.min(LONGEST_ATTEMPT)
}

/// Gives a call the time that is left, and each attempt its part of it.
#[derive(Debug)]
pub(crate) struct InTime {
    pub(crate) attempt: fn(Duration) -> Duration,
}

impl Intercept for InTime {
    fn name(&self) -> &'static str {
        "InTime"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let time = deadline::left();
        if time.is_zero() {
            return Err("there is no time left".into());
        }
        let limits = TimeoutConfig::builder().operation_timeout(time).operation_attempt_timeout((self.attempt)(time));
        // Above the client's own, which still says how long to try to connect.
        config.interceptor_state().store_put(limits.build());
        Ok(())
    }
}

/// What a failed call means.
pub(crate) fn failure<E: ProvideErrorMetadata, R>(operation: &str, error: &SdkError<E, R>) -> Error
where
    SdkError<E, R>: std::fmt::Display,
{
    let answered = error.as_service_error().is_some();
    let failure = if !answered && deadline::left().is_zero() {
        Error::new(Kind::Timeout, format!("`{operation}` failed: there was no answer in the time that was left"))
    } else {
        classify(operation, error.code(), error.message())
    };
    if answered { failure } else { failure.because(error.to_string()) }
}

/// The same from its error code; the codes are those that the SDK itself retries, and the common refusals.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>
fn classify(operation: &str, code: Option<&str>, message: Option<&str>) -> Error {
    let kind = match code {
        Some(
            "ThrottlingException"
            | "Throttling"
            | "ThrottledException"
            | "RequestLimitExceeded"
            | "ProvisionedThroughputExceededException"
            | "TooManyRequestsException"
            | "LimitExceededException"
            | "RequestThrottled"
            | "SlowDown",
        ) => Kind::Throttled,
        // No code: no answer, or one that was cut off.
        None
        | Some(
            "InternalServerError"
            | "InternalException"
            | "InternalFailure"
            | "ServiceUnavailable"
            | "RequestTimeout"
            | "TransactionInProgressException"
            | "TransactionConflictException",
        ) => Kind::Transient,
        Some(
            "AccessDeniedException"
            | "AccessDenied"
            | "UnrecognizedClientException"
            | "ExpiredTokenException"
            | "InvalidSignatureException"
            | "NotAuthorized",
        ) => Kind::AccessDenied,
        Some("ResourceNotFoundException" | "QueueDoesNotExist" | "AWS.SimpleQueueService.NonExistentQueue") => {
            Kind::Configuration
        }
        Some("ItemCollectionSizeLimitExceededException") => Kind::TooLarge,
        Some(_) => Kind::Internal,
    };
    let code = code.unwrap_or("no answer");
    match message {
        // The messages of these say which key or resource, not what is in it.
        Some(message) => Error::new(kind, format!("`{operation}` failed: {code}: {message}")),
        None => Error::new(kind, format!("`{operation}` failed: {code}")),
    }
}

#[cfg(all(feature = "engine", feature = "idempotency", feature = "outbox", feature = "signal"))]
#[cfg(test)]
mod tests;
