//! `set`: a `Pass`; a second one, if variables are set to what the first has bound.

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::expr::{Template, variable_name};
use crate::lower::stepfunctions::machine::asl::{Done, Pass, StateType, Then, expression};
use crate::lower::stepfunctions::machine::body::Scoped;
use crate::model::workflow::steps::Set;
use crate::model::{Next, Step};

pub(super) fn lower(set: &Set, step: &Step, scoped: &mut Scoped<'_, '_>) {
    let value = set.values.as_ref().map_or(Json::Null, |values| scoped.template(step, values));
    let own = variable_name(&step.name);
    let (then, ends) = (scoped.then(step.next), step.next == Next::End);
    let values = step.assign.iter().filter_map(|assignment| assignment.value.as_ref());
    let uses_own = values.flat_map(Template::references).any(|reference| reference.value == step.name);
    let assign = IndexMap::from([(own.clone(), value.clone())]);
    if uses_own {
        // What is evaluated twice may be different each time, so that the values of `assign` wait for the variable.
        let name = scoped.builder.name(&step.name, "assign");
        let done = Done { assign, output: None };
        scoped.add_step(step, StateType::Pass(Pass { done, then: Then::Next(name.clone()) }));
        let output = ends.then(|| expression(&format!("${own}")));
        let done = Done { assign: scoped.assigned(step, None), output };
        scoped.add(name, StateType::Pass(Pass { done, then }));
        return;
    }
    // The value again, if it is what the scope gives.
    let output = ends.then_some(value);
    let assign = assign.into_iter().chain(scoped.assigned(step, None)).collect();
    scoped.add_step(step, StateType::Pass(Pass { done: Done { assign, output }, then }));
}
