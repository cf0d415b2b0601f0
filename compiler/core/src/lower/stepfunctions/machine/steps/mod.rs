//! The states of each kind of step, one file each.

mod assign;
mod call;
mod choose;
mod compensate;
mod fail;
mod for_each;
mod parallel;
mod publish;
mod set;
mod succeed;
mod wait;

use super::body::Scoped;
use crate::model::workflow::steps::StepKind;
use crate::model::{Step, StepId};

/// Adds the states of a step, the one that carries its name among them.
pub(super) fn lower<'m>(id: StepId, step: &'m Step, scoped: &mut Scoped<'_, 'm>) {
    match &step.kind {
        StepKind::Call(call) => call::lower(call, id, step, scoped),
        StepKind::Choose(choose) => choose::lower(choose, step, scoped),
        StepKind::Parallel(parallel) => parallel::lower(parallel, id, step, scoped),
        StepKind::ForEach(each) => for_each::lower(each, id, step, scoped),
        StepKind::Wait(wait) => wait::lower(wait, id, step, scoped),
        StepKind::Publish(publish) => publish::lower(publish, id, step, scoped),
        StepKind::Set(set) => set::lower(set, step, scoped),
        StepKind::Assign(_) => assign::lower(step, scoped),
        StepKind::Compensate(_) => compensate::lower(id, step, scoped),
        StepKind::Succeed(succeed) => succeed::lower(succeed, step, scoped),
        StepKind::Fail(fail) => fail::lower(fail, step, scoped),
    }
}
