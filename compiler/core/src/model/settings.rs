//! Values by environment: what the top level says, and what each environment says instead.

use indexmap::IndexMap;

use super::environment::{Environment, Setting};
use super::names::unresolved;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Spanned;
use crate::spec::Sections;
use crate::spec::decode::Declared;
use crate::spec::environment as spec;
use crate::spec::scalar::{Duration, Name};
use crate::spec::table::Removal;

/// What CloudWatch Logs keeps when nothing else is said.
const LOG_RETENTION: Duration = Duration::days(14);

/// The environments of a spec; one named `dev` when it declares none.
pub(super) fn environments(sections: &Sections) -> Vec<Environment> {
    let declared = sections.environments.iter().map(|(name, environment)| Environment {
        name: name.to_owned(),
        span: Some(environment.name_span),
        description: environment.description.clone(),
    });
    let declared: Vec<Environment> = declared.collect();
    if declared.is_empty() {
        return vec![Environment { name: "dev".to_owned(), span: None, description: None }];
    }
    declared
}

/// Asks each environment; where it says nothing, `base` counts.
pub(super) fn setting<T: Clone>(
    sections: &Sections,
    base: T,
    ask: impl Fn(&spec::Environment) -> Option<Spanned<T>>,
) -> Setting<T> {
    if sections.environments.is_empty() {
        return Setting::new([(base, None)]);
    }
    let environments = sections.environments.items.values();
    Setting::new(environments.map(|environment: &Declared<_>| match ask(environment) {
        Some(said) => (said.value, Some(said.span)),
        None => (base.clone(), None),
    }))
}

/// How long log groups keep entries.
pub(super) fn log_retention(sections: &Sections) -> Setting<Duration> {
    let base = sections.observability.logs.retention.as_ref().map_or(LOG_RETENTION, |retention| retention.value);
    setting(sections, base, |environment| environment.logs.as_ref()?.retention)
}

/// A setting that environments have for tables.
pub(super) fn of_tables<T: Clone>(
    sections: &Sections,
    base: T,
    ask: impl Fn(&spec::EnvironmentTables) -> Option<Spanned<T>>,
) -> Setting<T> {
    setting(sections, base, |environment| environment.tables.as_ref().and_then(&ask))
}

/// How durable a table is.
#[derive(Debug, Clone)]
pub struct Durability {
    /// What becomes of it when it leaves the stack.
    pub removal: Setting<Removal>,
    /// Whether DynamoDB refuses to delete it.
    pub deletion_protection: Setting<bool>,
    /// Whether there are continuous backups.
    pub point_in_time_recovery: Setting<bool>,
}

/// How durable tables are that say nothing of themselves.
pub(super) fn durability(sections: &Sections) -> Durability {
    Durability {
        removal: of_tables(sections, Removal::Retain, |tables| tables.removal),
        deletion_protection: of_tables(sections, false, |tables| tables.deletion_protection),
        point_in_time_recovery: of_tables(sections, true, |tables| tables.point_in_time_recovery),
    }
}

/// A setting that environments have for one function.
pub(super) fn of_function<T: Clone>(
    sections: &Sections,
    name: &str,
    base: T,
    ask: impl Fn(&spec::EnvironmentFunction) -> Option<Spanned<T>>,
) -> Setting<T> {
    setting(sections, base, |environment| environment.functions.get(name).and_then(&ask))
}

/// A setting that environments have for one cache.
pub(super) fn of_cache<T: Clone>(
    sections: &Sections,
    name: &str,
    base: T,
    ask: impl Fn(&spec::EnvironmentCache) -> Option<Spanned<T>>,
) -> Setting<T> {
    setting(sections, base, |environment| environment.caches.get(name).and_then(&ask))
}

/// Whether a rule or a schedule runs, among the `switches` of each environment.
pub(super) fn enabled(
    sections: &Sections,
    name: &str,
    base: Option<bool>,
    switches: impl Fn(&spec::Environment) -> &IndexMap<Name, spec::EnvironmentSwitch>,
) -> Setting<bool> {
    setting(sections, base.unwrap_or(true), |environment| switches(environment).get(name)?.enabled)
}

/// Reports what environments name and what does not exist.
pub(super) fn check_names(sections: &Sections, diagnostics: &mut Vec<Diagnostic>) {
    for environment in sections.environments.items.values() {
        let missing = |name: &&Name| !sections.rules.declares(name);
        let rules = environment.rules.keys().filter(missing);
        diagnostics.extend(rules.map(|name| unresolved("rule", name, sections.rules.names())));
        let missing = |name: &&Name| !sections.schedules.declares(name);
        let schedules = environment.schedules.keys().filter(missing);
        diagnostics.extend(schedules.map(|name| unresolved("schedule", name, sections.schedules.names())));
        let missing = |name: &&Name| !sections.config.declares(name);
        let config = environment.config.keys().filter(missing);
        diagnostics.extend(config.map(|name| unresolved("configuration value", name, sections.config.names())));
        let missing = |name: &&Name| !sections.caches.declares(name);
        let caches = environment.caches.keys().filter(missing);
        diagnostics.extend(caches.map(|name| unresolved("cache", name, sections.caches.names())));
        for (name, settings) in &environment.functions {
            let Some(function) = sections.functions.get(name) else {
                if !sections.functions.declares(name) {
                    diagnostics.push(unresolved("function", name, sections.functions.names()));
                }
                continue;
            };
            for variable in settings.environment.keys() {
                if !function.environment.contains_key(variable.as_str()) {
                    let known = function.environment.keys().map(|key| key.as_str());
                    let message = format!("function `{}` has no environment variable `{}`", name.value, variable.value);
                    diagnostics.push(
                        Diagnostic::new(Code::EVC0101, variable.span, message)
                            .suggest(variable, known)
                            .help("declare it under the function's `environment`, with the value it has elsewhere"),
                    );
                }
            }
        }
    }
}
