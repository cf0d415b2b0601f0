//! Alarms on what others have asked to be watched, one that goes off when any of them does, and who is told.

use crate::model::{Setting, Thresholds};
use crate::plan::alarm::{Alarm, Kind, Metric, Timing};
use crate::plan::builder::Builder;
use crate::plan::value::{Part, Value, text};
use crate::plan::{LogicalId, Resource, arn, ids, policy};
use crate::spec::scalar::Duration;

/// How many alarms one alarm goes by. CloudWatch takes a rule of 10,240 characters, and names of alarms have up to 255.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html>
const ALARMS_OF_ONE: usize = 35;

/// Adds the alarms; if the spec says whom to tell, the topic that tells them, and the alarm that it tells of.
pub(crate) fn lower(b: &mut Builder<'_>) {
    if !b.model.observability.alarms {
        return;
    }
    let alarms: Vec<LogicalId> = std::mem::take(&mut b.alarms).iter().map(|alarm| add(b, alarm)).collect();
    if let Some(topic) = topic(b) {
        composite(b, &alarms, &topic);
    }
}

fn add(b: &mut Builder<'_>, alarm: &Alarm) -> LogicalId {
    let id = ids::of(&alarm.of, "alarm");
    let observability = &b.model.observability;
    let runbooks = observability.runbooks.as_deref();
    let description = alarm.kind.description(&alarm.happened, &alarm.look, runbooks);
    let Timing { period, periods, of_them } = alarm.kind.timing();
    let threshold = threshold(b, alarm);
    let periods = alarm.periods.clone().unwrap_or(Value::Integer(periods));
    let looked_at = [
        ("EvaluationPeriods", periods),
        ("DatapointsToAlarm", Value::Integer(of_them)),
        (
            "ComparisonOperator",
            if alarm.kind.wants_some() { "LessThanThreshold" } else { "GreaterThanThreshold" }.into(),
        ),
        ("Threshold", threshold),
        ("TreatMissingData", if alarm.kind.wants_some() { "breaching" } else { "notBreaching" }.into()),
    ];
    let origin = format!("alarm: {}", alarm.happened.replace('`', ""));
    let resource = Resource::new("AWS::CloudWatch::Alarm", origin, alarm.span, [("AlarmDescription", description)])
        .and(measured(alarm, period))
        .and(looked_at)
        // A hundredth of few requests says nothing.
        .with("EvaluateLowSampleCountPercentile", alarm.metric.is_percentile().then(|| "ignore".into()))
        .and([("ActionsEnabled", acts(b))]);
    b.add(&id, resource);
    id
}

/// Whether alarms act, in this environment.
fn acts(b: &mut Builder<'_>) -> Value {
    let act = b.model.observability.alarm_actions.clone();
    b.shared_setting("AlarmActions", &act, |act| (*act).into())
}

/// One metric, or several as one number.
fn measured(alarm: &Alarm, period: i64) -> Vec<(&'static str, Value)> {
    let Metric { namespace, name, statistic, dimension } = &alarm.metric;
    if alarm.added.is_empty() && alarm.less.is_empty() {
        let statistic_of = if alarm.metric.is_percentile() { "ExtendedStatistic" } else { "Statistic" };
        return vec![
            ("Namespace", namespace.clone()),
            ("MetricName", name.clone()),
            ("Dimensions", dimensions(dimension.as_ref()).unwrap_or_else(|| Value::list([]))),
            (statistic_of, (*statistic).into()),
            ("Period", Value::Integer(period)),
        ];
    }
    let mut metrics = vec![stat("m1", &alarm.metric, period)];
    let mut expression = vec!["FILL(m1, 0)".to_owned()];
    let others = alarm.added.iter().map(|metric| ("+", metric)).chain(alarm.less.iter().map(|metric| ("-", metric)));
    for (number, (sign, metric)) in (2..).zip(others) {
        let id = format!("m{number}");
        expression.push(format!("{sign} FILL({id}, 0)"));
        metrics.push(stat(&id, metric, period));
    }
    let sum = [("Id", "trouble".into()), ("Expression", expression.join(" ").into()), ("ReturnData", true.into())];
    metrics.insert(0, Value::map(sum));
    vec![("Metrics", Value::list(metrics))]
}

fn stat(id: &str, metric: &Metric, period: i64) -> Value {
    let of = [("Namespace", metric.namespace.clone()), ("MetricName", metric.name.clone())];
    let of = of.into_iter().chain(dimensions(metric.dimension.as_ref()).map(|it| ("Dimensions", it)));
    let stat = [("Metric", Value::map(of)), ("Stat", metric.statistic.into()), ("Period", Value::Integer(period))];
    Value::map([("Id", id.into()), ("MetricStat", Value::map(stat)), ("ReturnData", false.into())])
}

fn dimensions(dimension: Option<&(&'static str, Value)>) -> Option<Value> {
    let (name, value) = dimension?;
    Some(Value::list([Value::map([("Name", (*name).into()), ("Value", value.clone())])]))
}

/// What the spec says for alarms of this kind, in each environment, or what the alarm has by itself.
fn threshold(b: &mut Builder<'_>, alarm: &Alarm) -> Value {
    let Thresholds { function_errors, execution_failures, api_errors, api_latency, queue_age, outbox_delay } =
        b.model.observability.thresholds.clone();
    let mut counts = |what: &str, setting: &Setting<u64>| b.shared_setting(what, setting, |most| Value::count(*most));
    match alarm.kind {
        Kind::FunctionErrors => counts("FunctionErrorsThreshold", &function_errors),
        Kind::ExecutionFailures => counts("ExecutionFailuresThreshold", &execution_failures),
        Kind::ApiErrors => counts("ApiErrorsThreshold", &api_errors),
        Kind::ApiLatency => b.shared_setting("ApiLatencyThreshold", &api_latency, |time| milliseconds(*time)),
        Kind::OutboxDelay => b.shared_setting("OutboxDelayThreshold", &outbox_delay, |time| milliseconds(*time)),
        Kind::QueueAge => match &alarm.age {
            Some(own) => {
                let age = queue_age.or(own);
                b.shared_setting("QueueAgeThreshold", &age, |age| Value::seconds(*age))
            }
            None => Value::Integer(0),
        },
        Kind::EngineSweep => Value::Integer(1),
        Kind::DeadLetters
        | Kind::ExecutionTimeouts
        | Kind::ExecutionAborts
        | Kind::ExecutionThrottles
        | Kind::EngineErrors
        | Kind::ForwarderErrors
        | Kind::ForwarderFailures
        | Kind::PipeErrors
        | Kind::PipePartialErrors
        | Kind::PipeTimeouts
        | Kind::Service => Value::Integer(0),
    }
}

fn milliseconds(time: Duration) -> Value {
    Value::count(time.seconds.saturating_mul(1000))
}

/// The alarm that goes off when any other does, and the only one that tells: a fault that shows in several places is one message.
fn composite(b: &mut Builder<'_>, alarms: &[LogicalId], topic: &LogicalId) {
    let span = b.model.observability.notify.first().map_or(b.model.service.span, |address| address.span);
    let mut watched = alarms.to_vec();
    let mut number = 0;
    // What is more than one rule holds is watched in parts, and the parts are.
    while watched.len() > ALARMS_OF_ONE {
        let mut parts = Vec::new();
        for some in watched.chunks(ALARMS_OF_ONE) {
            number += 1;
            let id = LogicalId::new(["service", "alarm", &number.to_string()]);
            add_composite(b, &id, some, None, span);
            parts.push(id);
        }
        watched = parts;
    }
    if !watched.is_empty() {
        add_composite(b, &LogicalId::new(["service", "alarm"]), &watched, Some(topic), span);
    }
}

fn add_composite(
    b: &mut Builder<'_>,
    id: &LogicalId,
    alarms: &[LogicalId],
    topic: Option<&LogicalId>,
    span: crate::source::Span,
) {
    let service = &b.model.service.value;
    let runbooks = b.model.observability.runbooks.as_deref();
    let happened =
        format!("Something is wrong with service `{service}`: an alarm of its went off, which the reason names");
    let look = [Part::Literal("aws cloudwatch describe-alarms --state-value ALARM".to_owned())];
    let description = Kind::Service.description(&happened, &look, runbooks);
    let mut rule = Vec::new();
    for (number, alarm) in alarms.iter().enumerate() {
        rule.push(Part::Literal(if number == 0 { "ALARM(\"" } else { "\") OR ALARM(\"" }.to_owned()));
        rule.push(Part::Ref(alarm.clone()));
    }
    rule.push("\")".into());
    let actions = topic.map(|topic| Value::list([Value::Ref(topic.clone())]));
    let properties = [("AlarmDescription", description), ("AlarmRule", text(rule)), ("ActionsEnabled", acts(b))];
    let resource = Resource::new("AWS::CloudWatch::CompositeAlarm", "alarm: any of the others", span, properties)
        .with("AlarmActions", actions.clone())
        .with("OKActions", actions);
    b.add(id, resource);
}

/// The topic that alarms go to, if the spec says whom to tell, with a key of its own.
///
/// The key that AWS manages for SNS cannot be used: its policy does not let CloudWatch encrypt with it, and alarms would vanish
/// without a word (<https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services>).
fn topic(b: &mut Builder<'_>) -> Option<LogicalId> {
    let notify = &b.model.observability.notify;
    let span = notify.first()?.span;
    let topic = LogicalId::new(["alarms", "topic"]);
    let own = if b.model.security.key.is_none() { Some(key(b, span)) } else { None };
    let resource = Resource::new("AWS::SNS::Topic", "who alarms tell", span, []);
    b.add(&topic, resource.with("KmsMasterKeyId", own.map(|key| Value::arn(&key))));
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

/// The key of the topic, where the spec gives none for everything.
fn key(b: &mut Builder<'_>, span: crate::source::Span) -> LogicalId {
    let key = LogicalId::new(["alarms", "key"]);
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
    key
}
