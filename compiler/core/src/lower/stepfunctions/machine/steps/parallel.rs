//! `parallel`: a `Parallel`, whose result is a map from the names of the branches.

use indexmap::IndexMap;

use crate::lower::stepfunctions::machine::asl::{self, Done, StateType, expression, literal};
use crate::lower::stepfunctions::machine::body::{Builder, Scoped};
use crate::lower::stepfunctions::machine::errors;
use crate::model::workflow::steps::Parallel;
use crate::model::{Step, StepId};

pub(super) fn lower<'m>(parallel: &'m Parallel, id: StepId, step: &Step, scoped: &mut Scoped<'_, 'm>) {
    let repeats = scoped.repeats(id);
    let mut branches = Vec::new();
    let mut results = Vec::new();
    for (index, branch) in parallel.branches.iter().enumerate() {
        let frame = scoped.frame.inside(step, &branch.body, repeats, &scoped.builder.variables);
        let first = |builder: &mut Builder<'_>| builder.name(&step.name, &branch.name.value);
        branches.push(scoped.builder.states(&branch.body, frame, first, IndexMap::new(), &[]));
        results.push(format!("{}: $states.result[{index}]", literal(&branch.name.value)));
    }
    let place = format!("{{{}}}", results.join(", "));
    let result = expression(&place);
    let done = Done { assign: scoped.bound(step, result.clone(), &place), output: Some(result) };
    let (errors, then) = (errors::of_step(step, scoped), scoped.then(step.next));
    scoped.add_step(step, StateType::Parallel(asl::Parallel { branches, done, errors, then }));
}
