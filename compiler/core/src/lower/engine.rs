//! Workflows on Redis: the queues of their functions, and the engine that starts them, publishes for them and looks after what is
//! due.
//!
//! A message says only that there is something to do; what is to be done, and whether it still is, stands in the cache. So a message
//! that is lost, late or there twice does no harm, and every minute the sweep sends again what nobody has taken.

use indexmap::{IndexMap, IndexSet};

use super::lambda::{self, Lambda, Variables};
use super::stepfunctions::state_machine::{calls, publishes};
use super::{bus, cache_client, dead_letters, outbox, rule, schedule};
use crate::model::{Bus, Destination, Function, Id, Model, Transport, Workflow, least_visibility};
use crate::plan::builder::{Builder, Role, Why};
use crate::plan::ids;
use crate::plan::value::{Part, Value, text};
use crate::plan::{Handler, HandlerKind, LogicalId, Resource};
use crate::source::Span;
use crate::spec::scalar::Duration;

/// How long the engine may take for a batch of messages, in seconds: as long as from one sweep to the next.
const TIMEOUT: Duration = Duration::seconds(60);

/// Memory of the engine in MB.
const MEMORY: i64 = 256;

/// The most messages an invocation gets: as many as without a batch window.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>
const BATCH_SIZE: i64 = 10;

/// How often a message may be received: a message is a hint, and what it is about is found by the sweep as well.
const RECEIVES: i64 = 5;

/// How long messages wait: four days, as SQS has it.
const RETENTION_SECONDS: i64 = 345_600;

/// How long finished executions are kept, in seconds: seven days.
const EXECUTION_RETENTION_SECONDS: &str = "604800";

/// The least of `MaximumConcurrency`, and the most.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html#events-sqs-max-concurrency>
const MAPPING_CONCURRENCY: std::ops::RangeInclusive<u64> = 2..=1000;

/// The `source` of work that travels as events.
const SOURCE: &str = "evc.workflow";

/// Adds the queues of functions that workflows on Redis call, and the engine.
pub(super) fn lower(b: &mut Builder<'_>) {
    let model = b.model;
    let Some(transport) = transport(model) else { return };
    for (id, function) in workers(model) {
        let queue = ids::task_queue(function);
        let (name, span) = (&function.head.name, function.head.name_span);
        let visibility = function.timeout.map(|timeout| least_visibility(*timeout, Duration::seconds(0)));
        let visibility = b.setting(&queue, "Visibility", &visibility, |time| Value::seconds(*time));
        let origin = format!("work of function `{name}` in workflows");
        add_queue(b, &queue, visibility, &origin, span);
        let concurrency = function.concurrency.filter(|most| MAPPING_CONCURRENCY.contains(most));
        add_mapping(b, &queue, &ids::function(&model.functions[id]), concurrency, &origin, span);
        if let Transport::EventBridge(bus) = transport {
            let rule = add_rule(b, &queue, &model.buses[bus], name, &origin, span);
            dead_letters::admit(b, &queue, vec![Value::arn(&rule)], &format!("who may send {origin}"), span);
        }
    }
    add_engine(b, transport);
}

/// The functions that workflows on Redis call.
pub(super) fn workers(model: &Model) -> impl Iterator<Item = (Id<Function>, &Function)> {
    model.functions.iter().filter(|(id, _)| model.works_on_redis(*id))
}

/// How work reaches functions; none if no workflow runs on Redis. A check sees to it that all say the same.
pub(super) fn transport(model: &Model) -> Option<Transport> {
    model.on_redis().map(|(.., redis)| redis.transport).next()
}

fn add_queue(b: &mut Builder<'_>, id: &LogicalId, visibility: Value, origin: &str, span: Span) {
    let redrive = Value::map([
        ("deadLetterTargetArn", Value::arn(&ids::of(id, "dead-letters"))),
        ("maxReceiveCount", Value::Integer(RECEIVES)),
    ]);
    let properties = [
        ("VisibilityTimeout", visibility),
        ("MessageRetentionPeriod", Value::Integer(RETENTION_SECONDS)),
        ("RedrivePolicy", redrive),
        ("SqsManagedSseEnabled", true.into()),
    ];
    b.add(id, Resource::new("AWS::SQS::Queue", origin, span, properties));
}

fn add_mapping(
    b: &mut Builder<'_>,
    queue: &LogicalId,
    function: &LogicalId,
    concurrency: Option<u64>,
    origin: &str,
    span: Span,
) {
    let properties = [
        ("FunctionName", Value::Ref(function.clone())),
        ("EventSourceArn", Value::arn(queue)),
        ("BatchSize", Value::Integer(BATCH_SIZE)),
        ("FunctionResponseTypes", Value::list(["ReportBatchItemFailures".into()])),
    ];
    let scaling = concurrency.map(|most| Value::map([("MaximumConcurrency", Value::count(most))]));
    let resource = Resource::new("AWS::Lambda::EventSourceMapping", origin, span, properties);
    b.add(&ids::of(queue, "mapping"), resource.with("ScalingConfig", scaling));
}

/// The rule that brings work from the bus to its queue. What it cannot deliver goes where the queue's dead letters go.
fn add_rule(
    b: &mut Builder<'_>,
    queue: &LogicalId,
    on: &Bus,
    detail_type: &str,
    origin: &str,
    span: Span,
) -> LogicalId {
    let id = transport_rule(queue);
    let pattern =
        Value::map([("source", Value::list([SOURCE.into()])), ("detail-type", Value::list([detail_type.into()]))]);
    let target = [
        ("Id", "queue".into()),
        ("Arn", Value::arn(queue)),
        ("InputPath", "$.detail".into()),
        ("RetryPolicy", rule::retry_policy(TRANSPORT_ATTEMPTS, TRANSPORT_MAX_AGE_SECONDS)),
        ("DeadLetterConfig", Value::map([("Arn", Value::arn(&ids::of(queue, "dead-letters")))])),
    ];
    let properties = [
        ("EventBusName", bus::name(on)),
        ("EventPattern", pattern),
        ("State", "ENABLED".into()),
        ("Targets", Value::list([Value::map(target)])),
    ];
    b.add(&id, Resource::new("AWS::Events::Rule", origin, span, properties));
    id
}

/// How often and for how long work on the bus is tried: the sweep sends again what takes longer.
const TRANSPORT_ATTEMPTS: u64 = 185;
const TRANSPORT_MAX_AGE_SECONDS: u64 = 3_600;

/// The rule that brings work from a bus to a queue.
pub(super) fn transport_rule(queue: &LogicalId) -> LogicalId {
    ids::of(queue, "rule")
}

fn add_engine(b: &mut Builder<'_>, transport: Transport) {
    let model = b.model;
    let workflows: Vec<Id<Workflow>> = model.on_redis().map(|(id, ..)| id).collect();
    let Some(span) = workflows.first().map(|id| model.workflows[*id].engine_span) else { return };
    let cache = model.on_redis().find_map(|(.., redis)| redis.cache);
    let mut variables = variables(b, &workflows);
    variables.extend(cache.into_iter().flat_map(|cache| cache_client::variables(model, cache.value)));
    variables.insert(
        "WORKFLOW_RETENTION_SECONDS".to_owned(),
        (EXECUTION_RETENTION_SECONDS.into(), "how long finished executions are kept, in seconds".to_owned()),
    );
    let buses: IndexSet<Id<Bus>> =
        workflows.iter().flat_map(|id| publishes(model, &model.workflows[*id]).into_keys()).collect();
    for bus in buses.into_iter().map(|bus| &model.buses[bus]) {
        let purpose = format!("the name of bus `{}`", bus.head.name);
        variables.insert(ids::engine_bus_variable(bus), (bus::name(bus), purpose));
    }
    let binary = ids::engine_binary(model);
    b.plan.handlers.push(Handler {
        binary: binary.clone(),
        kind: HandlerKind::Engine,
        environment: lambda::purposes(&variables),
    });
    let role = lambda::add(
        b,
        Lambda {
            id: ids::engine(),
            name: ids::ENGINE.to_owned(),
            principal: PRINCIPAL.to_owned(),
            description: Some("Starts workflows, publishes for them, and looks after what is due".into()),
            binary,
            memory: Value::Integer(MEMORY),
            timeout: Value::seconds(TIMEOUT),
            concurrency: None,
            variables,
            cache,
            span,
        },
    );
    consume(b, &role, &ids::engine_queue(), span);
    grants(b, &role, &workflows);
    for (bus, (events, by)) in published(model, &workflows) {
        let names: Vec<&str> = events.iter().map(|event| model.events[event.value].head.name.as_str()).collect();
        let span = events.first().map_or(span, |event| event.span);
        let why = Why::new(format!("publishes {} in steps of {by}", names.join(", ")), span);
        let why = outbox::only_sources(why, model, &events);
        b.grant(&role, &["events:PutEvents"], [bus::arn(&model.buses[bus])], why);
    }
    engine_queue(b, transport, span);
    sweep(b, span);
}

/// What the engine is called in comments and tables.
pub(super) const PRINCIPAL: &str = "engine of the workflows";

/// The events that workflows publish, by bus, and the names of those workflows.
type Published = IndexMap<Id<Bus>, (Vec<crate::source::Spanned<Id<crate::model::Event>>>, String)>;

fn published(model: &Model, workflows: &[Id<Workflow>]) -> Published {
    let mut by_bus = Published::new();
    for workflow in workflows.iter().map(|id| &model.workflows[*id]) {
        for (bus, events) in publishes(model, workflow) {
            let (all, by) = by_bus.entry(bus).or_default();
            for event in events {
                if all.iter().all(|known| known.value != event.value) {
                    all.push(event);
                }
            }
            *by = if by.is_empty() {
                format!("`{}`", workflow.head.name)
            } else {
                format!("{by}, `{}`", workflow.head.name)
            };
        }
    }
    by_bus
}

fn engine_queue(b: &mut Builder<'_>, transport: Transport, span: Span) {
    let model = b.model;
    let queue = ids::engine_queue();
    let origin = format!("queue of the {PRINCIPAL}");
    let visibility = Value::seconds(least_visibility(TIMEOUT, Duration::seconds(0)));
    add_queue(b, &queue, visibility, &origin, span);
    add_mapping(b, &queue, &ids::engine(), None, &origin, span);
    let starts = model.rules.values().filter(|rule| rule.targets.iter().any(|target| on_redis(model, target.to)));
    let mut senders: Vec<Value> = starts.map(|rule| Value::arn(&ids::rule(rule))).collect();
    if let Transport::EventBridge(bus) = transport {
        let origin = format!("work of the {PRINCIPAL}");
        let rule = add_rule(b, &queue, &model.buses[bus], ids::ENGINE, &origin, span);
        senders.push(Value::arn(&rule));
    }
    if !senders.is_empty() {
        dead_letters::admit(b, &queue, senders, &format!("who may send to the {origin}"), span);
    }
}

/// Whether a target is a workflow on Redis, which starts by a message to the engine.
pub(super) fn on_redis(model: &Model, to: Destination) -> bool {
    matches!(to, Destination::Workflow(id) if model.workflows[id].redis().is_some())
}

/// The message that makes the engine start a workflow for an event.
pub(super) fn start_of(workflow: &Workflow) -> String {
    format!("{{\"evcStart\":{{\"workflow\":\"{}\"}},\"event\":", workflow.head.name)
}

/// Every minute the engine looks after what is due. One that is missed is made up for by the next, so that none is tried again.
fn sweep(b: &mut Builder<'_>, span: Span) {
    let (engine, id) = (ids::engine(), ids::of(&ids::engine(), "sweep"));
    let principal = format!("sweep of the {PRINCIPAL}");
    let conditions = schedule::own_schedules();
    let role = b.role(&id, &principal, span, "scheduler.amazonaws.com", Some(conditions));
    let why = Why::new("tells the engine to look after what is due", span);
    b.grant(&role, &["lambda:InvokeFunction"], [Value::arn(&engine)], why);
    let target = Value::map([
        ("Arn", Value::arn(&engine)),
        ("RoleArn", Value::arn(&role.id)),
        ("Input", Value::Json(Box::new(Value::map([("evcSweep", true.into())])))),
        ("RetryPolicy", rule::retry_policy(0, SWEEP_SECONDS)),
    ]);
    let properties = [
        ("Description", "Looks after workflows every minute".into()),
        ("ScheduleExpression", "rate(1 minute)".into()),
        ("FlexibleTimeWindow", Value::map([("Mode", "OFF".into())])),
        ("State", "ENABLED".into()),
        ("Target", target),
    ];
    b.add(&id, Resource::new("AWS::Scheduler::Schedule", &principal, span, properties));
    let properties = [
        ("FunctionName", Value::Ref(engine.clone())),
        ("Qualifier", "$LATEST".into()),
        ("MaximumRetryAttempts", Value::Integer(0)),
        ("MaximumEventAgeInSeconds", Value::count(SWEEP_SECONDS)),
    ];
    b.add(&ids::of(&engine, "async"), Resource::new("AWS::Lambda::EventInvokeConfig", principal, span, properties));
}

/// How long a sweep may wait, in seconds: until the next one.
const SWEEP_SECONDS: u64 = 60;

/// The variables of a function that takes part in these workflows.
pub(super) fn variables(b: &Builder<'_>, workflows: &[Id<Workflow>]) -> Variables {
    let model = b.model;
    let mut variables = Variables::new();
    let Some(transport) = transport(model).filter(|_| !workflows.is_empty()) else { return variables };
    let mut add = |name: &str, value: Value, purpose: &str| {
        variables.insert(name.to_owned(), (value, purpose.to_owned()));
    };
    // Whoever ends an execution counts it.
    let project = [Part::Parameter("ProjectName"), "-".into(), Part::Parameter("Environment")];
    add(ids::METRICS_VARIABLE, text(project), "the namespace of its metrics and of executions");
    match transport {
        Transport::Sqs => {
            add("WORKFLOW_TRANSPORT", "sqs".into(), "how work reaches functions");
            let queues = colleagues(model, workflows).into_iter().map(|id| {
                let function = &model.functions[id];
                (function.head.name.as_str(), Value::Ref(ids::task_queue(function)))
            });
            let queues = queues.chain([("", Value::Ref(ids::engine_queue()))]);
            let purpose = "the queues of functions, by name; that of the engine has none";
            add("WORKFLOW_QUEUES", Value::Json(Box::new(Value::map(queues))), purpose);
        }
        Transport::EventBridge(bus) => {
            add("WORKFLOW_TRANSPORT", "eventbridge".into(), "how work reaches functions");
            add("WORKFLOW_BUS_NAME", bus::name(&model.buses[bus]), "the bus that work travels on");
            let queue = Value::map([("", Value::Ref(ids::engine_queue()))]);
            add("WORKFLOW_QUEUES", Value::Json(Box::new(queue)), "the queue of the engine, for work that has to wait");
        }
    }
    variables
}

/// Lets a function that takes part in these workflows hand on their work.
pub(super) fn grants(b: &mut Builder<'_>, role: &Role, workflows: &[Id<Workflow>]) {
    let model = b.model;
    let Some((transport, first)) = transport(model).zip(workflows.first()) else { return };
    let names: Vec<String> = workflows.iter().map(|id| format!("`{}`", model.workflows[*id].head.name)).collect();
    let why = Why::new(format!("hands on the work of {}", names.join(", ")), model.workflows[*first].engine_span);
    match transport {
        Transport::Sqs => {
            let queues = colleagues(model, workflows).into_iter().map(|id| ids::task_queue(&model.functions[id]));
            let queues: Vec<Value> = queues.chain([ids::engine_queue()]).map(|queue| Value::arn(&queue)).collect();
            b.grant(role, &["sqs:SendMessage"], queues, why);
        }
        Transport::EventBridge(bus) => {
            let only = why.clone().only_if("ForAllValues:StringEquals", "events:source", Value::list([SOURCE.into()]));
            b.grant(role, &["events:PutEvents"], [bus::arn(&model.buses[bus])], only);
            // A bus keeps nothing back; the engine's queue does, for what has to wait.
            b.grant(role, &["sqs:SendMessage"], [Value::arn(&ids::engine_queue())], why);
        }
    }
}

/// Lets a function work off the queue of its work.
pub(super) fn consume(b: &mut Builder<'_>, role: &Role, queue: &LogicalId, span: Span) {
    let actions = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"];
    b.grant(role, &actions, [Value::arn(queue)], Why::new("works off its queue of workflows' work", span));
}

/// The functions that these workflows call, in the order of the spec.
fn colleagues(model: &Model, workflows: &[Id<Workflow>]) -> Vec<Id<Function>> {
    let called: IndexSet<Id<Function>> =
        workflows.iter().flat_map(|id| calls(&model.workflows[*id]).into_keys()).collect();
    model.functions.ids().filter(|id| called.contains(id)).collect()
}
