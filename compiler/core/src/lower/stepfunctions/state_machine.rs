//! State machines: the standard one of each workflow, and the express one that starts it once an event.
//!
//! What they do is in their definitions; here is what they are: names, roles, logs, traces.

use indexmap::IndexMap;

use super::machine::starts_by_event;
use crate::lower::{bus, log_group};
use crate::model::{Bus, Event, Function, Id, Model, StepKind, Workflow};
use crate::plan::builder::{Builder, Role, Why};
use crate::plan::ids;
use crate::plan::names::Kind;
use crate::plan::value::{Part, Value, text};
use crate::plan::{LogicalId, Machine, Resource};
use crate::source::{Span, Spanned};
use crate::spec::observability::LogLevel;

/// What a state machine needs to write its log; none of these can be limited to a resource.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-iam-policy>
const LOG_DELIVERY: [&str; 8] = [
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
];

/// What a state machine needs to trace; none of these can be limited to a resource.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/xray-iam.html>
const TRACING: [&str; 4] =
    ["xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments"];

/// Adds the state machines of each workflow.
pub(crate) fn lower(b: &mut Builder<'_>) {
    for (id, workflow) in b.model.workflows.iter().filter(|(_, workflow)| workflow.redis().is_none()) {
        standard(b, workflow);
        if starts_by_event(b.model, id) {
            starter(b, workflow);
        }
    }
}

fn standard(b: &mut Builder<'_>, workflow: &Workflow) {
    let model = b.model;
    // The history of a standard execution is kept by Step Functions; the log repeats it for those who search logs.
    let level = match model.observability.log_level {
        LogLevel::Debug | LogLevel::Info => "ALL",
        LogLevel::Warn | LogLevel::Error => "ERROR",
    };
    let role = add(
        b,
        &StateMachine {
            id: ids::workflow(workflow),
            name: workflow.head.name.clone(),
            what: format!("workflow `{}`", workflow.head.name),
            type_: "STANDARD",
            level,
            span: workflow.head.name_span,
        },
    );
    for (function, (step, span)) in calls(workflow) {
        let function = &model.functions[function];
        let why = Why::new(format!("calls `{}` in step `{step}`", function.head.name), span);
        b.grant(&role, &["lambda:InvokeFunction"], [Value::arn(&ids::function(function))], why);
    }
    for (bus, events) in publishes(model, workflow) {
        let span = events.first().map_or(workflow.head.name_span, |event| event.span);
        let names: Vec<&str> = events.iter().map(|event| model.events[event.value].head.name.as_str()).collect();
        let why = Why::new(format!("publishes {} in its steps", names.join(", ")), span);
        let why = crate::lower::outbox::only_sources(why, model, &events);
        b.grant(&role, &["events:PutEvents"], [bus::arn(&model.buses[bus])], why);
    }
}

/// Starts the workflow with a name made of the event's id, so that the same event delivered twice starts one execution.
fn starter(b: &mut Builder<'_>, workflow: &Workflow) {
    let span = workflow.head.name_span;
    let role = add(
        b,
        &StateMachine {
            id: ids::starter(workflow),
            name: format!("{}-starter", workflow.head.name),
            what: format!("starter of workflow `{}`", workflow.head.name),
            type_: "EXPRESS",
            level: "ERROR",
            span,
        },
    );
    let why = Why::new(format!("starts workflow `{}` once for each id", workflow.head.name), span);
    b.grant(&role, &["states:StartExecution"], [Value::Ref(ids::workflow(workflow))], why);
    let why = Why::new("keeps events that could not start it", span);
    b.grant(&role, &["sqs:SendMessage"], [Value::arn(&ids::starter_dead_letters(workflow))], why);
}

struct StateMachine {
    id: LogicalId,
    name: String,
    what: String,
    type_: &'static str,
    level: &'static str,
    span: Span,
}

fn add(b: &mut Builder<'_>, machine: &StateMachine) -> Role {
    let observability = &b.model.observability;
    let StateMachine { id, name, what, type_, level, span } = machine;
    let suffix = format!("-{name}");
    // Groups with this prefix do not count against the size of the account's one policy for log delivery:
    // https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html
    let group = log_group::Group {
        prefix: "/aws/vendedlogs/states/",
        suffix: &suffix,
        retention: &observability.log_retention,
    };
    let logs = log_group::add(b, id, &group, what, *span);
    let role = b.role(id, what, *span, "states.amazonaws.com", Some(own_account()));
    b.grant(&role, &LOG_DELIVERY, ["*".into()], Why::new("writes its log; these actions cannot be limited", *span));
    if observability.tracing {
        let why = Why::new("X-Ray traces; these actions cannot be limited to a resource", *span);
        b.grant(&role, &TRACING, ["*".into()], why);
    }
    let Some(Machine { file, substitutions, .. }) = b.plan.machines.iter().find(|machine| machine.id == *id).cloned()
    else {
        return role;
    };
    let destination = Value::map([("CloudWatchLogsLogGroup", Value::map([("LogGroupArn", Value::arn(&logs))]))]);
    let logging = Value::map([
        ("Level", (*level).into()),
        ("IncludeExecutionData", observability.log_payloads.into()),
        ("Destinations", Value::list([destination])),
    ]);
    let name = b.name(Kind::StateMachine, "", &suffix, *span);
    let properties = [
        ("Name", name),
        ("Type", (*type_).into()),
        ("DefinitionUri", format!("workflows/{file}.asl.json").into()),
        ("DefinitionSubstitutions", Value::Map(substitutions)),
        ("Role", Value::arn(&role.id)),
        ("Logging", logging),
        ("Tracing", Value::map([("Enabled", observability.tracing.into())])),
    ];
    b.add(id, Resource::new("AWS::Serverless::StateMachine", what, *span, properties));
    role
}

/// Only state machines of this account may use the role. One machine cannot be named: it refers to the role.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html#prevent-cross-service-confused-deputy>
pub(crate) fn own_account() -> Value {
    Value::map([("StringEquals", Value::map([("aws:SourceAccount", Value::pseudo("AWS::AccountId"))]))])
}

/// The ARN of a workflow's state machine, made of its name instead of a reference to it.
pub(crate) fn named(workflow: &Workflow) -> Value {
    text([
        "arn:".into(),
        Part::Parameter("AWS::Partition"),
        ":states:".into(),
        Part::Parameter("AWS::Region"),
        ":".into(),
        Part::Parameter("AWS::AccountId"),
        ":stateMachine:".into(),
        Part::Parameter("ProjectName"),
        "-".into(),
        Part::Parameter("Environment"),
        format!("-{}", workflow.head.name).as_str().into(),
    ])
}

/// The functions that a workflow calls, with the first step and place of each.
pub(crate) fn calls(workflow: &Workflow) -> IndexMap<Id<Function>, (&str, Span)> {
    let mut calls = IndexMap::new();
    workflow.body.walk(&mut |step| {
        for call in step.call().into_iter().chain(&step.undo) {
            if let Some(function) = call.function {
                calls.entry(function).or_insert((step.name.as_str(), call.span));
            }
        }
    });
    calls
}

/// The events that a workflow publishes, by bus, each once.
pub(crate) fn publishes(model: &Model, workflow: &Workflow) -> IndexMap<Id<Bus>, Vec<Spanned<Id<Event>>>> {
    let mut by_bus: IndexMap<Id<Bus>, Vec<Spanned<Id<Event>>>> = IndexMap::new();
    workflow.body.walk(&mut |step| {
        if let StepKind::Publish { event: Some(event), span, .. } = &step.kind {
            let events = by_bus.entry(model.events[*event].bus).or_default();
            if events.iter().all(|known| known.value != *event) {
                events.push(Spanned::new(*event, *span));
            }
        }
    });
    by_bus
}
