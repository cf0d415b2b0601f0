//! Variables that nothing reads: what is written to them is lost.

use std::collections::BTreeSet;

use super::item;
use crate::diagnostics::{Code, Diagnostic};
use crate::expr::{Expr, Template};
use crate::model::{Model, Step, Workflow};

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for workflow in model.workflows.values() {
        let read = read(workflow);
        workflow.body.bodies(&mut |body| {
            for variable in body.variables.iter().filter(|variable| !read.contains(&variable.name)) {
                let message = format!("nothing reads variable `{}`", variable.name);
                diagnostics.push(
                    Diagnostic::new(Code::EVC0531, variable.name_span, message)
                        .on(item(workflow))
                        .help("remove it, with what sets it, or use its value in a step"),
                );
            }
        });
    }
}

/// The names that are read. What a variable itself is set to, as in `n: n + 1`, reads it for nothing.
fn read(workflow: &Workflow) -> BTreeSet<String> {
    let mut read = BTreeSet::new();
    let mut add = |exprs: Vec<&Expr>, less: Option<&str>| {
        let names = exprs.into_iter().flat_map(Expr::references).map(|reference| reference.value);
        read.extend(names.filter(|name| less != Some(*name)).map(str::to_owned));
    };
    workflow.body.bodies(&mut |body| {
        add(body.first_values().collect(), None);
        for step in &body.steps {
            add(own(step), None);
            for assignment in &step.assign {
                let value = assignment.value.as_ref().map(Template::expressions).unwrap_or_default();
                add(value, Some(&assignment.name.value));
            }
        }
    });
    read
}

/// What a step evaluates for other ends than to set variables.
fn own(step: &Step) -> Vec<&Expr> {
    let undo = step.undo.as_ref().map(crate::model::Call::argument);
    step.arguments().into_iter().chain(undo).flat_map(|argument| argument.given.expressions()).collect()
}
