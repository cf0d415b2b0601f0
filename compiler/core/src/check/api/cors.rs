//! Pages that may send credentials are named one by one.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::Model;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for api in model.apis.values() {
        let Some(cors) = &api.cors else { continue };
        let (Some(any), Some(credentials)) = (cors.any_origin(), cors.credentials) else { continue };
        let message = "pages of every origin cannot be let in with credentials";
        let diagnostic = Diagnostic::new(Code::EVC0623, any.span, message)
            .secondary(credentials, "credentials are allowed here")
            .note("browsers refuse such an answer, since any page could act for whoever looks at it")
            .help("name the origins of the pages, or leave out `credentials`");
        diagnostics.push(super::item(api, diagnostic));
    }
}
