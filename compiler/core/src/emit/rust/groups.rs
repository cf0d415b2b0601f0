//! Of a function: the groups that may call its routes.

use std::fmt::Write as _;

use super::print::literal;
use crate::model::{Function, Id, Model};

/// The item of the function's implementation that says so, if there is such a route.
pub(super) fn groups(model: &Model, id: Id<Function>) -> Option<String> {
    let mut lines = String::new();
    for (_, route) in model.routes_of(id) {
        let Some(jwt) = route.of_groups() else { continue };
        let words: Vec<String> = [jwt.groups_claim()]
            .into_iter()
            .chain(jwt.groups.iter().map(|group| group.as_str()))
            .map(literal)
            .collect();
        let _ =
            writeln!(lines, "        {} {{\n            any({});\n        }}", literal(&route.key()), words.join(", "));
    }
    (!lines.is_empty()).then(|| format!("\n    evc_runtime::groups! {{\n{lines}    }}\n"))
}
