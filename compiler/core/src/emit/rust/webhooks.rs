//! Of a function: how the requests of its routes are signed that other systems send.

use std::fmt::Write as _;

use super::names::Names;
use super::print::literal;
use crate::model::{Function, Id, Webhook};
use crate::spec::api::webhook::{Algorithm, KeyEncoding, SignatureEncoding, SignedPart, time_prefix};

/// The item of the function's implementation that says so, if there is such a route.
pub(super) fn webhooks(names: &Names<'_>, id: Id<Function>) -> Option<String> {
    let mut list = String::new();
    for (_, route) in names.model.routes_of(id) {
        let Some(webhook) = &route.webhook else { continue };
        list.push_str(&one(names, &route.key(), webhook));
    }
    (!list.is_empty())
        .then(|| format!("\n    const WEBHOOKS: &'static [evc_runtime::webhook::Webhook] = &[\n{list}    ];\n"))
}

fn one(names: &Names<'_>, route: &str, webhook: &Webhook) -> String {
    let key = match webhook.key {
        KeyEncoding::Text => "Text",
        KeyEncoding::Base64 => "Base64",
    };
    let keys = webhook.secrets.iter().map(|secret| {
        let name = names.secret(secret.value);
        format!("evc_runtime::webhook::Key::of::<crate::{name}>(evc_runtime::webhook::KeyEncoding::{key})")
    });
    let keys: Vec<String> = keys.collect();
    let algorithm = match webhook.algorithm {
        Algorithm::HmacSha256 => "HmacSha256",
        Algorithm::HmacSha512 => "HmacSha512",
    };
    let encoding = match webhook.encoding {
        SignatureEncoding::Hex => "Hex",
        SignatureEncoding::Base64 => "Base64",
    };
    let parts = webhook.parts().into_iter().map(|part| match part {
        SignedPart::Text(text) => format!("evc_runtime::webhook::Part::Text({})", literal(text)),
        SignedPart::Timestamp => "evc_runtime::webhook::Part::Timestamp".to_owned(),
        SignedPart::Id => "evc_runtime::webhook::Part::Id".to_owned(),
        SignedPart::Body => "evc_runtime::webhook::Part::Body".to_owned(),
    });
    let timestamp = webhook.timestamp.as_deref().map_or_else(
        || "None".to_owned(),
        |time| {
            let kind = if time_prefix(time).is_some() { "Prefix" } else { "Header" };
            format!("Some(evc_runtime::webhook::Stamp::{kind}({}))", literal(time))
        },
    );
    let id = webhook.id.as_ref().map_or_else(|| "None".to_owned(), |id| format!("Some({})", literal(id)));
    let mut code = String::from("        evc_runtime::webhook::Webhook {\n");
    let mut field = |name: &str, value: &str| {
        let _ = writeln!(code, "            {name}: {value},");
    };
    field("route", &literal(route));
    field("keys", &list(&keys));
    field("header", &literal(&webhook.header));
    field("prefix", &literal(&webhook.prefix));
    field("algorithm", &format!("evc_runtime::webhook::Algorithm::{algorithm}"));
    field("encoding", &format!("evc_runtime::webhook::Encoding::{encoding}"));
    field("signed", &list(&parts.collect::<Vec<String>>()));
    field("timestamp", &timestamp);
    field("tolerance", &format!("std::time::Duration::from_secs({})", webhook.tolerance.seconds));
    field("id", &id);
    code.push_str("        },\n");
    code
}

/// A list with an item on each line, or the only one on this.
fn list(items: &[String]) -> String {
    if let [one] = items {
        return format!("&[{one}]");
    }
    let lines: String = items.iter().map(|item| format!("                {item},\n")).collect();
    format!("&[\n{lines}            ]")
}
