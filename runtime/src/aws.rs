//! How the AWS SDK is set up: the one place that knows.
//!
//! TLS is rustls with *ring*, not the SDK's default of rustls with AWS-LC: ring needs neither cmake nor an assembler to build, gathers
//! no CPU jitter entropy at start (AWS-LC may take up to a second for that, once a process), and the binaries are about a tenth smaller.
//! The SDK crates are therefore built without a client of their own and get this one.
//!
//! Region, credentials, retries (standard mode, three attempts) and endpoints (`AWS_ENDPOINT_URL`, for a local emulator) are the SDK's own
//! defaults from the environment.

use crate::{Error, Kind};
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use tokio::sync::OnceCell;

static CONFIG: OnceCell<SdkConfig> = OnceCell::const_new();

/// The SDK's configuration, loaded at the first use of a client.
pub(crate) async fn config() -> &'static SdkConfig {
    CONFIG.get_or_init(load).await
}

/// A configuration with an HTTP client of its own, for a thread with a runtime of its own: the connections of a client belong to the
/// runtime on which they were made.
pub(crate) async fn load() -> SdkConfig {
    let client = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    aws_config::defaults(BehaviorVersion::latest()).http_client(client).load().await
}

/// What a failed call means, from its error code; the codes are those that the SDK itself retries, and the common refusals.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>
pub(crate) fn classify(operation: &str, code: Option<&str>, message: Option<&str>) -> Error {
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
