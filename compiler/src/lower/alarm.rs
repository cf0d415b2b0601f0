//! Alarms: on every dead-letter queue, on executions and functions that fail, on outboxes that fall behind.

use super::builder::Builder;
use super::plan::{LogicalId, Resource};
use super::value::Value;
use super::{dead_letters, ids, machine, role};
use crate::source::Span;

/// How long an event may wait in an outbox, in milliseconds: five minutes.
const OUTBOX_DELAY_MS: i64 = 300_000;

/// The share of invocations, in percent, that may end with an error before it is alarming for a function that has business
/// errors, which Lambda counts like any other.
const ERROR_PERCENT: i64 = 50;

/// The period of the alarms, in seconds.
const PERIOD: i64 = 300;

/// Adds the alarms, and the topic that tells people if the spec names any.
pub(super) fn lower(b: &mut Builder<'_>) {
    let model = b.model;
    if !model.observability.alarms {
        return;
    }
    let topic = topic(b);
    for dead in dead_letters::all(model) {
        let mut alarm = Alarm::new(format!("Something is in the dead-letter queue of {}", dead.of), dead.span);
        alarm.metric = ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum");
        alarm.dimension = ("QueueName", Value::Attribute(dead.id.clone(), "QueueName"));
        // A message that is there stays there, so one look is enough, and an early one is better.
        alarm.period = 60;
        add(b, &dead.id, &alarm, topic.as_ref());
    }
    for (id, workflow) in model.workflows.iter() {
        let span = workflow.head.name_span;
        let what = format!("Executions of workflow `{}` failed", workflow.head.name);
        add_failed_executions(b, &ids::workflow(workflow), &what, span, topic.as_ref());
        if machine::starts_by_event(model, id) {
            let what = format!("Events could not start workflow `{}`", workflow.head.name);
            add_failed_executions(b, &ids::starter(workflow), &what, span, topic.as_ref());
        }
    }
    for function in model.functions.values() {
        let id = ids::function(function);
        let name = &function.head.name;
        if function.errors.is_empty() {
            add_errors(b, &id, &format!("Function `{name}` failed"), function.head.name_span, topic.as_ref());
        } else {
            let what = format!("More than {ERROR_PERCENT} % of the invocations of function `{name}` failed");
            add_error_rate(b, &id, &what, function.head.name_span, topic.as_ref());
        }
    }
    for outbox in model.outboxes.values().filter(|outbox| !outbox.publishes.is_empty()) {
        let id = ids::forwarder(outbox);
        let (name, span) = (&outbox.head.name, outbox.head.name_span);
        add_errors(b, &id, &format!("The forwarder of outbox `{name}` failed"), span, topic.as_ref());
        let mut alarm = Alarm::new(format!("Events wait in outbox `{name}` for more than five minutes"), span);
        alarm.metric = ("AWS/Lambda", "IteratorAge", "Maximum");
        alarm.dimension = ("FunctionName", Value::Ref(id.clone()));
        alarm.threshold = OUTBOX_DELAY_MS;
        add(b, &ids::of(&id, "delay"), &alarm, topic.as_ref());
    }
}

struct Alarm {
    description: String,
    span: Span,
    /// Namespace, name and statistic.
    metric: (&'static str, &'static str, &'static str),
    dimension: (&'static str, Value),
    period: i64,
    threshold: i64,
}

impl Alarm {
    fn new(description: String, span: Span) -> Self {
        Self { description, span, metric: ("", "", ""), dimension: ("", "".into()), period: PERIOD, threshold: 0 }
    }
}

fn add(b: &mut Builder<'_>, of: &LogicalId, alarm: &Alarm, topic: Option<&LogicalId>) {
    let (namespace, metric, statistic) = alarm.metric;
    let metric = [
        ("Namespace", namespace.into()),
        ("MetricName", metric.into()),
        ("Dimensions", dimension(&alarm.dimension)),
        ("Statistic", statistic.into()),
        ("Period", Value::Integer(alarm.period)),
    ];
    insert(b, of, &alarm.description, alarm.span, metric, alarm.threshold, topic);
}

fn add_errors(b: &mut Builder<'_>, function: &LogicalId, what: &str, span: Span, topic: Option<&LogicalId>) {
    let mut alarm = Alarm::new(what.to_owned(), span);
    alarm.metric = ("AWS/Lambda", "Errors", "Sum");
    alarm.dimension = ("FunctionName", Value::Ref(function.clone()));
    add(b, &ids::of(function, "errors"), &alarm, topic);
}

fn add_error_rate(b: &mut Builder<'_>, function: &LogicalId, what: &str, span: Span, topic: Option<&LogicalId>) {
    let dimension = ("FunctionName", Value::Ref(function.clone()));
    let metrics = [
        stat("errors", ("AWS/Lambda", "Errors"), &dimension),
        stat("invocations", ("AWS/Lambda", "Invocations"), &dimension),
        expression("rate", "100 * errors / invocations", "Invocations that failed, in percent"),
    ];
    let metrics = [("Metrics", Value::list(metrics))];
    insert(b, &ids::of(function, "errors"), what, span, metrics, ERROR_PERCENT, topic);
}

/// Executions that failed, ran out of time or were stopped.
fn add_failed_executions(b: &mut Builder<'_>, machine: &LogicalId, what: &str, span: Span, topic: Option<&LogicalId>) {
    let dimension = ("StateMachineArn", Value::Ref(machine.clone()));
    let metrics = [
        stat("failed", ("AWS/States", "ExecutionsFailed"), &dimension),
        stat("timedOut", ("AWS/States", "ExecutionsTimedOut"), &dimension),
        stat("aborted", ("AWS/States", "ExecutionsAborted"), &dimension),
        expression(
            "unsuccessful",
            "FILL(failed, 0) + FILL(timedOut, 0) + FILL(aborted, 0)",
            "Executions without success",
        ),
    ];
    let metrics = [("Metrics", Value::list(metrics))];
    insert(b, &ids::of(machine, "failures"), what, span, metrics, 0, topic);
}

fn stat(id: &str, (namespace, name): (&str, &str), by: &(&'static str, Value)) -> Value {
    let metric =
        Value::map([("Namespace", namespace.into()), ("MetricName", name.into()), ("Dimensions", dimension(by))]);
    let stat = Value::map([("Metric", metric), ("Period", Value::Integer(PERIOD)), ("Stat", "Sum".into())]);
    Value::map([("Id", id.into()), ("ReturnData", false.into()), ("MetricStat", stat)])
}

fn expression(id: &str, expression: &str, label: &str) -> Value {
    Value::map([("Id", id.into()), ("Expression", expression.into()), ("Label", label.into())])
}

fn dimension((name, value): &(&'static str, Value)) -> Value {
    Value::list([Value::map([("Name", (*name).into()), ("Value", value.clone())])])
}

fn insert(
    b: &mut Builder<'_>,
    of: &LogicalId,
    description: &str,
    span: Span,
    metric: impl IntoIterator<Item = (&'static str, Value)>,
    threshold: i64,
    topic: Option<&LogicalId>,
) {
    let id = ids::of(of, "alarm");
    let actions = topic.map(|topic| Value::list([Value::Ref(topic.clone())]));
    let act = b.model.observability.alarm_actions.clone();
    let act = b.shared_setting("AlarmActions", &act, |act| (*act).into());
    let origin = format!("alarm: {}", description.replace('`', ""));
    let resource = Resource::new("AWS::CloudWatch::Alarm", origin, span, [("AlarmDescription", description.into())]);
    let resource = metric.into_iter().fold(resource, |resource, (name, value)| resource.with(name, value));
    let resource = resource
        .with("ComparisonOperator", Value::from("GreaterThanThreshold"))
        .with("Threshold", Value::Integer(threshold))
        .with("EvaluationPeriods", Value::Integer(1))
        .with("TreatMissingData", Value::from("notBreaching"))
        .with("ActionsEnabled", act)
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
    let everything =
        [("Effect", "Allow".into()), ("Principal", root()), ("Action", "kms:*".into()), ("Resource", "*".into())];
    let own = Value::map([("aws:SourceAccount", Value::pseudo("AWS::AccountId"))]);
    let alarms = [
        ("Effect", "Allow".into()),
        ("Principal", Value::map([("Service", "cloudwatch.amazonaws.com".into())])),
        ("Action", Value::list(["kms:Decrypt".into(), "kms:GenerateDataKey*".into()])),
        ("Resource", "*".into()),
        ("Condition", Value::map([("StringEquals", own)])),
    ];
    let properties = [
        ("Description", "Encrypts what alarms say".into()),
        ("EnableKeyRotation", true.into()),
        ("KeyPolicy", role::document([Value::map(everything), Value::map(alarms)])),
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

/// The account itself, so that IAM policies decide who administers the key.
fn root() -> Value {
    use super::value::{Part, text};
    let root = [
        "arn:".into(),
        Part::Parameter("AWS::Partition"),
        ":iam::".into(),
        Part::Parameter("AWS::AccountId"),
        ":root".into(),
    ];
    Value::map([("AWS", text(root))])
}
