//! Dead-letter queues: where what could not be delivered or done waits, with its payload.

use super::stepfunctions::machine::starts_by_event;
use super::{engine, event_log, function};
use crate::model::{DeadLetterSource, Function, Model, Transport};
use crate::plan::builder::Builder;
use crate::plan::ids;
use crate::plan::policy;
use crate::plan::value::Value;
use crate::plan::{LogicalId, Resource};
use crate::source::Span;

/// How long a message waits for somebody to look at it: the longest that SQS keeps one, 14 days in seconds.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
const RETENTION_SECONDS: i64 = 1_209_600;

/// A dead-letter queue.
pub(super) struct DeadLetters {
    /// Its logical id.
    pub(super) id: LogicalId,
    /// What it is of: "rule `start-fulfilment`".
    pub(super) of: String,
    /// The place of that.
    pub(super) span: Span,
    /// The rule that sends to it. Other senders do so with a role of their own.
    rule: Option<LogicalId>,
    /// Whether it is a FIFO queue, as it is where it belongs to one.
    fifo: bool,
}

/// Every dead-letter queue, in the order of the template.
pub(super) fn all(model: &Model) -> Vec<DeadLetters> {
    let outboxes = model.outboxes.iter().filter(|(_, outbox)| !outbox.publishes.is_empty());
    let functions = model.functions.iter().filter(|(id, _)| function::is_asynchronous(model, *id));
    let mut of = Vec::new();
    of.extend(outboxes.map(|(id, _)| DeadLetterSource::Outbox(id)));
    of.extend(model.queues.ids().map(DeadLetterSource::Queue));
    of.extend(functions.map(|(id, _)| DeadLetterSource::Function(id)));
    of.extend(model.rules.ids().map(DeadLetterSource::Rule));
    of.extend(model.schedules.ids().map(DeadLetterSource::Schedule));
    let declared = of.into_iter().map(|of| {
        let (what, span) = describe(model, of);
        let rule = match of {
            DeadLetterSource::Rule(id) => Some(ids::rule(&model.rules[id])),
            DeadLetterSource::Queue(_)
            | DeadLetterSource::Outbox(_)
            | DeadLetterSource::Function(_)
            | DeadLetterSource::Schedule(_)
            | DeadLetterSource::Work(_)
            | DeadLetterSource::Workflow(_) => None,
        };
        let fifo = matches!(of, DeadLetterSource::Queue(id) if model.queues[id].group.is_some());
        DeadLetters { id: ids::dead_letters(model, of), of: what, span, rule, fifo }
    });
    let started = model.workflows.iter().filter(|(id, _)| starts_by_event(model, *id));
    let starters = started.map(|(_, workflow)| DeadLetters {
        id: ids::starter_dead_letters(workflow),
        of: format!("starter of workflow `{}`", workflow.head.name),
        span: workflow.head.name_span,
        rule: None,
        fifo: false,
    });
    let engine = engine::transport(model).into_iter().flat_map(|transport| engines(model, transport));
    let logs = model.buses.values().filter_map(|bus| {
        let log = bus.log.as_ref()?;
        let rule = event_log::rule_id(bus);
        let of = format!("event log of bus `{}`", bus.head.name);
        Some(DeadLetters { id: ids::of(&rule, "dead-letters"), of, span: log.span, rule: Some(rule), fifo: false })
    });
    declared.chain(starters).chain(engine).chain(logs).collect()
}

/// Those of the queues of work in workflows on Redis: of each function, and of the engine.
fn engines(model: &Model, transport: Transport) -> Vec<DeadLetters> {
    let dead = |queue: LogicalId, of: String, span: Span| DeadLetters {
        id: ids::of(&queue, "dead-letters"),
        of,
        span,
        rule: matches!(transport, Transport::EventBridge(_)).then(|| engine::transport_rule(&queue)),
        fifo: false,
    };
    let of_function = |function: &Function| {
        let of = format!("work of function `{}` in workflows", function.head.name);
        dead(ids::task_queue(function), of, function.head.name_span)
    };
    let span = model.on_redis().map(|(_, workflow, _)| workflow.engine_span).next().unwrap_or_default();
    let workers = engine::workers(model).map(|(_, function)| of_function(function));
    workers.chain([dead(ids::engine_queue(), engine::PRINCIPAL.to_owned(), span)]).collect()
}

/// What a dead-letter queue is of, and where that is.
pub(super) fn describe(model: &Model, of: DeadLetterSource) -> (String, Span) {
    let (what, head) = match of {
        DeadLetterSource::Work(id) => ("work of function", &model.functions[id].head),
        DeadLetterSource::Workflow(id) => ("workflow", &model.workflows[id].head),
        DeadLetterSource::Queue(id) => ("queue", &model.queues[id].head),
        DeadLetterSource::Rule(id) => ("rule", &model.rules[id].head),
        DeadLetterSource::Outbox(id) => ("outbox", &model.outboxes[id].head),
        DeadLetterSource::Function(id) => ("function", &model.functions[id].head),
        DeadLetterSource::Schedule(id) => ("schedule", &model.schedules[id].head),
    };
    (format!("{what} `{}`", head.name), head.name_span)
}

/// Adds the queues, and lets rules send to theirs.
pub(super) fn lower(b: &mut Builder<'_>) {
    for dead in all(b.model) {
        let properties =
            [("MessageRetentionPeriod", Value::Integer(RETENTION_SECONDS)), ("SqsManagedSseEnabled", true.into())];
        let origin = format!("dead letters of {}", dead.of);
        let resource = Resource::new("AWS::SQS::Queue", &origin, dead.span, properties);
        b.add(&dead.id, resource.with("FifoQueue", dead.fifo.then(|| Value::from(true))));
        if let Some(rule) = dead.rule {
            admit(b, &dead.id, vec![Value::arn(&rule)], &format!("who may send to the {origin}"), dead.span);
        }
    }
}

/// Lets rules, and nothing else, have `EventBridge` send to a queue.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html#eb-dlq-perms>
pub(super) fn admit(b: &mut Builder<'_>, queue: &LogicalId, rules: Vec<Value>, origin: &str, span: Span) {
    let condition = Value::map([("aws:SourceArn", Value::one_or_many(rules))]);
    let statement = [
        ("Effect", "Allow".into()),
        ("Principal", Value::map([("Service", "events.amazonaws.com".into())])),
        ("Action", "sqs:SendMessage".into()),
        ("Resource", Value::arn(queue)),
        ("Condition", Value::map([("ArnEquals", condition)])),
    ];
    let properties = [
        ("Queues", Value::list([Value::Ref(queue.clone())])),
        ("PolicyDocument", policy::document([Value::map(statement)])),
    ];
    b.add(&ids::of(queue, "policy"), Resource::new("AWS::SQS::QueuePolicy", origin, span, properties));
}
