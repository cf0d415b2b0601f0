//! `set`: a `Pass`.

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::expr::variable_name;
use crate::lower::stepfunctions::machine::asl::{Done, Pass, StateType};
use crate::lower::stepfunctions::machine::body::Scoped;
use crate::model::workflow::steps::Set;
use crate::model::{Next, Step};

pub(super) fn lower(set: &Set, step: &Step, scoped: &mut Scoped<'_, '_>) {
    let value = set.values.as_ref().map_or(Json::Null, |values| scoped.template(step, values));
    // The value again, if it is what the scope gives.
    let output = (step.next == Next::End).then(|| value.clone());
    let done = Done { assign: IndexMap::from([(variable_name(&step.name), value)]), output };
    scoped.add_step(step, StateType::Pass(Pass { done, then: scoped.then(step.next) }));
}
