//! References to what is not there: resources, parameters, attributes, conditions, mappings and their keys.

use std::cell::{Cell, OnceCell};

use super::View;
use super::sam;
use super::template::{From, Mapping, Node, Reference, Template, To};
use crate::aws;
use crate::diagnostics::{Code, Diagnostic, list, nearest};

/// What `Ref` gives of the stack itself.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html>
const PSEUDO: [&str; 8] = [
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

/// How many references to nothing are told what they may mean. Where there are more, it is no slip that they have in common, and comparing
/// each with everything in a large template would take longer than all else.
const GUESSES: usize = 200;

/// The names that references may mean: collected when the first one leads nowhere.
struct Known<'t> {
    template: &'t Template<'t>,
    resources: OnceCell<Vec<&'t str>>,
    values: OnceCell<Vec<&'t str>>,
    guesses: Cell<usize>,
}

/// Looks at every reference.
pub(super) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let template = view.template;
    let known = Known::new(template);
    for reference in &view.references {
        let found = match reference.to {
            To::Value => value(&known, reference),
            To::Resource => resource(&known, reference),
            To::Attribute(attribute) => {
                resource(&known, reference).or_else(|| unknown_attribute(template, reference, attribute?))
            }
            To::Condition => condition(&known, reference),
            To::Mapping(top, second, has_default) => {
                let keys = (!has_default).then_some((top, second));
                mapping(&known, reference, keys)
            }
        };
        diagnostics.extend(found);
    }
}

impl<'t> Known<'t> {
    fn new(template: &'t Template<'t>) -> Self {
        Self { template, resources: OnceCell::new(), values: OnceCell::new(), guesses: Cell::new(GUESSES) }
    }

    fn resources(&self) -> &[&'t str] {
        self.resources.get_or_init(|| sorted(self.template.resources.keys().map(|id| &**id)))
    }

    /// What `Ref` takes.
    fn values(&self) -> &[&'t str] {
        let parameters = self.template.parameters.keys().map(|name| &**name);
        self.values.get_or_init(|| sorted(self.resources().iter().copied().chain(parameters)))
    }

    /// A reference to a name that is not there, with what may be meant.
    fn unknown(&self, reference: &Reference<'_>, what: &str, known: &[&str]) -> Diagnostic {
        let left = self.guesses.get();
        self.guesses.set(left.saturating_sub(1));
        unknown(reference, what, if left == 0 { &[] } else { known })
    }
}

fn sorted<'t>(names: impl Iterator<Item = &'t str>) -> Vec<&'t str> {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names
}

fn value(known: &Known<'_>, reference: &Reference<'_>) -> Option<Diagnostic> {
    let template = known.template;
    let name = reference.name;
    if name.starts_with("AWS::") {
        let is_known = PSEUDO.contains(&name);
        return (!is_known).then(|| known.unknown(reference, "is no pseudo parameter", &PSEUDO));
    }
    if template.resources.contains_key(name) || template.parameters.contains_key(name) || sam::makes(template, name) {
        return None;
    }
    Some(elsewhere(template, reference, known.unknown(reference, "is not in the template", known.values())))
}

fn resource(known: &Known<'_>, reference: &Reference<'_>) -> Option<Diagnostic> {
    let template = known.template;
    if template.resources.contains_key(reference.name) || sam::makes(template, reference.name) {
        return None;
    }
    let diagnostic = known.unknown(reference, "is no resource of the template", known.resources());
    if template.parameters.contains_key(reference.name) {
        return Some(diagnostic.note("it is a parameter, which has no attributes and is there from the start"));
    }
    Some(elsewhere(template, reference, diagnostic))
}

fn condition(known: &Known<'_>, reference: &Reference<'_>) -> Option<Diagnostic> {
    let conditions = &known.template.conditions;
    if conditions.contains_key(reference.name) {
        return None;
    }
    let names: Vec<&str> = conditions.keys().map(|name| &**name).collect();
    let diagnostic = known.unknown(reference, "is no condition of the template", &names);
    Some(if names.is_empty() { diagnostic.note("the template has no conditions") } else { diagnostic })
}

fn mapping(known: &Known<'_>, reference: &Reference<'_>, keys: Option<(&Node<'_>, &Node<'_>)>) -> Option<Diagnostic> {
    let mappings = &known.template.mappings;
    let Some(mapping) = mappings.get(reference.name) else {
        let names: Vec<&str> = mappings.keys().map(|name| &**name).collect();
        let diagnostic = known.unknown(reference, "is no mapping of the template", &names);
        return Some(if names.is_empty() { diagnostic.note("the template has no mappings") } else { diagnostic });
    };
    let (top, second) = keys?;
    unknown_key(mapping, reference, top, second)
}

/// A key that a mapping does not have, under any of the top-level keys that may be meant.
fn unknown_key(
    mapping: &Mapping<'_>,
    reference: &Reference<'_>,
    top: &Node<'_>,
    second: &Node<'_>,
) -> Option<Diagnostic> {
    let report = |key: &Node<'_>, name: &str, known: Vec<&str>| {
        let message = format!("mapping `{}` has no key `{name}`", reference.name);
        let place = key.place.unwrap_or(reference.place);
        let exact = key.place.is_some();
        with_candidates(Diagnostic::new(Code::EVC1010, place, message), name, &known, exact)
    };
    if let Some(name) = top.as_literal().filter(|name| !mapping.keys.contains_key(*name)) {
        return Some(report(top, name, mapping.keys.keys().map(|key| &**key).collect()));
    }
    let name = second.as_literal()?;
    let tops = mapping.keys.iter().filter(|(key, _)| top.as_literal().is_none_or(|top| top == &***key));
    let mut known: Vec<&str> = tops.flat_map(|(_, keys)| keys.keys().map(|key| &**key)).collect();
    known.sort_unstable();
    known.dedup();
    (!known.contains(&name)).then(|| report(second, name, known))
}

fn unknown_attribute(template: &Template<'_>, reference: &Reference<'_>, attribute: &str) -> Option<Diagnostic> {
    let resource = template.resources.get(reference.name)?;
    let type_ = aws::resource_type(sam::attributes_are_those_of(&resource.type_.text)?)?;
    if type_.has_attribute(attribute) || sam::has_attribute(&resource.type_.text, attribute) {
        return None;
    }
    let mut known = type_.attributes();
    known.sort_unstable();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let message = format!("`{}` is an {}, which has no attribute `{attribute}`", reference.name, resource.type_.text);
    let diagnostic = Diagnostic::new(Code::EVC1011, reference.place, message);
    let help = match nearest(attribute, &known) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None if known.is_empty() => "it has none; `Ref` gives its name or id".to_owned(),
        None if known.len() <= 12 => format!("`Fn::GetAtt` gives {}", list(&known)),
        None => return Some(diagnostic),
    };
    Some(diagnostic.help(help))
}

/// A name that is not there.
fn unknown(reference: &Reference<'_>, what: &str, known: &[&str]) -> Diagnostic {
    let from = match reference.from {
        From::Resource(id) => format!("`{id}`"),
        From::Condition(name) => format!("condition `{name}`"),
        From::Output(name) => format!("output `{name}`"),
    };
    let message = format!("{from} refers to `{}`, which {what}", reference.name);
    let diagnostic = Diagnostic::new(Code::EVC1010, reference.place, message);
    with_candidates(diagnostic, reference.name, known, reference.exact)
}

/// Says what may be meant, and offers to replace the name if the place is the name's alone.
fn with_candidates(diagnostic: Diagnostic, name: &str, known: &[&str], exact: bool) -> Diagnostic {
    if exact {
        return diagnostic.suggest(name, known.iter().copied());
    }
    match nearest(name, known) {
        Some(nearest) => diagnostic.help(format!("did you mean `{nearest}`?")),
        None => diagnostic,
    }
}

/// Says what else has the name.
fn elsewhere(template: &Template<'_>, reference: &Reference<'_>, diagnostic: Diagnostic) -> Diagnostic {
    if template.conditions.contains_key(reference.name) {
        diagnostic.note("there is a condition of this name: `Fn::If` and `Condition` take it")
    } else if template.mappings.contains_key(reference.name) {
        diagnostic.note("there is a mapping of this name: `Fn::FindInMap` takes it")
    } else {
        diagnostic
    }
}
