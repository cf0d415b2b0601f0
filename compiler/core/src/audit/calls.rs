//! Calls of functions that there are not, and arguments that functions do not take.

use super::View;
use super::template::{Call, Entry, Kind, Node};
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::source::Span;

/// The functions, and what they take.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html>
const FUNCTIONS: [(&str, &str); 16] = [
    ("Ref", "a name"),
    ("Condition", "a name"),
    ("Fn::Base64", "a text"),
    ("Fn::Cidr", "a list of a block, a count and the bits of each"),
    ("Fn::FindInMap", "a list of a mapping and two keys"),
    ("Fn::GetAZs", "a Region"),
    ("Fn::GetAtt", "`Resource.Attribute`, or a list of the two"),
    ("Fn::If", "a list of a condition and two values"),
    ("Fn::ImportValue", "a name"),
    ("Fn::Join", "a list of a separator and a list of texts"),
    ("Fn::Length", "a list"),
    ("Fn::Select", "a list of an index and a list"),
    ("Fn::Split", "a list of a separator and a text"),
    ("Fn::Sub", "a text, or a list of a text and a map"),
    ("Fn::ToJsonString", "a map or a list"),
    ("Fn::Transform", "a map of `Name` and `Parameters`"),
];

/// Looks at every call.
pub(super) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let template = view.template;
    for condition in template.conditions.values() {
        node(&condition.value, condition.place, diagnostics);
    }
    for resource in template.resources.values() {
        let policies = [&resource.deletion_policy, &resource.update_replace_policy];
        policies.into_iter().flatten().for_each(|policy| node(policy, resource.place, diagnostics));
        entries(&resource.others, resource.place, diagnostics);
        entries(&resource.properties.entries, resource.place, diagnostics);
    }
    for output in template.outputs.values() {
        node(&output.value, output.place, diagnostics);
    }
}

fn entries(entries: &[Entry<'_>], here: Span, diagnostics: &mut Vec<Diagnostic>) {
    for entry in entries {
        node(&entry.value, entry.key.place.unwrap_or(here), diagnostics);
    }
}

fn node(it: &Node<'_>, here: Span, diagnostics: &mut Vec<Diagnostic>) {
    let here = it.place.unwrap_or(here);
    match &it.kind {
        Kind::List(items) => items.iter().for_each(|item| node(item, here, diagnostics)),
        Kind::Map(map) => entries(&map.entries, here, diagnostics),
        Kind::Call(call) => {
            diagnostics.extend(report(call, here));
            if !matches!(**call, Call::Malformed(..)) {
                call.arguments().into_iter().for_each(|argument| node(argument, here, diagnostics));
            }
        }
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::Error => {}
    }
}

fn report(call: &Call<'_>, here: Span) -> Option<Diagnostic> {
    if let Call::Malformed(function, argument) = call {
        let takes = FUNCTIONS.iter().find(|(name, _)| name == function).map_or("other arguments", |(_, takes)| takes);
        let message = format!("`{function}` takes {takes}");
        return Some(Diagnostic::new(Code::EVC1014, argument.place.unwrap_or(here), message));
    }
    if let Call::Select(index, list) = call {
        return beyond(index, list, here);
    }
    let Call::Unknown(function, _) = call else { return None };
    let known: Vec<&str> = FUNCTIONS.iter().map(|(name, _)| *name).collect();
    let diagnostic = Diagnostic::new(Code::EVC1014, here, format!("there is no function `{function}`"));
    Some(match nearest(function, &known) {
        Some(nearest) => diagnostic.help(format!("did you mean `{nearest}`?")),
        None => diagnostic,
    })
}

/// An item that a list which is written out does not have. What is left out under a condition is an item until then.
fn beyond(index: &Node<'_>, list: &Node<'_>, here: Span) -> Option<Diagnostic> {
    let (number, items) = (index.as_literal()?.parse::<usize>().ok()?, list.as_list()?);
    if number < items.len() {
        return None;
    }
    let message = format!("`Fn::Select` takes item {number} of a list that has {}", items.len());
    let diagnostic = Diagnostic::new(Code::EVC1014, index.place.unwrap_or(here), message);
    Some(diagnostic.note("the first item is 0").note("CloudFormation refuses the template"))
}
