//! How to send what another system would: a request of a webhook, signed by hand.

use minijinja::{Value as Context, context};

use super::shell;
use crate::model::{Model, Webhook};
use crate::spec::api::webhook::{Algorithm, KeyEncoding, SignatureEncoding, SignedPart, time_prefix};

/// The first route whose requests another system signs, with the lines of a shell that sign one.
pub(super) fn webhook(model: &Model) -> Option<Context> {
    let (_, route) = model.routes().find(|(_, route)| route.webhook.is_some())?;
    let webhook = route.webhook.as_deref()?;
    let secrets = webhook.secrets.iter().map(|secret| model.secrets[secret.value].head.name.clone());
    Some(context! {
        key => route.key(),
        method => route.method.clone(),
        path => route.path.clone(),
        secrets => secrets.collect::<Vec<_>>(),
        sign => sign(webhook),
        headers => headers(webhook),
        has_id => webhook.id.is_some(),
        has_time => webhook.timestamp.is_some(),
    })
}

/// The commands that make `SIGNATURE` of `payload.json`.
fn sign(webhook: &Webhook) -> String {
    let digest = match webhook.algorithm {
        Algorithm::HmacSha256 => "sha256",
        Algorithm::HmacSha512 => "sha512",
    };
    let key = match webhook.key {
        KeyEncoding::Text => "-hmac \"$SECRET\"".to_owned(),
        KeyEncoding::Base64 => {
            "-mac HMAC -macopt hexkey:\"$(printf %s \"${SECRET#whsec_}\" | base64 -d | od -An -v -tx1 | tr -d ' \\n')\""
                .to_owned()
        }
    };
    let encode = match webhook.encoding {
        SignatureEncoding::Hex => "od -An -v -tx1 | tr -d ' \\n'",
        SignatureEncoding::Base64 => "base64 | tr -d '\\n'",
    };
    let parts = webhook.parts().into_iter().map(|part| match part {
        SignedPart::Text(text) => format!("printf %s {}", shell(text)),
        SignedPart::Timestamp => "printf %s \"$TIME\"".to_owned(),
        SignedPart::Id => "printf %s \"$ID\"".to_owned(),
        SignedPart::Body => "cat payload.json".to_owned(),
    });
    let parts = parts.collect::<Vec<_>>().join("; ");
    format!("SIGNATURE=$({{ {parts}; }} | openssl dgst -{digest} {key} -binary | {encode})")
}

/// The options of `curl` for what a request of the webhook has.
fn headers(webhook: &Webhook) -> Vec<String> {
    let mut text = format!("{}$SIGNATURE", double(&webhook.prefix));
    let mut headers = Vec::new();
    match webhook.timestamp.as_deref() {
        Some(prefix) if time_prefix(prefix).is_some() => text = format!("{}$TIME,{text}", double(prefix)),
        Some(name) => headers.push(format!("{name}: $TIME")),
        None => {}
    }
    headers.push(format!("{}: {text}", webhook.header));
    headers.extend(webhook.id.as_ref().map(|id| format!("{}: $ID", id.value)));
    headers
}

/// A text between double quotes of a shell.
fn double(text: &str) -> String {
    text.chars().flat_map(|c| matches!(c, '"' | '\\' | '$' | '`').then_some('\\').into_iter().chain([c])).collect()
}
