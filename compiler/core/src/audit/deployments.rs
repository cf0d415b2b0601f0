//! The ways in which a template can be deployed: its conditions decided, `Fn::If` in the place of what it then gives, and without the
//! resources that are not made. What is wrong in one of them is wrong with the template.
//!
//! A way is a value for each parameter that a condition looks at: one of those that it may have, its default, one that it is compared with,
//! and one that it is compared with nowhere. Conditions on what is not known are left open, and so is what depends on them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::template::{Call, Entry, Kind, Map, Node, Resource, Template};
use crate::diagnostics::Diagnostic;

/// How many ways are looked at. Most templates have one or two conditions.
const MOST: usize = 8;
/// How many combinations of values are tried to find them.
const TRIED: usize = 256;
/// A value of a parameter that it is compared with nowhere.
const ANOTHER: &str = "\u{0}";

/// Which conditions hold, as far as it is known.
pub(super) type Holds<'t> = BTreeMap<&'t str, bool>;

/// One way.
pub(super) struct Deployment<'t, 'a> {
    /// The template with its conditions decided.
    pub template: Cow<'t, Template<'a>>,
    holds: Holds<'t>,
}

/// Every way, up to a bound: the template itself if nothing depends on conditions.
pub(super) fn of<'t, 'a>(template: &'t Template<'a>) -> Vec<Deployment<'t, 'a>> {
    let decided = |holds: Holds<'t>| {
        let template = if holds.is_empty() { Cow::Borrowed(template) } else { Cow::Owned(decided(template, &holds)) };
        Deployment { template, holds }
    };
    held(template, MOST).into_iter().map(decided).collect()
}

/// What the conditions come to, in every way in which they differ, up to a number of them.
pub(super) fn held<'t>(template: &'t Template<'_>, most: usize) -> Vec<Holds<'t>> {
    let mut ways: Vec<Holds<'t>> = Vec::new();
    for values in combinations(&values(template)) {
        let decide = Decide { template, values };
        let known = template.conditions.keys().filter_map(|name| Some((&**name, decide.named(name, 0)?)));
        let holds: Holds<'t> = known.collect();
        if !ways.contains(&holds) {
            ways.push(holds);
        }
        if ways.len() == most {
            break;
        }
    }
    ways
}

/// Joins what was found in each way: once, with the conditions that make the difference.
pub(super) fn join(ways: &[Deployment<'_, '_>], found: Vec<Vec<Diagnostic>>, diagnostics: &mut Vec<Diagnostic>) {
    let places: Vec<BTreeSet<_>> =
        found.iter().map(|found| found.iter().map(|it| (it.code, it.primary.span)).collect()).collect();
    let mut told = BTreeSet::new();
    for found in found {
        let new: Vec<_> = found.into_iter().filter(|it| !told.contains(&(it.code, it.primary.span))).collect();
        told.extend(new.iter().map(|it| (it.code, it.primary.span)));
        for diagnostic in new {
            let at = |places: &BTreeSet<_>| places.contains(&(diagnostic.code, diagnostic.primary.span));
            let (with, without): (Vec<_>, Vec<_>) = ways.iter().zip(&places).partition(|(_, places)| at(places));
            let with: Vec<_> = with.iter().map(|(way, _)| &way.holds).collect();
            let without: Vec<_> = without.iter().map(|(way, _)| &way.holds).collect();
            diagnostics.push(match difference(&with, &without) {
                Some(when) => diagnostic.note(when),
                None => diagnostic,
            });
        }
    }
}

/// The condition that holds in some ways and not in the others, in words.
fn difference(with: &[&Holds<'_>], without: &[&Holds<'_>]) -> Option<String> {
    let first = without.first()?;
    first.keys().find_map(|name| {
        let is = with.first()?.get(name)?;
        let apart = with.iter().all(|way| way.get(name) == Some(is))
            && without.iter().all(|way| way.get(name).is_some_and(|it| it != is));
        apart.then(|| format!("so it is where `{name}` {}", if *is { "holds" } else { "does not hold" }))
    })
}

/// The values that each parameter that conditions look at may have.
fn values<'t>(template: &'t Template<'_>) -> IndexMap<&'t str, Vec<&'t str>> {
    let mut values: IndexMap<&str, Vec<&str>> = IndexMap::new();
    for condition in template.conditions.values() {
        compared(&condition.value, &mut values);
    }
    for (name, values) in &mut values {
        let parameter = template.parameters.get(*name);
        match parameter.filter(|parameter| !parameter.allowed.is_empty()) {
            Some(parameter) => *values = parameter.allowed.iter().map(|value| &**value).collect(),
            None => values.extend(parameter.and_then(|it| it.default.as_deref()).into_iter().chain([ANOTHER])),
        }
        let mut seen = BTreeSet::new();
        values.retain(|value| seen.insert(*value));
    }
    values
}

/// Adds the parameters within a condition, with what they are compared with.
fn compared<'t>(node: &'t Node<'_>, values: &mut IndexMap<&'t str, Vec<&'t str>>) {
    let Some(call) = node.as_call() else { return };
    if let Call::Ref(name) = call {
        values.entry(&name.text).or_default();
    }
    let arguments = call.arguments();
    if let (Call::Logic(_, _), [one, other]) = (call, arguments.as_slice()) {
        for (one, other) in [(one, other), (other, one)] {
            if let (Some(Call::Ref(name)), Some(literal)) = (one.as_call(), other.as_literal()) {
                values.entry(&name.text).or_default().push(literal);
            }
        }
    }
    for argument in arguments {
        compared(argument, values);
    }
}

/// Values for all of them, in every combination, the last one changing first.
fn combinations<'t>(values: &IndexMap<&'t str, Vec<&'t str>>) -> Vec<BTreeMap<&'t str, &'t str>> {
    let mut all = vec![BTreeMap::new()];
    for (name, values) in values {
        let with = |before: &BTreeMap<&'t str, &'t str>, value: &'t str| {
            let mut with = before.clone();
            with.insert(*name, value);
            with
        };
        all = all.iter().flat_map(|before| values.iter().map(|value| with(before, value))).take(TRIED).collect();
    }
    all
}

/// What conditions come to with values for the parameters.
struct Decide<'t, 'a> {
    template: &'t Template<'a>,
    values: BTreeMap<&'t str, &'t str>,
}

impl Decide<'_, '_> {
    /// Whether a condition holds. One that leads back to itself is not decided.
    fn named(&self, name: &str, depth: usize) -> Option<bool> {
        let condition = self.template.conditions.get(name).filter(|_| depth < self.template.conditions.len())?;
        self.holds(&condition.value, depth + 1)
    }

    fn holds(&self, node: &Node<'_>, depth: usize) -> Option<bool> {
        match node.as_call()? {
            Call::Condition(name) => self.named(&name.text, depth),
            Call::Logic(function, arguments) => {
                let mut each = arguments.iter().map(|argument| self.holds(argument, depth));
                match (&**function, arguments.as_slice()) {
                    ("Fn::Equals", [one, other]) => Some(self.text(one)? == self.text(other)?),
                    ("Fn::Not", [one]) => Some(!self.holds(one, depth)?),
                    ("Fn::And", _) => each.try_fold(true, |all, it| Some(all && it?)),
                    ("Fn::Or", _) => each.try_fold(false, |any, it| Some(any || it?)),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn text<'n>(&'n self, node: &'n Node<'_>) -> Option<&'n str> {
        match node.as_call() {
            None => node.as_literal(),
            Some(Call::Ref(name)) => self.values.get(&*name.text).copied(),
            Some(Call::FindInMap { map, top, second, .. }) => {
                let mapping = self.template.mappings.get(map.as_literal()?)?;
                mapping.keys.get(self.text(top)?)?.get(self.text(second)?)?.as_literal()
            }
            Some(_) => None,
        }
    }
}

fn decided<'a>(template: &Template<'a>, holds: &Holds<'_>) -> Template<'a> {
    let made = |resource: &&Resource<'a>| {
        resource.condition.as_ref().is_none_or(|condition| holds.get(&*condition.text) != Some(&false))
    };
    let resources = template.resources.iter().filter(|(_, resource)| made(resource)).map(|(id, resource)| {
        (id.clone(), Resource { properties: map(&resource.properties, holds), ..resource.clone() })
    });
    let globals = template.globals.as_ref().and_then(|globals| node(globals, holds));
    Template { resources: resources.collect(), globals, ..template.clone() }
}

/// What a value is; `None` if it is taken out, by `AWS::NoValue`.
fn node<'a>(of: &Node<'a>, holds: &Holds<'_>) -> Option<Node<'a>> {
    let kind = match &of.kind {
        Kind::List(items) => Kind::List(items.iter().filter_map(|item| node(item, holds)).collect()),
        Kind::Map(of) => Kind::Map(map(of, holds)),
        Kind::Call(call) => match &**call {
            Call::Ref(name) if name.text == "AWS::NoValue" => return None,
            Call::If(name, yes, no) => match holds.get(&*name.text) {
                Some(holding) => {
                    let value = node(if *holding { yes } else { no }, holds)?;
                    return Some(Node { place: value.place.or(of.place), ..value });
                }
                None => return Some(of.clone()),
            },
            call => Kind::Call(Box::new(within(call, holds))),
        },
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::Error => return Some(of.clone()),
    };
    Some(Node { kind, place: of.place })
}

fn map<'a>(of: &Map<'a>, holds: &Holds<'_>) -> Map<'a> {
    let entry = |entry: &Entry<'a>| Some(Entry { key: entry.key.clone(), value: node(&entry.value, holds)? });
    Map { entries: of.entries.iter().filter_map(entry).collect() }
}

/// A call with its arguments as they then are. Those that are always literals stay as they are.
fn within<'a>(call: &Call<'a>, holds: &Holds<'_>) -> Call<'a> {
    let inner = |of: &Node<'a>| node(of, holds).unwrap_or_else(|| of.clone());
    match call {
        Call::Sub { parts, bound } => {
            let bound = map(&Map { entries: bound.clone() }, holds).entries;
            Call::Sub { parts: parts.clone(), bound }
        }
        Call::Join(separator, list) => Call::Join(separator.clone(), inner(list)),
        Call::Select(index, list) => Call::Select(inner(index), inner(list)),
        Call::Split(separator, text) => Call::Split(separator.clone(), inner(text)),
        Call::Base64(text) => Call::Base64(inner(text)),
        Call::ToJsonString(value) => Call::ToJsonString(inner(value)),
        other => other.clone(),
    }
}
