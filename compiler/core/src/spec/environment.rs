//! `environments:` what differs between the places a stack is deployed to. Each inherits from the top level.

use std::borrow::Cow;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::cache::nodes;
use super::decode::{Decode, Decoder};
use super::function::sizes;
use super::observability::log_retention;
use super::scalar::{Duration, Name};
use super::table::Removal;
use crate::source::Spanned;
use crate::yaml::Node;

/// An environment, picked by a parameter when the stack is deployed. What it does not say, the top level says.
#[derive(Debug, Clone, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Environment {
    /// What it is for, for people.
    pub description: Option<String>,
    /// Logs of functions and workflows.
    pub logs: Option<EnvironmentLogs>,
    /// What becomes of tables, all of them.
    pub tables: Option<EnvironmentTables>,
    /// What differs for single functions.
    #[schemars(default, with = "std::collections::BTreeMap<String, EnvironmentFunction>")]
    pub functions: IndexMap<Name, EnvironmentFunction>,
    /// What differs for single caches.
    #[schemars(default, with = "std::collections::BTreeMap<String, EnvironmentCache>")]
    pub caches: IndexMap<Name, EnvironmentCache>,
    /// Which rules run.
    #[schemars(default, with = "std::collections::BTreeMap<String, EnvironmentSwitch>")]
    pub rules: IndexMap<Name, EnvironmentSwitch>,
    /// Which schedules run.
    #[schemars(default, with = "std::collections::BTreeMap<String, EnvironmentSwitch>")]
    pub schedules: IndexMap<Name, EnvironmentSwitch>,
    /// Whether alarms tell anybody (`ActionsEnabled`). They do unless this is `false`.
    pub alarms: Option<Spanned<bool>>,
}

/// Logs in one environment.
#[derive(Debug, Clone, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EnvironmentLogs {
    /// How long entries are kept: one of the retentions that CloudWatch Logs has.
    pub retention: Option<Spanned<Duration>>,
}

/// Tables in one environment.
#[derive(Debug, Clone, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EnvironmentTables {
    /// What becomes of the data when a table or an outbox leaves the stack: `retain` or `delete`.
    pub removal: Option<Spanned<Removal>>,
    /// Makes DynamoDB refuse to delete the tables.
    pub deletion_protection: Option<Spanned<bool>>,
    /// Continuous backups, to restore any second of the last 35 days.
    pub point_in_time_recovery: Option<Spanned<bool>>,
}

/// A function in one environment.
#[derive(Debug, Clone, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EnvironmentFunction {
    /// How long one invocation may take: `1s` to `15m`.
    pub timeout: Option<Spanned<Duration>>,
    /// Memory in MB: 128 to 10240.
    #[schemars(range(min = 128, max = 10240))]
    pub memory: Option<Spanned<u64>>,
    /// Environment variables that differ. Each must be declared on the function as well, with its value elsewhere.
    #[schemars(default, with = "std::collections::BTreeMap<String, Text>")]
    pub environment: IndexMap<Spanned<String>, Spanned<String>>,
}

/// A replication group in one environment.
#[derive(Debug, Clone, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EnvironmentCache {
    /// The type of its nodes.
    #[schemars(regex(pattern = r"^cache\.[a-z0-9-]+\.[a-z0-9]+$"))]
    pub node_type: Option<Spanned<String>>,
    /// Replicas of each node, in other zones: 0 to 5.
    #[schemars(range(max = 5))]
    pub replicas: Option<Spanned<u64>>,
}

/// A rule or a schedule in one environment.
#[derive(Debug, Clone, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EnvironmentSwitch {
    /// Whether it runs.
    pub enabled: Option<bool>,
}

/// Schema only: text, a number or a boolean.
struct Text;

impl JsonSchema for Text {
    fn schema_name() -> Cow<'static, str> {
        "EnvironmentValue".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "number", "boolean"]})
    }
}

impl Decode for Environment {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut fields = cx.fields(node, "an environment")?;
        let environment = Self {
            description: fields.optional("description", cx),
            logs: fields.optional("logs", cx),
            tables: fields.optional("tables", cx),
            functions: fields.or_default("functions", cx),
            caches: fields.or_default("caches", cx),
            rules: fields.or_default("rules", cx),
            schedules: fields.or_default("schedules", cx),
            alarms: fields.optional("alarms", cx),
        };
        fields.finish(cx);
        Some(environment)
    }
}

impl Decode for EnvironmentLogs {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut fields = cx.fields(node, "logs of an environment")?;
        let logs = Self { retention: fields.optional("retention", cx) };
        fields.finish(cx);
        log_retention(logs.retention.as_ref(), cx);
        Some(logs)
    }
}

impl Decode for EnvironmentTables {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut fields = cx.fields(node, "tables of an environment")?;
        let tables = Self {
            removal: fields.optional("removal", cx),
            deletion_protection: fields.optional("deletion-protection", cx),
            point_in_time_recovery: fields.optional("point-in-time-recovery", cx),
        };
        fields.finish(cx);
        Some(tables)
    }
}

impl Decode for EnvironmentFunction {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut fields = cx.fields(node, "a function in an environment")?;
        let function = Self {
            timeout: fields.optional("timeout", cx),
            memory: fields.optional("memory", cx),
            environment: fields.or_default("environment", cx),
        };
        fields.finish(cx);
        sizes(function.timeout.as_ref(), function.memory.as_ref(), cx);
        Some(function)
    }
}

impl Decode for EnvironmentCache {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut fields = cx.fields(node, "a cache in an environment")?;
        let cache = Self { node_type: fields.optional("node-type", cx), replicas: fields.optional("replicas", cx) };
        fields.finish(cx);
        nodes(cache.node_type.as_ref(), cache.replicas.as_ref(), cx);
        Some(cache)
    }
}

impl Decode for EnvironmentSwitch {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut fields = cx.fields(node, "a rule or schedule in an environment")?;
        let switch = Self { enabled: fields.optional("enabled", cx) };
        fields.finish(cx);
        Some(switch)
    }
}
