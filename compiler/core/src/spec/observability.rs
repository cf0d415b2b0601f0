//! `observability:` logs, traces, the dashboard and the alarms.

use evc_macros::{Section, Word};
use schemars::{Schema, SchemaGenerator, json_schema};

use super::decode::{Decode, Decoder};
use super::keys::Shorthand;
use super::range::Range;
use super::scalar::Duration;
use crate::source::Spanned;
use crate::yaml::{Node, NodeKind};

/// How the system is watched. All of it is on unless it is switched off here.
#[derive(Debug, Clone, Default, Section)]
#[section(what = "observability")]
pub struct Observability {
    /// Logs of functions and workflows.
    #[key(default)]
    pub logs: Logs,
    /// AWS X-Ray traces of functions and workflows.
    pub tracing: Option<bool>,
    /// Metrics of each route of an API beside those of the API. Off by default: each is paid for as a metric of your own.
    pub detailed_metrics: Option<bool>,
    /// A CloudWatch dashboard of functions, workflows, rules, tables and dead-letter queues.
    #[key(default)]
    pub dashboard: Dashboard,
    /// Alarms on APIs, functions, executions, queues, outboxes and dead letters.
    #[key(default)]
    pub alarms: Alarms,
}

/// Log groups.
#[derive(Debug, Clone, Default, Section)]
#[section(what = "logs")]
pub struct Logs {
    /// How long entries are kept: one of the retentions that CloudWatch Logs has, such as `14d` (the default) or `90d`.
    #[key(check = log_retention)]
    pub retention: Option<Spanned<Duration>>,
    /// The least severe entries that functions write: `info` by default.
    pub level: Option<LogLevel>,
    /// Whether workflow logs hold inputs and outputs. Off by default: they may hold personal data.
    pub payloads: Option<bool>,
    /// How functions write entries: as `json` (the default), or as `text`.
    pub format: Option<LogFormat>,
    /// The class of log groups: `standard` (the default) or `infrequent-access`, for all of them or by what writes them.
    #[key(default)]
    pub class: LogClasses,
}

/// The class of log groups, by what writes them.
#[derive(Debug, Clone, Default, Section)]
#[section(what = "classes of logs", shorthand)]
pub struct LogClasses {
    /// That of all.
    #[key(skip)]
    pub all: Option<Spanned<LogClass>>,
    /// Access logs of APIs.
    pub apis: Option<Spanned<LogClass>>,
    /// Event logs of buses.
    pub events: Option<Spanned<LogClass>>,
    /// Pipes of outboxes.
    pub pipes: Option<Spanned<LogClass>>,
    /// Workflows on Step Functions.
    pub workflows: Option<Spanned<LogClass>>,
}

/// One word is the class of all.
impl Shorthand for LogClasses {
    fn is_short(node: &Node) -> bool {
        matches!(node.kind, NodeKind::Scalar(_))
    }
    fn short(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let class = LogClass::decode(node, cx)?;
        Some(Self { all: Some(Spanned::new(class, node.span)), ..Self::default() })
    }
    fn short_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<LogClass>()
    }
}

/// What a log group can do, and what it costs.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch_Logs_Log_Classes.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Word)]
#[word(what = "a class of logs")]
pub enum LogClass {
    /// All that CloudWatch Logs can do.
    #[default]
    Standard,
    /// Half the price of what is written. Entries are found by queries of Logs Insights alone: metrics, filters, subscriptions and
    /// `aws logs tail` do not see them.
    InfrequentAccess,
}

/// How functions write log entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Word)]
#[word(what = "a format of log entries")]
pub enum LogFormat {
    /// A JSON object a line.
    #[default]
    Json,
    /// The time, the level, the message and the fields, a line.
    Text,
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

/// Whether there is a dashboard, or the period of its graphs.
#[derive(Debug, Clone, Default, Section)]
#[section(what = "a dashboard", shorthand)]
pub struct Dashboard {
    /// Whether there is one; yes by default.
    #[key(skip)]
    pub enabled: Option<bool>,
    /// The period of its graphs, in whole minutes: `5m` by default.
    #[key(check = whole_minutes)]
    pub period: Option<Spanned<Duration>>,
}

/// Whether there are alarms, or the email addresses that are told.
#[derive(Debug, Clone, Default, Section)]
#[section(what = "alarms", shorthand)]
pub struct Alarms {
    /// Whether there are any; yes by default.
    #[key(skip)]
    pub enabled: Option<bool>,
    /// The email addresses that are told.
    #[key(default, check = addresses, schema = addresses_schema)]
    pub notify: Vec<Spanned<String>>,
    /// What the runbook of the alarms is at, if your people have it elsewhere: an address that starts with `https://`. The description of
    /// each alarm ends with it and the name of its section.
    #[key(check = address)]
    pub runbooks: Option<Spanned<String>>,
    /// How much of something is no alarm yet.
    #[key(default)]
    pub thresholds: Thresholds,
}

/// How much of something is no alarm yet. Counts are of five minutes.
#[derive(Debug, Clone, Default, Section)]
#[section(what = "thresholds of alarms")]
pub struct Thresholds {
    /// Invocations of a function that may fail, beside errors of the business: {range}, 0 by default.
    #[key(range = COUNTS)]
    pub function_errors: Option<Spanned<u64>>,
    /// Executions of a workflow that may fail, beside its `outcomes`: {range}, 0 by default.
    #[key(range = COUNTS)]
    pub execution_failures: Option<Spanned<u64>>,
    /// Requests of an API that may be answered with a status from 500 on: {range}, 0 by default.
    #[key(range = COUNTS)]
    pub api_errors: Option<Spanned<u64>>,
    /// How long the slowest hundredth of the requests of an API may take: {range}, `5s` by default.
    #[key(range = LATENCY)]
    pub api_latency: Option<Spanned<Duration>>,
    /// How old the oldest message of a queue may be: {range}. By default twice the time for which a message is hidden while it is worked
    /// on, and a quarter of an hour at least.
    #[key(range = AGE)]
    pub queue_age: Option<Spanned<Duration>>,
    /// How long an event may wait in an outbox: {range}, `5m` by default.
    #[key(range = DELAY)]
    pub outbox_delay: Option<Spanned<Duration>>,
}

/// Counts of five minutes. No limit of AWS: who has more wants no alarm.
const COUNTS: Range<u64> = Range::new("a threshold of an alarm", 0..=1_000_000);

/// An API waits for an answer for 30 seconds at the most, so that a threshold beyond is never reached
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>; REST APIs: 29 seconds).
const LATENCY: Range<Duration> =
    Range::new("the latency that is no alarm", Duration::seconds(1)..=Duration::seconds(29));

/// SQS keeps no message longer than 14 days
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>).
const AGE: Range<Duration> =
    Range::new("the age of a message that is no alarm", Duration::minutes(1)..=Duration::days(14));

/// A stream keeps its records for 24 hours
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html>).
const DELAY: Range<Duration> = Range::new("the delay that is no alarm", Duration::seconds(1)..=Duration::days(1));

/// The retentions that CloudWatch Logs has, in days
/// (<https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html>).
pub const LOG_RETENTIONS: [u64; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// Reports a retention that CloudWatch Logs does not have.
pub fn log_retention(retention: &Spanned<Duration>, cx: &mut Decoder) {
    let days = retention.as_days();
    if !LOG_RETENTIONS.contains(&days) || !retention.seconds.is_multiple_of(86_400) {
        let near = LOG_RETENTIONS.iter().min_by_key(|known| known.abs_diff(days)).copied().unwrap_or(14);
        let diagnostic =
            cx.bad_value(retention.span, format!("CloudWatch Logs cannot keep entries for `{}`", retention.value));
        diagnostic.help.push(format!("the nearest that it has is `{near}d`"));
        diagnostic.notes.push("it keeps them for certain numbers of days only".to_owned());
    }
}

/// `true` and `false` say whether there is a dashboard.
impl Shorthand for Dashboard {
    fn is_short(node: &Node) -> bool {
        matches!(node.kind, NodeKind::Scalar(_))
    }
    fn short(node: &Node, cx: &mut Decoder) -> Option<Self> {
        Some(Self { enabled: Some(bool::decode(node, cx)?), ..Self::default() })
    }
    fn short_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "boolean"})
    }
}

/// `true` and `false` say whether there are alarms.
impl Shorthand for Alarms {
    fn is_short(node: &Node) -> bool {
        matches!(node.kind, NodeKind::Scalar(_))
    }
    fn short(node: &Node, cx: &mut Decoder) -> Option<Self> {
        Some(Self { enabled: Some(bool::decode(node, cx)?), ..Self::default() })
    }
    fn short_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "boolean"})
    }
}

fn whole_minutes(period: &Spanned<Duration>, cx: &mut Decoder) {
    if period.seconds == 0 || !period.seconds.is_multiple_of(60) {
        cx.bad_value(period.span, format!("a period is a whole number of minutes, found `{}`", period.value));
    }
}

fn addresses(notify: &[Spanned<String>], cx: &mut Decoder) {
    for address in notify.iter().filter(|address| !is_address(address)) {
        cx.bad_value(address.span, format!("`{}` is not an email address", address.value));
    }
}

fn address(address: &Spanned<String>, cx: &mut Decoder) {
    let is_plain = !address.chars().any(|c| c.is_whitespace() || c.is_control() || c == '"');
    if !address.starts_with("https://") || !is_plain || address.len() > MAX_ADDRESS {
        let message = format!("expected an address that starts with `https://`, found `{}`", address.value);
        cx.bad_value(address.span, message);
    }
}

/// The longest address of a runbook: with it, a description stays below the 1,024 characters that CloudWatch takes
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html>).
const MAX_ADDRESS: usize = 200;

fn addresses_schema(_: &mut SchemaGenerator) -> Schema {
    let address = json_schema!({"type": "string", "pattern": "^[^@\\s]+@[^@\\s]*\\.[^@\\s]*$"});
    json_schema!({"anyOf": [address, {"type": "array", "items": address}]})
}

/// Whether mail can be sent to an address: SNS takes it, and sends a message that asks to confirm it.
fn is_address(text: &str) -> bool {
    let plain = !text.contains(|c: char| c.is_whitespace() || c.is_control());
    let parts = text.split_once('@');
    plain && parts.is_some_and(|(user, host)| !user.is_empty() && !host.contains('@') && host.contains('.'))
}
