//! AWS, as far as functions with `may` ask it something: what it answers, and what it was asked.

use super::World;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// A request of a client of the SDK.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsRequest {
    /// Its method.
    pub method: String,
    /// Where it goes: `https://sns.eu-west-1.amazonaws.com/`.
    pub uri: String,
    /// Its body, in the protocol of the service. Empty for one that is a stream.
    pub body: String,
}

/// What was asked, in order.
pub(super) type Asked = Arc<Mutex<Vec<AwsRequest>>>;

/// What a test answers: a status and a body.
type Answer = dyn Fn(&AwsRequest) -> (u16, String) + Send + Sync;

/// An HTTP client that asks a test.
#[derive(Clone)]
struct Client {
    answer: Arc<Answer>,
    asked: Asked,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

impl HttpConnector for Client {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().map(String::from_utf8_lossy).unwrap_or_default().into_owned();
        let request = AwsRequest { method: request.method().to_owned(), uri: request.uri().to_owned(), body };
        let (status, body) = (self.answer)(&request);
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        HttpConnectorFuture::ready(
            status
                .try_into()
                .map(|status| HttpResponse::new(status, SdkBody::from(body)))
                .map_err(|error| ConnectorError::user(Box::new(error))),
        )
    }
}

impl HttpClient for Client {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl World {
    /// What AWS answers to clients that are made of `cx.aws()`: a status and a body, as the service writes it. Calls are made once.
    ///
    /// ```ignore
    /// let world = World::new().aws(|_| (200, r#"{ "MessageId": "1" }"#.to_owned()));
    /// ```
    #[must_use]
    pub fn aws(self, answer: impl Fn(&AwsRequest) -> (u16, String) + Send + Sync + 'static) -> Self {
        let client = Client { answer: Arc::new(answer), asked: self.aws_requests.clone() };
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .retry_config(RetryConfig::disabled())
            .http_client(SharedHttpClient::new(client))
            .build();
        self.sdk(config)
    }

    /// What clients asked for, in order, where [`World::aws`] answers.
    pub fn aws_requests(&self) -> Vec<AwsRequest> {
        self.aws_requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What `cx.aws()` gives, for tests with an HTTP client of their own. Without it and without [`World::aws`], calls fail.
    #[must_use]
    pub fn sdk(mut self, config: SdkConfig) -> Self {
        self.sdk = Some(config);
        self
    }
}

/// A configuration that leads nowhere.
pub(super) fn nowhere() -> SdkConfig {
    SdkConfig::builder().behavior_version(BehaviorVersion::latest()).build()
}
