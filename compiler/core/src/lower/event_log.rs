//! Log groups that get every event of a bus, by a rule of their own.

use super::{bus, log_group};
use crate::model::Bus;
use crate::plan::builder::Builder;
use crate::plan::ids;
use crate::plan::names::Kind;
use crate::plan::policy;
use crate::plan::value::{Part, Value, text};
use crate::plan::{LogicalId, Resource};

/// Adds a log group, the policy that lets `EventBridge` write to it, and the rule.
pub(super) fn lower(b: &mut Builder<'_>) {
    for it in b.model.buses.values() {
        let Some(log) = &it.log else { continue };
        let origin = format!("event log of bus `{}`", it.head.name);
        let id = ids::of(&ids::bus(it), "log");
        // EventBridge writes to groups whose name starts so:
        // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-cloudwatchlogs-permissions
        let suffix = format!("-{}", it.head.name);
        let group = log_group::Group { prefix: "/aws/events/", suffix: &suffix, retention: &log.retention };
        let group = log_group::add(b, &id, &group, &origin, log.span);

        let rule = rule_id(it);
        let dead = ids::of(&rule, "dead-letters");
        let target = [
            ("Id", "log".into()),
            ("Arn", group_arn(&group)),
            ("RetryPolicy", super::rule::retry_policy(185, 86_400)),
            ("DeadLetterConfig", Value::map([("Arn", Value::arn(&dead))])),
        ];
        let everything = Value::map([("source", Value::list([Value::map([("prefix", "".into())])]))]);
        let properties = [
            ("EventBusName", bus::name(it)),
            ("Description", format!("Writes every event of bus {} to a log group", it.head.name).into()),
            ("EventPattern", everything),
            ("State", "ENABLED".into()),
            ("Targets", Value::list([Value::map(target)])),
        ];
        b.add(&rule, Resource::new("AWS::Events::Rule", &origin, log.span, properties));

        // The rule is known when events are written, not when a stream is made for them: the example of AWS has the
        // condition on the one and not on the other.
        let of_rule = Value::map([("ArnEquals", Value::map([("aws:SourceArn", Value::arn(&rule))]))]);
        let statements =
            [statement("logs:CreateLogStream", &group, None), statement("logs:PutLogEvents", &group, Some(of_rule))];
        let name = b.name(Kind::LogPolicy, "", &format!("-{}-event-log", it.head.name), log.span);
        let policy = Value::Json(Box::new(policy::document(statements)));
        let properties = [("PolicyName", name), ("PolicyDocument", policy)];
        b.add(&ids::of(&id, "policy"), Resource::new("AWS::Logs::ResourcePolicy", origin, log.span, properties));
    }
}

/// Lets `EventBridge` do something with a log group.
fn statement(action: &'static str, group: &LogicalId, condition: Option<Value>) -> Value {
    let services = ["events.amazonaws.com".into(), "delivery.logs.amazonaws.com".into()];
    let entries = [
        ("Effect", "Allow".into()),
        ("Principal", Value::map([("Service", Value::list(services))])),
        ("Action", action.into()),
        ("Resource", Value::arn(group)),
    ];
    Value::map(entries.into_iter().chain(condition.map(|condition| ("Condition", condition))))
}

/// The logical id of the rule.
pub(super) fn rule_id(bus: &Bus) -> LogicalId {
    LogicalId::new([ids::bus(bus).as_str(), "log", "rule"])
}

/// The ARN of a log group as targets of rules take it: without the `:*` of its attribute.
fn group_arn(group: &LogicalId) -> Value {
    text([
        "arn:".into(),
        Part::Parameter("AWS::Partition"),
        ":logs:".into(),
        Part::Parameter("AWS::Region"),
        ":".into(),
        Part::Parameter("AWS::AccountId"),
        ":log-group:".into(),
        Part::Ref(group.clone()),
    ])
}
