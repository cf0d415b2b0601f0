//! Filters of mappings and pipes that look for what records of their source do not have: they let nothing through.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html>

use crate::audit::json;
use crate::audit::template::{Entry, Kind, Node, Origin};
use crate::audit::text::{Text, UNKNOWN};
use crate::audit::view::{Named, View};
use crate::diagnostics::{Code, Diagnostic, list, nearest};
use crate::model::{Relation, Thing};
use crate::source::Span;

/// What records have, by their source, and where the data is.
/// <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>, <https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>,
/// <https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html>,
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-filtering.html>
const RECORDS: [(&str, &str, &[&str]); 3] = [
    (
        "AWS::SQS::Queue",
        "body",
        &[
            "messageId",
            "receiptHandle",
            "body",
            "attributes",
            "messageAttributes",
            "md5OfBody",
            "md5OfMessageAttributes",
            "eventSource",
            "eventSourceARN",
            "awsRegion",
        ],
    ),
    (
        "AWS::DynamoDB::Table",
        "dynamodb",
        &[
            "eventID",
            "eventName",
            "eventVersion",
            "eventSource",
            "awsRegion",
            "dynamodb",
            "eventSourceARN",
            "userIdentity",
            "tableName",
        ],
    ),
    (
        "AWS::Kinesis::Stream",
        "data",
        &[
            "data",
            "kinesisSchemaVersion",
            "partitionKey",
            "sequenceNumber",
            "approximateArrivalTimestamp",
            "encryptionType",
            "eventSource",
            "eventVersion",
            "eventID",
            "eventName",
            "invokeIdentityArn",
            "awsRegion",
            "eventSourceARN",
            "kinesis",
        ],
    ),
];

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for mapping in view.of_type("AWS::Lambda::EventSourceMapping") {
        let source = mapping.resource.property("EventSourceArn");
        of_source(view, mapping, source, mapping.resource.property("FilterCriteria"), diagnostics);
    }
    for pipe in view.of_type("AWS::Pipes::Pipe") {
        let criteria = pipe.resource.property("SourceParameters").and_then(|source| source.get("FilterCriteria"));
        of_source(view, pipe, pipe.resource.property("Source"), criteria, diagnostics);
    }
}

fn of_source(
    view: &View<'_>,
    of: Named<'_>,
    source: Option<&Node<'_>>,
    criteria: Option<&Node<'_>>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let Some(source) = source.and_then(|source| view.resource_of(source)) else { return };
    let records = RECORDS.iter().find(|(type_, ..)| *type_ == source.resource.type_.text);
    let Some((_, data, known)) = records.filter(|_| !view.is_settled(&[of])) else { return };
    for written in criteria.and_then(|it| it.get("Filters")).and_then(Node::as_list).into_iter().flatten() {
        let Some(pattern) = written.get("Pattern") else { continue };
        let read = Text::of(pattern).and_then(|text| json::read(&text, view.beside.sources).ok());
        let pattern = match (&pattern.kind, &read) {
            (Kind::Map(_), _) => pattern,
            (_, Some(read)) => read,
            (_, None) => continue,
        };
        if let Some(messages) = messages(view, source) {
            let body = pattern.as_map().and_then(|map| map.get("body")).and_then(Node::as_map);
            let place = written.place.unwrap_or(of.resource.place);
            let wrong = body.into_iter().flat_map(|map| &map.entries).find(|entry| messages.lacks(entry));
            diagnostics.extend(wrong.map(|entry| messages.report(of, source, entry, place)));
        }
        let entries = pattern.as_map().into_iter().flat_map(|map| &map.entries);
        for entry in entries.filter(|entry| !known.contains(&&*entry.key.text)) {
            let name = &*entry.key.text;
            if looks_for_nothing(entry) || name.starts_with(['$', 'F']) || name.contains(UNKNOWN) {
                continue;
            }
            let message =
                format!("the filter of `{}` lets nothing through: records of `{}` have no `{name}`", of.id, source.id);
            let place = entry.key.place.or(written.place).unwrap_or(of.resource.place);
            diagnostics.push(
                Diagnostic::new(Code::EVC1035, place, message)
                    .note(format!("they have {}", list(known)))
                    .help(format!("what was sent is under `{data}`")),
            );
        }
    }
}

/// Whether a filter asks that a field is not there.
fn looks_for_nothing(entry: &Entry<'_>) -> bool {
    entry
        .value
        .as_list()
        .is_some_and(|values| values.iter().any(|value| value.get("exists").and_then(Node::as_bool) == Some(false)))
}

/// The fields of the messages of a queue to which a spec has given a type.
struct Messages<'m>(Vec<&'m str>);

/// What a spec says of the messages of a queue. None if it is not one of a spec, or its messages are no records.
fn messages<'m>(view: &View<'m>, queue: Named<'_>) -> Option<Messages<'m>> {
    let (model, Origin::Derived(of)) = (view.beside.model?, &queue.resource.origin) else { return None };
    let (id, queue) = model.queues.iter().find(|(_, queue)| *of == format!("queue `{}`", queue.head.name))?;
    // What rules bring has a form of its own.
    if model.graph().to(Thing::Queue(id)).any(|edge| edge.relation == Relation::Delivers) {
        return None;
    }
    let fields = model.types.record(queue.message.as_ref()?)?;
    Some(Messages(fields.keys().copied().collect()))
}

impl Messages<'_> {
    /// Whether a filter asks for a field that they do not have.
    fn lacks(&self, entry: &Entry<'_>) -> bool {
        let name = &*entry.key.text;
        !self.0.contains(&name) && !looks_for_nothing(entry) && !name.starts_with('$') && !name.contains(UNKNOWN)
    }

    fn report(&self, of: Named<'_>, queue: Named<'_>, entry: &Entry<'_>, place: Span) -> Diagnostic {
        let name = &*entry.key.text;
        let message =
            format!("the filter of `{}` lets nothing through: messages of `{}` have no `{name}`", of.id, queue.id);
        let diagnostic = Diagnostic::new(Code::EVC1035, entry.key.place.unwrap_or(place), message)
            .note("what no filter matches is deleted from the queue");
        match nearest(name, &self.0) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic.help(format!("they have {}", list(&self.0))),
        }
    }
}
