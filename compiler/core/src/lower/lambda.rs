//! What every Lambda function has: a log group, a role, a build, its configuration.

use indexmap::IndexMap;

use super::{cache_client, log_group};
use crate::model::{Cache, Id};
use crate::plan::builder::{Builder, Role, Why};
use crate::plan::names::Kind;
use crate::plan::value::Value;
use crate::plan::{LogicalId, Resource};
use crate::source::{Span, Spanned};

/// The longest description that Lambda takes.
pub(super) const MAX_DESCRIPTION: usize = 256;

/// Environment variables by name, each with its value and what it is for.
pub(super) type Variables = IndexMap<String, (Value, String)>;

/// A Lambda function.
pub(super) struct Lambda {
    /// Its logical id.
    pub(super) id: LogicalId,
    /// The end of its physical name.
    pub(super) name: String,
    /// What it is called in comments and tables: "function `create-order`".
    pub(super) principal: String,
    /// What it does.
    pub(super) description: Option<Value>,
    /// The binary that it runs.
    pub(super) binary: String,
    /// Memory in MB.
    pub(super) memory: Value,
    /// Timeout in seconds.
    pub(super) timeout: Value,
    /// Reserved concurrency.
    pub(super) concurrency: Option<u64>,
    /// Environment variables.
    pub(super) variables: Variables,
    /// The cache that it talks to, with the place that says so. Its variables are in [`super::cache_client::variables`].
    pub(super) cache: Option<Spanned<Id<Cache>>>,
    /// The place of its name.
    pub(super) span: Span,
}

/// What each environment variable is for.
pub(super) fn purposes(variables: &Variables) -> IndexMap<String, String> {
    variables.iter().map(|(name, (_, purpose))| (name.clone(), purpose.clone())).collect()
}

/// Adds the function with its log group and its role, which may log and trace so far.
pub(super) fn add(b: &mut Builder<'_>, lambda: Lambda) -> Role {
    let span = lambda.span;
    let observability = &b.model.observability;
    let suffix = format!("-{}", lambda.name);
    let group = log_group::Group { prefix: "/aws/lambda/", suffix: &suffix, retention: &observability.log_retention };
    let logs = log_group::add(b, &lambda.id, &group, &lambda.principal, span);
    let role = b.role(&lambda.id, &lambda.principal, span, "lambda.amazonaws.com", None);
    let actions = ["logs:CreateLogStream", "logs:PutLogEvents"];
    b.grant(&role, &actions, [Value::arn(&logs)], Why::new("writes its own log group", span));
    if observability.tracing {
        let why = Why::new("X-Ray traces; these actions cannot be limited to a resource", span);
        b.grant(&role, &["xray:PutTelemetryRecords", "xray:PutTraceSegments"], ["*".into()], why);
    }

    if let Some(cache) = lambda.cache {
        cache_client::grants(b, &role, cache);
    }
    let network = lambda.cache.and_then(|cache| cache_client::vpc_config(b.model, cache.value));

    let name = b.name(Kind::Function, "", &suffix, span);
    let logging = Value::map([
        ("LogGroup", Value::Ref(logs)),
        ("LogFormat", "JSON".into()),
        ("ApplicationLogLevel", observability.log_level.as_lambda().into()),
    ]);
    let variables = lambda.variables.into_iter().map(|(name, (value, _))| (name, value));
    let variables: IndexMap<String, Value> = variables.collect();
    let environment = (!variables.is_empty()).then(|| Value::map([("Variables", Value::Map(variables))]));
    let properties = [
        // The workspace of all functions; `sam build` compiles the binary that the metadata names.
        ("CodeUri", ".".into()),
        ("Handler", "bootstrap".into()),
        ("Runtime", "provided.al2023".into()),
        ("Architectures", Value::list([Value::pseudo("Architecture")])),
        ("MemorySize", lambda.memory),
        ("Timeout", lambda.timeout),
        ("Role", Value::arn(&role.id)),
        ("Tracing", if observability.tracing { "Active" } else { "PassThrough" }.into()),
        ("LoggingConfig", logging),
    ];
    let mut resource = Resource::new("AWS::Serverless::Function", lambda.principal, span, [("FunctionName", name)])
        .with("Description", lambda.description)
        .and(properties)
        .with("VpcConfig", network)
        .with("Environment", environment)
        .with("ReservedConcurrentExecutions", lambda.concurrency.map(Value::count));
    resource.metadata = IndexMap::from([
        ("BuildMethod".to_owned(), "rust-cargolambda".into()),
        ("BuildProperties".to_owned(), Value::map([("Binary", lambda.binary.into())])),
    ]);
    b.add(&lambda.id, resource);
    role
}
