//! Log groups that get every event of a bus, by a rule of their own.

use crate::plan::builder::{Builder, EventRule, Group};
use crate::plan::dead_letters::{DeadLetters, Sender};
use crate::plan::rule::{Input, RuleTarget, state};
use crate::plan::value::{Part, Value};
use crate::plan::{LogicalId, arn, ids, policy};

/// Adds a log group, the policy that lets `EventBridge` write to it, and the rule.
pub(crate) fn lower(b: &mut Builder<'_>) {
    for it in b.model.buses.values() {
        let Some(log) = &it.log else { continue };
        let origin = format!("event log of bus `{}`", it.head.name);
        let id = ids::of(&ids::bus(it), "log");
        // EventBridge writes to groups whose name starts so:
        // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-cloudwatchlogs-permissions
        let suffix = format!("-{}", it.head.name);
        let group = Group { prefix: "/aws/events/", suffix: &suffix, retention: &log.retention };
        let group = b.log_group(&id, &group, &origin, log.span);

        let rule = LogicalId::new([ids::bus(it).as_str(), "log", "rule"]);
        let dead = b.dead_letter(DeadLetters {
            sender: Sender::EventLog,
            id: ids::of(&rule, "dead-letters"),
            of: origin.clone(),
            span: log.span,
            rule: Some(rule.clone()),
            fifo: false,
        });
        let target = RuleTarget {
            id: "log".to_owned(),
            // Without the `:*` of the attribute.
            arn: arn::of("logs", "log-group:", [Part::Ref(group.clone())]),
            tries: (185, 86_400),
            dead,
            input: Input::Event,
            role: None,
        };
        let everything = Value::map([("source", Value::list([Value::map([("prefix", "".into())])]))]);
        let description = format!("Writes every event of bus {} to a log group", it.head.name);
        let made = EventRule {
            bus: it,
            description: Some(description.into()),
            pattern: everything,
            state: state(true),
            targets: vec![target],
            origin: origin.clone(),
            span: log.span,
        };
        b.rule(&rule, made);

        // The rule is known when events are written, not when a stream is made for them: the example of AWS has the
        // condition on the one and not on the other.
        let of_rule = policy::of_rules([Value::arn(&rule)]);
        let statements =
            [statement("logs:CreateLogStream", &group, None), statement("logs:PutLogEvents", &group, Some(of_rule))];
        let suffix = format!("-{}-event-log", it.head.name);
        b.log_policy(&ids::of(&id, "policy"), &suffix, statements, &origin, log.span);
    }
}

/// Lets `EventBridge` do something with a log group.
fn statement(action: &'static str, group: &LogicalId, condition: Option<Value>) -> Value {
    let services = Value::list(["events.amazonaws.com".into(), "delivery.logs.amazonaws.com".into()]);
    policy::allow(policy::services(services), action.into(), Value::arn(group), condition)
}
