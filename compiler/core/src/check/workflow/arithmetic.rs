//! Parts of expressions that have no result, or a wrong one, for some of the values that the types admit: divisions by what may be zero,
//! roots of what may be negative, calls with
//! what may be outside of what a function takes, times that are compared by their spelling, and what operators and functions are given of which nothing
//! is known.

use super::item;
use crate::diagnostics::{Code, Diagnostic};
use crate::expr::{Expr, Scope, Template, Without};
use crate::model::{Model, Step, Workflow};

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for workflow in model.workflows.values() {
        workflow.body.bodies(&mut |body| {
            for variable in &body.variables {
                let expressions = variable.value.as_ref().map(Template::expressions).unwrap_or_default();
                of(model, workflow, &expressions, &variable.scope, diagnostics);
            }
            for step in &body.steps {
                of_step(model, workflow, step, diagnostics);
            }
        });
    }
}

fn of_step(model: &Model, workflow: &Workflow, step: &Step, diagnostics: &mut Vec<Diagnostic>) {
    for argument in step.arguments() {
        let scope = argument.scope.unwrap_or(&step.scope);
        of(model, workflow, &argument.given.expressions(), scope, diagnostics);
    }
    if let Some(undo) = &step.undo {
        of(model, workflow, &undo.argument().given.expressions(), &step.undo_scope, diagnostics);
    }
    let assigned = step.assign.iter().filter_map(|assignment| assignment.value.as_ref());
    of(model, workflow, &assigned.flat_map(Template::expressions).collect::<Vec<_>>(), &step.assign_scope, diagnostics);
}

fn of(model: &Model, workflow: &Workflow, expressions: &[&Expr], scope: &Scope, diagnostics: &mut Vec<Diagnostic>) {
    for risk in expressions.iter().flat_map(|expr| expr.risks(scope, &model.types)) {
        let (without, text) = risk.value;
        let (may_be, note, ask, bounds) = match without {
            Without::Zero => (
                "zero, by which nothing is divided",
                "JSONata gives `Infinity` or `NaN`, which are no JSON: what takes it fails with `States.QueryEvaluationError`",
                "!= 0 ? … : 0",
                "integer(1..)",
            ),
            Without::Negative => (
                "negative, and then has no square root",
                "the step fails with `States.QueryEvaluationError` then",
                ">= 0 ? … : 0",
                "number(0..)",
            ),
            Without::Outside { may_be, ask, bounds } => {
                (may_be, "the step fails with `States.QueryEvaluationError` then", ask, bounds)
            }
            Without::OneForm { does, instead } => {
                let message = format!("`{text}` {does}, by the spelling");
                diagnostics.push(
                    Diagnostic::new(Code::EVC0428, risk.span, message)
                        .on(item(workflow))
                        .note(
                            "JSONata compares texts letter by letter: the same time in two forms is not the same text",
                        )
                        .help(instead),
                );
                continue;
            }
            Without::AllBut(wanted) => {
                let message = format!("nothing is known about `{text}`: that it is {wanted} is not checked");
                let word =
                    wanted.rsplit(' ').next().map_or("string", |word| if word == "text" { "string" } else { word });
                let found = Diagnostic::new(Code::EVC0423, risk.span, message).on(item(workflow));
                // Once for each part of which nothing is known.
                if !diagnostics.iter().any(|known| known.message == found.message && known.item == found.item) {
                    let ask =
                        format!("say its type where it is declared, or ask for it: `$type({text}) = '{word}' ? … : …`");
                    diagnostics.push(
                        found
                            .note("a step fails with `States.QueryEvaluationError` where it is something else")
                            .help(ask),
                    );
                }
                continue;
            }
        };
        diagnostics.push(
            Diagnostic::new(Code::EVC0425, risk.span, format!("`{text}` may be {may_be}"))
                .on(item(workflow))
                .note(note)
                .help(format!("ask first, `{text} {ask}`, or give it bounds where it is declared: `{bounds}`")),
        );
    }
}
