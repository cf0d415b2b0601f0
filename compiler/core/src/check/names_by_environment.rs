//! Names in which `{environment}` stands: as they are deployed, each is one that AWS takes.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{ConfigKind, Model, SecretKind};
use crate::source::Span;
use crate::spec::bus::{ENVIRONMENT, MAX_NAME};
use crate::spec::config::problem_of;
use crate::spec::given::Given;

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for config in model.config.values() {
        if let ConfigKind::Imported(Given::Here(name)) = &config.kind {
            diagnostics.extend(of_parameter(model, name, config.head.name_span));
        }
    }
    for secret in model.secrets.values() {
        if let SecretKind::Parameter(Given::Here(name)) = &secret.kind {
            diagnostics.extend(of_parameter(model, name, secret.head.name_span));
        }
    }
    for bus in model.buses.values() {
        let Some(name) = bus.imported_name.as_ref() else { continue };
        let Given::Here(text) = &name.value else { continue };
        let long = |deployed: &str| {
            let own = deployed.rsplit_once(":event-bus/").map_or(deployed, |(_, own)| own);
            (own.len() > MAX_NAME)
                .then(|| format!("it has {} characters, and at most {MAX_NAME} are allowed", own.len()))
        };
        diagnostics.extend(of(model, text, name.span, "a bus", long));
    }
}

fn of_parameter(model: &Model, name: &str, at: Span) -> Option<Diagnostic> {
    of(model, name, at, "a parameter", problem_of)
}

/// What is wrong with a name in the first environment in which something is.
fn of(model: &Model, name: &str, at: Span, what: &str, problem: impl Fn(&str) -> Option<String>) -> Option<Diagnostic> {
    // What is wrong by itself has been said where it is read.
    if !name.contains(ENVIRONMENT) || problem(&name.replace(ENVIRONMENT, "environment")).is_some() {
        return None;
    }
    let declared = model.environments.iter().filter(|environment| environment.span.is_some());
    let (environment, reason) = declared
        .into_iter()
        .find_map(|environment| Some((environment, problem(&name.replace(ENVIRONMENT, &environment.name))?)))?;
    let deployed = name.replace(ENVIRONMENT, &environment.name);
    let message = format!("`{deployed}` is no name of {what}: {reason}");
    let diagnostic = Diagnostic::new(Code::EVC0105, at, message);
    Some(match environment.span {
        Some(span) => diagnostic.secondary(span, "so it is called in this environment"),
        None => diagnostic,
    })
}
