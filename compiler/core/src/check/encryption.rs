//! Tables that say who owns their key, where the stack has a key of the customer's.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::Model;

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let Some(key) = &model.security.key else { return };
    for table in model.tables.values() {
        if let Some(own) = table.encryption {
            let message = format!("table `{}` has a key of AWS's, and all of the stack yours", table.head.name);
            diagnostics.push(
                Diagnostic::new(Code::EVC0694, own.span, message)
                    .secondary(key.span, "this key encrypts every table")
                    .help("take `encryption` out"),
            );
        }
    }
}
