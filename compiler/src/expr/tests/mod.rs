//! Tests over the whole of this module. `cases.txt` is the table of expressions with what the compiler makes of them; add one there.

mod cases;
mod engines;

use indexmap::IndexMap;

use super::{Defined, Root, Scope};
use crate::source::{FileId, SourceMap, Span, Spanned};
use crate::types::{Field, Kind, Range, Record, Type, Types};

/// A file for spans of things that are declared.
pub(super) fn elsewhere() -> Span {
    Span::new(file("declared").1, 0..0)
}

/// A file with this text.
pub(super) fn file(text: &str) -> (SourceMap, FileId) {
    let mut map = SourceMap::default();
    let id = map.add("case.yaml", text);
    (map, id)
}

fn ty(kind: Kind) -> Type {
    Type { kind, span: elsewhere() }
}

fn named(name: &str) -> Type {
    ty(Kind::Named(name.to_owned()))
}

fn list(item: Type) -> Type {
    ty(Kind::List(Box::new(item), Range::default()))
}

fn text() -> Type {
    ty(Kind::String(Range::default()))
}

fn record<const N: usize>(fields: [(&str, Type); N]) -> Type {
    let field = |(name, ty): (&str, Type)| {
        let (name, optional) = name.strip_suffix('?').map_or((name, false), |name| (name, true));
        (name.to_owned(), Field { ty, optional, name_span: elsewhere() })
    };
    ty(Kind::Record(Record { extends: None, fields: fields.map(field).into_iter().collect() }))
}

/// The types of the cases; `cases.txt` shows them in the spec language.
pub(super) fn types() -> Types {
    let integer = || ty(Kind::Integer(Range::default()));
    let money = || ty(Kind::Money(Range::default()));
    let literal = |text: &str| Spanned::new(text.to_owned(), elsewhere());
    let order = record([
        ("orderId", ty(Kind::Uuid)),
        ("customerId", text()),
        ("items", list(named("OrderLine"))),
        ("totalAmount", money()),
        ("status", ty(Kind::Enum(["PENDING", "PAID", "COMPLETED"].map(literal).to_vec()))),
        ("createdAt", ty(Kind::Timestamp)),
        ("shipBy?", ty(Kind::Date)),
        ("note?", text()),
        ("address?", record([("city", text()), ("zip?", text())])),
        ("express", ty(Kind::Boolean)),
        ("labels", ty(Kind::Map(Box::new(text())))),
        ("payload", ty(Kind::Any)),
        ("retry-after", integer()),
        ("weight", ty(Kind::Number(Range::default()))),
        ("timeout", ty(Kind::Duration)),
    ]);
    let line = record([
        ("productId", text()),
        ("quantity", ty(Kind::Integer(Range { min: Some(1), max: None }))),
        ("price", money()),
        ("discount?", ty(Kind::Number(Range::default()))),
        ("tags", list(text())),
    ]);
    let mut declared = IndexMap::new();
    declared.insert("Order".to_owned(), order);
    declared.insert("OrderLine".to_owned(), line);
    Types { declared }
}

/// The names of the cases.
pub(super) fn scope() -> Scope {
    let mut scope = Scope::default()
        .with("input", named("Order"))
        .with("payment", record([("paymentId", text())]))
        .with("reserve-inventory", record([("reservationId", text()), ("reserved", ty(Kind::Boolean))]))
        .with("sum", record([("total", ty(Kind::Integer(Range::default())))]))
        .with("item", named("OrderLine"))
        .with("index", ty(Kind::Integer(Range::default())))
        .with("error", record([("name", text()), ("cause", text())]))
        .with("execution", record([("id", text()), ("name", text()), ("startTime", ty(Kind::Timestamp))]));
    let shipment = record([("trackingId", text())]);
    let refund = record([("refundId", text())]);
    let sometimes = Defined::Sometimes("when `check` goes to `pick-up`".to_owned());
    scope.insert("shipment", Root { ty: shipment, defined: sometimes, declared: Some(elsewhere()) });
    scope.insert("refund", Root { ty: refund, defined: Defined::Never("it runs later".to_owned()), declared: None });
    scope
}
