//! Resources that evc does not make itself, overrides of those that it makes, and what of the spec the raw values in both refer to.

use std::collections::HashMap;

use super::graph::{Relates, Relation};
use super::names::head;
use super::outputs::tells_of_thing;
use super::{Head, Thing};
use crate::source::{Span, Spanned};
use crate::spec::decode::{Declared, pascal_case};
use crate::spec::overrides;
use crate::spec::raw::Attributes;
use crate::spec::{Sections, resource as spec};
use crate::yaml::{Node, NodeKind};

/// A resource that evc does not make itself.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Name, which is its logical id, and places.
    pub head: Head,
    /// Its CloudFormation type.
    pub type_: Spanned<String>,
    /// What it says.
    pub attributes: Attributes,
    /// The things that its values refer to.
    pub refers: Vec<Spanned<Thing>>,
}

/// What the spec says differently of a resource that evc makes.
#[derive(Debug, Clone)]
pub struct Override {
    /// What it says.
    pub attributes: Attributes,
    /// The things that its values refer to.
    pub refers: Vec<Spanned<Thing>>,
}

impl Relates for Resource {
    fn relate(&self, tell: &mut dyn FnMut(Relation, Thing, Span)) {
        self.refers.iter().for_each(|thing| tell(Relation::Refers, thing.value, thing.span));
    }
}

/// The things of a spec by what raw values call them: `functions.pay`, and the logical id of their resource.
pub(super) struct Known {
    by_path: HashMap<String, Thing>,
    by_id: HashMap<String, Thing>,
}

impl Known {
    pub(super) fn of(sections: &Sections) -> Self {
        let mut known = Self { by_path: HashMap::new(), by_id: HashMap::new() };
        for (name, thing) in Thing::all(sections) {
            known.by_path.insert(format!("{}.{name}", thing.section()), thing);
            known.by_id.insert(format!("{}{}", pascal_case(name), pascal_case(thing.what())), thing);
        }
        known
    }
}

pub(super) fn resource(known: &Known, name: &str, item: &Declared<spec::Resource>) -> Resource {
    let attributes = item.attributes();
    let refers = refers(known, &attributes);
    Resource { head: head(name, item, None, &item.allow), type_: item.type_.clone(), attributes, refers }
}

pub(super) fn change(known: &Known, change: &overrides::Override) -> Override {
    let attributes = change.attributes();
    let refers = refers(known, &attributes);
    Override { attributes, refers }
}

fn refers(known: &Known, attributes: &Attributes) -> Vec<Spanned<Thing>> {
    let mut found = Vec::new();
    for (_, tree) in attributes.trees() {
        mentions(&tree.value.0, &mut |text, span| found.extend(known.called(text, span)));
    }
    found
}

impl Known {
    /// The things that the resources of a permission refer to: by functions, and by the names in ARNs.
    pub(super) fn mentioned(&self, resources: &[Node]) -> Vec<Spanned<Thing>> {
        let mut found = Vec::new();
        for resource in resources {
            let mut tell = |text: &str, span: Span| found.extend(self.called(text, span));
            if let NodeKind::Scalar(scalar) = &resource.kind {
                substituted(&scalar.text, resource.span, &mut tell);
            } else {
                mentions(resource, &mut tell);
            }
        }
        found
    }

    /// The thing that a reference is to, by the logical id of its resource or by its path.
    fn called(&self, text: &str, span: Span) -> Option<Spanned<Thing>> {
        let by_id = self.by_id.get(text.split('.').next().unwrap_or_default()).copied();
        by_id.or_else(|| self.told(text)).map(|thing| Spanned::new(thing, span))
    }

    /// The thing that a path such as `queues.jobs.arn` tells something of. Its parts, such as a role, have uses of their own.
    pub(super) fn told(&self, path: &str) -> Option<Thing> {
        let mut parts = path.splitn(3, '.');
        let (section, name, property) = (parts.next()?, parts.next()?, parts.next());
        let thing = self.by_path.get(&format!("{section}.{name}"))?;
        property.is_none_or(tells_of_thing).then_some(*thing)
    }
}

/// The dimensions of an alarm or a graph name what is looked at, which is no use of it.
const LOOKED_AT: &str = "Dimensions";

/// Tells each name that the functions in a raw value refer to, with its place: of `Ref`, `Fn::GetAtt`, `Fn::Sub` and `ref`.
fn mentions(node: &Node, tell: &mut dyn FnMut(&str, Span)) {
    match &node.kind {
        NodeKind::Sequence(items) => items.iter().for_each(|item| mentions(item, tell)),
        NodeKind::Mapping(mapping) => {
            if let [only] = mapping.entries.as_slice() {
                named(&only.key.text, &only.value, tell);
            }
            let values = mapping.entries.iter().filter(|entry| entry.key.text != LOOKED_AT);
            values.for_each(|entry| mentions(&entry.value, tell));
        }
        NodeKind::Scalar(_) | NodeKind::Null | NodeKind::Error => {}
    }
}

fn named(function: &str, argument: &Node, tell: &mut dyn FnMut(&str, Span)) {
    let first = match &argument.kind {
        NodeKind::Sequence(items) => items.first(),
        NodeKind::Scalar(_) | NodeKind::Mapping(_) | NodeKind::Null | NodeKind::Error => Some(argument),
    };
    let Some((NodeKind::Scalar(scalar), span)) = first.map(|node| (&node.kind, node.span)) else { return };
    match function {
        "Ref" | "ref" | "Fn::GetAtt" => tell(&scalar.text, span),
        "Fn::Sub" => substituted(&scalar.text, span, tell),
        _ => {}
    }
}

/// Tells each name that stands as `${name}` in a text.
fn substituted(text: &str, span: Span, tell: &mut dyn FnMut(&str, Span)) {
    let names = text.split("${").skip(1).filter_map(|rest| rest.split_once('}'));
    names.for_each(|(name, _)| tell(name.trim(), span));
}
