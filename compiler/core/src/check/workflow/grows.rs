//! Variables to which each round of a loop appends: what they come to when the loop counts its rounds and the types bound what is appended.

use super::{item, rounds};
use crate::diagnostics::{Code, Diagnostic};
use crate::expr::Template;
use crate::model::{Body, Model, Workflow};

/// The most bytes of a variable of Step Functions. <https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html>
const STEP_FUNCTIONS: u64 = 262_144;
/// The most bytes of all variables of a workflow on Redis.
const REDIS: u64 = 1_048_576;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for workflow in model.workflows.values() {
        workflow.body.bodies(&mut |body| {
            if !body.partial {
                in_body(model, workflow, body, diagnostics);
            }
        });
    }
}

fn in_body(model: &Model, workflow: &Workflow, body: &Body, diagnostics: &mut Vec<Diagnostic>) {
    let (most, engine) =
        if workflow.redis().is_some() { (REDIS, "on Redis") } else { (STEP_FUNCTIONS, "of Step Functions") };
    for round in body.loops().iter() {
        let Some(rounds) = rounds::counted(body, round) else { continue };
        for step in round.iter().map(|id| body.step(*id)) {
            for set in &step.assign {
                let Some(Template::Expr(expr)) = &set.value else { continue };
                let Some(each) = expr.appended_bytes(&set.name.value, &step.assign_scope, &model.types) else {
                    continue;
                };
                let bytes = each.saturating_mul(rounds.most);
                if bytes <= most {
                    continue;
                }
                let message = format!(
                    "variable `{}` may come to {bytes} bytes in {} rounds, and a variable {engine} has at most {most}",
                    set.name.value, rounds.most
                );
                diagnostics.push(
                    Diagnostic::new(Code::EVC0706, expr.span, message)
                        .label(format!("each round adds up to {each} bytes"))
                        .secondary(body.step(rounds.leaves).kind_span, "the loop is left here")
                        .on(item(workflow))
                        .note("this is the most that the bounds of the types allow, at four bytes a character")
                        .help("do what is to be done with each part in its round, go round less often, or keep the parts in a bucket or a table"),
                );
            }
        }
    }
}
