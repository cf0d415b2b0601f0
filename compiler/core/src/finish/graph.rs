//! What CloudFormation would refuse about the resources as a whole: references to nothing, circles.

use std::collections::BTreeSet;

use crate::diagnostics::{Code, Diagnostic};
use crate::plan::builder::Builder;
use crate::plan::value::{Part, Value};
use crate::plan::{LogicalId, Plan, Resource};

/// Looks at all of the resources.
pub(super) fn finish(b: &mut Builder<'_>) {
    let references: Vec<BTreeSet<&str>> = b.plan.resources.values().map(references).collect();
    let mut found = unknown(&b.plan, &references);
    found.extend(circle(&b.plan, &references));
    b.diagnostics.extend(found);
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
        Value::Json(inner)
        | Value::Join(_, inner)
        | Value::Split(_, inner)
        | Value::Piece(_, _, inner)
        | Value::Because(_, inner) => collect(inner, found),
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
        | Value::Zone(_)
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

fn unknown(plan: &Plan<'_>, references: &[BTreeSet<&str>]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for ((id, resource), references) in plan.resources.iter().zip(references) {
        for &name in references {
            let is_known = plan.resources.contains_key(name) || plan.parameters.contains_key(name);
            if !is_known && !name.starts_with("AWS::") {
                let span = resource.place();
                let diagnostic = Diagnostic::new(
                    Code::EVC0101,
                    span,
                    format!("`{id}` refers to `{name}`, which is not in the template"),
                );
                let mut known: Vec<&str> = plan.resources.keys().map(LogicalId::as_str).collect();
                known.extend(plan.parameters.keys().map(String::as_str));
                known.sort_unstable();
                // The span is not that of the name, so a fix would replace the wrong text.
                found.push(match crate::diagnostics::nearest(name, &known) {
                    Some(nearest) => diagnostic.help(format!("did you mean `{nearest}`?")),
                    None => diagnostic,
                });
            }
        }
    }
    found
}

/// Resources that wait for each other. Taking away all that wait for nothing leaves the circles, and what waits for them.
fn circle(plan: &Plan<'_>, references: &[BTreeSet<&str>]) -> Option<Diagnostic> {
    let resources = &plan.resources;
    let index = |name: &&str| resources.get_index_of(*name);
    let waits_for: Vec<Vec<usize>> = references.iter().map(|names| names.iter().filter_map(index).collect()).collect();
    let mut waited_for_by = vec![Vec::new(); resources.len()];
    for (at, others) in waits_for.iter().enumerate() {
        for &other in others {
            waited_for_by[other].push(at);
        }
    }
    let mut left: Vec<usize> = waits_for.iter().map(Vec::len).collect();
    let mut free: Vec<usize> = (0..left.len()).filter(|&at| left[at] == 0).collect();
    while let Some(at) = free.pop() {
        for &waiting in &waited_for_by[at] {
            left[waiting] -= 1;
            if left[waiting] == 0 {
                free.push(waiting);
            }
        }
    }
    let mut path = vec![left.iter().position(|&left| left > 0)?];
    while let Some(&next) = path.last().and_then(|&last| waits_for[last].iter().find(|&&other| left[other] > 0)) {
        if let Some(start) = path.iter().position(|&at| at == next) {
            path.drain(..start);
            path.push(next);
            break;
        }
        path.push(next);
    }
    let (_, resource) = resources.get_index(path[0])?;
    let ids = path.iter().filter_map(|&at| resources.get_index(at));
    let circle = ids.map(|(id, _)| format!("`{id}`")).collect::<Vec<_>>().join(" → ");
    let message = "resources of the template wait for each other".to_owned();
    let diagnostic = Diagnostic::new(Code::EVC0705, resource.span, message)
        .label(resource.origin.clone())
        .note(format!("{circle}, where each refers to the next"))
        .help("take one of these references out of `overrides`");
    Some(diagnostic)
}
