//! Names that two things of a template have.

use super::View;
use crate::diagnostics::{Code, Diagnostic};

/// Looks at every logical id.
pub(super) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let template = view.template;
    for (id, resource) in &template.resources {
        let taken = |code, what: &str| {
            Diagnostic::new(code, resource.place, format!("`{id}` is the name of a {what} of the template, too"))
                .help("give the resource another logical id")
        };
        if template.parameters.contains_key(id) {
            let note = "a `Ref` names one or the other, and CloudFormation takes no template that leaves it open";
            diagnostics.push(taken(Code::EVC1012, "parameter").note(note));
        } else if template.conditions.contains_key(id) {
            diagnostics.push(taken(Code::EVC1013, "condition"));
        } else if template.mappings.contains_key(id) {
            diagnostics.push(taken(Code::EVC1013, "mapping"));
        }
    }
}
