//! How the system is watched.

use super::Setting;
use super::settings::{self, setting};
use crate::source::Spanned;
use crate::spec::Sections;
use crate::spec::observability::LogLevel;
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
    /// Whether X-Ray traces.
    pub tracing: bool,
    /// The period of the dashboard's graphs, if there is one.
    pub dashboard: Option<Duration>,
    /// Whether there are alarms.
    pub alarms: bool,
    /// Whether alarms act, by environment.
    pub alarm_actions: Setting<bool>,
    /// Email addresses that are told.
    pub notify: Vec<Spanned<String>>,
}

pub(super) fn observability(sections: &Sections) -> Observability {
    let spec = &sections.observability;
    let period = spec.dashboard.period.as_ref().map_or(Duration::seconds(300), |period| period.value);
    Observability {
        log_retention: settings::log_retention(sections),
        log_level: spec.logs.level.unwrap_or(LogLevel::Info),
        log_payloads: spec.logs.payloads.unwrap_or(false),
        tracing: spec.tracing.unwrap_or(true),
        dashboard: spec.dashboard.enabled.unwrap_or(true).then_some(period),
        alarms: spec.alarms.enabled.unwrap_or(true),
        alarm_actions: setting(sections, true, |environment| environment.alarms),
        notify: spec.alarms.notify.clone(),
    }
}
