//! Tokens that are told in two ways, and are of one issuer and audience once an environment has its name.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Auth, Jwt, Model, are_same_claims};
use crate::spec::bus::ENVIRONMENT;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let mut known: Vec<&Jwt> = Vec::new();
    for (_, route) in model.routes() {
        let Auth::Jwt(jwt) = &route.auth else { continue };
        let Some(claims) = &jwt.claims else { continue };
        if known.iter().any(|known| known.claims.as_ref().is_some_and(|known| known.0.span == claims.0.span)) {
            continue;
        }
        for first in &known {
            let Some(told) = &first.claims else { continue };
            // Those that are written alike are compared as they are read.
            let alike = first.issuer == jwt.issuer && first.audience == jwt.audience;
            let Some(environment) = meet(model, first, jwt).filter(|_| !alike) else { continue };
            if are_same_claims(&model.types, &told.0, &claims.0) {
                continue;
            }
            let message = format!(
                "in `{environment}`, these tokens and others are of one issuer for one audience, and told in two ways"
            );
            diagnostics.push(
                Diagnostic::new(Code::EVC0655, claims.0.span, message)
                    .secondary(told.0.span, "the others have these claims")
                    .help("declare one type under `types:` and name it in both places"),
            );
            break;
        }
        known.push(jwt);
    }
}

/// The first environment in which both are of one issuer for one audience.
fn meet<'m>(model: &'m Model, one: &Jwt, other: &Jwt) -> Option<&'m str> {
    let mut environments = model.environments.iter().filter(|environment| environment.span.is_some());
    let environment = environments.find(|environment| {
        let deployed = |text: &str| text.replace(ENVIRONMENT, &environment.name);
        let audience = |jwt: &Jwt| {
            let mut audience: Vec<String> = jwt.audience.iter().map(|one| deployed(one)).collect();
            audience.sort_unstable();
            audience
        };
        deployed(&one.issuer) == deployed(&other.issuer) && audience(one) == audience(other)
    })?;
    Some(&environment.name)
}
