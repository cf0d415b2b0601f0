//! Log groups that get every event of a bus, by a rule of their own, and the policy that lets `EventBridge` write to them.

use crate::model::LogOf;
use crate::plan::builder::{Builder, EventRule, Group};
use crate::plan::dead_letters::{DeadLetters, Sender};
use crate::plan::rule::{Input, RuleTarget, state};
use crate::plan::value::{Part, Value};
use crate::plan::{LogicalId, arn, ids, policy};
use crate::source::Span;

/// How many log groups one policy is for. CloudWatch Logs takes ten policies per account and Region, which nobody can raise, and 5,120
/// characters in one; a log group and its rule take some 300.
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html>
const GROUPS_OF_A_POLICY: usize = 8;

/// A log that `EventBridge` writes.
struct Written<'m> {
    /// The bus.
    bus: &'m str,
    id: LogicalId,
    group: LogicalId,
    rule: LogicalId,
    span: Span,
}

/// Adds a log group and a rule for each bus that has a log, and the policy of them all.
pub(crate) fn lower(b: &mut Builder<'_>) {
    let mut logs = Vec::new();
    for it in b.model.buses.values() {
        let Some(log) = &it.log else { continue };
        let origin = format!("event log of bus `{}`", it.head.name);
        let id = ids::of(&ids::bus(it), "log");
        // EventBridge writes to groups whose name starts so:
        // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-cloudwatchlogs-permissions
        let suffix = format!("-{}", it.head.name);
        let group = Group { of: LogOf::Bus, prefix: "/aws/events/", suffix: &suffix, retention: &log.retention };
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
        logs.push(Written { bus: &it.head.name, id, group, rule, span: log.span });
    }
    for logs in logs.chunks(GROUPS_OF_A_POLICY) {
        policy_of(b, logs);
    }
}

/// The policy of some logs, named like the first, so that the policy of one stays when others come.
fn policy_of(b: &mut Builder<'_>, logs: &[Written<'_>]) {
    let Some(first) = logs.first() else { return };
    // The rule is known when events are written, not when a stream is made for them: the example of AWS has the
    // condition on the one and not on the other.
    let of_rules = policy::of_rules(logs.iter().map(|log| Value::arn(&log.rule)));
    let own = policy::own_account_if_told();
    let statements =
        [statement("logs:CreateLogStream", logs, Some(own)), statement("logs:PutLogEvents", logs, Some(of_rules))];
    let buses: Vec<String> = logs.iter().map(|log| format!("`{}`", log.bus)).collect();
    let origin = match buses.as_slice() {
        [one] => format!("event log of bus {one}"),
        several => format!("event logs of buses {}", several.join(", ")),
    };
    let suffix = format!("-{}-event-log", first.bus);
    b.log_policy(&ids::of(&first.id, "policy"), &suffix, statements, &origin, first.span);
}

/// Lets `EventBridge` do something with log groups.
fn statement(action: &'static str, logs: &[Written<'_>], condition: Option<Value>) -> Value {
    let services = Value::list(["events.amazonaws.com".into(), "delivery.logs.amazonaws.com".into()]);
    let groups = Value::one_or_many(logs.iter().map(|log| Value::arn(&log.group)));
    policy::allow(policy::services(services), action.into(), groups, condition)
}

#[cfg(test)]
mod tests {
    use crate::session::{analyze_text, plan};

    /// Ten buses need two policies of ten that an account may have, and the first is named after the first bus.
    #[test]
    fn logs_share_a_policy() {
        let buses: String = (0..10).map(|number| format!("  b{number}: {{ log: {{}} }}\n")).collect();
        let analysis = analyze_text("spec.yaml", &format!("evc: 1\nservice: shop\nbuses:\n{buses}"));
        let planned = plan(analysis.model.as_ref().expect("the spec names its service"));
        let policies: Vec<String> = planned
            .plan
            .resources
            .iter()
            .filter(|(_, resource)| resource.type_ == "AWS::Logs::ResourcePolicy")
            .map(|(id, resource)| format!("{id}: {}", resource.origin))
            .collect();
        assert_eq!(
            policies,
            [
                "B0BusLogPolicy: event logs of buses `b0`, `b1`, `b2`, `b3`, `b4`, `b5`, `b6`, `b7`",
                "B8BusLogPolicy: event logs of buses `b8`, `b9`"
            ]
        );
    }
}
