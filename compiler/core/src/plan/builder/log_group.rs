//! Log groups, always with a retention: a group that a service makes for itself keeps everything for ever.

use super::Builder;
use crate::model::{LogOf, Setting};
use crate::plan::names::{Named, of_stack};
use crate::plan::value::{Value, text};
use crate::plan::{LogicalId, Resource, ids, policy};
use crate::source::Span;
use crate::spec::scalar::Duration;

/// The class of a group that is read by queries alone.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch_Logs_Log_Classes.html>
pub(crate) const INFREQUENT_ACCESS: &str = "INFREQUENT_ACCESS";

/// A log group.
pub(crate) struct Group<'a> {
    /// What writes it.
    pub(crate) of: LogOf,
    /// What its name starts with: the service that writes it.
    pub(crate) prefix: &'static str,
    /// What its name ends with.
    pub(crate) suffix: &'a str,
    /// How long entries are kept.
    pub(crate) retention: &'a Setting<Duration>,
}

impl Builder<'_> {
    /// Lets services write to log groups.
    pub(crate) fn log_policy(
        &mut self,
        id: &LogicalId,
        suffix: &str,
        statements: impl IntoIterator<Item = Value>,
        origin: &str,
        span: Span,
    ) {
        let name = self.name(Named::LogPolicy, "", suffix, span);
        let policy = Value::Json(Box::new(policy::document(statements)));
        let properties = [("PolicyName", name), ("PolicyDocument", policy)];
        self.add(id, Resource::new("AWS::Logs::ResourcePolicy", origin, span, properties));
    }

    /// Counts the entries of a log group that have a pattern, in the namespace of the stack: as nought where there are other entries.
    pub(crate) fn log_filter(
        &mut self,
        id: &LogicalId,
        group: &LogicalId,
        (pattern, metric): (String, &str),
        origin: String,
        span: Span,
    ) {
        let transformation = [
            ("MetricNamespace", text(of_stack())),
            ("MetricName", metric.into()),
            ("MetricValue", "1".into()),
            ("DefaultValue", Value::Integer(0)),
        ];
        let properties = [
            ("LogGroupName", Value::Ref(group.clone())),
            ("FilterPattern", pattern.into()),
            ("MetricTransformations", Value::list([Value::map(transformation)])),
        ];
        self.add(id, Resource::new("AWS::Logs::MetricFilter", origin, span, properties));
    }

    /// Adds a log group and returns its id.
    pub(crate) fn log_group(&mut self, of: &LogicalId, group: &Group<'_>, origin: &str, span: Span) -> LogicalId {
        // An event log's own id says already what it is.
        let id = if of.as_str().ends_with("Log") { of.clone() } else { ids::of(of, "logs") };
        let name = self.name(Named::LogGroup, group.prefix, group.suffix, span);
        let retention = self.shared_setting("LogRetention", group.retention, |time| Value::count(time.as_days()));
        let properties = [("LogGroupName", name), ("RetentionInDays", retention)];
        let infrequent = self.model.observability.log_classes.is_infrequent(group.of);
        let origin = format!("log group of {origin}");
        let resource = Resource::new("AWS::Logs::LogGroup", origin, span, properties)
            .with("LogGroupClass", infrequent.then(|| INFREQUENT_ACCESS.into()));
        // Its name is fixed: a group that stayed would be in the way of the next deployment.
        self.add(&id, resource.removal("Delete".into()));
        id
    }
}
