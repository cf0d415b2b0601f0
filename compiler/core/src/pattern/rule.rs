//! From events to patterns: the envelope an event arrives in, and the pattern that picks declared events.

use indexmap::IndexMap;

use super::ast::{Constraint, Field, Match, MatchKind, Object, Pattern};
use crate::source::{Span, Spanned};
use crate::types::{Field as TypeField, Kind, Range, Record, Type};

/// The fields of an event as EventBridge delivers it.
/// <https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html>
pub const ENVELOPE_FIELDS: &[&str] =
    &["version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"];

/// How many digits the id of an account has.
const ACCOUNT: u64 = 12;

/// The type of an event in its envelope. With `source` and `detail_type` it is that of one declared event, whose values those
/// fields have; without, of any event with this detail. `span` is where the event is declared.
pub fn envelope(source: Option<&str>, detail_type: Option<&str>, detail: &Type, span: Span) -> Type {
    let text = || Type { kind: Kind::String(Range::default()), span };
    let known = |value: Option<&str>| {
        value.map_or_else(text, |value| Type { kind: Kind::Enum(vec![Spanned::new(value.to_owned(), span)]), span })
    };
    let fields: IndexMap<String, TypeField> = ENVELOPE_FIELDS
        .iter()
        .map(|name| {
            let ty = match *name {
                "source" => known(source),
                "detail-type" => known(detail_type),
                "time" => Type { kind: Kind::Timestamp, span },
                "resources" => Type { kind: Kind::List(Box::new(text()), Range::default()), span },
                "detail" => detail.clone(),
                // It has been this ever since, whatever the event.
                "version" => known(Some("0")),
                "account" => Type { kind: Kind::String(Range { min: Some(ACCOUNT), max: Some(ACCOUNT) }), span },
                _ => text(),
            };
            ((*name).to_owned(), TypeField { ty, optional: false, name_span: span })
        })
        .collect();
    let mut fields = fields;
    let replayed = TypeField { ty: text(), optional: true, name_span: span };
    fields.insert(REPLAY_NAME.to_owned(), replayed);
    Type { kind: Kind::Record(Record { extends: None, exact: false, fields }), span }
}

/// The field that tells of an event that an archive gave again which replay it comes of; other events have none.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-replay-archived-event.html>
const REPLAY_NAME: &str = "replay-name";

/// The pattern that picks these events, each a source and a detail-type, whose details match `filter`. `span` is where the
/// rule names them. If the sources and detail-types do not all go with one another, the pairs stand in a `$or`, so that no other
/// event is picked.
pub fn for_events(events: &[(&str, &str)], filter: Option<&Pattern>, span: Span) -> Pattern {
    let mut sources: Vec<&str> = Vec::new();
    let mut detail_types: Vec<&str> = Vec::new();
    for (source, detail_type) in events {
        if !sources.contains(source) {
            sources.push(source);
        }
        if !detail_types.contains(detail_type) {
            detail_types.push(detail_type);
        }
    }
    let every_pair = sources.iter().all(|source| detail_types.iter().all(|ty| events.contains(&(source, ty))));
    let mut root = if every_pair {
        pair(&sources, &detail_types, span)
    } else {
        let or = sources
            .iter()
            .map(|source| {
                let own: Vec<&str> = events.iter().filter(|(from, _)| from == source).map(|(_, ty)| *ty).collect();
                pair(&[source], &own, span)
            })
            .collect();
        Object { fields: Vec::new(), or, span }
    };
    if let Some(filter) = filter {
        let name = Spanned::new("detail".to_owned(), filter.root.span);
        root.fields.push(Field { name, constraint: Constraint::Object(filter.root.clone()) });
    }
    Pattern { root }
}

fn pair(sources: &[&str], detail_types: &[&str], span: Span) -> Object {
    let field = |name: &str, values: &[&str]| Field {
        name: Spanned::new(name.to_owned(), span),
        constraint: Constraint::AnyOf(
            values.iter().map(|value| Match { kind: MatchKind::Text((*value).to_owned()), span }).collect(),
        ),
    };
    Object { fields: vec![field("source", sources), field("detail-type", detail_types)], or: Vec::new(), span }
}
