//! Environment variables whose text is the path of something that the stack has: `URL: api.url` is these seven characters.

use std::collections::HashSet;

use crate::diagnostics::{Code, Diagnostic, Edit, Fix};
use crate::model::Model;
use crate::source::Span;

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let things: HashSet<String> =
        model.things().map(|thing| format!("{}.{}", thing.section(), model.head(thing).name)).collect();
    for function in model.functions.values() {
        for variable in function.environment.values() {
            for (text, place) in variable.texts.said() {
                let Some(text) = text.as_deref().filter(|text| is_path(&things, text)) else { continue };
                let span = place.unwrap_or(variable.span);
                let found = told(text, span).on(format!("functions.{}", function.head.name));
                // What the top level says is the text of several environments.
                if !diagnostics.iter().any(|other| other.code == found.code && other.primary.span == span) {
                    diagnostics.push(found);
                }
            }
        }
    }
}

/// Whether outputs would take it for a path: something of a thing, of the stack's own API, or of the dashboard.
fn is_path(things: &HashSet<String>, text: &str) -> bool {
    let of_thing = text.rsplit_once('.').is_some_and(|(of, property)| {
        let is_word = !property.is_empty() && property.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        is_word && things.contains(of)
    });
    of_thing || matches!(text, "api.url" | "dashboard.name" | "dashboard.url")
}

fn told(text: &str, span: Span) -> Diagnostic {
    let reference = format!("{{ ref: {text} }}");
    let title = format!("write `{reference}`");
    // What may wait for the function itself would close a circle.
    let certain = !text.starts_with("functions.") && !text.starts_with("workflows.");
    Diagnostic::new(Code::EVC0631, span, format!("the variable is the text `{text}`, not what the stack has there"))
        .note("`allow: { EVC0631: why }` says that the text is meant")
        .fix(Fix { title, edits: vec![Edit { span, text: reference }], certain })
}
