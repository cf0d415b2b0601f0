//! State machines: the standard one of each workflow, and the express one that starts it once an event.
//!
//! What they do is in their definitions; here is what they are: names, roles, logs, traces.

#![warn(clippy::wildcard_enum_match_arm, reason = "a kind of anything that is forgotten here must not compile")]

use evc_interface::metric::executions::{ABORTED, FAILED, OUTCOMES, SUCCEEDED, TIMED_OUT};

use super::machine::starts_by_event;
use crate::model::{DeadLetterSource, LogOf, Workflow};
use crate::plan::alarm::{Alarm, EXECUTIONS, Executions, Kind, Metric, Watched, of_log};
use crate::plan::builder::{Builder, Group, Role, Why};
use crate::plan::dead_letters::DeadLetters;
use crate::plan::graph::{Graph, Line};
use crate::plan::names::{Named, of_stack};
use crate::plan::value::{Part, Value, text};
use crate::plan::{LogicalId, Machine, Resource, ids, policy};
use crate::source::Span;
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
        let name = &workflow.head.name;
        standard(b, workflow);
        watch(b, workflow, &ids::workflow(workflow), &format!("workflow `{name}`"));
        show(b, id.index(), workflow);
        if starts_by_event(b.model, id) {
            b.dead_letter(DeadLetters::of(b.model, DeadLetterSource::Workflow(id)));
            starter(b, workflow);
            watch(b, workflow, &ids::starter(workflow), &format!("the starter of workflow `{name}`"));
        }
    }
}

fn show(b: &mut Builder<'_>, at: usize, workflow: &Workflow) {
    let name = &workflow.head.name;
    let arn = || [("StateMachineArn", Value::Ref(ids::workflow(workflow)))];
    for metric in ["ExecutionsStarted", SUCCEEDED, FAILED, TIMED_OUT, ABORTED] {
        let line = Line::new(metric.trim_start_matches("Executions"), "AWS/States", metric, arn());
        b.show(Graph::Workflow(at, name.clone()), line);
    }
    b.show(Graph::WorkflowDuration, Line::new(name, "AWS/States", "ExecutionTime", arn()));
}

/// Alarms on the executions of a machine: the workflow's own, or its starter, which is an express one and has neither outcomes nor anybody
/// who could end its executions.
fn watch(b: &mut Builder<'_>, workflow: &Workflow, machine: &LogicalId, what: &str) {
    let span = workflow.head.name_span;
    let is_starter = *machine != ids::workflow(workflow);
    let outcomes = if is_starter { Vec::new() } else { outcomes(b, workflow) };
    for Executions { kind, metric, suffix, happened, status } in EXECUTIONS {
        if is_starter && kind == Kind::ExecutionAborts {
            continue;
        }
        let less = if kind == Kind::ExecutionFailures { outcomes.clone() } else { Vec::new() };
        let look = if is_starter {
            of_log(b.model, LogOf::Workflow, &ids::of(machine, "logs"), None)
        } else {
            let status = status.map(|(status, _)| Part::Literal(format!(" --status-filter {status}")));
            let list = ["aws stepfunctions list-executions --state-machine-arn ".into(), Part::Ref(machine.clone())];
            list.into_iter().chain(status).collect()
        };
        let metric = Metric::of("AWS/States", metric, ("StateMachineArn", Value::Ref(machine.clone())));
        let happened = format!("Executions of {what} {happened}");
        let alarm = Alarm::new(kind, Watched::StateMachine, ids::of(machine, suffix), happened, metric, span);
        b.alarm(Alarm { less, ..alarm.look(look) });
    }
}

/// How many errors one filter of a log knows: with eight names, a pattern stays below the 1,024 characters that CloudWatch Logs takes.
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html>
const ERRORS_OF_A_FILTER: usize = 8;

/// Counts the executions that end with an outcome. Step Functions has one metric for all that fail; the log has the error's name. The count is
/// nought where executions fail otherwise, so that there is always a number beside theirs.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntaxForMetricFilters.html>
fn outcomes(b: &mut Builder<'_>, workflow: &Workflow) -> Vec<Metric> {
    if workflow.outcomes.is_empty() {
        return Vec::new();
    }
    let (id, name) = (ids::workflow(workflow), &workflow.head.name);
    // Metrics of filters have no dimension of a fixed value: the workflow is in the name.
    let metric = format!("{OUTCOMES}.{name}");
    for (number, errors) in (1..).zip(workflow.outcomes.chunks(ERRORS_OF_A_FILTER)) {
        let errors: Vec<String> = errors.iter().map(|error| format!("$.details.error = \"{}\"", error.value)).collect();
        let pattern = format!("{{ $.type = \"ExecutionFailed\" && ({}) }}", errors.join(" || "));
        let span = workflow.outcomes.first().map_or(workflow.head.name_span, |error| error.span);
        let filter = if number == 1 { "outcomes".to_owned() } else { format!("outcomes{number}") };
        let origin = format!("outcomes of workflow `{name}`");
        b.log_filter(&ids::of(&id, &filter), &ids::of(&id, "logs"), (pattern, &metric), origin, span);
    }
    vec![Metric { namespace: text(of_stack()), name: metric.into(), statistic: "Sum", dimension: None }]
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
    for (function, (step, span)) in workflow.calls() {
        let function = &model.functions[function];
        let why = Why::new(format!("calls `{}` in step `{step}`", function.head.name), span);
        b.grant(&role, &["lambda:InvokeFunction"], [Value::arn(&ids::function(function))], why);
    }
    for (bus, events) in model.published_by(workflow) {
        let span = events.first().map_or(workflow.head.name_span, |event| event.span);
        let names: Vec<&str> = events.iter().map(|event| model.events[event.value].head.name.as_str()).collect();
        let why = Why::new(format!("publishes {} in its steps", names.join(", ")), span);
        b.publish(&role, &model.buses[bus], &events, why);
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
    let group = Group {
        of: LogOf::Workflow,
        prefix: "/aws/vendedlogs/states/",
        suffix: &suffix,
        retention: &observability.log_retention,
    };
    let logs = b.log_group(id, &group, what, *span);
    let role = b.role(id, what, *span, "states.amazonaws.com", Some(policy::own_machine(&suffix)));
    b.grant(&role, &LOG_DELIVERY, ["*".into()], Why::new("writes its log; these actions cannot be limited", *span));
    if observability.tracing {
        let why = Why::new("X-Ray traces; these actions cannot be limited to a resource", *span);
        b.grant(&role, &TRACING, ["*".into()], why);
    }
    let Some(Machine { file, substitutions, definition, .. }) =
        b.plan.machines.iter().find(|machine| machine.id == *id).cloned()
    else {
        return role;
    };
    let destination = Value::map([("CloudWatchLogsLogGroup", Value::map([("LogGroupArn", Value::arn(&logs))]))]);
    let logging = Value::map([
        ("Level", (*level).into()),
        ("IncludeExecutionData", observability.log_payloads.into()),
        ("Destinations", Value::list([destination])),
    ]);
    let tracing = Value::map([("Enabled", observability.tracing.into())]);
    let name = b.name(Named::StateMachine, "", &suffix, *span);
    let resource = if b.model.security.key.is_none() {
        let properties = [
            ("Name", name),
            ("Type", (*type_).into()),
            ("DefinitionUri", format!("workflows/{file}.asl.json").into()),
            ("DefinitionSubstitutions", Value::map(substitutions)),
            ("Role", Value::arn(&role.id)),
            ("Logging", logging),
            ("Tracing", tracing),
        ];
        Resource::new("AWS::Serverless::StateMachine", what, *span, properties)
    } else {
        // SAM has no property for the key. What it would make of its own type is this one, which takes no file of the stack.
        let properties = [
            ("StateMachineName", name),
            ("StateMachineType", (*type_).into()),
            ("DefinitionString", definition.to_string().into()),
            ("DefinitionSubstitutions", Value::map(substitutions)),
            ("RoleArn", Value::arn(&role.id)),
            ("LoggingConfiguration", logging),
            ("TracingConfiguration", tracing),
        ];
        Resource::new("AWS::StepFunctions::StateMachine", what, *span, properties)
    };
    b.add(id, resource);
    role
}
