//! Forwarders: the function that reads the stream of an outbox and publishes its events.

use indexmap::IndexMap;

use evc_interface::{environment, metric};

use crate::model::{Bus, DeadLetterSource, Id, Outbox};
use crate::plan::alarm::{Alarm, Kind, Metric, Watched, errors_of_log};
use crate::plan::builder::{Builder, Lambda, Role};
use crate::plan::dead_letters::DeadLetters;
use crate::plan::graph::{Graph, Line};
use crate::plan::names::of_stack;
use crate::plan::value::{Value, text};
use crate::plan::variables::purposes;
use crate::plan::{Handler, HandlerKind, LogicalId, Resource, bus, ids, stream};

/// How long the forwarder may take for a batch, in seconds: 1,000 events are a hundred calls of `PutEvents`.
const TIMEOUT: i64 = 60;

/// Memory of the forwarder in MB: a batch of 1,000 records of 256 KB at most is read in parts of 6 MB.
const MEMORY: i64 = 256;

/// The function that reads the records of a stream that pass one of the filters, with all that it needs.
pub(crate) fn add(
    b: &mut Builder<'_>,
    id: Id<Outbox>,
    outbox: &Outbox,
    bus: &Bus,
    filters: impl IntoIterator<Item = Value>,
) {
    let dead = b.dead_letter(DeadLetters::of(b.model, DeadLetterSource::Outbox(id)));
    let role = forwarder(b, id, outbox, bus, &dead);
    let function = ids::forwarder(outbox);
    b.forward(&role, outbox, bus, &dead);
    mapping(b, &function, outbox, filters, &dead);
    b.show_function(&format!("{} forwarder", outbox.head.name), &function, 1);
    let name = [("FunctionName", Value::Ref(function.clone()))];
    b.show(Graph::OutboxDelay, Line::new(&outbox.head.name, "AWS/Lambda", "IteratorAge", name));
    for (graph, metric, label) in [
        (Graph::OutboxEvents, metric::forwarder::FORWARDED, "forwarded"),
        (Graph::OutboxEvents, metric::forwarder::RETRIED, "sent again"),
        (Graph::OutboxEvents, metric::forwarder::FAILED, "given back"),
        (Graph::OutboxEvents, metric::forwarder::DEAD, "dead"),
        (Graph::OutboxLag, metric::forwarder::LAG, "lag"),
    ] {
        let own = (metric::forwarder::DIMENSION, format!("{}-forwarder", outbox.head.name).into());
        b.show(graph, Line::of_stack(&format!("{} {label}", outbox.head.name), metric, own));
    }
    for alarm in alarms(outbox, &function) {
        b.alarm(alarm);
    }
}

/// A forwarder that failed, that is late, or that gave events back.
fn alarms(outbox: &Outbox, id: &LogicalId) -> [Alarm; 3] {
    let (name, span) = (&outbox.head.name, outbox.head.name_span);
    let happened = format!("The forwarder of outbox `{name}` failed");
    let errors = Alarm::errors(Kind::ForwarderErrors, Watched::Forwarder, id, happened, span);
    let function = ("FunctionName", Value::Ref(id.clone()));
    let age = Metric::of("AWS/Lambda", "IteratorAge", function).by("Maximum");
    let happened = format!("Events wait in outbox `{name}`");
    let delay = Alarm::new(Kind::OutboxDelay, Watched::Forwarder, ids::of(id, "delay"), happened, age, span);
    // Batches that fail in part are no errors of the function.
    let own = (metric::forwarder::DIMENSION, format!("{name}-forwarder").into());
    let given_back = Metric::of(text(of_stack()), metric::forwarder::FAILED, own);
    let happened = format!("The forwarder of outbox `{name}` gave events back to the stream");
    let of = ids::of(id, "failures");
    let failures = Alarm::new(Kind::ForwarderFailures, Watched::Forwarder, of, happened, given_back, span);
    [errors, delay.look(errors_of_log(id)), failures.look(errors_of_log(id))]
}

fn forwarder(b: &mut Builder<'_>, id: Id<Outbox>, outbox: &Outbox, bus: &Bus, dead: &LogicalId) -> Role {
    let variables = IndexMap::from([
        (environment::METRICS_NAMESPACE.to_owned(), (text(of_stack()), "the namespace of its metrics".to_owned())),
        (environment::EVENT_BUS.to_owned(), (bus::name(bus), "the bus that events are put on".to_owned())),
        (
            environment::DEAD_LETTERS.to_owned(),
            (Value::Ref(dead.clone()), "the queue for events that can never be published".to_owned()),
        ),
    ]);
    let binary = ids::forwarder_binary(b.model, outbox);
    b.plan.handlers.push(Handler {
        binary: binary.clone(),
        kind: HandlerKind::Forwarder(id),
        environment: purposes(&variables),
    });
    b.lambda(Lambda {
        id: ids::forwarder(outbox),
        name: format!("{}-forwarder", outbox.head.name),
        principal: format!("forwarder of outbox `{}`", outbox.head.name),
        description: Some(format!("Publishes the events of outbox {}", outbox.head.name).into()),
        binary,
        memory: Value::Integer(MEMORY),
        timeout: Value::Integer(TIMEOUT),
        concurrency: None,
        variables,
        cache: None,
        group: None,
        span: outbox.head.name_span,
    })
}

/// Brings records that pass one of the filters to the forwarder, in order. The others are filtered out, and cost nothing: deletions
/// by TTL are among them.
fn mapping(
    b: &mut Builder<'_>,
    function: &LogicalId,
    outbox: &Outbox,
    filters: impl IntoIterator<Item = Value>,
    dead: &LogicalId,
) {
    let filters = filters.into_iter().map(|filter| Value::map([("Pattern", Value::Json(Box::new(filter)))]));
    let failed = Value::map([("Destination", Value::arn(dead))]);
    let properties = [
        ("FunctionName", Value::Ref(function.clone())),
        ("EventSourceArn", stream::of(b.model, outbox)),
        ("StartingPosition", "TRIM_HORIZON".into()),
        ("BatchSize", Value::count(outbox.batch_size)),
        ("ParallelizationFactor", Value::count(outbox.parallel)),
        ("FilterCriteria", Value::map([("Filters", Value::list(filters))])),
        ("FunctionResponseTypes", Value::list(["ReportBatchItemFailures".into()])),
        ("BisectBatchOnFunctionError", true.into()),
        ("MaximumRetryAttempts", Value::count(outbox.attempts)),
        ("MaximumRecordAgeInSeconds", Value::Integer(stream::MAX_AGE_SECONDS)),
        ("DestinationConfig", Value::map([("OnFailure", failed)])),
    ];
    let origin = format!("stream of outbox `{}`", outbox.head.name);
    let resource = Resource::new("AWS::Lambda::EventSourceMapping", origin, outbox.head.name_span, properties);
    b.add(&ids::of(function, "mapping"), resource);
}
