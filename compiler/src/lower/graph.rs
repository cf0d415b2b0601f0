//! What CloudFormation would refuse about the resources as a whole: references to nothing, circles, too many.

use std::collections::BTreeSet;

use super::builder::Builder;
use super::plan::{LogicalId, Resource};
use super::value::{Part, Value};
use crate::diagnostics::{Code, Diagnostic};

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>
const MAX_RESOURCES: usize = 500;
const MAX_OUTPUTS: usize = 200;

/// Looks at all of the resources.
pub(super) fn lower(b: &mut Builder<'_>) {
    unknown(b);
    circles(b);
    too_many(b);
}

/// What a resource refers to, by logical id. Parameters and pseudo parameters are among them where an override refers to them.
pub(super) fn references(resource: &Resource) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    resource.properties.values().for_each(|value| collect(value, &mut found));
    found.extend(resource.depends_on.iter().map(LogicalId::as_str));
    found
}

fn collect<'v>(value: &'v Value, found: &mut BTreeSet<&'v str>) {
    match value {
        Value::Ref(id) | Value::Attribute(id, _) => {
            found.insert(id.as_str());
        }
        Value::Text(parts) => found.extend(parts.iter().filter_map(|part| match part {
            Part::Ref(id) | Part::Attribute(id, _) => Some(id.as_str()),
            Part::Literal(_) | Part::Parameter(_) => None,
        })),
        Value::List(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Map(entries) => {
            found.extend(intrinsic(entries));
            entries.values().for_each(|entry| collect(entry, found));
        }
        Value::Json(inner) | Value::Piece(_, _, inner) | Value::Because(_, inner) => collect(inner, found),
        Value::If(_, yes, no) => {
            collect(yes, found);
            if let Some(no) = no {
                collect(no, found);
            }
        }
        Value::Bool(_)
        | Value::Integer(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Parameter(_)
        | Value::ByEnvironment(_) => {}
    }
}

/// What the long form of `!Ref` or `!GetAtt` in an override refers to.
fn intrinsic(entries: &indexmap::IndexMap<String, Value>) -> Option<&str> {
    let (name, argument) = entries.first().filter(|_| entries.len() == 1)?;
    match (name.as_str(), argument) {
        ("Ref", Value::String(id)) => Some(id),
        ("Fn::GetAtt", Value::String(path)) => path.split('.').next(),
        ("Fn::GetAtt", Value::List(path)) => match path.first() {
            Some(Value::String(id)) => Some(id),
            _ => None,
        },
        _ => None,
    }
}

fn unknown(b: &mut Builder<'_>) {
    let mut known: BTreeSet<&str> = b.plan.resources.keys().map(LogicalId::as_str).collect();
    known.extend(b.plan.parameters.keys().map(String::as_str));
    let mut found = Vec::new();
    for (id, resource) in &b.plan.resources {
        for name in references(resource) {
            if !known.contains(name) && !name.starts_with("AWS::") {
                let span = b.model.overrides.get_full(id.as_str()).map_or(resource.span, |(_, name, _)| name.span);
                let diagnostic = Diagnostic::new(
                    Code::EVC0101,
                    span,
                    format!("`{id}` refers to `{name}`, which is not in the template"),
                );
                // The span is not that of the name, so a fix would replace the wrong text.
                let nearest = crate::diagnostics::nearest(name, &known.iter().copied().collect::<Vec<_>>());
                found.push(match nearest {
                    Some(nearest) => diagnostic.help(format!("did you mean `{nearest}`?")),
                    None => diagnostic,
                });
            }
        }
    }
    b.diagnostics.extend(found);
}

/// Resources that wait for each other. Taking away all that wait for nothing leaves the circles, and what waits for them.
fn circles(b: &mut Builder<'_>) {
    let resources = &b.plan.resources;
    let mut left: Vec<(&LogicalId, BTreeSet<&str>)> = resources
        .iter()
        .map(|(id, resource)| {
            let mut known = references(resource);
            known.retain(|name| resources.contains_key(*name));
            (id, known)
        })
        .collect();
    loop {
        let free: BTreeSet<&str> =
            left.iter().filter(|(_, waits_for)| waits_for.is_empty()).map(|(id, _)| id.as_str()).collect();
        if free.is_empty() {
            break;
        }
        left.retain(|(_, waits_for)| !waits_for.is_empty());
        for (_, waits_for) in &mut left {
            waits_for.retain(|id| !free.contains(id));
        }
    }
    let Some((first, _)) = left.first() else { return };
    let mut path = vec![first.as_str()];
    while let Some((_, waits_for)) = left.iter().find(|(id, _)| path.last().is_some_and(|last| *last == id.as_str())) {
        let Some(&next) = waits_for.first() else { break };
        if let Some(start) = path.iter().position(|id| *id == next) {
            path.drain(..start);
            path.push(next);
            break;
        }
        path.push(next);
    }
    let Some(resource) = resources.get(path[0]) else { return };
    let circle = path.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(" → ");
    let message = "resources of the template wait for each other".to_owned();
    let diagnostic = Diagnostic::new(Code::EVC0705, resource.span, message)
        .label(resource.origin.clone())
        .note(format!("{circle}, where each refers to the next"))
        .help("take one of these references out of `overrides`");
    b.diagnostics.push(diagnostic);
}

fn too_many(b: &mut Builder<'_>) {
    let (resources, outputs) = (b.plan.resources.len(), b.plan.outputs.len());
    if resources > MAX_RESOURCES {
        let mut by_type: indexmap::IndexMap<&str, usize> = indexmap::IndexMap::new();
        for resource in b.plan.resources.values() {
            *by_type.entry(resource.type_.as_str()).or_default() += 1;
        }
        by_type.sort_by(|name, count, other, more| more.cmp(count).then(name.cmp(other)));
        let most = by_type.iter().take(5).map(|(type_, count)| format!("{count} {type_}"));
        let message = format!("the template has {resources} resources, at most {MAX_RESOURCES} are allowed");
        let diagnostic = Diagnostic::new(Code::EVC0704, b.model.service.span, message)
            .note(format!("among them are {}", most.collect::<Vec<_>>().join(", ")))
            .help("split the service into several specs that share a bus by `kind: imported`");
        b.diagnostics.push(diagnostic);
    }
    if outputs > MAX_OUTPUTS {
        let message = format!("the template has {outputs} outputs, at most {MAX_OUTPUTS} are allowed");
        b.diagnostics.push(Diagnostic::new(Code::EVC0704, b.model.service.span, message));
    }
}
