//! `succeed`: a `Succeed`.

use serde_json::json;

use crate::lower::stepfunctions::machine::asl::{self, StateType};
use crate::lower::stepfunctions::machine::body::Scoped;
use crate::model::Step;
use crate::model::workflow::steps::Succeed;

pub(super) fn lower(succeed: &Succeed, step: &Step, scoped: &mut Scoped<'_, '_>) {
    let output = succeed.output.as_ref().map_or_else(|| json!({}), |output| scoped.template(step, output));
    scoped.add_step(step, StateType::Succeed(asl::Succeed { output }));
}
