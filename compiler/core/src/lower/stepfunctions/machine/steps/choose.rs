//! `choose`: a `Choice`.

use crate::lower::stepfunctions::machine::asl::{Choice, Rule, StateType};
use crate::lower::stepfunctions::machine::body::Scoped;
use crate::model::Step;
use crate::model::workflow::steps::Choose;

pub(super) fn lower(choose: &Choose, step: &Step, scoped: &mut Scoped<'_, '_>) {
    let choices = choose.choices.iter().filter_map(|choice| {
        let condition = scoped.expression(step, choice.when.as_ref()?);
        Some(Rule { condition, next: scoped.target(choice.then, step) })
    });
    let choices = choices.collect();
    let default = scoped.target(choose.otherwise, step);
    scoped.add_step(step, StateType::Choice(Choice { choices, default }));
}
