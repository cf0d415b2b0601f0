//! Log groups, always with a retention: a group that a service makes for itself keeps everything for ever.

use crate::model::Setting;
use crate::plan::builder::Builder;
use crate::plan::ids;
use crate::plan::names::Kind;
use crate::plan::value::Value;
use crate::plan::{LogicalId, Resource};
use crate::source::Span;
use crate::spec::scalar::Duration;

/// A log group.
pub(super) struct Group<'a> {
    /// What its name starts with: the service that writes it.
    pub(super) prefix: &'static str,
    /// What its name ends with.
    pub(super) suffix: &'a str,
    /// How long entries are kept.
    pub(super) retention: &'a Setting<Duration>,
}

/// Adds a log group and returns its id.
pub(super) fn add(b: &mut Builder<'_>, of: &LogicalId, group: &Group<'_>, origin: &str, span: Span) -> LogicalId {
    // An event log's own id says already what it is.
    let id = if of.as_str().ends_with("Log") { of.clone() } else { ids::of(of, "logs") };
    let name = b.name(Kind::LogGroup, group.prefix, group.suffix, span);
    let retention = b.shared_setting("LogRetention", group.retention, |time| Value::count(time.as_days()));
    let properties = [("LogGroupName", name), ("RetentionInDays", retention)];
    let origin = format!("log group of {origin}");
    // Its name is fixed: a group that stayed would be in the way of the next deployment.
    b.add(&id, Resource::new("AWS::Logs::LogGroup", origin, span, properties).removal("Delete".into()));
    id
}
