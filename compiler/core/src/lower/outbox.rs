//! Outboxes: a table of events waiting to be published, or the table whose changes they are, and what reads its stream and
//! publishes them.

use indexmap::IndexMap;

use super::lambda::{self, Lambda};
use super::{bus, changes, pipe, table};
use crate::model::{Bus, DeadLetterSource, Event, Id, Model, Outbox};
use crate::plan::builder::{Builder, Role, Why};
use crate::plan::ids;
use crate::plan::value::{Part, Value, text};
use crate::plan::{Handler, HandlerKind, LogicalId, Resource};
use crate::source::Spanned;
use crate::spec::outbox::Forwarder;

/// The attributes of an outbox's key, and the one that says when a row expires; the runtime writes them.
const KEY: [&str; 2] = ["aggregate", "eventId"];
const TTL: &str = "ttl";

/// How long the forwarder may take for a batch, in seconds: 1,000 events are a hundred calls of `PutEvents`.
const TIMEOUT: i64 = 60;

/// Memory of the forwarder in MB: a batch of 1,000 records of 256 KB at most is read in parts of 6 MB.
const MEMORY: i64 = 256;

/// How old a record may become before the forwarder gives up on it: as old as a stream keeps it.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html>
pub(super) const MAX_AGE_SECONDS: i64 = 86_400;

/// Adds the table, the forwarder and what connects them.
pub(super) fn lower(b: &mut Builder<'_>) {
    for (id, outbox) in b.model.outboxes.iter() {
        if outbox.changes.is_none() {
            add_table(b, &ids::outbox(outbox), outbox);
        }
        let Some(bus) = bus_of(b.model, outbox) else { continue };
        match &outbox.changes {
            None => {
                let inserted = Value::map([("eventName", Value::list(["INSERT".into()]))]);
                add_forwarder(b, id, outbox, bus, [inserted]);
            }
            Some(changes) if changes.forwarder == Forwarder::Pipe => pipe::add(b, id, outbox, changes, bus),
            Some(changes) => {
                let filters = changes::filters(b.model, changes);
                add_forwarder(b, id, outbox, bus, filters);
            }
        }
    }
}

/// The bus that the events of an outbox travel on; none if it publishes nothing.
pub(super) fn bus_of<'m>(model: &'m Model, outbox: &Outbox) -> Option<&'m Bus> {
    outbox.publishes.first().map(|event| &model.buses[model.events[event.value].bus])
}

/// The condition that only events from their declared sources are published. `events:source` has a value for each entry of a
/// `PutEvents` call, hence `ForAllValues`; no entry is without one.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html>
pub(super) fn only_sources(why: Why, model: &Model, events: &[Spanned<Id<Event>>]) -> Why {
    let mut sources: Vec<&str> = events.iter().map(|event| model.events[event.value].source.as_str()).collect();
    sources.sort_unstable();
    sources.dedup();
    why.only_if("ForAllValues:StringEquals", "events:source", Value::list(sources.into_iter().map(Value::from)))
}

fn add_table(b: &mut Builder<'_>, id: &LogicalId, outbox: &Outbox) {
    let removal = table::removal(b, &outbox.removal);
    let protection = b.shared_setting("DeletionProtection", &outbox.deletion_protection, |on| (*on).into());
    let recovery = b.shared_setting("PointInTimeRecovery", &outbox.point_in_time_recovery, |on| (*on).into());
    let properties = [
        ("BillingMode", "PAY_PER_REQUEST".into()),
        ("AttributeDefinitions", Value::list(KEY.map(|name| table::attribute(name, "S")))),
        ("KeySchema", table::key_schema(KEY.into_iter())),
        ("TimeToLiveSpecification", table::ttl_of(TTL)),
        ("StreamSpecification", Value::map([("StreamViewType", "NEW_IMAGE".into())])),
        ("SSESpecification", Value::map([("SSEEnabled", true.into())])),
        ("PointInTimeRecoverySpecification", Value::map([("PointInTimeRecoveryEnabled", recovery)])),
        ("DeletionProtectionEnabled", protection),
    ];
    let origin = format!("outbox `{}`", outbox.head.name);
    b.add(id, Resource::new("AWS::DynamoDB::Table", origin, outbox.head.name_span, properties).removal(removal));
}

/// The function that reads the records of a stream that pass one of the filters, with all that it needs.
fn add_forwarder(
    b: &mut Builder<'_>,
    id: Id<Outbox>,
    outbox: &Outbox,
    bus: &Bus,
    filters: impl IntoIterator<Item = Value>,
) {
    let dead = ids::dead_letters(b.model, DeadLetterSource::Outbox(id));
    let role = forwarder(b, id, outbox, bus, &dead);
    let function = ids::forwarder(outbox);
    grants(b, &role, outbox, bus, &dead);
    mapping(b, &function, outbox, filters, &dead);
}

fn forwarder(b: &mut Builder<'_>, id: Id<Outbox>, outbox: &Outbox, bus: &Bus, dead: &LogicalId) -> Role {
    let project = [Part::Parameter("ProjectName"), "-".into(), Part::Parameter("Environment")];
    let variables = IndexMap::from([
        (ids::METRICS_VARIABLE.to_owned(), (text(project), "the namespace of its metrics".to_owned())),
        (ids::FORWARDER_BUS_VARIABLE.to_owned(), (bus::name(bus), "the bus that events are put on".to_owned())),
        (
            ids::DEAD_LETTERS_VARIABLE.to_owned(),
            (Value::Ref(dead.clone()), "the queue for events that can never be published".to_owned()),
        ),
    ]);
    let binary = ids::forwarder_binary(b.model, outbox);
    b.plan.handlers.push(Handler {
        binary: binary.clone(),
        kind: HandlerKind::Forwarder(id),
        environment: lambda::purposes(&variables),
    });
    lambda::add(
        b,
        Lambda {
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
            span: outbox.head.name_span,
        },
    )
}

/// The stream that an outbox reads: that of its own table, or of the table whose changes are its events.
pub(super) fn stream(model: &Model, outbox: &Outbox) -> Value {
    Value::Attribute(ids::outbox_source(model, outbox), "StreamArn")
}

/// Lets a forwarder read its stream, put events of its sources on the bus, and keep what it cannot.
pub(super) fn grants(b: &mut Builder<'_>, role: &Role, outbox: &Outbox, bus: &Bus, dead: &LogicalId) {
    let span = outbox.head.name_span;
    let stream = stream(b.model, outbox);
    let actions = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"];
    b.grant(role, &actions, [stream], Why::new("reads the outbox's stream", span));
    let why = Why::new("reads the outbox's stream; this action cannot be limited to one", span);
    b.grant(role, &["dynamodb:ListStreams"], ["*".into()], why);
    let publishes = outbox.publishes.first().map_or(span, |event| event.span);
    let reason = if outbox.changes.is_some() { "the events of `changes-of`" } else { "`publishes` of the outbox" };
    let why = only_sources(Why::new(reason, publishes), b.model, &outbox.publishes);
    b.grant(role, &["events:PutEvents"], [bus::arn(bus)], why);
    let why = Why::new("keeps what can never be published", span);
    b.grant(role, &["sqs:SendMessage"], [Value::arn(dead)], why);
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
        ("EventSourceArn", stream(b.model, outbox)),
        ("StartingPosition", "TRIM_HORIZON".into()),
        ("BatchSize", Value::count(outbox.batch_size)),
        ("ParallelizationFactor", Value::count(outbox.parallel)),
        ("FilterCriteria", Value::map([("Filters", Value::list(filters))])),
        ("FunctionResponseTypes", Value::list(["ReportBatchItemFailures".into()])),
        ("BisectBatchOnFunctionError", true.into()),
        ("MaximumRetryAttempts", Value::count(outbox.attempts)),
        ("MaximumRecordAgeInSeconds", Value::Integer(MAX_AGE_SECONDS)),
        ("DestinationConfig", Value::map([("OnFailure", failed)])),
    ];
    let origin = format!("stream of outbox `{}`", outbox.head.name);
    let resource = Resource::new("AWS::Lambda::EventSourceMapping", origin, outbox.head.name_span, properties);
    b.add(&ids::of(function, "mapping"), resource);
}
