//! What is made under a condition, and is referred to where that need not hold.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/conditions-section-structure.html>

use indexmap::IndexMap;

use super::deployments::{self, Holds};
use super::template::{From, Name, Origin, Reference, Resource, Template, To};
use super::view::View;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;

/// How many combinations of conditions are looked at.
const WAYS: usize = 256;

/// How many of those who refer to something a report names.
const NAMED: usize = 4;

pub(super) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let template = view.template;
    if template.resources.values().all(|resource| resource.condition.is_none()) {
        return;
    }
    let ways = deployments::held(template, WAYS);
    // Those that nobody wrote, by what they refer to.
    let mut derived: IndexMap<&str, Vec<String>> = IndexMap::new();
    for reference in &view.references {
        let Some((target, condition)) = target(view, reference) else { continue };
        if !may_lack(template, &ways, reference, &condition.text) || is_settled(view, target, reference) {
            continue;
        }
        if reference.exact || is_written(template, reference.from) {
            let message = format!(
                "`{}` is there only where `{}` holds, and {} refers to it elsewhere, too",
                reference.name,
                condition.text,
                who(reference.from)
            );
            diagnostics.push(report(reference.place, message, reference.name, condition, target));
            continue;
        }
        let who = who(reference.from);
        let all = derived.entry(reference.name).or_default();
        if !all.contains(&who) {
            all.push(who);
        }
    }
    for (id, all) in derived {
        let Some(resource) = template.resources.get(id) else { continue };
        let Some(condition) = &resource.condition else { continue };
        let named: Vec<&str> = all.iter().take(NAMED).map(String::as_str).collect();
        let others = match all.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let refer = if all.len() == 1 { "refers" } else { "refer" };
        let message = format!(
            "`{id}` is there only where `{}` holds, and {}{others} {refer} to it elsewhere, too",
            condition.text,
            named.join(", ")
        );
        diagnostics.push(report(condition.place.unwrap_or(resource.place), message, id, condition, resource));
    }
}

/// The resource that a reference wants to be there, and the condition under which it is. What waits for something that is not made does not
/// wait.
fn target<'v>(view: &'v View<'_>, reference: &Reference<'_>) -> Option<(&'v Resource<'v>, &'v Name<'v>)> {
    if !matches!(reference.to, To::Value | To::Attribute(_)) {
        return None;
    }
    let resource =
        view.template.resources.get(reference.name).or_else(|| view.deployed.resources.get(reference.name))?;
    let condition = resource.condition.as_ref()?;
    // One that there is not is reported as that.
    view.template.conditions.contains_key(&*condition.text).then_some((resource, condition))
}

/// Whether all of what refers was written by somebody, so that the reference has a place.
fn is_written(template: &Template<'_>, from: From<'_>) -> bool {
    matches!(from, From::Resource(id) if template.resources.get(id).is_some_and(|it| matches!(it.origin, Origin::Written)))
}

/// Whether evc made both ends, and nobody has changed either.
fn is_settled(view: &View<'_>, target: &Resource<'_>, reference: &Reference<'_>) -> bool {
    let is_touched = match reference.from {
        From::Resource(id) => view.template.resources.get(id).is_some_and(Resource::is_touched),
        From::Condition(_) | From::Output(_) => false,
    };
    view.only_written && !reference.exact && !is_touched && !target.is_touched()
}

/// Whether there is a way in which the reference is there, and the condition does not hold.
fn may_lack(template: &Template<'_>, ways: &[Holds<'_>], reference: &Reference<'_>, condition: &str) -> bool {
    let own = match reference.from {
        From::Resource(id) => template.resources.get(id).and_then(|resource| resource.condition.as_ref()),
        From::Output(name) => template.outputs.get(name).and_then(|output| output.condition.as_ref()),
        From::Condition(_) => return false,
    };
    let under = || own.map(|own| (&*own.text, true)).into_iter().chain(reference.under.iter().copied());
    // What is not known before it is deployed is asked for by name.
    if ways.iter().all(|way| !way.contains_key(condition)) {
        return under().next().is_none();
    }
    let is_there = |way: &Holds<'_>| under().all(|(name, holds)| way.get(name) == Some(&holds));
    ways.iter().any(|way| way.get(condition) == Some(&false) && is_there(way))
}

fn who(from: From<'_>) -> String {
    match from {
        From::Resource(id) => format!("`{id}`"),
        From::Output(name) => format!("output `{name}`"),
        From::Condition(name) => format!("condition `{name}`"),
    }
}

fn report(place: Span, message: String, id: &str, condition: &Name<'_>, resource: &Resource<'_>) -> Diagnostic {
    let name = &condition.text;
    let said = condition.place.unwrap_or(resource.place);
    let diagnostic = Diagnostic::new(Code::EVC1039, place, message)
        .note(format!(
            "CloudFormation refuses the template where `{name}` does not hold: there is no `{id}` to refer to"
        ))
        .help(format!(
            "give who refers to it the same condition, or say `Fn::If: [{name}, .., {{ Ref: AWS::NoValue }}]` there"
        ));
    if said == place { diagnostic } else { diagnostic.secondary(said, "it is made under this condition") }
}
