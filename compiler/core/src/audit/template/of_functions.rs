//! The places of what functions say in the words of CloudFormation and of IAM: references of environment variables, and permissions.

use super::{Call, Kind, Map, Node, Part, Template};
use crate::model::{Function, Model};
use crate::plan::{ids, policy};
use crate::source::Span;
use crate::yaml::{self, NodeKind};

/// Gives what somebody wrote its own place.
pub(super) fn place(template: &mut Template<'_>, model: &Model) {
    for function in model.functions.values() {
        variables(template, function);
        if !function.may.is_empty() {
            permissions(template, function);
        }
    }
}

/// Each reference of a variable.
fn variables(template: &mut Template<'_>, function: &Function) {
    for (name, path) in function.references() {
        let resource = template.resources.get_mut(ids::function(function).as_str());
        let variables = resource.and_then(|it| inner(inner(&mut it.properties, "Environment")?, "Variables"));
        let variable = variables.and_then(|it| it.entries.iter_mut().find(|entry| entry.key.text == name.as_str()));
        if let Some(variable) = variable {
            references(&mut variable.value, path.span);
        }
    }
}

fn inner<'m, 'a>(map: &'m mut Map<'a>, key: &str) -> Option<&'m mut Map<'a>> {
    match value(map, key)? {
        Node { kind: Kind::Map(inner), .. } => Some(inner),
        _ => None,
    }
}

fn value<'m, 'a>(map: &'m mut Map<'a>, key: &str) -> Option<&'m mut Node<'a>> {
    Some(&mut map.entries.iter_mut().find(|entry| entry.key.text == key)?.value)
}

/// The variable may have a text under a condition, which stands elsewhere.
fn references(node: &mut Node<'_>, span: Span) {
    node.place = Some(span);
    let Kind::Call(call) = &mut node.kind else { return };
    match &mut **call {
        Call::Ref(name) | Call::GetAtt(name, _) => name.place = Some(span),
        Call::If(_, _, otherwise) => references(otherwise, span),
        Call::Sub { parts, .. } => {
            for part in parts {
                if let Part::Ref(name) | Part::GetAtt(name, _) = part {
                    name.place = Some(span);
                }
            }
        }
        _ => {}
    }
}

/// Each action, resource and condition of the policy that a function's `may` is. The role has been touched by that.
fn permissions(template: &mut Template<'_>, function: &Function) {
    let Some(role) = template.resources.get_mut(ids::of(&ids::function(function), "role").as_str()) else { return };
    role.touched = true;
    let Some(Node { kind: Kind::List(policies), .. }) = value(&mut role.properties, "Policies") else { return };
    let policy = policies.iter_mut().find_map(|policy| match &mut policy.kind {
        Kind::Map(policy) if is_of_may(policy) => inner(policy, "PolicyDocument"),
        _ => None,
    });
    let Some(Node { kind: Kind::List(statements), .. }) = policy.and_then(|it| value(it, "Statement")) else { return };
    for (statement, may) in statements.iter_mut().zip(&function.may) {
        let Kind::Map(statement) = &mut statement.kind else { continue };
        each(value(statement, "Action"), may.actions.iter().map(|action| action.span));
        each(value(statement, "Resource"), may.resources.0.iter().map(|resource| resource.span));
        if let (Some(conditions), Some(written)) = (value(statement, "Condition"), &may.conditions) {
            as_written(conditions, &written.value.0);
        }
    }
}

/// A value that stands in the template as it was written, with its keys.
fn as_written(node: &mut Node<'_>, written: &yaml::Node) {
    node.place = Some(written.span);
    match (&mut node.kind, &written.kind) {
        (Kind::Map(map), NodeKind::Mapping(mapping)) => {
            for (entry, from) in map.entries.iter_mut().zip(&mapping.entries) {
                entry.key.place = Some(from.key.span);
                as_written(&mut entry.value, &from.value);
            }
        }
        (Kind::List(items), NodeKind::Sequence(written)) => {
            items.iter_mut().zip(written).for_each(|(item, from)| as_written(item, from));
        }
        _ => {}
    }
}

/// One alone, or each of a list.
fn each(node: Option<&mut Node<'_>>, spans: impl ExactSizeIterator<Item = Span>) {
    let nodes = match node {
        Some(Node { kind: Kind::List(items), .. }) if spans.len() != 1 => items.as_mut_slice(),
        Some(node) => std::slice::from_mut(node),
        None => return,
    };
    nodes.iter_mut().zip(spans).for_each(|(node, span)| references(node, span));
}

fn is_of_may(of_role: &Map<'_>) -> bool {
    of_role.get("PolicyName").and_then(Node::as_text) == Some(policy::MAY)
}
