//! Conditions that compare a parameter with a value that it cannot have.

use super::View;
use super::template::{Call, Node, Template};
use crate::aws::regions::no_region;
use crate::diagnostics::{Code, Diagnostic};

/// Looks at every condition.
pub(super) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for condition in view.template.conditions.values() {
        within(view.template, &condition.value, diagnostics);
    }
}

fn within(template: &Template<'_>, node: &Node<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let Some(call) = node.as_call() else { return };
    let arguments = call.arguments();
    if let (Call::Logic(function, _), [one, other]) = (call, arguments.as_slice())
        && function == "Fn::Equals"
    {
        diagnostics.extend(judge(template, one, other).or_else(|| judge(template, other, one)));
    }
    if let Call::Logic(function, all) = call
        && function == "Fn::And"
    {
        diagnostics.extend(both(template, all));
    }
    for argument in arguments {
        within(template, argument, diagnostics);
    }
}

/// Two conditions of which both are to hold, and that want another value of one parameter each.
fn both(template: &Template<'_>, all: &[Node<'_>]) -> Option<Diagnostic> {
    let wanted = |node: &Node<'_>| wants(template, node, 0);
    for (at, node) in all.iter().enumerate() {
        let Some((name, value)) = wanted(node) else { continue };
        let other = all[..at].iter().filter_map(wanted).find(|(other, _)| *other == name);
        if let Some((_, before)) = other.filter(|(_, before)| *before != value) {
            let message = format!("`{name}` is never `{before}` and `{value}` at once");
            let diagnostic = Diagnostic::new(Code::EVC1037, node.place?, message);
            return Some(diagnostic.note("the condition holds nowhere").help("`Fn::Or`, if one of the two is enough"));
        }
    }
    None
}

/// The parameter and the value that a condition compares, by its name as well.
fn wants(template: &Template<'_>, node: &Node<'_>, depth: usize) -> Option<(String, String)> {
    match node.as_call()? {
        Call::Condition(name) if depth < template.conditions.len() => {
            wants(template, &template.conditions.get(&*name.text)?.value, depth + 1)
        }
        Call::Logic(function, arguments) if function == "Fn::Equals" => {
            let [one, other] = arguments.as_slice() else { return None };
            let pair = |parameter: &Node<'_>, literal: &Node<'_>| {
                let Some(Call::Ref(name)) = parameter.as_call() else { return None };
                Some((name.text.to_string(), literal.as_literal()?.to_owned()))
            };
            pair(one, other).or_else(|| pair(other, one))
        }
        _ => None,
    }
}

fn judge(template: &Template<'_>, parameter: &Node<'_>, literal: &Node<'_>) -> Option<Diagnostic> {
    let Some(Call::Ref(name)) = parameter.as_call() else { return None };
    let (value, place) = (literal.as_literal()?, literal.place?);
    if name.text == "AWS::Region" {
        let wrong = no_region(value)?;
        let diagnostic = Diagnostic::new(Code::EVC1037, place, format!("`AWS::Region` is never `{value}`"))
            .note("there is no such Region, so the condition holds nowhere or everywhere");
        return Some(match wrong.help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        });
    }
    let allowed = &template.parameters.get(&*name.text)?.allowed;
    if allowed.is_empty() || allowed.iter().any(|it| it == value) {
        return None;
    }
    let message = format!("`{}` is never `{value}`", name.text);
    let diagnostic = Diagnostic::new(Code::EVC1037, place, message);
    Some(
        diagnostic
            .note("the parameter has no such value, so the condition holds nowhere or everywhere")
            .suggest(value, allowed.iter().map(|it| &**it)),
    )
}
