//! `call`: a `Task` that calls a Lambda function.

use super::compensate;
use crate::lower::stepfunctions::machine::asl::{Done, StateType, expression};
use crate::lower::stepfunctions::machine::body::Scoped;
use crate::lower::stepfunctions::machine::errors;
use crate::lower::stepfunctions::machine::task::{self, RESULT, Work};
use crate::model::workflow::steps::Call;
use crate::model::{Step, StepId};

pub(super) fn lower(call: &Call, id: StepId, step: &Step, scoped: &mut Scoped<'_, '_>) {
    let work = Work { name: &step.name, repeats: scoped.repeats(id), also: None };
    let scope = scoped.frame.place(&step.scope);
    let input = task::input(call.with.as_ref(), &scope, scoped);
    let arguments = task::call(call, input, work, scoped);
    let timeout = step.timeout.as_ref().map(|timeout| timeout.value);
    let seconds = task::call_seconds(call, timeout, scoped);
    let mut assign = scoped.bound(step, expression(RESULT), RESULT);
    assign.extend(compensate::remember(step, scoped));
    let done = Done { assign, output: Some(expression(RESULT)) };
    let errors = errors::of_step(step, scoped);
    let task = task::invoke(arguments, seconds, done, errors, scoped.then(step.next));
    scoped.add_step(step, StateType::Task(task));
}
