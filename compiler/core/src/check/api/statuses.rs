//! A function answers a success with one status, whichever route was called.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::Model;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for (id, function) in model.functions.iter().filter(|(_, function)| function.responses.is_empty()) {
        let mut routes = model.routes_of(id);
        let Some((_, first)) = routes.next() else { continue };
        for (api, route) in routes.filter(|(_, route)| route.status != first.status) {
            let name = &function.head.name;
            let message =
                format!("function `{name}` would answer with {} here and with {} there", route.status, first.status);
            let place = |route: &crate::model::Route| route.status_span.unwrap_or(route.span);
            let diagnostic = Diagnostic::new(Code::EVC0620, place(route), message)
                .label(format!("{} here", route.status))
                .secondary(place(first), format!("{} there", first.status))
                .help(format!("say `status: {}` on all of its routes", first.status.max(route.status)));
            diagnostics.push(super::item(api, diagnostic));
        }
    }
}
