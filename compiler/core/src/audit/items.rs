//! Which item of the spec a finding is about, so that an `allow` there silences it: the resource that somebody wrote, or the thing whose
//! resource an override changes.

use crate::diagnostics::Diagnostic;
use crate::plan::{Plan, Resource};
use crate::source::Span;
use crate::spec::raw::Attributes;

/// Says it of each finding that stands within a resource of the plan, at what it comes from, or at what is said of it.
pub(super) fn tell(plan: &Plan<'_>, found: &mut [Diagnostic]) {
    for diagnostic in found.iter_mut().filter(|diagnostic| diagnostic.item.is_none()) {
        diagnostic.item = of(plan, diagnostic.primary.span);
    }
}

fn of(plan: &Plan<'_>, at: Span) -> Option<String> {
    let model = plan.model;
    let own = model.resources.values().find(|own| own.type_.span == at || is_in(&own.attributes, at));
    if let Some(own) = own {
        return Some(format!("resources.{}", own.head.name));
    }
    let change = model.overrides.iter().find(|(name, change)| name.span == at || is_in(&change.attributes, at));
    let is_of = |resource: &&Resource| match change {
        Some((name, _)) => resource.overridden == Some(name.span),
        None => resource.span == at,
    };
    plan.resources.values().find(is_of).map(Resource::item)
}

fn is_in(attributes: &Attributes, at: Span) -> bool {
    let inside = |outer: Span| {
        outer.file == at.file && outer.range().start <= at.range().start && at.range().end <= outer.range().end
    };
    let names = attributes.condition.iter().chain(&attributes.depends_on).map(|name| name.span);
    attributes.trees().map(|(_, tree)| tree.span).chain(names).any(inside)
}
