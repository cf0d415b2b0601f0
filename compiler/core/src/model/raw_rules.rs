//! Rules that are written as raw resources, as far as they read events of the spec.

use super::{Event, Model, Resource, Thing, envelope};
use crate::pattern::{self, Verdict};
use crate::spec::bus::BusKind;
use crate::yaml::{Entry, Mapping, Node, NodeKind};

/// The type of a rule.
const RULE: &str = "AWS::Events::Rule";

/// Whether a raw rule reads an event, or may do so as far as is known.
pub fn is_read_by_raw_rule(model: &Model, event: &Event) -> bool {
    model.resources.values().any(|resource| reads(model, resource, event))
}

fn reads(model: &Model, rule: &Resource, event: &Event) -> bool {
    if rule.type_.value != RULE {
        return false;
    }
    let properties = rule.attributes.properties.as_ref().map(|tree| &tree.value.0.kind);
    let Some(NodeKind::Mapping(properties)) = properties else { return false };
    let of = |name: &str| properties.get(name).map(|entry| &entry.value);
    let Some(written) = of("EventPattern") else { return false };
    let buses: Vec<_> = rule
        .refers
        .iter()
        .filter_map(|thing| if let Thing::Bus(bus) = thing.value { Some(bus) } else { None })
        .collect();
    let is_default = model.buses[event.bus].kind == BusKind::Default;
    let is_of_bus = match of("EventBusName") {
        None => is_default,
        Some(_) => buses.is_empty() || buses.contains(&event.bus),
    };
    // A pattern that cannot be read is reported, and may be for any event.
    is_of_bus
        && pattern::parse(&known(written), &mut Vec::new()).is_none_or(|parsed| {
            !matches!(pattern::can_match(&parsed.readable, &model.types, &envelope(event)), Verdict::Never(..))
        })
}

/// A pattern with nothing in the place of what functions give.
fn known(node: &Node) -> Node {
    let kind = match &node.kind {
        NodeKind::Mapping(mapping) => match mapping.entries.as_slice() {
            [only] if matches!(only.key.text.as_str(), "Ref" | "ref") || only.key.text.starts_with("Fn::") => {
                NodeKind::Error
            }
            entries => {
                let entry = |entry: &Entry| Entry { key: entry.key.clone(), value: known(&entry.value) };
                NodeKind::Mapping(Mapping { entries: entries.iter().map(entry).collect(), ..Mapping::default() })
            }
        },
        NodeKind::Sequence(items) => NodeKind::Sequence(items.iter().map(known).collect()),
        NodeKind::Scalar(_) | NodeKind::Null | NodeKind::Error => node.kind.clone(),
    };
    Node { kind, span: node.span }
}
