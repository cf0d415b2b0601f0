//! What is to be deployed and written, decided down to the last property. Backends turn it into files and decide nothing.
//!
//! The words for it are here as well: values, ids, names, ARNs, policies. Rooms of `lower/` add to the plan by the verbs of the
//! [`builder`], which are all that they know of each other.

#![warn(clippy::wildcard_enum_match_arm, reason = "a kind of anything that is forgotten here must not compile")]

pub(crate) mod address;
pub(crate) mod alarm;
pub(crate) mod api;
pub(crate) mod arn;
pub(crate) mod builder;
pub(crate) mod bus;
pub(crate) mod cache;
pub(crate) mod config;
pub(crate) mod dead_letters;
pub(crate) mod graph;
pub mod ids;
pub(crate) mod key;
mod logical_id;
pub(crate) mod names;
pub(crate) mod network;
pub(crate) mod policy;
mod resource;
pub(crate) mod rule;
pub(crate) mod secret;
pub(crate) mod starter;
pub(crate) mod stream;
pub(crate) mod told;
pub mod value;
pub(crate) mod variables;
pub(crate) mod work;

pub(crate) use logical_id::fingerprint;
pub use logical_id::{LogicalId, pascal_case};
pub use resource::Resource;

use indexmap::IndexMap;

use self::value::Map;
use self::value::Value;
use crate::model::{Function, Id, Model, Outbox};
use crate::source::Span;

/// Everything that the backends write.
#[derive(Debug)]
pub struct Plan<'m> {
    /// The model it was made of, for what is documentation and types.
    pub model: &'m Model,
    /// The parameters of the template, in order.
    pub parameters: IndexMap<String, Parameter>,
    /// Values by environment: mapping `Environments`, environment, key.
    pub mappings: IndexMap<String, IndexMap<String, Value>>,
    /// Conditions by name, as resources and values name them.
    pub conditions: IndexMap<String, Value>,
    /// Resources by logical id, in the order of the template.
    pub resources: IndexMap<LogicalId, Resource>,
    /// Outputs by name.
    pub outputs: IndexMap<String, PlannedOutput>,
    /// State machines.
    pub machines: Vec<Machine>,
    /// Definitions of workflows on Redis.
    pub definitions: Vec<Definition>,
    /// Lambda functions to compile.
    pub handlers: Vec<Handler>,
    /// Who may do what, and why; what the roles in `resources` say.
    pub grants: Vec<Grant>,
}

/// The parameter that picks the environment.
pub const ENVIRONMENT: &str = "Environment";

impl Plan<'_> {
    /// Makes `name` the environment that is deployed unless another is given.
    pub fn set_environment(&mut self, name: &str) {
        if let Some(parameter) = self.parameters.get_mut(ENVIRONMENT) {
            parameter.default = Some(name.to_owned());
        }
    }

    /// What a REST API consists of, but for what deploys it.
    pub(crate) fn parts_of_api(&self, api: &LogicalId) -> impl Iterator<Item = (&LogicalId, &Resource)> {
        let of_api = Value::Ref(api.clone());
        let deploys = |type_: &str| {
            matches!(
                type_,
                "AWS::ApiGateway::BasePathMapping" | "AWS::ApiGateway::Deployment" | "AWS::ApiGateway::Stage"
            )
        };
        self.resources.iter().filter(move |(_, it)| {
            it.type_.starts_with("AWS::ApiGateway::")
                && !deploys(&it.type_)
                && it.properties.get("RestApiId") == Some(&of_api)
        })
    }
}

/// A parameter of the template.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Its CloudFormation type, such as `String`.
    pub type_: &'static str,
    /// What it is for.
    pub description: String,
    /// The value it has unless another is given.
    pub default: Option<String>,
    /// The values it may have.
    pub allowed_values: Vec<String>,
    /// A regular expression its value must match.
    pub allowed_pattern: Option<String>,
    /// The most characters it may have.
    pub max_length: Option<usize>,
}

/// An output of the template.
#[derive(Debug, Clone)]
pub struct PlannedOutput {
    /// What it is.
    pub description: Option<String>,
    /// Its value.
    pub value: Value,
    /// The condition under which there is what it tells of.
    pub condition: Option<String>,
}

/// A state machine.
#[derive(Debug, Clone)]
pub struct Machine {
    /// The file under `workflows/`, without its extension: the workflow's name, or `NAME-starter`.
    pub file: String,
    /// The logical id of the state machine.
    pub id: LogicalId,
    /// The definition, in Amazon States Language. What only the deployed stack knows is a `${Name}` in it.
    pub definition: serde_json::Value,
    /// The values of these names.
    pub substitutions: IndexMap<String, Value>,
}

/// The definition of a workflow on Redis: what its functions read to know what comes next.
#[derive(Debug, Clone)]
pub struct Definition {
    /// The file under `workflows/`, without its extension: the workflow's name.
    pub file: String,
    /// The version of the format, the workflow's name, the leases of functions, the machine.
    pub json: serde_json::Value,
}

/// A Lambda function to compile.
#[derive(Debug, Clone)]
pub struct Handler {
    /// The name of its folder, crate and binary, unique in the workspace: `orders-create-order`.
    pub binary: String,
    /// What it runs.
    pub kind: HandlerKind,
    /// Environment variables that the template sets, by name, with what each is for: what the generated code reads.
    pub environment: IndexMap<String, String>,
}

/// What a handler runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandlerKind {
    /// The user's function.
    Function(Id<Function>),
    /// The forwarder of an outbox.
    Forwarder(Id<Outbox>),
    /// The redrive of an outbox.
    Redrive(Id<Outbox>),
    /// The engine of the workflows on Redis: starts, publishes, and looks after what is due.
    Engine,
}

/// One permission of one role.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Whose it is: "function `create-order`", "workflow `fulfil-order`", "rule `start-fulfilment`".
    pub principal: String,
    /// The logical id of the role.
    pub role: LogicalId,
    /// The actions, such as `dynamodb:PutItem`.
    pub actions: Vec<String>,
    /// What they are allowed on.
    pub resources: Vec<Value>,
    /// The conditions, as IAM writes them: operator, key, value.
    pub conditions: IndexMap<String, Map>,
    /// Why: "`tables: { orders: put }`".
    pub reason: String,
    /// The place in the spec that caused it.
    pub span: Span,
}
