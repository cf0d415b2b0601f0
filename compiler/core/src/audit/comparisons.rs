//! Conditions that compare a parameter with a value that it cannot have.

use super::View;
use super::template::{Call, Node, Template};
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
    for argument in arguments {
        within(template, argument, diagnostics);
    }
}

fn judge(template: &Template<'_>, parameter: &Node<'_>, literal: &Node<'_>) -> Option<Diagnostic> {
    let Some(Call::Ref(name)) = parameter.as_call() else { return None };
    let (value, place) = (literal.as_literal()?, literal.place?);
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
