//! Variables that nothing reads, so that what is written to them is lost; and those that nothing sets, so that they never change.

use std::collections::BTreeSet;

use super::item;
use crate::diagnostics::{Code, Diagnostic};
use crate::expr::{Expr, Template};
use crate::model::workflow::Variable;
use crate::model::{Model, Step, Workflow};
use crate::source::Span;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for workflow in model.workflows.values() {
        let read = read(workflow);
        diagnostics.extend(unset(workflow).iter().map(|unset| never_set(workflow, unset)));
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

/// A variable that is read and that no step sets.
pub(super) struct Unset<'w> {
    pub(super) variable: &'w Variable,
    /// Where a condition compares it with a literal, if it has a first value: it comes out the same each time.
    compared: Option<Span>,
}

/// Variables that are read and that no step sets: without a first value, they never have one; with one, a condition that compares it with a
/// literal comes out the same each time. Any other is a name for a value.
pub(super) fn unset(workflow: &Workflow) -> Vec<Unset<'_>> {
    let mut declared: Vec<&Variable> = Vec::new();
    workflow.body.bodies(&mut |body| declared.extend(body.variables.iter().filter(|it| !it.assumed)));
    if declared.is_empty() {
        return Vec::new();
    }
    let read = read(workflow);
    let mut set = BTreeSet::new();
    let mut conditions: Vec<&Expr> = Vec::new();
    workflow.body.walk(&mut |step| {
        set.extend(step.assign.iter().map(|assignment| assignment.name.value.as_str()));
        conditions.extend(own(step));
    });
    let unset = declared.into_iter().filter(|it| !set.contains(it.name.as_str()) && read.contains(&it.name));
    let found = unset.filter_map(|variable| match &variable.value {
        None => variable.optional.then_some(Unset { variable, compared: None }),
        Some(value) => {
            let is_literal = value.expressions().iter().all(|expr| expr.references().is_empty());
            let compared = conditions.iter().find_map(|condition| condition.compared_with_literal(&variable.name));
            let compared = compared.filter(|_| is_literal)?;
            Some(Unset { variable, compared: Some(compared) })
        }
    });
    found.collect()
}

fn never_set(workflow: &Workflow, unset: &Unset<'_>) -> Diagnostic {
    let name = &unset.variable.name;
    let report = |message| Diagnostic::new(Code::EVC0534, unset.variable.name_span, message).on(item(workflow));
    match unset.compared {
        None => report(format!("nothing sets variable `{name}`, so that it never has a value"))
            .help("set it with `assign`, in the step that gives what it is to hold"),
        Some(compared) => report(format!("nothing sets variable `{name}`, so that it is always what it is at first"))
            .secondary(compared, "this comes out the same each time")
            .help(format!(
                "set it with `assign`, as in `assign: {{ {name}: {name} + 1 }}`, in a step that is passed each time"
            )),
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
