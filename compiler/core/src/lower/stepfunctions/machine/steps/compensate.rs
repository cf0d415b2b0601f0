//! `compensate`: each completed step that has an `undo` puts the call on a stack, and `compensate` makes the calls on it, the one
//! of the latest step first.
//!
//! The stack is a variable with one entry a call, `{step, with}`; the arguments are evaluated when the step completes, since what
//! they refer to may be something else by then. A call that fails for good ends the execution with `CompensationFailed`: what was
//! to be taken back stands, and somebody has to look.

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::lower::stepfunctions::machine::asl::{
    Choice, Done, Errors, Fail, Pass, Rule, StateType, Succeed, Then, expression, literal,
};
use crate::lower::stepfunctions::machine::body::Scoped;
use crate::lower::stepfunctions::machine::errors;
use crate::lower::stepfunctions::machine::task::{self, RESULT, Work};
use crate::model::{COMPENSATION_FAILED, Next, Step, StepId, standard_retry};

/// The assignment with which a step that has completed puts its undoing on the stack; none if nobody takes it off.
pub(super) fn remember(step: &Step, scoped: &Scoped<'_, '_>) -> Option<(String, Json)> {
    let undo = step.undo.as_ref().filter(|_| scoped.body.compensates())?;
    let mut scope = scoped.frame.place(&step.undo_scope);
    // Variables that a state assigns are there for the next one; here the result is still where Step Functions has put it.
    scope.place(step.name.as_str(), RESULT);
    let with = undo
        .with
        .as_ref()
        .map_or_else(String::new, |with| format!(", 'with': {}", with.to_jsonata(&scope, &scoped.builder.model.types)));
    let stack = &scoped.frame.undo;
    let entry = format!("[{{'step': {}{with}}}, ${stack}]", literal(&step.name));
    Some((stack.clone(), expression(&entry)))
}

/// Adds the states that make the calls on the stack: one that chooses by the topmost entry, one a call, and one for the worst.
pub(super) fn lower(id: StepId, step: &Step, scoped: &mut Scoped<'_, '_>) {
    let body = scoped.body;
    let stack = scoped.frame.undo.clone();
    let repeats = scoped.repeats(id);
    let undone = body.iter().filter_map(|(id, step)| Some((id, step, step.undo.as_ref()?)));
    let mut rules = Vec::new();
    let mut calls = Vec::new();
    let mut failed = None;
    for (undone_id, undone, undo) in undone.filter(|(_, undone, _)| !undone.unreachable) {
        let name = scoped.builder.name(&step.name, &format!("undo {}", undone.name));
        let failed = failed.get_or_insert_with(|| scoped.builder.name(&step.name, "failed")).clone();
        let condition = expression(&format!("${stack}[0].step = {}", literal(&undone.name)));
        rules.push(Rule { condition, next: name.clone() });
        let work_name = format!("{}/undo", undone.name);
        let depth = format!("$string($count(${stack}))");
        let repeats = repeats || scoped.repeats(undone_id);
        let work = Work { name: &work_name, repeats, also: Some(&depth) };
        let input = undo.with.as_ref().map(|_| expression(&format!("${stack}[0].with")));
        let arguments = task::call(undo, input, work, scoped);
        let seconds = task::call_seconds(undo, None, scoped);
        let popped = expression(&format!("[${stack}[[1..$count(${stack})]]]"));
        let done = Done { assign: IndexMap::from([(stack.clone(), popped)]), output: Some(expression(RESULT)) };
        let retry = errors::retriers(&[standard_retry()], Some(undo), undone, scoped);
        let errors = Errors { retry, catch: vec![errors::catch_all(failed)] };
        let task = task::invoke(arguments, seconds, done, errors, Then::Next(step.name.clone()));
        calls.push((name, StateType::Task(task)));
    }
    let end = StateType::Succeed(Succeed { output: Json::Object(serde_json::Map::new()) });
    if rules.is_empty() {
        // A check has warned of it.
        let kind = match step.next {
            Next::Step(_) => StateType::Pass(Pass { done: Done::default(), then: scoped.then(step.next) }),
            Next::End => end,
        };
        scoped.add_step(step, kind);
        return;
    }
    let default = scoped.target(step.next, step);
    scoped.add_step(step, StateType::Choice(Choice { choices: rules, default }));
    for (name, kind) in calls {
        scoped.add(name, kind);
    }
    if let Some(name) = failed {
        let cause = format!("'`' & ${stack}[0].step & '` could not be undone: ' & $states.input.Error");
        scoped.add(
            name,
            StateType::Fail(Fail { error: COMPENSATION_FAILED.to_owned(), cause: Some(expression(&cause)) }),
        );
    }
}
