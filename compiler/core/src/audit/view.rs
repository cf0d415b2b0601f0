//! A template with what several checks want to know of it.

use super::Beside;
use super::template::{Call, Kind, Node, Part, Reference, Resource, Template};
use crate::source::Span;

/// A template, and what several checks want to know of it.
pub(super) struct View<'t> {
    /// The template as it is written.
    pub template: &'t Template<'t>,
    /// Every reference in it, in its order.
    pub references: Vec<Reference<'t>>,
    /// What SAM makes of it: the same where it has nothing to make. Sense is judged by this.
    pub deployed: &'t Template<'t>,
    /// What is known beside it.
    pub beside: &'t Beside<'t>,
    /// Whether what evc derived from a spec is left alone: the spec's own checks have looked at that.
    pub only_written: bool,
}

/// A resource and its logical id.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named<'v> {
    /// Its logical id.
    pub id: &'v str,
    /// What it is.
    pub resource: &'v Resource<'v>,
}

impl<'t> View<'t> {
    /// The deployed resources of a type.
    pub(super) fn of_type(&self, type_: &'t str) -> impl Iterator<Item = Named<'_>> {
        self.deployed.of_type(type_).map(|(id, resource)| Named { id, resource })
    }

    /// The deployed resource that a value stands for: by `Ref`, by one of its attributes, or as the only thing in a `Fn::Sub`.
    pub(super) fn resource_of(&self, node: &Node<'_>) -> Option<Named<'_>> {
        self.resource(node.referent()?)
    }

    /// The same, and the function where that is an alias or a version of one.
    pub(super) fn function_of(&self, node: &Node<'_>) -> Option<Named<'_>> {
        let named = self.resource_of(node)?;
        match &*named.resource.type_.text {
            "AWS::Lambda::Alias" | "AWS::Lambda::Version" => self.resource_of(named.resource.property("FunctionName")?),
            _ => Some(named),
        }
    }

    /// The deployed resource of this logical id.
    pub(super) fn resource(&self, id: &str) -> Option<Named<'_>> {
        let (id, resource) = self.deployed.resources.get_key_value(id)?;
        Some(Named { id, resource })
    }

    /// Every logical id that a value names, however deep.
    pub(super) fn named_in<'n>(node: &'n Node<'_>) -> Vec<&'n str> {
        let mut found = Vec::new();
        names(node, &mut found);
        found
    }

    /// Whether the spec's own checks have looked at all of these: nobody has written or changed any of them by hand.
    pub(super) fn is_settled(&self, of: &[Named<'_>]) -> bool {
        self.only_written && of.iter().all(|it| !it.resource.is_touched())
    }
}

impl Named<'_> {
    /// The number that a property is, or that it is by default. `None` if it is not known before it is deployed.
    pub(super) fn number(&self, property: &str, default: f64) -> Option<f64> {
        match self.resource.property(property) {
            None => Some(default),
            Some(node) => node.as_number(),
        }
    }

    /// Whether a property is `true`. `None` if it is not known before it is deployed.
    pub(super) fn flag(&self, property: &str) -> Option<bool> {
        match self.resource.property(property) {
            None => Some(false),
            Some(node) => node.as_bool(),
        }
    }

    /// Where a property stands, or the resource.
    pub(super) fn place_of(&self, property: &str) -> Span {
        self.resource.place_of(property)
    }
}

/// The values at the end of a path, with `*` for each of a list.
pub(super) fn values<'n>(node: &'n Node<'n>, path: &[&str]) -> Vec<&'n Node<'n>> {
    let Some((first, rest)) = path.split_first() else { return vec![node] };
    if *first == "*" {
        return node.as_list().into_iter().flatten().flat_map(|item| values(item, rest)).collect();
    }
    node.get(first).into_iter().flat_map(|value| values(value, rest)).collect()
}

fn names<'n>(node: &'n Node<'_>, found: &mut Vec<&'n str>) {
    match &node.kind {
        Kind::List(items) => items.iter().for_each(|item| names(item, found)),
        Kind::Map(map) => map.entries.iter().for_each(|entry| names(&entry.value, found)),
        Kind::Call(call) => {
            match &**call {
                Call::Ref(name) | Call::GetAtt(name, _) => found.push(&name.text),
                Call::Sub { parts, .. } => found.extend(parts.iter().filter_map(|part| match part {
                    Part::Ref(name) | Part::GetAtt(name, _) => Some(&*name.text),
                    Part::Literal(_) => None,
                })),
                _ => {}
            }
            call.arguments().into_iter().for_each(|argument| names(argument, found));
        }
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::Error => {}
    }
}
