//! The one call of Systems Manager that functions make: `GetParameter`.
//!
//! The SDK's crate for Systems Manager has 150 operations and takes four times as long to compile as that for Secrets Manager (decision 39). So the call is made of what all of the SDK's clients are made of: its orchestrator with its retries, credentials,
//! signatures and connections, and around it the JSON of this one call.
//! <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html>

use crate::Error;
use crate::aws::{InTime, attempt, failure};
use crate::backend::BoxFuture;
use crate::kept::{Source, Stored};
use aws_config::{BehaviorVersion, SdkConfig};
use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::auth::{
    AuthSchemeOptionResolverParams, SharedAuthScheme, SharedAuthSchemeOptionResolver,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError, SensitiveOutput};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};
use aws_types::SigningName;
use aws_types::region::SigningRegion;
use serde::Deserialize;
use serde_json::json;
use std::fmt;

/// The name of Systems Manager in signatures and host names.
const SERVICE: &str = "ssm";

/// Parameter Store.
pub(crate) struct ParameterStore {
    get_parameter: Operation<GetParameter, Stored, Failure>,
}

/// What is asked.
#[derive(Debug)]
struct GetParameter {
    name: String,
    with_decryption: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    parameter: Parameter,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    #[serde(rename = "Type")]
    type_: String,
    value: String,
}

/// What Systems Manager refuses a call with.
#[derive(Debug)]
struct Failure(ErrorMetadata);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Failure {}

impl ProvideErrorMetadata for Failure {
    fn meta(&self) -> &ErrorMetadata {
        &self.0
    }
}

impl ParameterStore {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        let region = config.region().map_or("us-east-1", |region| region.as_ref());
        let mut operation = Operation::builder()
            .service_name("SSM")
            .operation_name("GetParameter")
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(&endpoint(config, region))
            .interceptor(InTime { attempt })
            .with_connection_poisoning()
            .retry_classifier(HttpStatusCodeClassifier::default())
            .retry_classifier(TransientErrorClassifier::<Failure>::new())
            .retry_classifier(AwsErrorCodeClassifier::<Failure>::new())
            .runtime_plugin(signed(config, region));
        if let Some(client) = config.http_client() {
            operation = operation.http_client(client);
        }
        if let Some(retries) = config.retry_config() {
            operation = operation.standard_retry(retries);
        }
        if let Some(timeouts) = config.timeout_config() {
            operation = operation.timeout_config(timeouts.clone());
        }
        if let Some(sleep) = config.sleep_impl() {
            operation = operation.sleep_impl(sleep);
        }
        if let Some(time) = config.time_source() {
            operation = operation.time_source(time);
        }
        Self { get_parameter: operation.serializer(request).deserializer(answer).build() }
    }
}

impl Source for ParameterStore {
    fn read<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Stored>, Error>> {
        Box::pin(async move {
            // A parameter that is no secret has nothing to decrypt.
            match self.get_parameter.invoke(GetParameter { name: name.to_owned(), with_decryption: true }).await {
                Ok(stored) => Ok(Some(stored)),
                Err(error)
                    if error.as_service_error().and_then(|failure| failure.code()) == Some("ParameterNotFound") =>
                {
                    Ok(None)
                }
                Err(error) => Err(failure("ssm:GetParameter", &error)),
            }
        })
    }
}

/// Where the calls go: where the environment says, as the SDK's clients read it, or to the service in this Region.
/// <https://docs.aws.amazon.com/general/latest/gr/ssm.html>
fn endpoint(config: &SdkConfig, region: &str) -> String {
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    config.endpoint_url().map_or_else(|| format!("https://{SERVICE}.{region}.{suffix}"), str::to_owned)
}

/// Signs the calls with the function's credentials.
fn signed(config: &SdkConfig, region: &str) -> StaticRuntimePlugin {
    let mut layer = Layer::new("signed");
    layer.store_put(AuthSchemeOptionResolverParams::new(()));
    layer.store_put(SigV4OperationSigningConfig::default());
    layer.store_put(SigningName::from_static(SERVICE));
    layer.store_put(SigningRegion::from(aws_types::region::Region::new(region.to_owned())));
    layer.store_put(SensitiveOutput);
    let mut components = RuntimeComponentsBuilder::new("signed");
    components.set_auth_scheme_option_resolver(Some(SharedAuthSchemeOptionResolver::new(
        StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID]),
    )));
    components.push_auth_scheme(SharedAuthScheme::new(SigV4AuthScheme::new()));
    components.set_identity_cache(config.identity_cache());
    if let Some(credentials) = config.credentials_provider() {
        components.set_identity_resolver(SCHEME_ID, credentials);
    }
    StaticRuntimePlugin::new().with_config(layer.freeze()).with_runtime_components(components)
}

/// The request, in the protocol AWS JSON 1.1. <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>
fn request(GetParameter { name, with_decryption }: GetParameter) -> Result<HttpRequest, BoxError> {
    let request = http::Request::builder()
        .method("POST")
        .uri("/")
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", "AmazonSSM.GetParameter")
        .body(SdkBody::from(json!({ "Name": name, "WithDecryption": with_decryption }).to_string()))?;
    Ok(request.try_into()?)
}

fn answer(response: &HttpResponse) -> Result<Stored, OrchestratorError<Failure>> {
    let body = response.body().bytes().unwrap_or_default();
    if response.status().is_success() {
        let Answer { parameter } = serde_json::from_slice(body)
            // What serde says may have the value in it.
            .map_err(|error| OrchestratorError::response(format!("no answer at column {}", error.column()).into()))?;
        return Ok(Stored { text: parameter.value, is_secret: parameter.type_ == "SecureString" });
    }
    Err(OrchestratorError::operation(Failure(refusal(body))))
}

/// Why it refuses: `{ "__type": "com.amazonaws.ssm#ParameterNotFound", "message": ".." }`.
fn refusal(body: &[u8]) -> ErrorMetadata {
    #[derive(Default, Deserialize)]
    struct Refusal {
        #[serde(rename = "__type")]
        type_: Option<String>,
        #[serde(alias = "Message")]
        message: Option<String>,
    }
    let refusal: Refusal = serde_json::from_slice(body).unwrap_or_default();
    let mut error = ErrorMetadata::builder();
    if let Some(code) = refusal.type_.as_deref().and_then(|type_| type_.rsplit('#').next()) {
        error = error.code(code.split(':').next().unwrap_or(code));
    }
    if let Some(message) = refusal.message {
        error = error.message(message);
    }
    error.build()
}
