//! Overrides: properties that the spec says differently, and resources that evc does not make.

use indexmap::IndexMap;

use crate::diagnostics::{Code, Diagnostic};
use crate::plan::builder::Builder;
use crate::plan::value::Value;
use crate::plan::{LogicalId, Resource};
use crate::source::Spanned;
use crate::spec::overrides::Override;
use crate::yaml::{Node, NodeKind};

/// Merges each override into its resource, or adds the resource.
pub(super) fn finish(b: &mut Builder<'_>) {
    let model = b.model;
    for (name, change) in &model.overrides {
        match &change.type_ {
            Some(type_) => add(b, name, type_, change),
            None => merge_into(b, name, change),
        }
    }
}

fn add(b: &mut Builder<'_>, name: &Spanned<String>, type_: &Spanned<String>, change: &Override) {
    let id = LogicalId::new([name.as_str()]);
    if id.as_str() != name.as_str() {
        let message = format!("`{}` is not a logical id", name.value);
        let diagnostic = Diagnostic::new(Code::EVC0106, name.span, message)
            .help(format!("a logical id has letters and digits only, and starts with a capital: `{id}`"));
        b.diagnostics.push(diagnostic);
        return;
    }
    let mut resource = Resource::new(type_.as_str(), format!("resource `{id}` of the spec"), name.span, []);
    if let Some(properties) = &change.properties
        && let Some(Value::Map(properties)) = Value::from_node(&properties.value.0)
    {
        resource.properties = properties;
    }
    b.add(&id, resource);
}

fn merge_into(b: &mut Builder<'_>, name: &Spanned<String>, change: &Override) {
    let id = LogicalId::new([name.as_str()]);
    let known = b.plan.resources.get_mut(&id).filter(|_| id.as_str() == name.as_str());
    let Some(resource) = known else {
        let message = format!("there is no resource `{}`", name.value);
        let diagnostic = Diagnostic::new(Code::EVC0101, name.span, message)
            .suggest(name, b.plan.resources.keys().map(LogicalId::as_str))
            .help("an override names a resource of the template; with `type` it adds one");
        b.diagnostics.push(diagnostic);
        return;
    };
    if let Some(properties) = &change.properties {
        merge(&mut resource.properties, &properties.value.0);
    }
}

/// Maps are merged, `null` removes, anything else replaces.
fn merge(into: &mut IndexMap<String, Value>, from: &Node) {
    let NodeKind::Mapping(mapping) = &from.kind else { return };
    for entry in &mapping.entries {
        let key = &entry.key.text;
        match (into.get_mut(key), &entry.value.kind) {
            (_, NodeKind::Null) => {
                into.shift_remove(key);
            }
            (Some(Value::Map(inner)), NodeKind::Mapping(_)) if !is_intrinsic(&entry.value) => {
                merge(inner, &entry.value);
            }
            _ => {
                if let Some(value) = Value::from_node(&entry.value) {
                    into.insert(key.clone(), value);
                }
            }
        }
    }
}

/// Whether a map is a call of an intrinsic function in its long form, such as `{Ref: OrdersTable}`.
fn is_intrinsic(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Mapping(mapping) => match mapping.entries.as_slice() {
            [only] => only.key.text == "Ref" || only.key.text.starts_with("Fn::"),
            _ => false,
        },
        _ => false,
    }
}
