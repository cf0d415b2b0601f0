//! `environments:` what differs between the places a stack is deployed to. Each inherits from the top level.

use evc_macros::Section;
use indexmap::IndexMap;
use schemars::{Schema, SchemaGenerator, json_schema};

use super::cache::{NODE_TYPE, REPLICAS, node_type};
use super::decode::{Decode, Decoder};
use super::function::{Deploy, MAX_CONCURRENCY, MEMORY, TIMEOUT};
use super::keys::Shorthand;
use super::observability::{Thresholds, log_retention};
use super::scalar::{Duration, Json, Name};
use super::security::{KEY, key_arn};
use super::table::Removal;
use super::variable::{Variables, variables};
use crate::source::Spanned;
use crate::yaml::{Node, NodeKind};

/// An environment, picked by a parameter when the stack is deployed. What it does not say, the top level says.
#[derive(Debug, Clone, Default, Section)]
#[section(what = "an environment")]
pub struct Environment {
    /// What it is for, for people.
    pub description: Option<String>,
    /// Logs of functions and workflows.
    pub logs: Option<EnvironmentLogs>,
    /// What a company asks of the stack.
    pub security: Option<EnvironmentSecurity>,
    /// What becomes of tables, all of them.
    pub tables: Option<EnvironmentTables>,
    /// What differs for single functions.
    #[key(default)]
    pub functions: IndexMap<Name, EnvironmentFunction>,
    /// Values of the configuration that differ, by name.
    #[key(default)]
    pub config: IndexMap<Name, Spanned<Json>>,
    /// What differs for single caches.
    #[key(default)]
    pub caches: IndexMap<Name, EnvironmentCache>,
    /// Which rules run.
    #[key(default)]
    pub rules: IndexMap<Name, EnvironmentSwitch>,
    /// Which schedules run.
    #[key(default)]
    pub schedules: IndexMap<Name, EnvironmentSwitch>,
    /// Whether alarms tell anybody (`ActionsEnabled`), which they do unless this is `false`; or `{ thresholds: … }`, which are others here.
    pub alarms: Option<EnvironmentAlarms>,
}

/// Alarms in one environment.
#[derive(Debug, Clone, Default, Section)]
#[section(what = "alarms of an environment", shorthand)]
pub struct EnvironmentAlarms {
    /// Whether they tell anybody.
    #[key(skip)]
    pub enabled: Option<Spanned<bool>>,
    /// How much of something is no alarm yet.
    #[key(default)]
    pub thresholds: Thresholds,
}

/// `true` and `false` say whether they tell anybody.
impl Shorthand for EnvironmentAlarms {
    fn is_short(node: &Node) -> bool {
        matches!(node.kind, NodeKind::Scalar(_))
    }
    fn short(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let enabled = bool::decode(node, cx)?;
        Some(Self { enabled: Some(Spanned::new(enabled, node.span)), ..Self::default() })
    }
    fn short_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "boolean"})
    }
}

/// Logs in one environment.
#[derive(Debug, Clone, Default, Section)]
#[section(what = "logs of an environment")]
pub struct EnvironmentLogs {
    /// How long entries are kept: one of the retentions that CloudWatch Logs has.
    #[key(check = log_retention)]
    pub retention: Option<Spanned<Duration>>,
}

/// What a company asks of the stack in one environment.
#[derive(Debug, Clone, Default, Section)]
#[section(what = "security of an environment")]
pub struct EnvironmentSecurity {
    /// The ARN of the KMS key that encrypts what the stack keeps, where it is another than that of the top level.
    #[key(pattern = KEY, check = key_arn)]
    pub key: Option<Spanned<String>>,
}

/// Tables in one environment.
#[derive(Debug, Clone, Default, Section)]
#[section(what = "tables of an environment")]
pub struct EnvironmentTables {
    /// What becomes of the data when a table or an outbox leaves the stack: `retain` or `delete`.
    pub removal: Option<Spanned<Removal>>,
    /// Makes DynamoDB refuse to delete the tables.
    pub deletion_protection: Option<Spanned<bool>>,
    /// Continuous backups, to restore any second of the last 35 days.
    pub point_in_time_recovery: Option<Spanned<bool>>,
}

/// A function in one environment.
#[derive(Debug, Clone, Default, Section)]
#[section(what = "a function in an environment")]
pub struct EnvironmentFunction {
    /// How long one invocation may take: {range}.
    #[key(range = TIMEOUT)]
    pub timeout: Option<Spanned<Duration>>,
    /// Memory in MB: {range}.
    #[key(range = MEMORY)]
    pub memory: Option<Spanned<u64>>,
    /// The most invocations at once, reserved for this function. An environment may have one where the others have none.
    #[key(range = 1..=MAX_CONCURRENCY, what = "the concurrency of a function")]
    pub concurrency: Option<Spanned<u64>>,
    /// How many environments of its alias are kept ready. An environment may have some where the others have none.
    #[key(range = 1..=MAX_CONCURRENCY, what = "the provisioned concurrency of a function")]
    pub provisioned: Option<Spanned<u64>>,
    /// How invocations go over to a new version. Environments that say nothing, like the top level, do so all at once.
    pub deploy: Option<Spanned<Deploy>>,
    /// Environment variables that differ. Each must be declared on the function as well, with its value elsewhere.
    #[key(default, schema = variables)]
    pub environment: Variables,
}

/// A replication group in one environment.
#[derive(Debug, Clone, Default, Section)]
#[section(what = "a cache in an environment")]
pub struct EnvironmentCache {
    /// The type of its nodes.
    #[key(pattern = NODE_TYPE, check = node_type)]
    pub node_type: Option<Spanned<String>>,
    /// Replicas of each node, in other zones: {range}.
    #[key(range = REPLICAS)]
    pub replicas: Option<Spanned<u64>>,
}

/// A rule or a schedule in one environment.
#[derive(Debug, Clone, Default, Section)]
#[section(what = "a rule or schedule in an environment")]
pub struct EnvironmentSwitch {
    /// Whether it runs.
    pub enabled: Option<Spanned<bool>>,
}
