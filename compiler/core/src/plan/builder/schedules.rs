//! Schedules, from whoever wants something to happen again and again.

use super::{Builder, Role};
use crate::plan::rule::retry_policy;
use crate::plan::value::Value;
use crate::plan::{LogicalId, Resource};
use crate::source::Span;

/// A schedule, and what it invokes.
pub(crate) struct Scheduled<'a> {
    /// What it is for.
    pub(crate) description: Option<Value>,
    /// When: `rate(5 minutes)`, `cron(...)`.
    pub(crate) expression: String,
    /// In which time zone that is meant.
    pub(crate) zone: Option<Value>,
    /// Whether it is on.
    pub(crate) state: Value,
    /// What it invokes.
    pub(crate) arn: Value,
    /// The role with which it does.
    pub(crate) role: &'a Role,
    /// The JSON that is given.
    pub(crate) input: Value,
    /// How often and for how long delivery is tried: attempts, seconds.
    pub(crate) tries: (u64, u64),
    /// The queue of what could not be delivered.
    pub(crate) dead: Option<LogicalId>,
}

impl Builder<'_> {
    /// Adds a schedule.
    pub(crate) fn schedule(&mut self, id: &LogicalId, schedule: Scheduled<'_>, origin: &str, span: Span) {
        let target = [
            ("Arn", schedule.arn),
            ("RoleArn", Value::arn(&schedule.role.id)),
            ("Input", Value::Json(Box::new(schedule.input))),
            ("RetryPolicy", retry_policy(schedule.tries.0, schedule.tries.1)),
        ];
        let dead = schedule.dead.map(|dead| ("DeadLetterConfig", Value::map([("Arn", Value::arn(&dead))])));
        let properties = [
            ("FlexibleTimeWindow", Value::map([("Mode", "OFF".into())])),
            ("State", schedule.state),
            ("Target", Value::map(target.into_iter().chain(dead))),
        ];
        let resource = Resource::new("AWS::Scheduler::Schedule", origin, span, [])
            .with("Description", schedule.description)
            .with("ScheduleExpression", Value::from(schedule.expression))
            .with("ScheduleExpressionTimezone", schedule.zone)
            .and(properties);
        self.add(id, resource);
    }
}
