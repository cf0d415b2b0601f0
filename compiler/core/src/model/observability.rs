//! How the system is watched.

use super::Setting;
use super::settings::{self, setting};
use crate::source::{Span, Spanned};
use crate::spec::Sections;
use crate::spec::observability::{self as spec, LogClass, LogFormat, LogLevel};
use crate::spec::scalar::Duration;

/// How the system is watched.
#[derive(Debug, Clone)]
pub struct Observability {
    /// How long log entries are kept.
    pub log_retention: Setting<Duration>,
    /// The least severe log entries.
    pub log_level: LogLevel,
    /// Whether workflow logs hold payloads.
    pub log_payloads: bool,
    /// How functions write log entries.
    pub log_format: LogFormat,
    /// The classes of log groups.
    pub log_classes: LogClasses,
    /// Whether X-Ray traces.
    pub tracing: bool,
    /// What of APIs has metrics.
    pub api_metrics: ApiMetrics,
    /// The period of the dashboard's graphs, if there is one.
    pub dashboard: Option<Duration>,
    /// Whether there are alarms.
    pub alarms: bool,
    /// Whether alarms act, by environment.
    pub alarm_actions: Setting<bool>,
    /// Email addresses that are told.
    pub notify: Vec<Spanned<String>>,
    /// Where people have the runbook of the alarms, if they say so.
    pub runbooks: Option<String>,
    /// How much of something is no alarm yet.
    pub thresholds: Thresholds,
    /// Where the top level says how old a message may be.
    pub queue_age_span: Option<Span>,
}

/// What writes a log group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogOf {
    /// A function.
    Function,
    /// An API, of each request.
    Api,
    /// `EventBridge`, every event of a bus.
    Bus,
    /// The pipes of an outbox.
    Pipes,
    /// A state machine.
    Workflow,
}

/// The classes of log groups.
#[derive(Debug, Clone, Default)]
pub struct LogClasses(spec::LogClasses);

impl LogClasses {
    /// The class of the logs of a writer, and where the spec says it.
    pub fn of(&self, writer: LogOf) -> Option<Spanned<LogClass>> {
        let own = match writer {
            LogOf::Function => None,
            LogOf::Api => self.0.apis,
            LogOf::Bus => self.0.events,
            LogOf::Pipes => self.0.pipes,
            LogOf::Workflow => self.0.workflows,
        };
        own.or(self.0.all)
    }

    /// Where the spec says a class first that is not the usual one.
    pub fn said(&self) -> Option<Span> {
        let spec::LogClasses { all, apis, events, pipes, workflows } = &self.0;
        let classes = [all, apis, events, pipes, workflows].into_iter().flatten();
        classes.into_iter().find(|class| class.value == LogClass::InfrequentAccess).map(|class| class.span)
    }

    /// Whether the logs of a writer are found by queries alone.
    pub fn is_infrequent(&self, writer: LogOf) -> bool {
        self.of(writer).is_some_and(|class| class.value == LogClass::InfrequentAccess)
    }
}

/// What of an API has metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiMetrics {
    /// The API as a whole.
    OfTheApi,
    /// Each of its routes as well.
    OfEachRoute,
}

/// How much of something is no alarm yet, in each environment.
#[derive(Debug, Clone)]
pub struct Thresholds {
    /// Invocations of a function that fail.
    pub function_errors: Setting<u64>,
    /// Executions of a workflow that fail.
    pub execution_failures: Setting<u64>,
    /// Requests of an API that fail.
    pub api_errors: Setting<u64>,
    /// How long the slowest hundredth of the requests of an API take.
    pub api_latency: Setting<Duration>,
    /// How old the oldest message of a queue is, where the spec says it.
    pub queue_age: Setting<Option<Duration>>,
    /// How long an event waits in an outbox.
    pub outbox_delay: Setting<Duration>,
}

/// What thresholds are where nothing else is said: at the first failure, and when callers and readers begin to notice.
const API_LATENCY: Duration = Duration::seconds(5);
const OUTBOX_DELAY: Duration = Duration::minutes(5);

fn thresholds(sections: &Sections) -> Thresholds {
    fn one<T: Copy>(sections: &Sections, ask: fn(&spec::Thresholds) -> Option<Spanned<T>>) -> Setting<Option<T>> {
        let base = ask(&sections.observability.alarms.thresholds).map(|said| said.value);
        setting(sections, base, |environment| {
            ask(&environment.alarms.as_ref()?.thresholds).map(|said| Spanned::new(Some(said.value), said.span))
        })
    }
    let count = |ask| one(sections, ask).map(|said: &Option<u64>| said.unwrap_or(0));
    Thresholds {
        function_errors: count(|it| it.function_errors),
        execution_failures: count(|it| it.execution_failures),
        api_errors: count(|it| it.api_errors),
        api_latency: one(sections, |it| it.api_latency).map(|said| said.unwrap_or(API_LATENCY)),
        queue_age: one(sections, |it| it.queue_age),
        outbox_delay: one(sections, |it| it.outbox_delay).map(|said| said.unwrap_or(OUTBOX_DELAY)),
    }
}

pub(super) fn observability(sections: &Sections) -> Observability {
    let spec = &sections.observability;
    let period = spec.dashboard.period.as_ref().map_or(Duration::seconds(300), |period| period.value);
    Observability {
        log_retention: settings::log_retention(sections),
        log_level: spec.logs.level.unwrap_or(LogLevel::Info),
        log_payloads: spec.logs.payloads.unwrap_or(false),
        log_format: spec.logs.format.unwrap_or_default(),
        log_classes: LogClasses(spec.logs.class.clone()),
        tracing: spec.tracing.unwrap_or(true),
        api_metrics: match spec.detailed_metrics {
            Some(true) => ApiMetrics::OfEachRoute,
            Some(false) | None => ApiMetrics::OfTheApi,
        },
        dashboard: spec.dashboard.enabled.unwrap_or(true).then_some(period),
        alarms: spec.alarms.enabled.unwrap_or(true),
        alarm_actions: setting(sections, true, |environment| environment.alarms.as_ref()?.enabled),
        notify: spec.alarms.notify.clone(),
        runbooks: spec.alarms.runbooks.as_ref().map(|address| address.value.clone()),
        thresholds: thresholds(sections),
        queue_age_span: spec.alarms.thresholds.queue_age.as_ref().map(|age| age.span),
    }
}
