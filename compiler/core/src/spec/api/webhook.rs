//! `auth: { webhook: .. }`: requests that another system signs with a secret that it shares with this one.

use evc_macros::{Section, Word};

use super::words::is_header;
use crate::source::Spanned;
use crate::spec::decode::{Decoder, Fields};
use crate::spec::range::Range;
use crate::spec::scalar::{Duration, Name, one_or_more};

/// How the sender signs a request: the `scheme` of a well-known one, or its parts. Its secret is one of `secrets`.
#[derive(Debug, Clone, PartialEq, Section)]
#[section(what = "a webhook", check = whole)]
pub struct Webhook {
    /// The secret that the sender signs with; or two of `secrets` while it goes over from one to the other: a signature by either is taken.
    #[key(not_empty = "a secret", schema = one_or_more::<String>)]
    pub secret: Spanned<Vec<Name>>,
    /// Whose way of signing it is. Instead of `header`, `prefix`, `algorithm`, `encoding`, `signed`, `timestamp` and `key`.
    pub scheme: Option<Spanned<Scheme>>,
    /// The header with the signature.
    #[key(check = header)]
    pub header: Option<Spanned<String>>,
    /// What stands before the signature in the header: `sha256=`. Where several signatures stand there, between commas, semicolons or spaces, one
    /// that begins so and is right is enough.
    #[key(check = visible)]
    pub prefix: Option<Spanned<String>>,
    /// How it is signed: `hmac-sha256` without it.
    pub algorithm: Option<Spanned<Algorithm>>,
    /// How the signature is written: `hex` without it.
    pub encoding: Option<Spanned<SignatureEncoding>>,
    /// What is signed: a text with `{body}`, and `{timestamp}` and `{id}` where they are. `{body}` without it.
    #[key(check = signed)]
    pub signed: Option<Spanned<String>>,
    /// When it was signed, in seconds or milliseconds since 1970: the name of a header, or what stands before it in the signature's header,
    /// such as `t=`. It has to be in `signed`.
    #[key(check = timestamp)]
    pub timestamp: Option<Spanned<String>>,
    /// How far that may be from now, before or after: {range}, `5m` without it.
    #[key(range = TOLERANCE)]
    pub tolerance: Option<Spanned<Duration>>,
    /// The header with what tells one delivery from another. Without one, its body does.
    #[key(check = header)]
    pub id: Option<Spanned<String>>,
    /// How the secret becomes the key: `text` without it, as it stands; `base64` for what is written so, with or without `whsec_` before it.
    pub key: Option<Spanned<KeyEncoding>>,
}

/// A sender whose way of signing is known, or several who sign in one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Word)]
#[word(what = "a scheme of webhooks")]
pub enum Scheme {
    /// GitHub: `X-Hub-Signature-256`, of the body.
    #[word(rename = "github")]
    GitHub,
    /// Shopify: `X-Shopify-Hmac-Sha256`, of the body.
    Shopify,
    /// Slack: `X-Slack-Signature`, of time and body.
    Slack,
    /// Those of Standard Webhooks, by Svix and many others: `webhook-signature`, of id, time and body.
    StandardWebhooks,
    /// Stripe: `Stripe-Signature`, of time and body.
    Stripe,
}

impl Scheme {
    /// Whether the time is signed.
    pub fn has_time(self) -> bool {
        match self {
            Self::Slack | Self::StandardWebhooks | Self::Stripe => true,
            Self::GitHub | Self::Shopify => false,
        }
    }
}

/// How a request is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Word)]
#[word(what = "an algorithm of signatures")]
pub enum Algorithm {
    /// HMAC with SHA-256.
    HmacSha256,
    /// HMAC with SHA-512.
    HmacSha512,
}

/// How a signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Word)]
#[word(what = "an encoding of signatures")]
pub enum SignatureEncoding {
    /// Two digits a byte, in either case.
    Hex,
    /// Base64.
    Base64,
}

/// How a key is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Word)]
#[word(what = "an encoding of keys")]
pub enum KeyEncoding {
    /// Its bytes are those of the text.
    Text,
    /// Base64.
    Base64,
}

/// How far from now a signed request may be. More than an hour would be no window any more.
const TOLERANCE: Range<Duration> = Range::new("the tolerance of a webhook", Duration::seconds(10)..=Duration::hours(1));

/// The most secrets: what is signed with, and what will be or was.
const SECRETS: usize = 2;

/// What a part of [`Webhook::signed`] stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignedPart<'t> {
    /// This text.
    Text(&'t str),
    /// When it was signed.
    Timestamp,
    /// What tells deliveries apart.
    Id,
    /// The body, byte by byte.
    Body,
}

/// The parts of what is signed, or the part that is none.
pub fn parts(text: &str) -> Result<Vec<SignedPart<'_>>, &str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        if at > 0 {
            parts.push(SignedPart::Text(&rest[..at]));
        }
        let end = rest[at..].find('}').map_or(rest.len(), |end| at + end + 1);
        parts.push(match &rest[at..end] {
            "{timestamp}" => SignedPart::Timestamp,
            "{id}" => SignedPart::Id,
            "{body}" => SignedPart::Body,
            other => return Err(other),
        });
        rest = &rest[end..];
    }
    if !rest.is_empty() {
        parts.push(SignedPart::Text(rest));
    }
    Ok(parts)
}

fn signed(text: &Spanned<String>, cx: &mut Decoder) {
    let parts = match parts(text) {
        Ok(parts) => parts,
        Err(wrong) => {
            let message = format!("`{wrong}` stands for nothing that is signed");
            cx.bad_value(text.span, message).help.push("write `{timestamp}`, `{id}` or `{body}`".to_owned());
            return;
        }
    };
    if !parts.contains(&SignedPart::Body) {
        let found = cx.bad_value(text.span, "the body is not signed");
        found.notes.push("whoever has seen one request could send another body with its signature".to_owned());
        found.help.push("write `{body}` where it stands in what is signed".to_owned());
    }
}

/// What can stand in a header. <https://www.rfc-editor.org/rfc/rfc9110#section-5.5>
fn visible(text: &Spanned<String>, cx: &mut Decoder) {
    if text.chars().any(|c| c.is_control() || !c.is_ascii()) {
        let message = format!("no header has `{}`", text.value.escape_debug());
        cx.bad_value(text.span, message).notes.push("a header is a line of ASCII".to_owned());
    }
}

fn header(name: &Spanned<String>, cx: &mut Decoder) {
    if !is_header(name) || name.as_str() == "*" {
        cx.bad_value(name.span, format!("`{}` is not the name of a header", name.value));
    }
}

/// The time's place: `Some` what stands before it in the signature's header, or `None` for a header of its own.
pub fn time_prefix(text: &str) -> Option<&str> {
    text.ends_with('=').then_some(text)
}

fn timestamp(text: &Spanned<String>, cx: &mut Decoder) {
    if time_prefix(text).is_none() {
        header(text, cx);
    } else {
        visible(text, cx);
    }
}

fn whole(webhook: &Webhook, fields: &Fields<'_>, cx: &mut Decoder) {
    if let Some(more) = webhook.secret.get(SECRETS) {
        cx.bad_value(more.span, format!("a webhook has {SECRETS} secrets at most"))
            .help
            .push("name the one that the sender signs with, and the one that it goes over to".to_owned());
    }
    if let Some(scheme) = &webhook.scheme {
        let said = [
            webhook.header.as_ref().map(|it| ("header", it.span)),
            webhook.prefix.as_ref().map(|it| ("prefix", it.span)),
            webhook.algorithm.as_ref().map(|it| ("algorithm", it.span)),
            webhook.encoding.as_ref().map(|it| ("encoding", it.span)),
            webhook.signed.as_ref().map(|it| ("signed", it.span)),
            webhook.timestamp.as_ref().map(|it| ("timestamp", it.span)),
            webhook.key.as_ref().map(|it| ("key", it.span)),
        ];
        let id = webhook.id.as_ref().filter(|_| scheme.value == Scheme::StandardWebhooks).map(|it| ("id", it.span));
        for (key, span) in said.into_iter().chain([id]).flatten() {
            let found = cx.bad_value(span, format!("the scheme says what `{key}` is"));
            *found = found.clone().secondary(scheme.span, "this one");
        }
        if let Some(tolerance) = webhook.tolerance.as_ref().filter(|_| !scheme.value.has_time()) {
            let found = cx.bad_value(tolerance.span, "nothing says when a request was signed");
            *found = found.clone().secondary(scheme.span, "who signs so signs no time");
        }
        return;
    }
    // One that is none has been reported.
    if !fields.present(&["scheme", "header"]).is_empty() && webhook.header.is_none() {
        return;
    }
    if webhook.header.is_none() {
        let found = cx.bad_value(webhook.secret.span, "a webhook has a `scheme`, or a `header` with its signature");
        found.help.push(
            "say whose way of signing it is, such as `scheme: github`, or which header has the signature".to_owned(),
        );
    }
    told_apart(webhook, cx);
    let text = webhook.signed.as_ref().map_or("{body}", |signed| signed.as_str());
    // What is no part has been reported.
    let Ok(parts) = parts(text) else { return };
    let at = webhook.signed.as_ref().map(|signed| signed.span);
    match (&webhook.timestamp, parts.contains(&SignedPart::Timestamp)) {
        (Some(time), false) => {
            let found = cx.bad_value(time.span, "the time is not signed");
            found.notes.push("whoever has seen a request could send it again with another time".to_owned());
            found
                .help
                .push("write `{timestamp}` in `signed` where the sender does, or leave `timestamp` out".to_owned());
        }
        (None, true) => {
            let found = cx.bad_value(at.unwrap_or(webhook.secret.span), "nothing says where the time is");
            found.help.push("say `timestamp:` with the header that has it".to_owned());
        }
        _ => {}
    }
    if webhook.id.is_none() && parts.contains(&SignedPart::Id) {
        let found = cx.bad_value(at.unwrap_or(webhook.secret.span), "nothing says where the id is");
        found.help.push("say `id:` with the header that has it".to_owned());
    }
    if let (Some(tolerance), None) = (&webhook.tolerance, &webhook.timestamp) {
        cx.bad_value(tolerance.span, "nothing says when a request was signed")
            .help
            .push("say `timestamp:` as well, or leave `tolerance` out".to_owned());
    }
}

/// Signature, time and id have to be told apart where they stand.
fn told_apart(webhook: &Webhook, cx: &mut Decoder) {
    let prefix = webhook.prefix.as_ref().map_or("", |prefix| prefix.as_str());
    let header = webhook.header.as_ref().map_or("", |header| header.as_str());
    if let Some(time) = &webhook.timestamp {
        if let Some(before) = time_prefix(time)
            && (prefix.is_empty() || prefix == before)
        {
            let found =
                cx.bad_value(time.span, "the time stands beside the signature, and nothing tells which is which");
            found.help.push("say `prefix:` with what stands before the signature, such as `v1=`".to_owned());
        } else if time.eq_ignore_ascii_case(header) {
            cx.bad_value(time.span, "the header of the signature is not that of the time")
                .help
                .push("write what stands before the time in it, such as `t=`, or the header that has it".to_owned());
        }
    }
    if let Some(id) = webhook.id.as_ref().filter(|id| id.eq_ignore_ascii_case(header)) {
        cx.bad_value(id.span, "the header of the signature is another in each delivery, and no id");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_is_taken_apart() {
        use SignedPart::{Body, Id, Text, Timestamp};
        assert_eq!(parts("v0:{timestamp}:{body}"), Ok(vec![Text("v0:"), Timestamp, Text(":"), Body]));
        assert_eq!(parts("{id}.{timestamp}.{body}"), Ok(vec![Id, Text("."), Timestamp, Text("."), Body]));
        assert_eq!(parts("{body}!"), Ok(vec![Body, Text("!")]));
        assert_eq!(parts("{url}{body}"), Err("{url}"));
        assert_eq!(parts("{body"), Err("{body"));
        assert_eq!(parts("ä{body}"), Ok(vec![Text("ä"), Body]));
    }
}
