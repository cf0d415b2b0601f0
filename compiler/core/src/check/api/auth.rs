//! Authorization that the other kind of API has.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{ApiKind, Auth, Model};
use crate::source::Span;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for api in model.apis.values().filter(|api| api.kind == ApiKind::Http) {
        let mut told: Vec<Span> = Vec::new();
        for route in api.routes.iter().filter(|route| route.auth == Auth::ApiKey) {
            if !told.contains(&route.auth_span) {
                told.push(route.auth_span);
                let diagnostic = Diagnostic::new(Code::EVC0622, route.auth_span, "an HTTP API knows no API keys")
                    .note("a key tells callers apart, and proves little")
                    .help("say `kind: rest`, `iam` or `jwt`");
                diagnostics.push(super::item(api, diagnostic));
            }
        }
    }
}
