//! What rules say of `metadata`, the field that publishers of evc add to the detail of events: it is judged by itself, for no event
//! declares it.

use evc_interface::event::{AGGREGATE, EVENT_ID, METADATA, OCCURRED_AT, SEQUENCE, TRACE};
use indexmap::IndexMap;

use super::{Event, Model, aws};
use crate::diagnostics::Diagnostic;
use crate::pattern::{self, Constraint, Object, Pattern};
use crate::source::Span;
use crate::types::{Field, Kind, Range, Record, Type};

/// The pattern of a detail without what it says of `metadata`; whether it says something, of which what is wrong is reported.
pub(super) fn apart<'m>(
    model: &Model,
    detail: Pattern,
    events: impl Iterator<Item = &'m Event>,
    diagnostics: &mut Vec<Diagnostic>,
) -> (Pattern, bool) {
    let has_it = |event: &Event| {
        aws::is_source(&event.source)
            || model.types.record(&event.detail).is_none_or(|fields| fields.contains_key(METADATA))
    };
    let (without, said) = detail.split(METADATA);
    if said.is_empty() || events.into_iter().any(has_it) {
        return (detail, false);
    }
    let span = detail.root.span;
    for field in said {
        let alone = Pattern { root: Object { fields: vec![field], or: Vec::new(), span } };
        diagnostics.extend(pattern::check(&alone, &model.types, &with_metadata(span)));
    }
    (without, true)
}

/// The same of a whole pattern, which says it under `detail`.
pub fn judged_apart<'m>(
    model: &Model,
    mut whole: Pattern,
    events: impl Iterator<Item = &'m Event>,
    diagnostics: &mut Vec<Diagnostic>,
) -> (Pattern, bool) {
    let field = whole.root.fields.iter_mut().find(|field| field.name.value == "detail");
    let Some(Constraint::Object(detail)) = field.map(|field| &mut field.constraint) else { return (whole, false) };
    let (without, said) = apart(model, Pattern { root: detail.clone() }, events, diagnostics);
    *detail = without.root;
    (whole, said)
}

/// A detail of which no more is known than its `metadata`.
fn with_metadata(span: Span) -> Type {
    let of = |kind: Kind| Type { kind, span };
    let record = |fields: Vec<(&str, Kind)>| {
        let field =
            |(name, kind): (&str, Kind)| (name.to_owned(), Field { ty: of(kind), optional: true, name_span: span });
        let fields: IndexMap<String, Field> = fields.into_iter().map(field).collect();
        Kind::Record(Record { extends: None, exact: false, fields })
    };
    let text = || Kind::String(Range::default());
    // A place is a number, or the digits of a table's stream.
    let metadata = vec![
        (EVENT_ID, text()),
        (AGGREGATE, text()),
        (SEQUENCE, Kind::Any),
        (OCCURRED_AT, Kind::Timestamp),
        (TRACE, text()),
    ];
    of(record(vec![(METADATA, record(metadata))]))
}
