//! What every Lambda function has: a log group, a role, a build, its configuration.

use evc_interface::environment;

use super::log_group::Group;
use super::{Builder, Role, Why};
use crate::model::{Cache, ClientGroup, Id, LogOf};
use crate::plan::names::Named;
use crate::plan::value::Map;
use crate::plan::value::Value;
use crate::plan::variables::Variables;
use crate::plan::{LogicalId, Resource, network};
use crate::source::{Span, Spanned};
use crate::spec::observability::LogFormat;

/// The longest description that Lambda takes.
pub(crate) const MAX_DESCRIPTION: usize = 256;

/// A Lambda function.
pub(crate) struct Lambda {
    /// Its logical id.
    pub(crate) id: LogicalId,
    /// The end of its physical name.
    pub(crate) name: String,
    /// What it is called in comments and tables: "function `create-order`".
    pub(crate) principal: String,
    /// What it does.
    pub(crate) description: Option<Value>,
    /// The binary that it runs.
    pub(crate) binary: String,
    /// Memory in MB.
    pub(crate) memory: Value,
    /// Timeout in seconds.
    pub(crate) timeout: Value,
    /// Reserved concurrency.
    pub(crate) concurrency: Option<Value>,
    /// Environment variables.
    pub(crate) variables: Variables,
    /// The cache that it talks to, with the place that says so. Its variables are in [`crate::plan::cache::variables`].
    pub(crate) cache: Option<Spanned<Id<Cache>>>,
    /// The security group that it has in a network, if it is in one.
    pub(crate) group: Option<ClientGroup>,
    /// The place of its name.
    pub(crate) span: Span,
}

impl Builder<'_> {
    /// Adds the function with its log group and its role, which may log and trace so far.
    pub(crate) fn lambda(&mut self, lambda: Lambda) -> Role {
        let span = lambda.span;
        let observability = &self.model.observability;
        let suffix = format!("-{}", lambda.name);
        let group = Group {
            of: LogOf::Function,
            prefix: "/aws/lambda/",
            suffix: &suffix,
            retention: &observability.log_retention,
        };
        let logs = self.log_group(&lambda.id, &group, &lambda.principal, span);
        let role = self.role(&lambda.id, &lambda.principal, span, "lambda.amazonaws.com", None);
        let actions = ["logs:CreateLogStream", "logs:PutLogEvents"];
        self.grant(&role, &actions, [Value::arn(&logs)], Why::new("writes its own log group", span));
        if observability.tracing {
            let why = Why::new("X-Ray traces; these actions cannot be limited to a resource", span);
            self.grant(&role, &["xray:PutTelemetryRecords", "xray:PutTraceSegments"], ["*".into()], why);
        }

        if let Some(cache) = lambda.cache {
            self.log_in(&role, cache);
        }
        if let Some(group) = lambda.group {
            self.interfaces(&role, group, lambda.cache.map_or(span, |cache| cache.span));
        }
        let network = lambda.group.and_then(|group| network::vpc_config(self.model, group));

        let name = self.name(Named::Function, "", &suffix, span);
        let level = observability.log_level.as_lambda();
        let variables = lambda.variables.into_iter().map(|(name, (value, _))| (name, value));
        let mut variables: Map = variables.collect();
        let logging = match observability.log_format {
            LogFormat::Json => Value::map([
                ("LogGroup", Value::Ref(logs)),
                ("LogFormat", "JSON".into()),
                ("ApplicationLogLevel", level.into()),
            ]),
            // Lambda takes a level for JSON alone, so that the handler has to know both.
            LogFormat::Text => {
                variables.insert(environment::LOG_FORMAT, environment::LOG_TEXT.into());
                variables.insert(environment::LOG_LEVEL, level.into());
                Value::map([("LogGroup", Value::Ref(logs)), ("LogFormat", "Text".into())])
            }
        };
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
            .with("ReservedConcurrentExecutions", lambda.concurrency);
        resource.metadata = Map::from_iter([
            ("BuildMethod".to_owned(), "rust-cargolambda".into()),
            ("BuildProperties".to_owned(), Value::map([("Binary", lambda.binary.into())])),
        ]);
        self.add(&lambda.id, resource);
        role
    }
}
