//! Rules of `EventBridge`, from whoever has one made: those of the spec, event logs, work of workflows that travels on a bus.

use super::LogicalId;
use super::value::Value;

/// How a target's event differs from the one that came.
#[derive(Debug)]
pub(crate) enum Input {
    /// It is the event.
    Event,
    /// It is a part of the event.
    Path(&'static str),
    /// It is made by a transformer.
    Transformed(Value),
}

/// A target of a rule.
#[derive(Debug)]
pub(crate) struct RuleTarget {
    /// Its id in the rule.
    pub(crate) id: String,
    /// Its ARN.
    pub(crate) arn: Value,
    /// How often and for how long delivery is tried: attempts, seconds.
    pub(crate) tries: (u64, u64),
    /// The queue of what could not be delivered.
    pub(crate) dead: LogicalId,
    /// What it gets.
    pub(crate) input: Input,
    /// The role with which it is reached, if it takes one.
    pub(crate) role: Option<LogicalId>,
}

impl RuleTarget {
    /// As a rule lists it.
    pub(crate) fn value(self) -> Value {
        let (path, transformer) = match self.input {
            Input::Event => (None, None),
            Input::Path(path) => (Some(("InputPath", path.into())), None),
            Input::Transformed(transformer) => (None, Some(("InputTransformer", transformer))),
        };
        let delivery = [
            ("RetryPolicy", retry_policy(self.tries.0, self.tries.1)),
            ("DeadLetterConfig", Value::map([("Arn", Value::arn(&self.dead))])),
        ];
        let role = self.role.map(|role| ("RoleArn", Value::arn(&role)));
        let start = [("Id", self.id.into()), ("Arn", self.arn)];
        Value::map(start.into_iter().chain(path).chain(delivery).chain(transformer).chain(role))
    }
}

/// How often and for how long delivery is tried.
pub(crate) fn retry_policy(attempts: u64, max_age_seconds: u64) -> Value {
    Value::map([
        ("MaximumRetryAttempts", Value::count(attempts)),
        ("MaximumEventAgeInSeconds", Value::count(max_age_seconds)),
    ])
}

/// The state of a rule or a schedule.
pub(crate) fn state(enabled: bool) -> Value {
    if enabled { "ENABLED" } else { "DISABLED" }.into()
}
