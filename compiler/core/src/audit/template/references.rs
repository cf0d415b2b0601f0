//! Every reference of a template: who refers to what, by which function, and where.

#![warn(clippy::wildcard_enum_match_arm, reason = "a function that is forgotten here must not compile")]

use super::{Call, Entry, Kind, Name, Node, Part, Template};
use crate::source::Span;

/// One name that something refers to.
#[derive(Debug, Clone)]
pub struct Reference<'t> {
    /// Who refers to it.
    pub from: From<'t>,
    /// What is meant to have the name.
    pub to: To<'t>,
    /// The name.
    pub name: &'t str,
    /// Where the name stands, or what it stands in.
    pub place: Span,
    /// Whether `place` is that of the name alone, so that a fix may replace it.
    pub exact: bool,
    /// The conditions of the `Fn::If` that it stands in, each with whether it is where that holds.
    pub under: Vec<(&'t str, bool)>,
}

/// Who refers to something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From<'t> {
    /// A resource, by its logical id.
    Resource(&'t str),
    /// A condition.
    Condition(&'t str),
    /// An output.
    Output(&'t str),
}

/// What is referred to.
#[derive(Debug, Clone, Copy)]
pub enum To<'t> {
    /// `Ref` and `${Name}`: a resource, a parameter or a pseudo parameter.
    Value,
    /// `Fn::GetAtt` and `${Resource.Attribute}`: an attribute of a resource. `None` is one that is not known before it is deployed.
    Attribute(Option<&'t str>),
    /// `Fn::If`, `Condition`: a condition.
    Condition,
    /// `Fn::FindInMap`: a mapping, with its keys as far as they are literals.
    Mapping(&'t Node<'t>, &'t Node<'t>, bool),
    /// `DependsOn`: a resource.
    Resource,
}

impl<'t> Template<'t> {
    /// Every reference, in the order of the template.
    pub fn references<'r>(&'r self) -> Vec<Reference<'r>>
    where
        't: 'r,
    {
        let mut walk = Walk { found: Vec::new(), from: From::Condition(""), under: Vec::new() };
        for (name, condition) in &self.conditions {
            walk.from = From::Condition(name);
            walk.node(&condition.value, condition.place);
        }
        for (id, resource) in &self.resources {
            walk.from = From::Resource(id);
            let here = resource.place;
            resource.condition.iter().for_each(|name| walk.name(To::Condition, name, here));
            resource.depends_on.iter().for_each(|name| walk.name(To::Resource, name, here));
            for policy in [&resource.deletion_policy, &resource.update_replace_policy].into_iter().flatten() {
                walk.node(policy, here);
            }
            walk.entries(&resource.others, here);
            walk.entries(&resource.properties.entries, here);
        }
        for (name, output) in &self.outputs {
            walk.from = From::Output(name);
            output.condition.iter().for_each(|name| walk.name(To::Condition, name, output.place));
            walk.node(&output.value, output.place);
            output.export.iter().for_each(|export| walk.node(export, output.place));
        }
        walk.found
    }
}

/// A walk over the values of a template.
struct Walk<'r> {
    found: Vec<Reference<'r>>,
    from: From<'r>,
    /// The conditions that what is looked at stands under.
    under: Vec<(&'r str, bool)>,
}

impl<'r> Walk<'r> {
    fn name(&mut self, to: To<'r>, name: &'r Name<'_>, here: Span) {
        self.add(to, &name.text, name.place, here);
    }

    fn add(&mut self, to: To<'r>, name: &'r str, place: Option<Span>, here: Span) {
        let (exact, place) = (place.is_some(), place.unwrap_or(here));
        self.found.push(Reference { from: self.from, to, name, place, exact, under: self.under.clone() });
    }

    fn entries(&mut self, entries: &'r [Entry<'_>], here: Span) {
        for entry in entries {
            self.node(&entry.value, entry.key.place.unwrap_or(here));
        }
    }

    /// Looks at a value. `here` is the place of what is around it, for what has none.
    fn node<'a>(&mut self, node: &'r Node<'a>, here: Span)
    where
        'a: 'r,
    {
        let here = node.place.unwrap_or(here);
        match &node.kind {
            Kind::List(items) => items.iter().for_each(|item| self.node(item, here)),
            Kind::Map(map) => self.entries(&map.entries, here),
            Kind::Call(call) => self.call(call, here),
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::Error => {}
        }
    }

    fn call<'a>(&mut self, call: &'r Call<'a>, here: Span)
    where
        'a: 'r,
    {
        match call {
            Call::Ref(name) => self.name(To::Value, name, here),
            Call::GetAtt(name, attribute) => self.name(To::Attribute(attribute.as_text()), name, here),
            Call::Condition(name) => self.name(To::Condition, name, here),
            Call::If(name, yes, no) => {
                self.name(To::Condition, name, here);
                for (branch, holds) in [(yes, true), (no, false)] {
                    self.under.push((&name.text, holds));
                    self.node(branch, here);
                    self.under.pop();
                }
            }
            Call::Sub { parts, bound } => {
                let is_bound = |name: &str| bound.iter().any(|entry| entry.key.text == name);
                for part in parts {
                    match part {
                        Part::Ref(name) if !is_bound(&name.text) => self.name(To::Value, name, here),
                        Part::GetAtt(name, attribute) if !is_bound(&format!("{}.{attribute}", name.text)) => {
                            self.name(To::Attribute(Some(attribute)), name, here);
                        }
                        Part::Literal(_) | Part::Ref(_) | Part::GetAtt(..) => {}
                    }
                }
            }
            Call::FindInMap { map, top, second, default } => {
                if let Kind::Text(name) = &map.kind {
                    self.add(To::Mapping(top, second, default.is_some()), name, map.place, here);
                }
            }
            Call::Join(..)
            | Call::Select(..)
            | Call::Split(..)
            | Call::ImportValue(_)
            | Call::Base64(_)
            | Call::Cidr(_)
            | Call::GetAZs(_)
            | Call::Transform(_)
            | Call::ForEach(_)
            | Call::Length(_)
            | Call::ToJsonString(_)
            | Call::Logic(..)
            | Call::Malformed(..)
            | Call::Unknown(..) => {}
        }
        // What a loop gives its names to is known when it is unrolled; the values of `Fn::If` have been looked at.
        if !matches!(call, Call::ForEach(_) | Call::If(..)) {
            for argument in call.arguments() {
                self.node(argument, here);
            }
        }
    }
}
