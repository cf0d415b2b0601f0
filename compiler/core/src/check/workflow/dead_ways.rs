//! Ways of a `choose` that are never taken, and loops whose condition nothing in them changes.

use std::collections::BTreeSet;

use super::item;
use crate::diagnostics::{Code, Diagnostic};
use crate::expr::{Expr, Left, left, never};
use crate::model::{Body, Given, Model, Next, Onward, Step, StepId, Workflow};
use crate::types::{Kind, Type};

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for workflow in model.workflows.values() {
        workflow.body.bodies(&mut |body| {
            for (id, step) in body.iter().filter(|(_, step)| !step.unreachable) {
                let Some(conditions) = conditions(step) else { continue };
                let boolean = Type { kind: Kind::Boolean, span: step.kind_span };
                // A condition that is wrong says nothing, and has been reported.
                let is_sound = |expr: &&Expr| expr.check_as(&boolean, &step.scope, &model.types).is_empty();
                if conditions.iter().all(is_sound) {
                    dead(model, workflow, step, &conditions, diagnostics);
                    diagnostics.extend(otherwise(model, workflow, body, step));
                    diagnostics.extend(unchanged(workflow, body, (id, step), &conditions));
                }
            }
        });
    }
}

/// The conditions of a `choose`, in order.
fn conditions(step: &Step) -> Option<Vec<&Expr>> {
    let Onward::Ways(_) = step.onward() else { return None };
    let asked = step.arguments().into_iter().map(|argument| match argument.given {
        Given::Expr(condition) => condition,
        Given::Template(_) => None,
    });
    asked.collect()
}

fn dead(model: &Model, workflow: &Workflow, step: &Step, conditions: &[&Expr], diagnostics: &mut Vec<Diagnostic>) {
    for (at, condition) in conditions.iter().enumerate() {
        let before = &conditions[..at];
        if !never(before, condition, &step.scope, &model.types) {
            continue;
        }
        let alone = never(&[], condition, &step.scope, &model.types);
        let text = condition.text().trim();
        let diagnostic = if alone {
            Diagnostic::new(Code::EVC0532, condition.span, format!("`{text}` never holds here"))
                .note("no value that comes here is so, by its type and by the conditions on the ways that lead here")
                .help("mend the condition, or leave the way out")
        } else {
            let message = format!("`{text}` is never asked where it holds: a condition before it does, too");
            let mut diagnostic = Diagnostic::new(Code::EVC0532, condition.span, message);
            if let Some(earlier) = before.iter().find(|earlier| never(&[earlier], condition, &step.scope, &model.types))
            {
                diagnostic = diagnostic.secondary(earlier.span, "this one");
            }
            diagnostic
                .note("conditions are asked in the order written, and the first that holds decides")
                .help("write the narrower condition first, or leave this one out")
        };
        diagnostics.push(diagnostic.on(item(workflow)));
    }
}

/// Tells of an `else` that is never taken. One that leads to a failure is there for what should not be.
fn otherwise(model: &Model, workflow: &Workflow, body: &Body, step: &Step) -> Option<Diagnostic> {
    let (conditions, next) = step.otherwise()?;
    let guards = match next {
        Next::Step(id) => matches!(body.step(id).onward(), Onward::Fails(_)),
        Next::End => false,
    };
    let is_steady = conditions.iter().all(|condition| condition.is_steady());
    if guards || conditions.is_empty() || !is_steady || left(&conditions, &step.scope, &model.types) != Left::Nothing {
        return None;
    }
    let message = format!("the `else` of `{}` is never taken: one of its conditions always holds", step.name);
    Some(
        Diagnostic::new(Code::EVC0427, step.kind_span, message)
            .on(item(workflow))
            .help("leave it out, or let it lead to a `fail` if it is there for what should not be"),
    )
}

/// Reports a loop that one choice leads round and that only this choice leaves, if nothing on the way changes what it asks of.
fn unchanged(
    workflow: &Workflow,
    body: &Body,
    (id, step): (StepId, &Step),
    conditions: &[&Expr],
) -> Option<Diagnostic> {
    let back: Vec<BTreeSet<StepId>> = step
        .successors()
        .into_iter()
        .map(|next| match next {
            Next::Step(to) => way_back(body, to, id).unwrap_or_default(),
            Next::End => BTreeSet::new(),
        })
        .collect();
    let (way, condition) = back.iter().zip(conditions).find(|(way, _)| !way.is_empty())?;
    let asked = conditions.iter().take_while(|earlier| !std::ptr::eq(**earlier, *condition)).chain([condition]);
    let written: BTreeSet<&str> = way
        .iter()
        .flat_map(|at| {
            let inside = body.step(*at);
            let own = inside.result.as_ref().map(|_| inside.name.as_str());
            own.into_iter().chain(inside.assigns())
        })
        .collect();
    let is_fixed = |expr: &&Expr| {
        expr.is_steady() && expr.references().iter().all(|root| root.value != "error" && !written.contains(root.value))
    };
    // `true` says so itself.
    if condition.references().is_empty() || !asked.copied().all(|expr| is_fixed(&expr)) {
        return None;
    }
    let text = condition.text().trim();
    Some(
        Diagnostic::new(Code::EVC0533, condition.span, format!("`{text}` holds each time again, once it has held here"))
            .label("this leads round, and nothing on the way changes what it asks of")
            .on(item(workflow))
            .note("nothing but an error leaves the loop before the workflow's timeout, or the end of its history")
            .help("ask for something that a step of the loop gives, or count the rounds in a variable: `assign: { tries: tries + 1 }`"),
    )
}

/// The steps from one to another, if all that follows on the one comes to the other, whatever fails or is decided on the way.
fn way_back(body: &Body, from: StepId, to: StepId) -> Option<BTreeSet<StepId>> {
    let mut seen = BTreeSet::from([to]);
    let mut work = vec![from];
    while let Some(at) = work.pop() {
        if !seen.insert(at) {
            continue;
        }
        let step = body.step(at);
        let next = step.successors();
        if next.is_empty() {
            return None;
        }
        for next in next.into_iter().chain(step.catch.iter().map(|catch| catch.then)) {
            match next {
                Next::Step(id) => work.push(id),
                Next::End => return None,
            }
        }
    }
    Some(seen)
}
