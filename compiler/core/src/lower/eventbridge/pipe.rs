//! Pipes: changes of a table that become events without a function.
//!
//! A pipe copies texts of the stream record into a template, without escaping them, and can do nothing else: it turns no text
//! into a number and leaves no field out. [`crate::model::template`] says what can be copied so that the event is right.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-input-transformation.html>

use crate::model::{Bus, ChangeEvent, ChangeKind, Changes, DeadLetterSource, Id, LogOf, Model, Outbox, template};
use crate::plan::alarm::{Alarm, Kind, Metric, Watched, of_log};
use crate::plan::builder::{Builder, Group, Role};
use crate::plan::dead_letters::DeadLetters;
use crate::plan::graph::{Graph, Line};
use crate::plan::value::Value;
use crate::plan::{LogicalId, Resource, bus, ids, policy, stream};

/// Adds a pipe for each event of a table's changes, and the role and the log that they share.
pub(crate) fn add(b: &mut Builder<'_>, id: Id<Outbox>, outbox: &Outbox, changes: &Changes, bus: &Bus) {
    let dead = b.dead_letter(DeadLetters::of(b.model, DeadLetterSource::Outbox(id)));
    let (shared, span) = (ids::pipes(outbox), outbox.head.name_span);
    let principal = format!("pipes of outbox `{}`", outbox.head.name);
    let role = b.role(&shared, &principal, span, "pipes.amazonaws.com", Some(policy::own_pipes()));
    b.forward(&role, outbox, bus, &dead);
    // As for state machines: groups with this prefix do not count against the size of the account's one policy for log
    // delivery (https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html).
    let suffix = format!("-{}", outbox.head.name);
    let retention = &b.model.observability.log_retention;
    let group = Group { of: LogOf::Pipes, prefix: "/aws/vendedlogs/pipes/", suffix: &suffix, retention };
    let logs = b.log_group(&shared, &group, &principal, span);
    for (kind, number, change) in changes.numbered() {
        let made = Pipe { kind, number, change, role: &role, logs: &logs, dead: &dead };
        add_pipe(b, outbox, changes, bus, &made);
    }
}

struct Pipe<'a> {
    kind: ChangeKind,
    number: usize,
    change: &'a ChangeEvent,
    role: &'a Role,
    logs: &'a LogicalId,
    dead: &'a LogicalId,
}

fn add_pipe(b: &mut Builder<'_>, outbox: &Outbox, changes: &Changes, bus: &Bus, pipe: &Pipe<'_>) {
    let model: &Model = b.model;
    let Pipe { kind, number, change, role, logs, dead } = *pipe;
    let event = &model.events[change.event.value];
    let filter = Value::map([("Pattern", Value::Json(Box::new(stream::filter(model, changes, change))))]);
    let reading = Value::map([
        ("StartingPosition", "TRIM_HORIZON".into()),
        ("BatchSize", Value::count(outbox.batch_size)),
        ("ParallelizationFactor", Value::count(outbox.parallel)),
        ("OnPartialBatchItemFailure", "AUTOMATIC_BISECT".into()),
        ("MaximumRetryAttempts", Value::count(outbox.attempts)),
        ("MaximumRecordAgeInSeconds", Value::Integer(stream::MAX_AGE_SECONDS)),
        ("DeadLetterConfig", Value::map([("Arn", Value::arn(dead))])),
    ]);
    let source = Value::map([
        ("FilterCriteria", Value::map([("Filters", Value::list([filter]))])),
        ("DynamoDBStreamParameters", reading),
    ]);
    let envelope =
        Value::map([("Source", event.source.as_str().into()), ("DetailType", event.detail_type.as_str().into())]);
    let target = Value::map([
        ("InputTemplate", template::of_change(model, outbox, changes, change).into()),
        ("EventBridgeEventBusParameters", envelope),
    ]);
    let log = Value::map([
        // Failures alone: what succeeded is in the event log of the bus, if it has one. Payloads are not logged.
        ("Level", "ERROR".into()),
        ("CloudwatchLogsLogDestination", Value::map([("LogGroupArn", Value::arn(logs))])),
    ]);
    let about =
        format!("Publishes {} from changes of {}", event.head.name, model.tables[changes.table.value].head.name);
    let properties = [
        ("Description", about.into()),
        ("RoleArn", Value::arn(&role.id)),
        ("Source", stream::of(model, outbox)),
        ("SourceParameters", source),
        ("Target", bus::arn(bus)),
        ("TargetParameters", target),
        ("LogConfiguration", log),
    ];
    let origin = format!("pipe of `{}` for event `{}`", outbox.head.name, event.head.name);
    let resource = Resource::new("AWS::Pipes::Pipe", origin, change.event.span, properties);
    let id = ids::pipe(outbox, kind, number);
    b.add(&id, resource);
    let name = [("PipeName", Value::Ref(id.clone()))];
    b.show(Graph::PipeFailures, Line::new(&event.head.name, "AWS/EventBridge/Pipes", "ExecutionFailed", name));
    for alarm in alarms(model, outbox, &id, change) {
        b.alarm(alarm);
    }
}

/// A pipe that could not deliver. Pipes have no metric of how far they are behind.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-monitoring.html>
fn alarms(model: &Model, outbox: &Outbox, pipe: &LogicalId, change: &ChangeEvent) -> [Alarm; 3] {
    // The bus may refuse some entries of a batch and take the others, which is counted apart.
    let kinds = [
        (Kind::PipeErrors, "errors", "ExecutionFailed", "failed"),
        (Kind::PipePartialErrors, "partial-errors", "ExecutionPartiallyFailed", "failed for a part of a batch"),
        (Kind::PipeTimeouts, "timeouts", "ExecutionTimeout", "ran out of time"),
    ];
    kinds.map(|(kind, suffix, metric, happened)| {
        let happened = format!("A pipe of outbox `{}` {happened}", outbox.head.name);
        let metric = Metric::of("AWS/EventBridge/Pipes", metric, ("PipeName", Value::Ref(pipe.clone())));
        let log = ids::of(&ids::pipes(outbox), "logs");
        let look = of_log(model, LogOf::Pipes, &log, None);
        Alarm::new(kind, Watched::Pipe, ids::of(pipe, suffix), happened, metric, change.event.span).look(look)
    })
}
