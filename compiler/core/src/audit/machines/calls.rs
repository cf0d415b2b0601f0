//! What the steps of a definition call.

use crate::audit::template::{Call, Kind, Node, Part};
use crate::audit::view::{Named, View};

/// Every step of a definition that calls something, however deep.
pub(in crate::audit) fn tasks<'n>(node: &'n Node<'n>) -> Vec<&'n Node<'n>> {
    match &node.kind {
        Kind::Map(map) if map.get("Type").and_then(Node::as_text) == Some("Task") => vec![node],
        Kind::Map(map) => map.entries.iter().flat_map(|entry| tasks(&entry.value)).collect(),
        Kind::List(items) => items.iter().flat_map(tasks).collect(),
        Kind::Call(call) => match &**call {
            Call::ToJsonString(value) => tasks(value),
            _ => Vec::new(),
        },
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::Error => Vec::new(),
    }
}

/// What an integration is called: `lambda:invoke` of `arn:aws:states:::lambda:invoke.waitForTaskToken`.
pub(in crate::audit) fn integration<'n>(resource: &'n Node<'_>) -> Option<&'n str> {
    let text = match resource.as_call() {
        Some(Call::Sub { parts, .. }) => match parts.last() {
            Some(Part::Literal(text)) => &**text,
            Some(Part::Ref(_) | Part::GetAtt(..)) | None => return None,
        },
        Some(_) => return None,
        None => resource.as_text()?,
    };
    let (_, what) = text.split_once(":states:::")?;
    Some(what.split_once('.').map_or(what, |(what, _)| what))
}

/// The resource that a value of a definition stands for: a reference, or the name of one in a text, by `DefinitionSubstitutions` or by
/// `Fn::Sub`.
pub(in crate::audit) fn named<'v>(view: &'v View<'_>, machine: Named<'_>, node: &Node<'_>) -> Option<Named<'v>> {
    let name = node.as_text().and_then(|text| text.strip_prefix("${")?.strip_suffix('}'));
    let Some(name) = name else { return view.resource_of(node) };
    match machine.resource.property("DefinitionSubstitutions").and_then(|given| given.get(name)) {
        Some(given) => view.resource_of(given),
        None => view.resource(name.split('.').next().unwrap_or(name)),
    }
}
