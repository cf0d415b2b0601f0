//! Ways of a `choose` that are never taken, and loops that therefore nothing leaves, or whose condition nothing in them changes.

use std::collections::BTreeSet;

use super::exits::{self, Closed};
use super::intervals::Intervals;
use super::{conditions, failing, item, polls, unchanged, variables};
use crate::diagnostics::{Code, Diagnostic, list};
use crate::expr::{Expr, Left, left, never};
use crate::model::{Body, Model, Next, Onward, Step, StepId, Workflow};
use crate::types::{Kind, Type};

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for workflow in model.workflows.values() {
        let unset = variables::unset(workflow);
        let unset: BTreeSet<&str> = unset.iter().map(|unset| unset.variable.name.as_str()).collect();
        workflow.body.bodies(&mut |body| in_body(model, workflow, body, &unset, diagnostics));
    }
}

/// `unset` are the variables of which is told that nothing sets them: what comes of that is no mistake of its own.
fn in_body(model: &Model, workflow: &Workflow, body: &Body, unset: &BTreeSet<&str>, diagnostics: &mut Vec<Diagnostic>) {
    let loops = body.loops();
    let closed = exits::closed(model, body, &loops);
    diagnostics.extend(closed.iter().map(|closed| never_left(workflow, body, closed)));
    let mut told: BTreeSet<StepId> = closed.iter().flat_map(|closed| closed.steps.iter().copied()).collect();
    let intervals = Intervals::of(model, body);
    let open = body.iter().filter(|(id, step)| !step.unreachable && !told.contains(id));
    let choices: Vec<_> = open.filter_map(|(id, step)| Some((id, step, conditions(step)?))).collect();
    for (id, step, conditions) in choices {
        let boolean = Type { kind: Kind::Boolean, span: step.kind_span };
        // A condition that is wrong says nothing, and has been reported.
        let is_sound = |expr: &&Expr| expr.check_as(&boolean, &step.scope, &model.types).is_empty();
        if !conditions.iter().all(is_sound) || conditions.iter().any(|condition| names_one_of(condition, unset)) {
            told.insert(id);
        }
        if !conditions.iter().all(is_sound) {
            continue;
        }
        let before = diagnostics.len();
        dead(model, workflow, step, &conditions, diagnostics);
        if diagnostics.len() == before
            && let Some(found) = counted_out(model, workflow, (id, step), &conditions, &intervals)
        {
            told.insert(id);
            diagnostics.push(found);
        }
        diagnostics.extend(otherwise(model, workflow, body, step));
        if !told.contains(&id)
            && let Some(found) = unchanged::check(model, workflow, (body, &loops), (id, step), &conditions)
        {
            told.insert(id);
            diagnostics.push(found);
        }
    }
    let is_told = |round: &BTreeSet<StepId>| !round.is_disjoint(&told);
    let untold: Vec<_> = loops.iter().filter(|round| !is_told(round)).collect();
    for round in untold {
        match failing::check(model, workflow, body, &loops, round) {
            Some(found) => diagnostics.push(found),
            None => diagnostics.extend(polls::check(model, workflow, body, round, unset)),
        }
    }
}

/// Whether an expression asks for one of these names.
pub(super) fn names_one_of(expr: &Expr, names: &BTreeSet<&str>) -> bool {
    !names.is_empty() && expr.references().iter().any(|name| names.contains(name.value))
}

/// Reports a loop whose ways out are never taken.
fn never_left(workflow: &Workflow, body: &Body, closed: &Closed<'_>) -> Diagnostic {
    let (condition, holds) = closed.condition;
    let names: Vec<&str> = closed.steps.iter().map(|id| body.step(*id).name.as_str()).collect();
    let text = condition.text().trim();
    let (message, label) = if holds {
        (format!("`{text}` holds each time, so that nothing leaves this loop"), "this leads round")
    } else {
        (format!("`{text}` never holds here, so that nothing leaves this loop"), "this would lead out")
    };
    Diagnostic::new(Code::EVC0502, condition.span, message)
        .label(label)
        .on(item(workflow))
        .note(format!("{} go round; this is so by the types and by what variables are set to", list(&names)))
        .help("ask for something that a round may change, or let a `catch` lead out")
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

/// A condition on a counter that the steps on the way never bring to where it holds.
fn counted_out(
    model: &Model,
    workflow: &Workflow,
    (id, step): (StepId, &Step),
    conditions: &[&Expr],
    intervals: &Intervals<'_>,
) -> Option<Diagnostic> {
    let scope = intervals.scope(id, step)?;
    let condition = conditions.iter().find(|condition| never(&[], condition, &scope, &model.types))?;
    let message = format!("`{}` never holds here", condition.text().trim());
    Some(
        Diagnostic::new(Code::EVC0532, condition.span, message)
            .on(item(workflow))
            .note("so it is by what the steps on the ways that lead here set variables to: a counter that each round puts back, or that begins beyond, never comes to it")
            .help("set the counter before the loop alone, or mend the condition"),
    )
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
