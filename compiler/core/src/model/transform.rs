//! What a rule makes of an event for a target: the scope of its `input`.

use evc_interface::event::METADATA;

use super::{Event, Model, Rule, envelope};
use crate::expr::{Scope, Template};
use crate::types::{Kind, Record, Type};
use crate::yaml::{Node, NodeKind};

/// The parts of an event that an `input` may start from.
pub const TRANSFORM_ROOTS: [&str; 7] = [DETAIL, DETAIL_TYPE, "id", "time", "source", "account", "region"];

/// The one that the events of a rule may have narrower than they are declared.
const DETAIL: &str = "detail";

/// The one of them whose name JSONata takes for a subtraction.
const DETAIL_TYPE: &str = "detail-type";

/// An `input` as JSONata reads it: where an expression is `detail-type` and nothing else, the name is in its quotes.
pub(super) fn with_detail_type(node: &Node) -> Node {
    let mut node = node.clone();
    match &mut node.kind {
        NodeKind::Scalar(scalar) if scalar.text == DETAIL_TYPE => scalar.text = format!("`{DETAIL_TYPE}`"),
        NodeKind::Sequence(items) => items.iter_mut().for_each(|item| *item = with_detail_type(item)),
        NodeKind::Mapping(mapping) => {
            mapping.entries.iter_mut().for_each(|entry| entry.value = with_detail_type(&entry.value));
        }
        NodeKind::Null | NodeKind::Scalar(_) | NodeKind::Error => {}
    }
    node
}

/// What the expressions of an `input` can refer to when this event arrives with a detail of this type.
pub fn transform_scope(event: &Event, detail: &Type) -> Scope {
    let Kind::Record(Record { fields, .. }) = envelope(event).kind else { return Scope::default() };
    let roots = TRANSFORM_ROOTS.iter().filter_map(|name| {
        let ty = if *name == DETAIL { detail.clone() } else { fields.get(*name)?.ty.clone() };
        // A UUID: https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
        Some((*name, if *name == "id" { Type { kind: Kind::Uuid, span: ty.span } } else { ty }))
    });
    roots.fold(Scope::default(), |scope, (name, ty)| scope.with(name, ty))
}

/// Whether what an `input` makes of the events of a rule has their metadata beside what it says: events of this system carry the id that
/// stays the same when they are published again.
pub fn keeps_event_id(model: &Model, rule: &Rule, input: &Template) -> bool {
    let ours = rule.events.iter().all(|event| !model.events[event.value].published_outside);
    match input {
        Template::Object(fields, _) => ours && fields.iter().all(|(key, _)| key.text != METADATA),
        Template::Expr(_) | Template::List(..) | Template::Null(_) | Template::Error(_) => false,
    }
}
