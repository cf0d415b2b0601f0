//! The CloudWatch dashboard: functions, the API, workflows, rules, tables, queues and dead letters.

use crate::model::{ApiKind, Bus, ChangeEvent, ChangeKind, Changes, Model, Outbox, Rule};
use crate::plan::builder::Builder;
use crate::plan::dead_letters::DeadLetters;
use crate::plan::names::{Kind, of_stack};
use crate::plan::value::{Value, text};
use crate::plan::{LogicalId, Resource, bus, ids};
use crate::spec::bus::BusKind;

/// Lines in one graph: CloudWatch draws at most 500, people can tell fewer apart.
const MAX_LINES: usize = 50;

/// Width and height of a graph on the grid, which is 24 wide.
const WIDTH: usize = 12;
const HEIGHT: usize = 6;

/// Adds the dashboard, unless the spec wants none.
pub(crate) fn lower(b: &mut Builder<'_>) {
    let Some(period) = b.model.observability.dashboard else { return };
    let graphs = graphs(b.model, &b.dead_letters);
    if graphs.is_empty() {
        return;
    }
    let widgets = graphs.into_iter().enumerate().map(|(at, graph)| widget(at, graph, period.seconds));
    let body = Value::map([("widgets", Value::list(widgets))]);
    let span = b.model.service.span;
    let name = b.name(Kind::Dashboard, "", "", span);
    let properties = [("DashboardName", name), ("DashboardBody", Value::Json(Box::new(body)))];
    let origin = format!("dashboard of service `{}`", b.model.service.value);
    b.add(&ids::dashboard(), Resource::new("AWS::CloudWatch::Dashboard", origin, span, properties));
}

/// A graph: its title, its statistic, its lines.
struct Graph {
    title: String,
    statistic: &'static str,
    lines: Vec<Line>,
}

/// A line: namespace, metric and dimensions, and what the legend says.
struct Line {
    metric: Vec<Value>,
    label: String,
}

impl Line {
    fn new(
        label: &str,
        namespace: &str,
        metric: &str,
        dimensions: impl IntoIterator<Item = (&'static str, Value)>,
    ) -> Self {
        let dimensions = dimensions.into_iter().flat_map(|(name, value)| [name.into(), value]);
        Self {
            metric: [namespace.into(), metric.into()].into_iter().chain(dimensions).collect(),
            label: label.to_owned(),
        }
    }
}

fn widget(at: usize, graph: Graph, period: u64) -> Value {
    let line =
        |line: Line| Value::List(line.metric.into_iter().chain([Value::map([("label", line.label.into())])]).collect());
    let grid = |number: usize| Value::count(number as u64);
    let properties = Value::map([
        ("title", graph.title.into()),
        ("region", Value::pseudo("AWS::Region")),
        ("view", "timeSeries".into()),
        ("stat", graph.statistic.into()),
        ("period", Value::count(period)),
        ("metrics", Value::list(graph.lines.into_iter().map(line))),
    ]);
    Value::map([
        ("type", "metric".into()),
        ("x", grid(at % 2 * WIDTH)),
        ("y", grid(at / 2 * HEIGHT)),
        ("width", grid(WIDTH)),
        ("height", grid(HEIGHT)),
        ("properties", properties),
    ])
}

fn graphs(model: &Model, dead_letters: &[DeadLetters]) -> Vec<Graph> {
    let mut graphs = Vec::new();
    let mut add = |title: &str, statistic, lines: Vec<Line>| {
        let mut lines = lines.into_iter().peekable();
        while lines.peek().is_some() {
            graphs.push(Graph { title: title.to_owned(), statistic, lines: lines.by_ref().take(MAX_LINES).collect() });
        }
    };
    add("API requests and errors", "Sum", api(model, &["Count", "4xx", "5xx"]));
    add("API latency, p99, ms", "p99", api(model, &["Latency"]));
    for (title, metric, statistic) in [
        ("Function invocations", "Invocations", "Sum"),
        ("Function errors", "Errors", "Sum"),
        ("Function throttles", "Throttles", "Sum"),
        ("Function duration, p99, ms", "Duration", "p99"),
    ] {
        add(title, statistic, functions(model, metric));
    }
    let on_step_functions = || model.workflows.values().filter(|workflow| workflow.redis().is_none());
    for workflow in on_step_functions() {
        let arn = || [("StateMachineArn", Value::Ref(ids::workflow(workflow)))];
        let metrics = ["ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsTimedOut"];
        let lines =
            metrics.map(|metric| Line::new(metric.trim_start_matches("Executions"), "AWS/States", metric, arn()));
        add(&format!("Workflow {}", workflow.head.name), "Sum", lines.into());
    }
    let times = on_step_functions().map(|workflow| {
        let arn = [("StateMachineArn", Value::Ref(ids::workflow(workflow)))];
        Line::new(&workflow.head.name, "AWS/States", "ExecutionTime", arn)
    });
    add("Workflow duration, p99, ms", "p99", times.collect());
    add("Rule matches", "Sum", rules(model, "TriggeredRules"));
    add("Rule deliveries that failed", "Sum", rules(model, "FailedInvocations"));
    for (title, metric) in [
        ("Table reads, units", "ConsumedReadCapacityUnits"),
        ("Table writes, units", "ConsumedWriteCapacityUnits"),
        ("Table reads throttled", "ReadThrottleEvents"),
        ("Table writes throttled", "WriteThrottleEvents"),
    ] {
        add(title, "Sum", tables(model, metric));
    }
    let delays = model.outboxes.values().filter(|outbox| outbox.has_function()).map(|outbox| {
        let function = [("FunctionName", Value::Ref(ids::forwarder(outbox)))];
        Line::new(&outbox.head.name, "AWS/Lambda", "IteratorAge", function)
    });
    add("Outbox delay, ms", "Maximum", delays.collect());
    add("Pipe executions that failed", "Sum", pipes(model, "ExecutionFailed"));
    let queue = |label: &str, id: LogicalId, metric| {
        Line::new(label, "AWS/SQS", metric, [("QueueName", Value::Attribute(id, "QueueName"))])
    };
    let queues = |metric| {
        let declared = model.queues.values().map(move |it| queue(&it.head.name, ids::queue(it), metric));
        let work = model
            .workers()
            .map(move |(_, it)| queue(&format!("work of {}", it.head.name), ids::task_queue(it), metric));
        let of_engine = model.work_transport().map(|_| queue(ids::ENGINE, ids::engine_queue(), metric));
        declared.chain(work).chain(of_engine).collect()
    };
    add("Queue messages", "Maximum", queues("ApproximateNumberOfMessagesVisible"));
    add("Queue delay, s", "Maximum", queues("ApproximateAgeOfOldestMessage"));
    let dead = dead_letters
        .iter()
        .map(|dead| queue(&dead.of.replace('`', ""), dead.id.clone(), "ApproximateNumberOfMessagesVisible"));
    add("Dead letters", "Maximum", dead.collect());
    graphs
}

/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html>
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html>
fn api(model: &Model, metrics: &[&str]) -> Vec<Line> {
    let several = model.apis.len() > 1;
    let lines = model.apis.values().flat_map(|api| {
        metrics.iter().map(move |metric| {
            let label = if several { format!("{} {metric}", api.head.name) } else { (*metric).to_owned() };
            match api.kind {
                ApiKind::Http => Line::new(&label, "AWS/ApiGateway", metric, [("ApiId", Value::Ref(ids::api(api)))]),
                // REST APIs are told apart by their names, and call their errors otherwise.
                ApiKind::Rest => {
                    let metric = metric.replace("xx", "XXError");
                    let name = text(of_stack().into_iter().chain([ids::api_suffix(api).as_str().into()]));
                    Line::new(&label, "AWS/ApiGateway", &metric, [("ApiName", name)])
                }
            }
        })
    });
    lines.collect()
}

fn functions(model: &Model, metric: &str) -> Vec<Line> {
    let line = |name: &str, id| Line::new(name, "AWS/Lambda", metric, [("FunctionName", Value::Ref(id))]);
    let functions = model.functions.values().map(|function| line(&function.head.name, ids::function(function)));
    let forwarders = model
        .outboxes
        .values()
        .filter(|outbox| outbox.has_function())
        .map(|outbox| line(&format!("{} forwarder", outbox.head.name), ids::forwarder(outbox)));
    let engine = model.work_transport().map(|_| line(ids::ENGINE, ids::engine()));
    functions.chain(forwarders).chain(engine).collect()
}

fn pipes(model: &Model, metric: &str) -> Vec<Line> {
    let of_outbox = |outbox: &Outbox| {
        let line = |(kind, number, change): (ChangeKind, usize, &ChangeEvent)| {
            let name = [("PipeName", Value::Ref(ids::pipe(outbox, kind, number)))];
            Line::new(&model.events[change.event.value].head.name, "AWS/EventBridge/Pipes", metric, name)
        };
        let changes = outbox.changes.iter().filter(|_| outbox.has_pipes());
        changes.flat_map(Changes::numbered).map(line).collect::<Vec<Line>>()
    };
    model.outboxes.values().flat_map(of_outbox).collect()
}

/// The metrics of rules are by the name of the rule, and on other buses than the default one by that of the bus as well.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html>
fn rules(model: &Model, metric: &str) -> Vec<Line> {
    let line = |rule: &Rule| {
        let on: &Bus = &model.buses[rule.bus];
        let arn = Value::arn(&ids::rule(rule));
        // `arn:...:rule/NAME` on the default bus, `arn:...:rule/BUS/NAME` on others.
        let default = on.kind == BusKind::Default;
        let name = Value::Piece(if default { 1 } else { 2 }, "/", Box::new(arn));
        let bus = (!default).then(|| ("EventBusName", bus::name(on)));
        Line::new(&rule.head.name, "AWS/Events", metric, bus.into_iter().chain([("RuleName", name)]))
    };
    model.rules.values().map(line).collect()
}

fn tables(model: &Model, metric: &str) -> Vec<Line> {
    let line = |name: &str, id| Line::new(name, "AWS/DynamoDB", metric, [("TableName", Value::Ref(id))]);
    let tables = model.tables.values().map(|table| line(&table.head.name, ids::table(table)));
    let own = model.outboxes.values().filter(|outbox| outbox.changes.is_none());
    let outboxes = own.map(|outbox| line(&outbox.head.name, ids::outbox(outbox)));
    tables.chain(outboxes).collect()
}
