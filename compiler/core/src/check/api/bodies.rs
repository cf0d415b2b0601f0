//! Requests to tables that have no body although a type is said for it.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::Model;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for it in super::to_tables(model) {
        let Some(input) = it.to.input.as_ref().filter(|_| !it.route.has_body()) else { continue };
        let message = format!("a request with `{}` has no body", it.route.method);
        let diagnostic = Diagnostic::new(Code::EVC0629, it.route.span, message)
            .secondary(input.span, "the type of a body is said here")
            .help("use `POST`, `PUT` or `PATCH`");
        diagnostics.push(super::item(it.api, diagnostic));
    }
}
