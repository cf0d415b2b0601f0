//! What rules make of events for their targets: of the type that the target takes, and within what EventBridge can make.

use super::forwarding;
use crate::diagnostics::{Code, Diagnostic};
use crate::expr::{Plain, Scope, Template};
use crate::model::{Destination, Forward, Input, Model, Rule, Target, transform_scope};
use crate::source::Span;
use crate::types::Type;

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let forwards = model.forwards();
    for rule in model.rules.values() {
        for target in &rule.targets {
            if let Some(input) = &target.input {
                of_target(model, &forwards, rule, target, input, diagnostics);
            }
        }
    }
}

fn of_target(
    model: &Model,
    forwards: &[Forward],
    rule: &Rule,
    target: &Target,
    input: &Template,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let Some(expected) = expected(model, target, input.span(), diagnostics) else { return };
    let mut reported: Vec<(Code, Span)> = Vec::new();
    for named in &rule.events {
        let event = &model.events[named.value];
        // What its pattern never matches is reported, and not brought.
        let Some(detail) = forwarding::brought(model, forwards, rule, named.value) else { continue };
        let scope = transform_scope(event, &detail);
        let mut problems = Vec::new();
        plain(input, &scope, model, &mut problems);
        if problems.is_empty() {
            problems = input.check(&expected, input.span(), &scope, &model.types);
        }
        for problem in problems {
            let key = (problem.code, problem.primary.span);
            if !reported.contains(&key) {
                reported.push(key);
                diagnostics.push(problem.secondary(named.span, format!("event `{}` is named here", event.head.name)));
            }
        }
    }
}

/// The type that the target takes; none if what is wrong has been said.
fn expected(model: &Model, target: &Target, at: Span, diagnostics: &mut Vec<Diagnostic>) -> Option<Type> {
    let function = match target.to {
        Destination::Function(id) => id,
        Destination::Queue(id) => match &model.queues[id].to {
            Some(to) => to.value,
            None => return Some(Type::any(at)),
        },
        Destination::Workflow(id) => return Some(model.workflows[id].input.clone()),
        Destination::Bus(_) => {
            let message = "a bus gets the event as it is";
            diagnostics.push(Diagnostic::new(Code::EVC0614, at, message).help("leave `input` out"));
            return None;
        }
    };
    let function = &model.functions[function];
    if let Input::Value(input) = &function.input {
        return Some(input.clone());
    }
    let message = format!("function `{}` does not say what it takes", function.head.name);
    let diagnostic = Diagnostic::new(Code::EVC0614, at, message)
        .secondary(function.head.name_span, "it takes the detail of events as they are")
        .help("declare the type of what is made here as its `input`");
    diagnostics.push(diagnostic);
    None
}

/// EventBridge copies values and computes nothing, and what it copies must be there.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html>
fn plain(template: &Template, scope: &Scope, model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    match template {
        Template::Expr(expr) => match expr.plain() {
            Some(Plain::Literal(_)) => {}
            Some(Plain::Path(_)) if !expr.check(scope, &model.types).may_be_absent => {}
            Some(Plain::Path(_)) => {
                let message = format!("`{}` may be absent, and then EventBridge makes no JSON", expr.text());
                let help = "require the field in the event's type, or let the function look for it in the whole event";
                diagnostics.push(Diagnostic::new(Code::EVC0614, expr.span, message).help(help));
            }
            None => {
                let message = "a rule copies values of the event; it computes none";
                let help = "write a path such as `detail.orderId` or a literal, and compute in the function";
                diagnostics.push(Diagnostic::new(Code::EVC0614, expr.span, message).help(help));
            }
        },
        Template::Object(fields, _) => fields.iter().for_each(|(_, field)| plain(field, scope, model, diagnostics)),
        Template::List(items, _) => items.iter().for_each(|item| plain(item, scope, model, diagnostics)),
        Template::Null(_) | Template::Error(_) => {}
    }
}
