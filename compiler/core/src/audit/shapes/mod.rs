//! Whether properties are as the schema of their resource's type wants them: names, kinds of value, what is required, what excludes what,
//! enumerations, patterns, bounds, what only AWS sets.
//!
//! What a function gives is known when it is deployed, and is taken for right.

mod fit;
mod format;
mod lists;
mod path;
mod pattern;
mod problem;
mod say;

use std::collections::HashSet;

use fit::Fit;
use path::Path;
use problem::Problem;

use super::View;
use super::template::{Entry, Map, Node, Resource};
use crate::aws::{self, ResourceType};
use crate::diagnostics::{Code, Diagnostic};

/// Looks at every resource.
pub(super) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut fit = Fit::default();
    let mut told = HashSet::new();
    for (id, resource) in &view.template.resources {
        let Some(type_) = aws::resource_type(&resource.type_.text) else {
            diagnostics.extend(unknown_type(id, resource).or_else(|| custom(id, resource)));
            continue;
        };
        read_only(type_, resource, &mut fit);
        let path = Path::root(resource.place);
        fit.map(&resource.properties, None, type_.shape, &path);
        if let Some(tags) = type_.tags
            && let (Some(entry), Some(shape)) = (resource.properties.entry(tags), type_.shape.property(tags))
        {
            fit.tags(&entry.value, shape, &path.at(tags, entry.key.place));
        }
        for problem in fit.problems.drain(..) {
            told.insert(problem.place());
            diagnostics.push(problem.report(id, resource));
        }
    }
    // SAM's schemas say little of the texts and numbers that SAM passes on, such as the runtime of a function. What is a map may be another
    // for SAM. What `Globals` say is told once.
    for (id, resource) in passed_on(view) {
        let Some(type_) = aws::resource_type(&resource.type_.text) else { continue };
        let path = Path::root(resource.place);
        let written = |entry: &&Entry<'_>| entry.key.place.is_some() && entry.value.as_literal().is_some();
        for entry in resource.properties.entries.iter().filter(written) {
            if let Some(shape) = type_.shape.property(&entry.key.text) {
                fit.node(&entry.value, shape, &path.at(&entry.key.text, entry.key.place));
            }
        }
        for problem in fit.problems.drain(..) {
            if told.insert(problem.place()) {
                diagnostics.push(problem.report(id, resource));
            }
        }
    }
}

/// What SAM makes of its functions and state machines, whose properties it passes on as they are.
fn passed_on<'v>(view: &'v View<'_>) -> impl Iterator<Item = (&'v str, &'v Resource<'v>)> {
    view.deployed.resources.iter().filter_map(|(id, resource)| {
        let before = view.template.resources.get(id)?;
        let is_one = matches!(&*before.type_.text, "AWS::Serverless::Function" | "AWS::Serverless::StateMachine");
        (is_one && before.type_.text != resource.type_.text).then_some((&**id, resource))
    })
}

/// A type that AWS does not have, as far as the data goes. Types that somebody else publishes, modules and custom resources are not known.
fn unknown_type(id: &str, resource: &Resource<'_>) -> Option<Diagnostic> {
    let type_ = &*resource.type_.text;
    let known_elsewhere = type_.starts_with("Custom::") || type_.ends_with("::MODULE");
    if known_elsewhere || !(type_.starts_with("AWS::") || type_.split("::").count() != 3) {
        return None;
    }
    let place = resource.type_.place.unwrap_or(resource.place);
    let diagnostic =
        Diagnostic::new(Code::EVC1015, place, format!("`{id}` is of type `{type_}`, which AWS does not have"))
            .note("as of the schemas that evc carries; a type that is newer is deployed all the same");
    let service = type_.rsplit_once("::").map_or(type_, |(service, _)| service);
    let siblings: Vec<&str> = aws::resource_types().collect();
    let nearest = crate::diagnostics::nearest(type_, &siblings);
    Some(match nearest {
        Some(nearest) => diagnostic.help(format!("did you mean `{nearest}`?")),
        None if !siblings.iter().any(|known| known.starts_with(&format!("{service}::"))) => {
            diagnostic.help(format!("there is no service `{service}`"))
        }
        None => diagnostic,
    })
}

/// A custom resource that says nobody who makes it.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-customresource.html>
fn custom(id: &str, resource: &Resource<'_>) -> Option<Diagnostic> {
    let says = |name| resource.properties.get(name).is_some();
    if !resource.type_.text.starts_with("Custom::") || says("ServiceToken") || says("Fn::Transform") {
        return None;
    }
    let message = format!("`{id}` lacks `ServiceToken`");
    let diagnostic = Diagnostic::new(Code::EVC1018, resource.type_.place.unwrap_or(resource.place), message);
    Some(
        diagnostic
            .note("CloudFormation asks the function, or the topic, of this ARN to make the resource")
            .help("give it the ARN as `ServiceToken`"),
    )
}

/// Properties that AWS sets alone. SAM's schemas list as read-only what `Fn::GetAtt` reads, set or not.
fn read_only<'t>(type_: &ResourceType, resource: &'t Resource<'_>, fit: &mut Fit<'t>) {
    if type_.name.starts_with("AWS::Serverless::") {
        return;
    }
    for path in &type_.read_only {
        let first = path.split('/').next().unwrap_or_default();
        if type_.shape.required.contains(&first) || type_.create_only.contains(path) {
            continue;
        }
        let parts: Vec<&str> = path.split('/').collect();
        set_at(&resource.properties, &parts, path, resource, fit);
    }
}

/// Reports the property at the end of a path, wherever it is set.
fn set_at<'t>(map: &'t Map<'_>, parts: &[&str], path: &str, resource: &'t Resource<'_>, fit: &mut Fit<'t>) {
    let Some((first, rest)) = parts.split_first() else { return };
    let Some(entry) = map.entry(first) else { return };
    if rest.is_empty() {
        let place = entry.key.place.unwrap_or(resource.place);
        fit.problems.push(Problem::read_only(place, &path.replace("/*", "").replace('/', ".")));
        return;
    }
    let inner: &[Node<'_>] =
        if rest[0] == "*" { entry.value.one_or_many() } else { std::slice::from_ref(&entry.value) };
    let rest = if rest[0] == "*" { &rest[1..] } else { rest };
    for map in inner.iter().filter_map(Node::as_map) {
        set_at(map, rest, path, resource, fit);
    }
}
