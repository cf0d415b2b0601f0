//! What can be wrong with a system whose parts are all right: one file a check, each read-only over the model.

mod workflow;

use crate::diagnostics::Diagnostic;
use crate::model::Model;

/// A check: looks at the model and adds what it finds.
type Check = fn(&Model, &mut Vec<Diagnostic>);

/// Every check. The order does not matter: reports sort by place.
const CHECKS: &[Check] = &[
    workflow::calls::check,
    workflow::compensation::check,
    workflow::errors::check,
    workflow::expressions::check,
    workflow::routes::check,
    workflow::timeouts::check,
];

/// Runs every check.
pub fn check(model: &Model) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for check in CHECKS {
        check(model, &mut found);
    }
    found
}
