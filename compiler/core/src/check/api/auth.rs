//! Authorization that the other kind of API has.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{ApiKind, Auth, Model};
use crate::source::Span;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for api in model.apis.values() {
        let mut told: Vec<Span> = Vec::new();
        for route in &api.routes {
            let (message, note, help) = match (&route.auth, api.kind) {
                (Auth::ApiKey, ApiKind::Http) => (
                    "an HTTP API knows no API keys",
                    "a key tells callers apart, and proves little",
                    "say `kind: rest`, `iam` or `jwt`",
                ),
                (Auth::Jwt(_), ApiKind::Rest) => (
                    "a REST API cannot check the tokens of an issuer",
                    "it knows those of Amazon Cognito, and needs a function for others",
                    "say `kind: http`, or `iam`",
                ),
                _ => continue,
            };
            if !told.contains(&route.auth_span) {
                told.push(route.auth_span);
                let diagnostic = Diagnostic::new(Code::EVC0622, route.auth_span, message).note(note).help(help);
                diagnostics.push(super::item(api, diagnostic));
            }
        }
    }
}
