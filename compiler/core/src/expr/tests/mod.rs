//! Tests over the whole of this module. `cases.txt` is the table of expressions with what the compiler makes of them; add one there.

mod cases;
mod engines;
mod oracle;
mod templates;

use super::{Defined, Origin, Root, Scope};
use crate::source::{FileId, SourceMap, Span};
use crate::types::Types;
use crate::types::testing;

/// A file with this text.
pub(super) fn file(text: &str) -> (SourceMap, FileId) {
    let mut map = SourceMap::default();
    let id = map.add("case.yaml", text);
    (map, id)
}

/// The types of the cases.
pub(super) fn types() -> Types {
    testing::types(&[
        (
            "Order",
            "{orderId: uuid, customerId: string, items: [OrderLine], totalAmount: money, status: PENDING | PAID | COMPLETED, \
             createdAt: timestamp, shipBy?: date, note?: string, address?: {city: string, zip?: string}, express: boolean, \
             labels: map(string), payload: any, retry-after: integer, weight: number, timeout: duration}",
        ),
        ("OrderLine", "{productId: string, quantity: integer(1..), price: money, discount?: number, tags: [string]}"),
    ])
}

/// The names of the cases.
pub(super) fn scope() -> Scope {
    let mut scope = Scope::default();
    for (name, ty) in [
        ("input", "Order"),
        ("payment", "{paymentId: string}"),
        ("reserve-inventory", "{reservationId: string, reserved: boolean}"),
        ("sum", "{total: integer}"),
        ("item", "OrderLine"),
        ("index", "integer"),
        ("error", "{name: string, cause: string}"),
        ("execution", "{id: string, name: string, startTime: timestamp}"),
    ] {
        scope = scope.with(name, testing::ty(ty));
    }
    let sometimes = Defined::Sometimes("when `check` goes to `pick-up`".to_owned());
    let declared = Some(Span::new(testing::file(), 0..0));
    scope.insert(
        "shipment",
        Root { ty: testing::ty("{trackingId: string}").into(), defined: sometimes, declared, from: Origin::Workflow },
    );
    let never = Defined::Never("it runs later".to_owned());
    scope.insert(
        "refund",
        Root { ty: testing::ty("{refundId: string}").into(), defined: never, declared: None, from: Origin::Workflow },
    );
    scope
}
