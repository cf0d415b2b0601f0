//! Where the definition of a machine stands: in the template as a map, as JSON in a text, or in a file of its own.

use std::borrow::Cow;

use crate::audit::json;
use crate::audit::template::{Call, Kind, Node};
use crate::audit::text::{Text, UNKNOWN};
use crate::audit::view::{Named, View};
use crate::diagnostics::{Code, Diagnostic};

/// The definition of a machine, if it is known.
pub(in crate::audit) fn definition<'v>(
    view: &'v View<'_>,
    machine: Named<'v>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Cow<'v, Node<'v>>> {
    if let Some(definition) = view.beside.documents.get(machine.id) {
        return Some(Cow::Borrowed(definition));
    }
    if let Some(definition) = machine.resource.property("Definition") {
        return known(definition).then_some(Cow::Borrowed(definition));
    }
    let written = machine.resource.property("DefinitionString")?;
    if let Some(Call::ToJsonString(definition)) = written.as_call() {
        return known(definition).then_some(Cow::Borrowed(definition));
    }
    // CloudFormation takes an object for the text.
    if let Kind::Map(_) = written.kind {
        return Some(Cow::Borrowed(written));
    }
    let text = Text::of(written)?;
    match json::read(&text, view.beside.sources) {
        Ok(definition) => known(&definition).then_some(Cow::Owned(definition)),
        Err((place, problem)) => {
            if !text.text.contains(UNKNOWN) {
                let message = format!("the definition of `{}` is not JSON: {problem}", machine.id);
                let place = place.unwrap_or_else(|| machine.place_of("DefinitionString"));
                diagnostics.push(Diagnostic::new(Code::EVC1088, place, message));
            }
            None
        }
    }
}

fn known(definition: &Node<'_>) -> bool {
    matches!(definition.kind, Kind::Map(_)) && definition.get("Fn::Transform").is_none()
}
