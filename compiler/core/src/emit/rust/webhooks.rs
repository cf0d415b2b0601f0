//! Of a function: how the requests of its routes are signed that other systems send.

use std::fmt::Write as _;

use super::names::Names;
use super::print::literal;
use crate::model::{Function, Id, Webhook};
use crate::spec::api::webhook::{Algorithm, KeyEncoding, SignatureEncoding, SignedPart, time_prefix};

/// The item of the function's implementation that says so, if there is such a route.
pub(super) fn webhooks(names: &Names<'_>, id: Id<Function>) -> Option<String> {
    let mut lines = String::new();
    for (_, route) in names.model.routes_of(id) {
        let Some(webhook) = &route.webhook else { continue };
        let _ = writeln!(lines, "        {} {{", literal(&route.key()));
        for line in one(names, webhook) {
            let _ = writeln!(lines, "            {line};");
        }
        lines.push_str("        }\n");
    }
    (!lines.is_empty()).then(|| format!("\n    evc_runtime::webhooks! {{\n{lines}    }}\n"))
}

fn one(names: &Names<'_>, webhook: &Webhook) -> Vec<String> {
    let key = match webhook.key {
        KeyEncoding::Text => "Text",
        KeyEncoding::Base64 => "Base64",
    };
    let secrets = webhook.secrets.iter().map(|secret| format!("secret(crate::{}, {key})", names.secret(secret.value)));
    let algorithm = match webhook.algorithm {
        Algorithm::HmacSha256 => "HmacSha256",
        Algorithm::HmacSha512 => "HmacSha512",
    };
    let encoding = match webhook.encoding {
        SignatureEncoding::Hex => "Hex",
        SignatureEncoding::Base64 => "Base64",
    };
    let (header, prefix) = (literal(&webhook.header), literal(&webhook.prefix));
    let parts = webhook.parts().into_iter().map(|part| match part {
        SignedPart::Text(text) => format!("Text({})", literal(text)),
        SignedPart::Timestamp => "Timestamp".to_owned(),
        SignedPart::Id => "Id".to_owned(),
        SignedPart::Body => "Body".to_owned(),
    });
    let parts: Vec<String> = parts.collect();
    let time = webhook.timestamp.as_deref().map(|time| {
        let place = if time_prefix(time).is_some() { "Prefix" } else { "Header" };
        format!("time({place}, {}, {})", literal(time), webhook.tolerance.seconds)
    });
    let id = webhook.id.as_ref().map(|id| format!("id({})", literal(id)));
    secrets
        .chain([
            format!("signature({header}, {prefix}, {algorithm}, {encoding})"),
            format!("signed({})", parts.join(", ")),
        ])
        .chain(time)
        .chain(id)
        .collect()
}
