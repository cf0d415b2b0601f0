//! Expressions of workflows on Redis that no data can keep within what a worker evaluates.

use super::item;
use crate::diagnostics::{Code, Diagnostic};
use crate::expr::Expr;
use crate::model::{Model, Step};

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for workflow in model.workflows.values().filter(|workflow| workflow.redis().is_some()) {
        workflow.body.bodies(&mut |body| {
            let of_steps = body.steps.iter().flat_map(Step::expressions);
            let beyond = body.first_values().chain(of_steps).flat_map(Expr::beyond_bounds);
            diagnostics.extend(beyond.map(|found| {
                Diagnostic::new(Code::EVC0421, found.span, found.value)
                    .on(item(workflow))
                    .note("a worker on Redis bounds what an expression makes; beyond it the step fails")
                    .help("move the work into a function")
            }));
        });
    }
}
