//! `fail`: a `Fail`.

use crate::lower::stepfunctions::machine::asl::{self, StateType};
use crate::lower::stepfunctions::machine::body::Scoped;
use crate::model::Step;
use crate::model::workflow::steps::Fail;

pub(super) fn lower(fail: &Fail, step: &Step, scoped: &mut Scoped<'_, '_>) {
    let cause = fail.cause.as_ref().map(|cause| scoped.expression(step, cause));
    scoped.add_step(step, StateType::Fail(asl::Fail { error: fail.error.value.clone(), cause }));
}
