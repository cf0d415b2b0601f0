//! `assign`: a `Pass`.

use serde_json::json;

use crate::lower::stepfunctions::machine::asl::{Done, Pass, StateType};
use crate::lower::stepfunctions::machine::body::Scoped;
use crate::model::{Next, Step};

pub(super) fn lower(step: &Step, scoped: &mut Scoped<'_, '_>) {
    // There is no result; if the step is the last of its scope, it gives an empty one.
    let output = (step.next == Next::End).then(|| json!({}));
    let done = Done { assign: scoped.assigned(step, None), output };
    scoped.add_step(step, StateType::Pass(Pass { done, then: scoped.then(step.next) }));
}
