//! Alarms: on every dead-letter queue, on executions and functions that fail, on outboxes that fall behind.

use super::dead_letters::{self, DeadLetters};
use super::pipe;
use super::stepfunctions::machine;
use crate::model::{ChangeEvent, ChangeKind, Changes, Model, Outbox, Workflow};
use crate::plan::builder::Builder;
use crate::plan::ids;
use crate::plan::policy;
use crate::plan::value::{Part, Value, text};
use crate::plan::{LogicalId, Resource};
use crate::source::Span;

/// How long an event may wait in an outbox, in milliseconds: five minutes.
const OUTBOX_DELAY_MS: i64 = 300_000;

/// The share of invocations that may end with an error before it is alarming for a function that has business errors, which
/// Lambda counts like any other.
const ERROR_SHARE: &str = "0.5";

/// Adds the alarms, and the topic that tells people if the spec names any.
pub(super) fn lower(b: &mut Builder<'_>) {
    let model = b.model;
    if !model.observability.alarms {
        return;
    }
    let topic = topic(b);
    for alarm in all(model) {
        add(b, &alarm, topic.as_ref());
    }
}

/// An alarm on one metric of one resource.
struct Alarm {
    /// What its logical id starts with.
    of: LogicalId,
    description: String,
    span: Span,
    namespace: Value,
    /// Name and statistic.
    metric: (&'static str, &'static str),
    dimension: (&'static str, Value),
    /// In seconds.
    period: i64,
    /// What the metric may reach.
    threshold: Value,
}

/// Every alarm, in the order of the template.
fn all(model: &Model) -> Vec<Alarm> {
    let mut alarms: Vec<Alarm> = dead_letters::all(model).into_iter().map(dead_letter).collect();
    for (id, workflow) in model.workflows.iter().filter(|(_, workflow)| workflow.redis().is_none()) {
        let (name, span) = (&workflow.head.name, workflow.head.name_span);
        alarms.extend(executions(&ids::workflow(workflow), &format!("workflow `{name}`"), span));
        if machine::starts_by_event(model, id) {
            alarms.extend(executions(&ids::starter(workflow), &format!("the starter of workflow `{name}`"), span));
        }
    }
    for function in model.functions.values() {
        let (name, span) = (&function.head.name, function.head.name_span);
        let mut alarm = errors(&ids::function(function), format!("Function `{name}` failed"), span);
        if !function.errors.is_empty() {
            alarm.description = format!("More than half of the invocations of function `{name}` failed");
            // Each invocation counts as 1 or 0, so that the average is the share that failed.
            alarm.metric.1 = "Average";
            alarm.threshold = Value::Number(ERROR_SHARE.to_owned());
        }
        alarms.push(alarm);
    }
    for (_, workflow, _) in model.on_redis() {
        alarms.extend(executions_on_redis(workflow));
    }
    if let Some((_, workflow, _)) = model.on_redis().next() {
        alarms.push(errors(&ids::engine(), "The engine of the workflows failed".to_owned(), workflow.engine_span));
    }
    for outbox in model.outboxes.values().filter(|outbox| outbox.has_function()) {
        let (name, span) = (&outbox.head.name, outbox.head.name_span);
        let id = ids::forwarder(outbox);
        alarms.push(errors(&id, format!("The forwarder of outbox `{name}` failed"), span));
        alarms.push(Alarm {
            of: ids::of(&id, "delay"),
            description: format!("Events wait in outbox `{name}` for more than five minutes"),
            namespace: "AWS/Lambda".into(),
            metric: ("IteratorAge", "Maximum"),
            threshold: Value::Integer(OUTBOX_DELAY_MS),
            ..errors(&id, String::new(), span)
        });
        // Batches that fail in part are no errors of the function.
        let project = [Part::Parameter("ProjectName"), "-".into(), Part::Parameter("Environment")];
        alarms.push(Alarm {
            of: ids::of(&id, "failures"),
            description: format!("The forwarder of outbox `{name}` gave events back to the stream"),
            namespace: text(project),
            metric: ("EventsFailed", "Sum"),
            dimension: ("function", format!("{name}-forwarder").into()),
            ..errors(&id, String::new(), span)
        });
    }
    for outbox in model.outboxes.values() {
        alarms.extend(outbox.changes.iter().filter(|_| outbox.has_pipes()).flat_map(|changes| pipes(outbox, changes)));
    }
    alarms
}

fn dead_letter(dead: DeadLetters) -> Alarm {
    Alarm {
        description: format!("Something is in the dead-letter queue of {}", dead.of),
        span: dead.span,
        namespace: "AWS/SQS".into(),
        metric: ("ApproximateNumberOfMessagesVisible", "Maximum"),
        dimension: ("QueueName", Value::Attribute(dead.id.clone(), "QueueName")),
        of: dead.id,
        // A message that is there stays there, so one look is enough, and an early one is better.
        period: 60,
        threshold: Value::Integer(0),
    }
}

/// Each pipe that could not deliver. Pipes have no metric of how far they are behind.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-monitoring.html>
fn pipes(outbox: &Outbox, changes: &Changes) -> Vec<Alarm> {
    let alarms = |(kind, number, change): (ChangeKind, usize, &ChangeEvent)| {
        let pipe = ids::pipe(outbox, kind, number);
        // The bus may refuse some entries of a batch and take the others, which is counted apart.
        let kinds = [
            ("errors", "ExecutionFailed", "failed"),
            ("partial-errors", "ExecutionPartiallyFailed", "failed for a part of a batch"),
            ("timeouts", "ExecutionTimeout", "ran out of time"),
        ];
        kinds.map(|(suffix, metric, happened)| Alarm {
            of: ids::of(&pipe, suffix),
            description: format!("A pipe of outbox `{}` {happened}", outbox.head.name),
            namespace: "AWS/EventBridge/Pipes".into(),
            metric: (metric, "Sum"),
            dimension: ("PipeName", Value::Ref(pipe.clone())),
            ..errors(&pipe, String::new(), change.event.span)
        })
    };
    pipe::numbered(changes).flat_map(alarms).collect()
}

/// Executions that failed, and ones that ran out of time, which Step Functions counts apart.
fn executions(machine: &LogicalId, what: &str, span: Span) -> [Alarm; 2] {
    let kinds = [("failures", "ExecutionsFailed", "failed"), ("timeouts", "ExecutionsTimedOut", "ran out of time")];
    kinds.map(|(suffix, metric, happened)| Alarm {
        of: ids::of(machine, suffix),
        description: format!("Executions of {what} {happened}"),
        span,
        namespace: "AWS/States".into(),
        metric: (metric, "Sum"),
        dimension: ("StateMachineArn", Value::Ref(machine.clone())),
        period: 300,
        threshold: Value::Integer(0),
    })
}

/// The same for a workflow on Redis: whoever ends an execution counts it, in the stack's namespace.
fn executions_on_redis(workflow: &Workflow) -> [Alarm; 2] {
    let (name, span) = (&workflow.head.name, workflow.head.name_span);
    let project = || [Part::Parameter("ProjectName"), "-".into(), Part::Parameter("Environment")];
    executions(&ids::workflow(workflow), &format!("workflow `{name}`"), span).map(|alarm| Alarm {
        namespace: text(project()),
        dimension: ("workflow", name.as_str().into()),
        ..alarm
    })
}

fn errors(function: &LogicalId, description: String, span: Span) -> Alarm {
    Alarm {
        of: ids::of(function, "errors"),
        description,
        span,
        namespace: "AWS/Lambda".into(),
        metric: ("Errors", "Sum"),
        dimension: ("FunctionName", Value::Ref(function.clone())),
        period: 300,
        threshold: Value::Integer(0),
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
        ("KeyPolicy", policy::document([Value::map(everything), Value::map(alarms)])),
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
    let root = [
        "arn:".into(),
        Part::Parameter("AWS::Partition"),
        ":iam::".into(),
        Part::Parameter("AWS::AccountId"),
        ":root".into(),
    ];
    Value::map([("AWS", text(root))])
}
