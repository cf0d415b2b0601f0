//! The places of what environment variables of functions refer to: somebody wrote these references.

use super::{Call, Kind, Map, Node, Part, Template};
use crate::model::Model;
use crate::plan::ids;
use crate::source::Span;

/// Gives each reference of a variable its own place.
pub(super) fn place(template: &mut Template<'_>, model: &Model) {
    for function in model.functions.values() {
        for (name, path) in function.references() {
            let resource = template.resources.get_mut(ids::function(function).as_str());
            let variables = resource.and_then(|it| inner(inner(&mut it.properties, "Environment")?, "Variables"));
            if let Some(variable) =
                variables.and_then(|it| it.entries.iter_mut().find(|entry| entry.key.text == name.as_str()))
            {
                references(&mut variable.value, path.span);
            }
        }
    }
}

fn inner<'m, 'a>(map: &'m mut Map<'a>, key: &str) -> Option<&'m mut Map<'a>> {
    match &mut map.entries.iter_mut().find(|entry| entry.key.text == key)?.value.kind {
        Kind::Map(inner) => Some(inner),
        _ => None,
    }
}

/// The variable may have a text under a condition, which stands elsewhere.
fn references(node: &mut Node<'_>, span: Span) {
    node.place = Some(span);
    let Kind::Call(call) = &mut node.kind else { return };
    match &mut **call {
        Call::Ref(name) | Call::GetAtt(name, _) => name.place = Some(span),
        Call::If(_, _, otherwise) => references(otherwise, span),
        Call::Sub { parts, .. } => {
            for part in parts {
                if let Part::Ref(name) | Part::GetAtt(name, _) = part {
                    name.place = Some(span);
                }
            }
        }
        _ => {}
    }
}
