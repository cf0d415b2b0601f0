//! Secrets that are one secret under two names, and are told in two ways: whoever reads it as what it is not fails. And values that are too long
//! for what keeps them.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{CacheKind, CacheSecret, Model, Secret, SecretKind};

/// The most bytes that Secrets Manager and Parameter Store keep as one value.
/// <https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html>,
/// <https://docs.aws.amazon.com/general/latest/gr/ssm.html>
const MOST_BYTES: (u64, u64) = (65_536, 8_192);

/// A value that is longer than what keeps it takes.
fn too_long(model: &Model, secret: &Secret) -> Option<Diagnostic> {
    let ty = secret.ty.as_ref()?;
    let (most, who) = match &secret.kind {
        SecretKind::Own(_) | SecretKind::Imported(_) => (MOST_BYTES.0, "Secrets Manager"),
        SecretKind::Parameter(_) => (MOST_BYTES.1, "Parameter Store"),
    };
    // A text is kept without the quotes that it has as JSON.
    let quotes = if secret.json.is_some() { 0 } else { 2 };
    let least = model.types.min_json_bytes(ty).saturating_sub(quotes);
    if least <= most {
        return None;
    }
    let message = format!("the value of secret `{}` has {least} bytes at least; {who} keeps {most}", secret.head.name);
    let diagnostic = Diagnostic::new(Code::EVC0714, ty.span, message).on(format!("secrets.{}", secret.head.name));
    Some(
        diagnostic
            .note("the quota cannot be raised")
            .help("keep it in a bucket, and the key that it is encrypted with here"),
    )
}

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.extend(model.secrets.values().filter_map(|secret| too_long(model, secret)));
    let arn = |secret: &'_ Secret| match &secret.kind {
        SecretKind::Imported(arn) => arn.value.here().map(|text| (text.clone(), arn.span)),
        SecretKind::Own(_) | SecretKind::Parameter(_) => None,
    };
    let secrets: Vec<(&Secret, _)> = model.secrets.values().filter_map(|secret| Some((secret, arn(secret)?))).collect();
    for (at, (secret, (arn, span))) in secrets.iter().enumerate() {
        let is_other =
            |(other, (text, _)): &&(&Secret, _)| text == arn && other.json.is_some() != secret.json.is_some();
        let Some((other, (_, there))) = secrets[..at].iter().find(is_other) else { continue };
        let message =
            format!("secrets `{}` and `{}` are one, once a text and once JSON", other.head.name, secret.head.name);
        diagnostics.push(
            Diagnostic::new(Code::EVC0664, *span, message)
                .secondary(*there, "it has the same ARN here")
                .note("who reads it as what it is not fails with `Configuration`")
                .help("declare it once, with the `type` that it has"),
        );
    }
    for cache in model.caches.values() {
        let CacheKind::External { secret: Some(CacheSecret::Given(given)), .. } = &cache.kind else { continue };
        let Some(text) = given.value.here() else { continue };
        let is_json = |(secret, (arn, _)): &&(&Secret, (String, _))| arn == text && secret.json.is_some();
        let Some((secret, (_, there))) = secrets.iter().find(is_json) else { continue };
        let message =
            format!("the password of cache `{}` is secret `{}`, which is JSON", cache.head.name, secret.head.name);
        diagnostics.push(
            Diagnostic::new(Code::EVC0664, given.span, message)
                .secondary(*there, "it has the same ARN here, and a `type`")
                .note("the password of a cache is the whole text of its secret")
                .help("keep the password in a secret of its own, and nothing else in that"),
        );
    }
}
