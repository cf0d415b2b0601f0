//! `observability:` logs, traces, the dashboard and the alarms.

use std::borrow::Cow;

use evc_macros::Word;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::decode::{Decode, Decoder};
use super::scalar::Duration;
use crate::source::Spanned;
use crate::yaml::{Node, NodeKind};

/// How the system is watched. All of it is on unless it is switched off here.
#[derive(Debug, Clone, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Observability {
    /// Logs of functions and workflows.
    #[schemars(default)]
    pub logs: Logs,
    /// AWS X-Ray traces of functions and workflows.
    pub tracing: Option<bool>,
    /// A CloudWatch dashboard of functions, workflows, rules, tables and dead-letter queues.
    #[schemars(default)]
    pub dashboard: Dashboard,
    /// Alarms on dead-letter queues, failed executions, function errors and outbox delay.
    #[schemars(default)]
    pub alarms: Alarms,
}

/// Log groups.
#[derive(Debug, Clone, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Logs {
    /// How long entries are kept: one of the retentions that CloudWatch Logs has, such as `14d` (the default) or `90d`.
    pub retention: Option<Spanned<Duration>>,
    /// The least severe entries that functions write: `info` by default.
    pub level: Option<LogLevel>,
    /// Whether workflow logs hold inputs and outputs. Off by default: they may hold personal data.
    pub payloads: Option<bool>,
}

/// How severe a log entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Word)]
#[word(what = "a log level")]
pub enum LogLevel {
    /// Steps of the runtime, for debugging it.
    Debug,
    /// What happened.
    Info,
    /// What may be wrong.
    Warn,
    /// What failed.
    Error,
}

impl LogLevel {
    /// The name that Lambda has for it.
    pub fn as_lambda(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// The dashboard.
#[derive(Debug, Clone, Default)]
pub struct Dashboard {
    /// Whether there is one; yes by default.
    pub enabled: Option<bool>,
    /// The period of its graphs: `5m` by default.
    pub period: Option<Spanned<Duration>>,
}

/// The alarms.
#[derive(Debug, Clone, Default)]
pub struct Alarms {
    /// Whether there are any; yes by default.
    pub enabled: Option<bool>,
    /// The email addresses that are told.
    pub notify: Vec<Spanned<String>>,
}

impl Decode for Observability {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut fields = cx.fields(node, "observability")?;
        let observability = Self {
            logs: fields.or_default("logs", cx),
            tracing: fields.optional("tracing", cx),
            dashboard: fields.or_default("dashboard", cx),
            alarms: fields.or_default("alarms", cx),
        };
        fields.finish(cx);
        Some(observability)
    }
}

impl Decode for Logs {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut fields = cx.fields(node, "logs")?;
        let logs = Self {
            retention: fields.optional("retention", cx),
            level: fields.optional("level", cx),
            payloads: fields.optional("payloads", cx),
        };
        fields.finish(cx);
        log_retention(logs.retention.as_ref(), cx);
        Some(logs)
    }
}

/// The retentions that CloudWatch Logs has, in days
/// (<https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html>).
pub const LOG_RETENTIONS: [u64; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// Reports a retention that CloudWatch Logs does not have.
pub fn log_retention(retention: Option<&Spanned<Duration>>, cx: &mut Decoder) {
    let Some(retention) = retention else { return };
    let days = retention.as_days();
    if !LOG_RETENTIONS.contains(&days) || !retention.seconds.is_multiple_of(86_400) {
        let near = LOG_RETENTIONS.iter().min_by_key(|known| known.abs_diff(days)).copied().unwrap_or(14);
        cx.bad_value(retention.span, format!("CloudWatch Logs cannot keep entries for `{}`", retention.value))
            .help
            .push(format!("the nearest that it has is `{near}d`"));
    }
}

impl Decode for Dashboard {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        if let NodeKind::Scalar(_) = node.kind {
            return Some(Self { enabled: Some(bool::decode(node, cx)?), period: None });
        }
        let mut fields = cx.fields(node, "a dashboard")?;
        let period: Option<Spanned<Duration>> = fields.optional("period", cx);
        fields.finish(cx);
        if let Some(period) = &period
            && (period.seconds == 0 || !period.seconds.is_multiple_of(60))
        {
            cx.bad_value(period.span, format!("a period is a whole number of minutes, found `{}`", period.value));
        }
        Some(Self { enabled: None, period })
    }
}

impl Decode for Alarms {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        if let NodeKind::Scalar(_) = node.kind {
            return Some(Self { enabled: Some(bool::decode(node, cx)?), notify: Vec::new() });
        }
        let mut fields = cx.fields(node, "alarms")?;
        let notify: Vec<Spanned<String>> = fields.or_default("notify", cx);
        fields.finish(cx);
        for address in &notify {
            if !is_address(address) {
                cx.bad_value(address.span, format!("`{}` is not an email address", address.value));
            }
        }
        Some(Self { enabled: None, notify })
    }
}

/// Whether mail can be sent to an address: SNS takes it, and sends a message that asks to confirm it.
fn is_address(text: &str) -> bool {
    let plain = !text.contains(|c: char| c.is_whitespace() || c.is_control());
    let parts = text.split_once('@');
    plain && parts.is_some_and(|(user, host)| !user.is_empty() && !host.contains('@') && host.contains('.'))
}

impl JsonSchema for Dashboard {
    fn schema_name() -> Cow<'static, str> {
        "Dashboard".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let period = generator.subschema_for::<Duration>();
        json_schema!({
            "description": "Whether there is a dashboard, or the period of its graphs.",
            "anyOf": [
                {"type": "boolean"},
                {"type": "object", "properties": {"period": period}, "additionalProperties": false}
            ]
        })
    }
}

impl JsonSchema for Alarms {
    fn schema_name() -> Cow<'static, str> {
        "Alarms".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let address = json_schema!({"type": "string", "pattern": "^[^@\\s]+@[^@\\s]*\\.[^@\\s]*$"});
        let notify = json_schema!({"anyOf": [address, {"type": "array", "items": address}]});
        json_schema!({
            "description": "Whether there are alarms, or the email addresses that are told.",
            "anyOf": [
                {"type": "boolean"},
                {"type": "object", "properties": {"notify": notify}, "additionalProperties": false}
            ]
        })
    }
}
