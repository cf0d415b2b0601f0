//! Workflows on Redis: the queues of their functions, and the engine that starts them, publishes for them and looks after what is
//! due.
//!
//! A message says only that there is something to do; what is to be done, and whether it still is, stands in the cache. So a message
//! that is lost, late or there twice does no harm, and every minute the sweep sends again what nobody has taken.

#![warn(clippy::wildcard_enum_match_arm, reason = "a kind of anything that is forgotten here must not compile")]

use indexmap::{IndexMap, IndexSet};

use evc_interface::environment;
use evc_interface::workflow::{ENGINE, RETENTION_SECONDS, SOURCE, SWEEP};

use super::watch::{PRINCIPAL, show, watch, watch_engine};
use crate::model::{
    Bus, DeadLetterSource, Event, Id, Model, Setting, Transport, WORK_RECEIVES, Workflow, least_visibility,
};
use crate::plan::builder::{Builder, EventRule, Lambda, Messages, Queue, Scheduled, Why};
use crate::plan::dead_letters::{DeadLetters, Sender};
use crate::plan::rule::{Input, RuleTarget, state};
use crate::plan::value::Value;
use crate::plan::variables::purposes;
use crate::plan::work;
use crate::plan::{Handler, HandlerKind, LogicalId, bus, cache, ids, policy};
use crate::source::{Span, Spanned};
use crate::spec::scalar::Duration;

/// How long the engine may take for a batch of messages, in seconds: as long as from one sweep to the next.
const TIMEOUT: Duration = Duration::seconds(60);

/// Memory of the engine in MB.
const MEMORY: i64 = 256;

/// The most messages an invocation gets: as many as without a batch window.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>
const BATCH_SIZE: u64 = 10;

/// How long messages wait: four days, as SQS has it.
const MESSAGE_RETENTION_SECONDS: u64 = 345_600;

/// Adds the queues of functions that workflows on Redis call, and the engine.
pub(crate) fn lower(b: &mut Builder<'_>) {
    let model = b.model;
    let Some(transport) = model.work_transport() else { return };
    for (id, function) in model.workers() {
        let queue = ids::task_queue(function);
        let (name, span) = (&function.head.name, function.head.name_span);
        let visibility = function.timeout.map(|timeout| least_visibility(*timeout, Duration::seconds(0)));
        let visibility = b.setting(&queue, "Visibility", &visibility, |time| Value::seconds(*time));
        let origin = format!("work of function `{name}` in workflows");
        add_queue(b, &queue, visibility, &origin, span);
        let concurrency = model.derived_concurrency(id);
        let concurrency = b.optional(&queue, "Concurrency", &concurrency, |most| Value::count(*most));
        add_mapping(b, &queue, &ids::function(&model.functions[id]), concurrency, &origin, span);
        if let Transport::EventBridge(bus) = transport {
            let rule = add_rule(b, &queue, &model.buses[bus], name, &origin, span);
            b.admit(&queue, [Value::arn(&rule)], &format!("who may send {origin}"), span);
        }
        b.show_queue(&format!("work of {name}"), &queue);
        let kept = Duration::seconds(MESSAGE_RETENTION_SECONDS);
        let hidden = function.timeout.map(|timeout| least_visibility(*timeout, Duration::seconds(0)));
        b.watch_queue(&queue, &format!("queue of the {origin}"), (&hidden, kept), span);
        let rule = transport_rule(transport, &queue);
        b.dead_letter(DeadLetters { rule, ..DeadLetters::of(model, DeadLetterSource::Work(id)) });
    }
    add_engine(b, transport);
}

fn add_queue(b: &mut Builder<'_>, id: &LogicalId, visibility: Value, origin: &str, span: Span) {
    let dead = ids::of(id, "dead-letters");
    let queue = Queue { visibility, retention_seconds: MESSAGE_RETENTION_SECONDS, receives: WORK_RECEIVES, dead };
    b.queue(id, queue, [], origin, span);
}

fn add_mapping(
    b: &mut Builder<'_>,
    queue: &LogicalId,
    function: &LogicalId,
    concurrency: Option<Value>,
    origin: &str,
    span: Span,
) {
    let messages = Messages { queue, function, batch_size: BATCH_SIZE, batch_window: 0, concurrency };
    b.messages(&messages, origin, span);
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
    let id = rule_of(queue);
    let pattern =
        Value::map([("source", Value::list([SOURCE.into()])), ("detail-type", Value::list([detail_type.into()]))]);
    let target = RuleTarget {
        id: "queue".to_owned(),
        arn: Value::arn(queue),
        tries: (TRANSPORT_ATTEMPTS, TRANSPORT_MAX_AGE_SECONDS),
        dead: ids::of(queue, "dead-letters"),
        input: Input::Path("$.detail"),
        role: None,
    };
    let made = EventRule {
        bus: on,
        description: None,
        pattern,
        state: state(true),
        targets: vec![target],
        origin: origin.to_owned(),
        span,
    };
    b.rule(&id, made);
    id
}

/// How often and for how long work on the bus is tried: the sweep sends again what takes longer.
const TRANSPORT_ATTEMPTS: u64 = 185;
const TRANSPORT_MAX_AGE_SECONDS: u64 = 3_600;

/// The rule that brings work from a bus to a queue.
fn rule_of(queue: &LogicalId) -> LogicalId {
    ids::of(queue, "rule")
}

/// That rule, if there is one.
fn transport_rule(transport: Transport, queue: &LogicalId) -> Option<LogicalId> {
    matches!(transport, Transport::EventBridge(_)).then(|| rule_of(queue))
}

fn add_engine(b: &mut Builder<'_>, transport: Transport) {
    let model = b.model;
    let workflows: Vec<Id<Workflow>> = model.on_redis().map(|(id, ..)| id).collect();
    let Some(span) = workflows.first().map(|id| model.workflows[*id].engine_span) else { return };
    let cache = model.on_redis().find_map(|(.., redis)| redis.cache);
    let mut variables = work::variables(model, &workflows);
    variables.extend(cache.into_iter().flat_map(|cache| cache::variables(model, cache.value)));
    variables.insert(
        environment::WORKFLOW_RETENTION.to_owned(),
        (RETENTION_SECONDS.to_string().into(), "how long finished executions are kept, in seconds".to_owned()),
    );
    let buses: IndexSet<Id<Bus>> =
        workflows.iter().flat_map(|id| model.published_by(&model.workflows[*id]).into_keys()).collect();
    for bus in buses.into_iter().map(|bus| &model.buses[bus]) {
        let purpose = format!("the name of bus `{}`", bus.head.name);
        variables.insert(environment::engine_bus(&bus.head.name), (bus::name(bus), purpose));
    }
    let binary = ids::engine_binary(model);
    b.plan.handlers.push(Handler {
        binary: binary.clone(),
        kind: HandlerKind::Engine,
        environment: purposes(&variables),
    });
    let role = b.lambda(Lambda {
        id: ids::engine(),
        name: ENGINE.to_owned(),
        principal: PRINCIPAL.to_owned(),
        description: Some("Starts workflows, publishes for them, and looks after what is due".into()),
        binary,
        memory: Value::Integer(MEMORY),
        timeout: Value::seconds(TIMEOUT),
        concurrency: None,
        variables,
        cache,
        group: cache.and_then(|cache| {
            model.client_group(Some(cache.value), model.caches[cache.value].network.map(|network| network.value))
        }),
        span,
    });
    b.consume_work(&role, &ids::engine_queue(), span);
    b.hand_on_work(&role, &workflows);
    for (bus, (events, by)) in published(model, &workflows) {
        let names: Vec<&str> = events.iter().map(|event| model.events[event.value].head.name.as_str()).collect();
        let span = events.first().map_or(span, |event| event.span);
        let why = Why::new(format!("publishes {} in steps of {by}", names.join(", ")), span);
        b.publish(&role, &model.buses[bus], &events, why);
    }
    engine_queue(b, transport, span);
    sweep(b, span);
    b.show_function(ENGINE, &ids::engine(), 2);
    b.show_queue(ENGINE, &ids::engine_queue());
    let kept = Duration::seconds(MESSAGE_RETENTION_SECONDS);
    let visibility = Setting::everywhere(least_visibility(TIMEOUT, Duration::seconds(0)), &model.environments);
    b.watch_queue(&ids::engine_queue(), &format!("queue of the {PRINCIPAL}"), (&visibility, kept), span);
    for (id, workflow, _) in model.on_redis() {
        watch(b, workflow);
        show(b, id.index(), workflow);
    }
    watch_engine(b, span);
}

/// The events that workflows publish, by bus, and the names of those workflows.
type Published = IndexMap<Id<Bus>, (Vec<Spanned<Id<Event>>>, String)>;

fn published(model: &Model, workflows: &[Id<Workflow>]) -> Published {
    let mut by_bus = Published::new();
    for workflow in workflows.iter().map(|id| &model.workflows[*id]) {
        for (bus, events) in model.published_by(workflow) {
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
    let starts = model.rules.values().filter(|rule| rule.targets.iter().any(|target| model.starts_on_redis(target.to)));
    let mut senders: Vec<Value> = starts.map(|rule| Value::arn(&ids::rule(rule))).collect();
    if let Transport::EventBridge(bus) = transport {
        let origin = format!("work of the {PRINCIPAL}");
        let rule = add_rule(b, &queue, &model.buses[bus], ENGINE, &origin, span);
        senders.push(Value::arn(&rule));
    }
    if !senders.is_empty() {
        b.admit(&queue, senders, &format!("who may send to the {origin}"), span);
    }
    b.dead_letter(DeadLetters {
        sender: Sender::Work,
        id: ids::of(&queue, "dead-letters"),
        of: PRINCIPAL.to_owned(),
        span,
        rule: transport_rule(transport, &queue),
        fifo: false,
    });
}

/// Every minute the engine looks after what is due. One that is missed is made up for by the next, so that none is tried again.
fn sweep(b: &mut Builder<'_>, span: Span) {
    let (engine, id) = (ids::engine(), ids::of(&ids::engine(), "sweep"));
    let principal = format!("sweep of the {PRINCIPAL}");
    let conditions = policy::own_schedules();
    let role = b.role(&id, &principal, span, "scheduler.amazonaws.com", Some(conditions));
    let why = Why::new("tells the engine to look after what is due", span);
    b.grant(&role, &["lambda:InvokeFunction"], [Value::arn(&engine)], why);
    let made = Scheduled {
        description: Some("Looks after workflows every minute".into()),
        expression: "rate(1 minute)".to_owned(),
        zone: None,
        state: state(true),
        arn: Value::arn(&engine),
        role: &role,
        input: Value::map([(SWEEP, true.into())]),
        tries: (0, SWEEP_SECONDS),
        dead: None,
    };
    b.schedule(&id, made, &principal, span);
    b.asynchronous(&engine, (0, SWEEP_SECONDS), None, principal, span);
}

/// How long a sweep may wait, in seconds: until the next one.
const SWEEP_SECONDS: u64 = 60;
