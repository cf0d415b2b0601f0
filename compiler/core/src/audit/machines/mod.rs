//! State machines: their definitions in the Amazon States Language, wherever they are written. One file for each check.
//!
//! <https://states-language.net/spec.html>, <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html>

mod calls;
mod ends;
mod errors;
mod expressions;
mod fields;
mod files;
mod read;
mod states;
mod targets;
mod waits;

pub(super) use calls::{integration, named, tasks};
pub(crate) use files::documents;
pub(super) use read::definition;

use super::view::View;
use crate::diagnostics::Diagnostic;
use states::Machine;

/// A check of one machine.
type Check = fn(&Machine<'_>, &mut Vec<Diagnostic>);

const CHECKS: [Check; 6] =
    [ends::check, errors::check, expressions::check, fields::check, targets::check, waits::check];

/// Looks at every state machine whose definition is known.
pub(super) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for machine in view.of_type("AWS::StepFunctions::StateMachine") {
        if view.is_settled(&[machine]) {
            continue;
        }
        let Some(definition) = definition(view, machine, diagnostics) else { continue };
        let machine = Machine::of(machine, &definition);
        for check in CHECKS {
            check(&machine, diagnostics);
        }
    }
}
