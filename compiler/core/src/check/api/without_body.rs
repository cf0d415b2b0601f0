//! Routes that say a status of answers that have no body, and have something to answer.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::Model;
use crate::types::describe;

/// No content, and reset content. <https://www.rfc-editor.org/rfc/rfc9110#status.204>
const WITHOUT_BODY: [u16; 2] = [204, 205];

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for (api, route) in model.routes().filter(|(_, route)| WITHOUT_BODY.contains(&route.status)) {
        let Some(answer) = model.answer(route) else { continue };
        if model.types.record(&answer).is_some_and(|fields| fields.is_empty()) {
            continue;
        }
        let message = format!("an answer with {} has no body, and this route answers with something", route.status);
        let diagnostic = Diagnostic::new(Code::EVC0630, route.status_span.unwrap_or(route.span), message)
            .secondary(answer.span, format!("it answers with `{}`", describe(&answer)))
            .help("say `status: 200`, or answer with nothing");
        diagnostics.push(super::item(api, diagnostic));
    }
}
