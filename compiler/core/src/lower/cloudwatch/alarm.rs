//! Alarms on what others have asked to be watched: dead-letter queues, executions and functions that fail, outboxes that fall behind.

use crate::plan::alarm::Alarm;
use crate::plan::builder::Builder;
use crate::plan::value::Value;
use crate::plan::{LogicalId, Resource, arn, ids, policy};

/// Adds the alarms, and the topic that tells people if the spec names any.
pub(crate) fn lower(b: &mut Builder<'_>) {
    if !b.model.observability.alarms {
        return;
    }
    let topic = topic(b);
    for alarm in std::mem::take(&mut b.alarms) {
        add(b, &alarm, topic.as_ref());
    }
}

fn add(b: &mut Builder<'_>, alarm: &Alarm, topic: Option<&LogicalId>) {
    let id = ids::of(&alarm.of, "alarm");
    let actions = topic.map(|topic| Value::list([Value::Ref(topic.clone())]));
    let act = b.model.observability.alarm_actions.clone();
    let act = b.shared_setting("AlarmActions", &act, |act| (*act).into());
    let (metric, statistic) = alarm.metric;
    let (dimension, value) = &alarm.dimension;
    let dimension = Value::map([("Name", (*dimension).into()), ("Value", value.clone())]);
    let properties = [
        ("AlarmDescription", alarm.description.as_str().into()),
        ("Namespace", alarm.namespace.clone()),
        ("MetricName", metric.into()),
        ("Dimensions", Value::list([dimension])),
        ("Statistic", statistic.into()),
        ("Period", Value::Integer(alarm.period)),
        ("EvaluationPeriods", Value::Integer(1)),
        ("ComparisonOperator", "GreaterThanThreshold".into()),
        ("Threshold", alarm.threshold.clone()),
        ("TreatMissingData", "notBreaching".into()),
        ("ActionsEnabled", act),
    ];
    let origin = format!("alarm: {}", alarm.description.replace('`', ""));
    let resource = Resource::new("AWS::CloudWatch::Alarm", origin, alarm.span, properties)
        .with("AlarmActions", actions.clone())
        .with("OKActions", actions);
    b.add(&id, resource);
}

/// The topic that alarms go to, if the spec says whom to tell, with a key of its own.
///
/// The key that AWS manages for SNS cannot be used: its policy does not let CloudWatch encrypt with it, and alarms would vanish
/// without a word (<https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services>).
fn topic(b: &mut Builder<'_>) -> Option<LogicalId> {
    let notify = &b.model.observability.notify;
    let span = notify.first()?.span;
    let (key, topic) = (LogicalId::new(["alarms", "key"]), LogicalId::new(["alarms", "topic"]));
    let root = Value::map([("AWS", arn::of_account())]);
    let everything = policy::allow(root, "kms:*".into(), "*".into(), None);
    let alarms = policy::allow(
        policy::services("cloudwatch.amazonaws.com".into()),
        Value::list(["kms:Decrypt".into(), "kms:GenerateDataKey*".into()]),
        "*".into(),
        Some(policy::own_account()),
    );
    let properties = [
        ("Description", "Encrypts what alarms say".into()),
        ("EnableKeyRotation", true.into()),
        ("KeyPolicy", policy::document([everything, alarms])),
    ];
    b.add(&key, Resource::new("AWS::KMS::Key", "key of the alarms", span, properties).removal("Delete".into()));
    let properties = [("KmsMasterKeyId", Value::arn(&key))];
    b.add(&topic, Resource::new("AWS::SNS::Topic", "who alarms tell", span, properties));
    for (number, address) in (1..).zip(notify) {
        let properties = [
            ("TopicArn", Value::Ref(topic.clone())),
            ("Protocol", "email".into()),
            ("Endpoint", address.value.as_str().into()),
        ];
        let id = LogicalId::new(["alarms", "subscription", &number.to_string()]);
        b.add(&id, Resource::new("AWS::SNS::Subscription", "who alarms tell", address.span, properties));
    }
    Some(topic)
}
