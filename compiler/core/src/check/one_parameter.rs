//! Parameters of Systems Manager that are told in several ways: as configuration and as a secret, and by a resource of the spec that makes them.
//! Whoever reads one as what it is not fails with `Configuration`.

use serde_json::Value;

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Config, ConfigKind, Model, Resource, SecretKind};
use crate::spec::bus::ENVIRONMENT;
use crate::spec::given::Given;
use crate::yaml::NodeKind;

/// The most bytes of an advanced parameter.
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html>
const MOST_BYTES: u64 = 8_192;

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for config in model.config.values() {
        diagnostics.extend(too_long(model, config));
        let Some(name) = name_of(config) else { continue };
        let secret = model
            .secrets
            .values()
            .find(|secret| matches!(&secret.kind, SecretKind::Parameter(Given::Here(parameter)) if are_one(model, parameter, name)));
        if let Some(secret) = secret {
            let message = format!("parameter `{name}` is a secret, and configuration value `{}`", config.head.name);
            diagnostics.push(
                Diagnostic::new(Code::EVC0664, config.head.name_span, message)
                    .secondary(secret.head.name_span, "it is a secret here")
                    .note("a secret is a `SecureString`, and a configuration value is none: one of the two is refused when it is read")
                    .help("read it as what it is, in one place"),
            );
        }
        diagnostics.extend(made(model, name).and_then(|resource| another_type(model, config, resource)));
    }
    for secret in model.secrets.values() {
        let SecretKind::Parameter(Given::Here(name)) = &secret.kind else { continue };
        if let Some(resource) = made(model, name) {
            let message = format!("secret `{}` is no `SecureString`: CloudFormation makes none", secret.head.name);
            diagnostics.push(
                Diagnostic::new(Code::EVC0664, secret.head.name_span, message)
                    .secondary(resource.head.name_span, "this resource makes the parameter")
                    .note("a parameter that is no `SecureString` is refused when it is read")
                    .help("make it by hand, or let the stack make a secret: leave `parameter` out"),
            );
        }
    }
}

/// The name of a parameter that exists already, if the spec says it.
fn name_of(config: &Config) -> Option<&str> {
    match &config.kind {
        ConfigKind::Imported(Given::Here(name)) => Some(name),
        ConfigKind::Imported(Given::Parameter) | ConfigKind::Own(_) => None,
    }
}

/// Whether two names are one in some environment.
fn are_one(model: &Model, one: &str, other: &str) -> bool {
    let deployed = |name: &str, environment: &str| name.replace(ENVIRONMENT, environment);
    one == other || model.environments.iter().any(|it| deployed(one, &it.name) == deployed(other, &it.name))
}

/// The resource of the spec that makes a parameter of this name.
fn made<'m>(model: &'m Model, name: &str) -> Option<&'m Resource> {
    let is_it = |it: &&Resource| {
        it.type_.value == "AWS::SSM::Parameter" && literal(it, "Name").is_some_and(|made| are_one(model, made, name))
    };
    model.resources.values().find(is_it)
}

fn literal<'m>(resource: &'m Resource, property: &str) -> Option<&'m str> {
    let NodeKind::Mapping(properties) = &resource.attributes.properties.as_ref()?.value.0.kind else { return None };
    properties.get(property)?.value.scalar_text()
}

fn another_type(model: &Model, config: &Config, resource: &Resource) -> Option<Diagnostic> {
    let text = literal(resource, "Value")?;
    let value =
        if config.is_text(model) { Value::from(text) } else { serde_json::from_str(text).unwrap_or(Value::from(text)) };
    let problem = model.types.validate(&config.ty, &value).into_iter().next()?;
    let message =
        format!("parameter `{}` has a value that is not of the type of `{}`", name_of(config)?, config.head.name);
    Some(
        Diagnostic::new(Code::EVC0610, config.ty.span, message)
            .label(problem.reason)
            .secondary(resource.head.name_span, "this resource makes the parameter")
            .note("each read of it fails with `Configuration`"),
    )
}

/// A value that no parameter holds.
fn too_long(model: &Model, config: &Config) -> Option<Diagnostic> {
    let quotes = if config.is_text(model) { 2 } else { 0 };
    let least = model.types.min_json_bytes(&config.ty).saturating_sub(quotes);
    if least <= MOST_BYTES {
        return None;
    }
    let message = format!(
        "configuration value `{}` has {least} bytes at least; Parameter Store keeps {MOST_BYTES}",
        config.head.name
    );
    let diagnostic = Diagnostic::new(Code::EVC0714, config.ty.span, message).on(format!("config.{}", config.head.name));
    Some(diagnostic.note("the quota cannot be raised").help("keep it in a bucket, and where it is here"))
}
