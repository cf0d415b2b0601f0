//! Paths that API Gateway answers itself where an API has a domain name of its own.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html>

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{ApiKind, Model};

/// What the health check of the service has taken.
const RESERVED: [&str; 2] = ["/ping", "/sping"];

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for (api, route) in model.routes().filter(|(api, _)| api.kind == ApiKind::Rest) {
        let Some(domain) = api.domain.as_ref().filter(|_| RESERVED.contains(&route.path.as_str())) else { continue };
        let message = format!("API Gateway answers `{}` itself where it is called by a domain name", route.path);
        let diagnostic = Diagnostic::new(Code::EVC0698, route.span, message)
            .secondary(domain.name.span, "the domain name of the API")
            .help("give it another path, such as `/health`");
        diagnostics.push(super::item(api, diagnostic));
    }
}
