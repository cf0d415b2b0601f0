//! Overrides: what the spec says differently of resources that evc makes.

mod merge;

use indexmap::IndexMap;

use super::attributes::Resolved;
use super::raw::Raw;
use super::references::References;
use crate::diagnostics::{Code, Diagnostic};
use crate::model;
use crate::plan::builder::Builder;
use crate::plan::value::Value;
use crate::plan::{LogicalId, Resource};
use crate::source::{Span, Spanned};
use crate::yaml::NodeKind;

/// Merges each override into its resource.
pub(super) fn finish(b: &mut Builder<'_>) {
    let model = b.model;
    let references = References::of(&b.plan);
    let mut raw = Raw::new(&references);
    let mut changed: IndexMap<LogicalId, Span> = IndexMap::new();
    for (name, change) in &model.overrides {
        let Some(id) = target(&references, name, &mut changed, &mut raw.diagnostics) else { continue };
        let resolved = Resolved::of(&change.attributes, &b.plan, &mut raw);
        if let Some(resource) = b.plan.resources.get_mut(&id) {
            if resource.address == format!("resources.{id}") {
                let diagnostic =
                    Diagnostic::new(Code::EVC0105, name.span, format!("resource `{id}` is the spec's own"));
                let diagnostic = diagnostic.secondary(resource.span, "declared here");
                raw.diagnostics.push(diagnostic.help("say it there: overrides are for what evc makes"));
                continue;
            }
            resource.overridden = Some(name.span);
            apply(resource, change, resolved, &mut raw);
        }
    }
    b.diagnostics.extend(raw.diagnostics);
}

/// The resource that an override is of. `None` has been reported.
fn target(
    references: &References<'_>,
    name: &Spanned<String>,
    changed: &mut IndexMap<LogicalId, Span>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<LogicalId> {
    let Some(id) = references.id(name) else {
        diagnostics.push(references.no_resource(name));
        return None;
    };
    if let Some(first) = changed.insert(id.clone(), name.span) {
        let diagnostic = Diagnostic::new(Code::EVC0108, name.span, format!("resource `{id}` is overridden twice"));
        diagnostics.push(diagnostic.secondary(first, "the first is here").help("say it in one of them"));
        return None;
    }
    Some(id.clone())
}

fn apply(resource: &mut Resource, change: &model::Override, mut resolved: Resolved, raw: &mut Raw<'_, '_>) {
    if let Some(properties) = &change.attributes.properties
        && let NodeKind::Mapping(mapping) = &properties.value.0.kind
    {
        let of = format!("`{}`", resource.address);
        merge::merge(&mut resource.properties, &mapping.entries, merge::Place::top(&of), raw);
    }
    if let Some(Value::Map(metadata)) = resolved.metadata.take() {
        resource.metadata.extend(metadata);
    }
    resolved.apply(resource);
}
