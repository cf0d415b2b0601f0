//! What a rule makes of an event for a target: the scope of its `input`.

use super::{Event, envelope};
use crate::expr::Scope;
use crate::types::{Kind, Record, Type};

/// The parts of an event that an `input` may start from.
pub const TRANSFORM_ROOTS: [&str; 6] = ["detail", "id", "time", "source", "account", "region"];

/// What the expressions of an `input` can refer to when this event arrives.
pub fn transform_scope(event: &Event) -> Scope {
    let Kind::Record(Record { fields, .. }) = envelope(event).kind else { return Scope::default() };
    let roots = TRANSFORM_ROOTS.iter().filter_map(|name| {
        let ty = fields.get(*name)?.ty.clone();
        // A UUID: https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
        Some((*name, if *name == "id" { Type { kind: Kind::Uuid, span: ty.span } } else { ty }))
    });
    roots.fold(Scope::default(), |scope, (name, ty)| scope.with(name, ty))
}
