//! Conditions of the template: what they look at, and whether they lead back to themselves.

use crate::diagnostics::{Code, Diagnostic, list};
use crate::plan::builder::Builder;
use crate::plan::value::Value;
use crate::source::Span;
use crate::yaml::{Entry, Node, NodeKind};

/// Adds each condition.
pub(super) fn finish(b: &mut Builder<'_>) {
    let model = b.model;
    let mut found = Vec::new();
    for (name, key) in std::mem::take(&mut b.switches) {
        let set = Value::map([("Fn::Equals", Value::list([Value::ByEnvironment(key), "set".into()]))]);
        b.plan.conditions.insert(name, set);
    }
    for (name, condition) in &model.conditions {
        if b.plan.parameters.contains_key(name.as_str()) {
            let message = format!("condition `{}` is called like a parameter of the template", name.value);
            found.push(Diagnostic::new(Code::EVC0702, name.span, message).help("give it another name"));
        }
        if b.plan.conditions.contains_key(&name.value) {
            let message = format!("condition `{}` is called like one that evc makes", name.value);
            found.push(Diagnostic::new(Code::EVC0702, name.span, message).help("give it another name"));
        }
        walk(b, &condition.0, &mut found);
        if let Some(value) = Value::from_node(&condition.0) {
            b.plan.conditions.insert(name.value.clone(), value);
        }
    }
    found.extend(circle(b));
    b.diagnostics.extend(found);
}

/// Looks at every reference of a condition: it knows parameters and other conditions only, for it is decided before anything is made.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/conditions-section-structure.html>
fn walk(b: &Builder<'_>, node: &Node, found: &mut Vec<Diagnostic>) {
    match &node.kind {
        NodeKind::Sequence(items) => items.iter().for_each(|item| walk(b, item, found)),
        NodeKind::Mapping(mapping) => {
            for entry in &mapping.entries {
                if let NodeKind::Scalar(scalar) = &entry.value.kind {
                    reference(b, entry, &scalar.text, found);
                }
                if entry.key.text == "Fn::GetAtt" {
                    found.push(too_early(entry.key.span, "`Fn::GetAtt`"));
                }
                walk(b, &entry.value, found);
            }
        }
        NodeKind::Scalar(_) | NodeKind::Null | NodeKind::Error => {}
    }
}

fn reference(b: &Builder<'_>, entry: &Entry, name: &str, found: &mut Vec<Diagnostic>) {
    let span = entry.value.span;
    match entry.key.text.as_str() {
        "Ref" if b.plan.resources.contains_key(name) => found.push(too_early(span, &format!("resource `{name}`"))),
        "ref" => found.push(too_early(span, &format!("`{name}`"))),
        _ => {}
    }
}

fn too_early(span: Span, what: &str) -> Diagnostic {
    Diagnostic::new(Code::EVC0114, span, format!("a condition cannot look at {what}"))
        .note("CloudFormation decides conditions before it makes any resource")
        .help("compare parameters, as in `{ \"Fn::Equals\": [{ Ref: Environment }, prod] }`")
}

/// A condition that leads back to itself.
fn circle(b: &Builder<'_>) -> Option<Diagnostic> {
    let conditions = &b.model.conditions;
    for start in conditions.keys() {
        let mut seen: Vec<&str> = Vec::new();
        let mut next = vec![start.as_str()];
        while let Some(name) = next.pop() {
            let Some(condition) = conditions.get(name) else { continue };
            let mut named = Vec::new();
            names(&condition.0, &mut named);
            if named.contains(&start.as_str()) {
                seen.push(name);
                seen.retain(|it| *it != start.as_str());
                let through = if seen.is_empty() { String::new() } else { format!(" through {}", list(&seen)) };
                let message = format!("condition `{}` leads back to itself{through}", start.value);
                return Some(Diagnostic::new(Code::EVC0114, start.span, message));
            }
            for name in named {
                if !seen.contains(&name) && !next.contains(&name) {
                    next.push(name);
                }
            }
            seen.push(name);
        }
    }
    None
}

fn names<'n>(node: &'n Node, found: &mut Vec<&'n str>) {
    match &node.kind {
        NodeKind::Sequence(items) => items.iter().for_each(|item| names(item, found)),
        NodeKind::Mapping(mapping) => {
            for entry in &mapping.entries {
                match &entry.value.kind {
                    NodeKind::Scalar(scalar) if entry.key.text == "Condition" => found.push(&scalar.text),
                    _ => names(&entry.value, found),
                }
            }
        }
        NodeKind::Scalar(_) | NodeKind::Null | NodeKind::Error => {}
    }
}
