//! Times of expiry: DynamoDB reads the attribute as seconds since 1970, and deletes nothing by a time of another unit.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-before-you-start.html>: what expired more than
//! five years ago is left alone, so that a number of seconds, of days or of writes is no time; and milliseconds are a time in the year 50000.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Integration, Mapping, MappingValue, Model, Table};
use crate::source::Span;
use crate::spec::scalar::Name;
use crate::types::{Kind, Type};

/// 2020-01-01, in seconds since 1970: five years before there was evc.
const TOO_OLD: i64 = 1_577_836_800;

/// 1973 in milliseconds, and the year 5138 in seconds.
const TOO_NEW: i64 = 100_000_000_000;

/// The five years after which nothing is deleted.
const LEFT_ALONE: &str = "DynamoDB deletes nothing by a time that is more than five years past";

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for table in model.tables.values() {
        diagnostics.extend(table.ttl.as_ref().and_then(|ttl| of_item(model, table, ttl)));
    }
    for (api, route) in model.routes() {
        let Integration::Table(to) = &route.integration else { continue };
        let Some(ttl) = &model.tables[to.table].ttl else { continue };
        let given = to.mappings().filter(|mapping| mapping.attribute == ttl.value);
        for diagnostic in given.filter_map(|mapping| of_mapping(model, ttl, mapping)) {
            let diagnostic = diagnostic.secondary(ttl.span, "items expire by it");
            diagnostics.push(if api.declared { diagnostic.on(format!("apis.{}", api.head.name)) } else { diagnostic });
        }
    }
}

/// Why no number of a type is a time of expiry, and what to do about it.
fn no_time(model: &Model, ty: &Type) -> Option<(&'static str, &'static str)> {
    let Kind::Integer(range) = &model.types.resolve(ty).kind else { return None };
    if range.max.is_some_and(|most| most < TOO_OLD) {
        return Some((LEFT_ALONE, "store when the item expires, not how long it is kept: seconds since 1970"));
    }
    let millis = "milliseconds since 1970 are a time in the year 50000 as seconds, and nothing is ever deleted";
    range.min.is_some_and(|least| least > TOO_NEW).then_some((millis, "divide by 1000"))
}

fn of_item(model: &Model, table: &Table, ttl: &Name) -> Option<Diagnostic> {
    let fields = model.types.record(&table.item)?;
    let field = fields.get(ttl.value.as_str())?;
    let is_version = table.version.as_ref().is_some_and(|version| version.value == ttl.value);
    let (note, help) = no_time(model, &field.ty).filter(|_| !is_version)?;
    let message = format!("`{}` is never a time of expiry, which is in seconds since 1970", ttl.value);
    Some(
        Diagnostic::new(Code::EVC0643, ttl.span, message)
            .secondary(field.ty.span, "by its bounds")
            .note(note)
            .help(help),
    )
}

fn of_mapping(model: &Model, ttl: &Name, mapping: &Mapping) -> Option<Diagnostic> {
    let not_this = |at: Span, what: &str| {
        let message = format!("`{}` is when an item expires, in seconds since 1970, and {what}", ttl.value);
        Diagnostic::new(Code::EVC0627, at, message)
    };
    match &mapping.value {
        MappingValue::RequestTime => Some(
            not_this(mapping.span, "`request.time` is in milliseconds")
                .note("as seconds, that is a time in the year 50000, and nothing is ever deleted")
                .help("let a function write the item, which knows the time in seconds and adds how long it is kept"),
        ),
        MappingValue::Literal(_) | MappingValue::Body(_) => {
            let (note, help) = no_time(model, &mapping.ty)?;
            let what = if matches!(mapping.value, MappingValue::Body(_)) {
                "what it is given never is"
            } else {
                "this is none"
            };
            Some(not_this(mapping.span, what).note(note).help(help))
        }
        MappingValue::Path(_)
        | MappingValue::Query(_)
        | MappingValue::Header(_)
        | MappingValue::RequestId
        | MappingValue::Caller(_) => None,
    }
}
