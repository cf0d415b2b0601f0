//! Webhooks: how the requests of another system are signed, and with which secrets.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::names::find_all;
use crate::model::{Id, Model, Secret, SecretKind};
use crate::source::{Span, Spanned};
use crate::spec::Sections;
use crate::spec::api::webhook::{self as spec, Algorithm, KeyEncoding, Scheme, SignatureEncoding, SignedPart, parts};
use crate::spec::api::{self, Auth};
use crate::spec::scalar::Duration;

/// How requests are signed.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// The secrets: one, or two while the sender goes over to the second.
    pub secrets: Vec<Spanned<Id<Secret>>>,
    /// How a secret becomes a key.
    pub key: KeyEncoding,
    /// The header with the signature, as the spec writes it.
    pub header: String,
    /// What stands before a signature in it.
    pub prefix: String,
    /// What makes a signature.
    pub algorithm: Algorithm,
    /// How it is written.
    pub encoding: SignatureEncoding,
    /// What is signed, with `{body}` in it.
    pub signed: String,
    /// Where the time is, if it is signed: a header, or what stands before it in the signature's header and ends with `=`.
    pub timestamp: Option<String>,
    /// How far it may be from now.
    pub tolerance: Duration,
    /// The header that tells deliveries apart.
    pub id: Option<Spanned<String>>,
    /// Where it is said.
    pub span: Span,
}

/// How far from now a signed request may be where the spec does not say: what Stripe and Slack recommend, and Standard Webhooks uses.
/// <https://docs.stripe.com/webhooks#replay-attacks>, <https://docs.slack.dev/authentication/verifying-requests-from-slack>
const TOLERANCE: Duration = Duration::minutes(5);

/// A scheme by its parts: header, prefix, encoding, what is signed, and where the time and the id are.
struct Parts {
    header: &'static str,
    prefix: &'static str,
    encoding: SignatureEncoding,
    signed: &'static str,
    timestamp: Option<&'static str>,
    id: Option<&'static str>,
    key: KeyEncoding,
}

const PLAIN: Parts = Parts {
    header: "",
    prefix: "",
    encoding: SignatureEncoding::Hex,
    signed: "{body}",
    timestamp: None,
    id: None,
    key: KeyEncoding::Text,
};

/// What a sender documents of its signatures, all of which are HMAC with SHA-256.
fn scheme(scheme: Scheme) -> Parts {
    match scheme {
        // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
        Scheme::GitHub => Parts { header: "X-Hub-Signature-256", prefix: "sha256=", ..PLAIN },
        // https://shopify.dev/docs/apps/build/webhooks/subscribe/https
        Scheme::Shopify => Parts { header: "X-Shopify-Hmac-Sha256", encoding: SignatureEncoding::Base64, ..PLAIN },
        // https://docs.slack.dev/authentication/verifying-requests-from-slack
        Scheme::Slack => Parts {
            header: "X-Slack-Signature",
            prefix: "v0=",
            signed: "v0:{timestamp}:{body}",
            timestamp: Some("X-Slack-Request-Timestamp"),
            ..PLAIN
        },
        // https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
        Scheme::StandardWebhooks => Parts {
            header: "webhook-signature",
            prefix: "v1,",
            encoding: SignatureEncoding::Base64,
            signed: "{id}.{timestamp}.{body}",
            timestamp: Some("webhook-timestamp"),
            id: Some("webhook-id"),
            key: KeyEncoding::Base64,
        },
        // https://docs.stripe.com/webhooks#verify-manually
        Scheme::Stripe => Parts {
            header: "Stripe-Signature",
            prefix: "v1=",
            signed: "{timestamp}.{body}",
            timestamp: Some("t="),
            ..PLAIN
        },
    }
}

impl Webhook {
    /// The parts of what is signed.
    pub fn parts(&self) -> Vec<SignedPart<'_>> {
        // What is no part has been reported.
        parts(&self.signed).unwrap_or_default()
    }

    /// Whether the header that tells deliveries apart is signed.
    pub fn signs_id(&self) -> bool {
        self.parts().contains(&SignedPart::Id)
    }

    /// Whether another one is signed alike, wherever it is said.
    pub fn is_same(&self, other: &Self) -> bool {
        let id = |webhook: &Self| webhook.id.as_ref().map(|id| id.value.clone());
        let secrets = |webhook: &Self| webhook.secrets.iter().map(|secret| secret.value).collect::<Vec<_>>();
        let texts = |webhook: &Self| [&webhook.header, &webhook.prefix, &webhook.signed].map(Clone::clone);
        secrets(self) == secrets(other)
            && texts(self) == texts(other)
            && (self.key, self.algorithm, self.encoding) == (other.key, other.algorithm, other.encoding)
            && (&self.timestamp, self.tolerance) == (&other.timestamp, other.tolerance)
            && id(self) == id(other)
    }

    /// The headers that requests have for it.
    pub fn headers(&self) -> impl Iterator<Item = &str> {
        let time = self.timestamp.as_deref().filter(|time| spec::time_prefix(time).is_none());
        [Some(self.header.as_str()), time, self.id.as_ref().map(|id| id.as_str())].into_iter().flatten()
    }
}

/// A webhook, with those of its secrets that there are.
pub(super) fn webhook(sections: &Sections, said: &spec::Webhook) -> Webhook {
    let usual = said.scheme.as_ref().map_or(PLAIN, |known| scheme(known.value));
    let text = |said: &Option<Spanned<String>>, usual: &str| {
        said.as_ref().map_or_else(|| usual.to_owned(), |said| said.value.clone())
    };
    let id = said.id.clone().or_else(|| {
        let scheme = said.scheme.as_ref()?;
        Some(Spanned::new(usual.id?.to_owned(), scheme.span))
    });
    Webhook {
        secrets: find_all(sections, &said.secret, &mut Vec::new()),
        key: said.key.as_ref().map_or(usual.key, |key| key.value),
        header: text(&said.header, usual.header),
        prefix: text(&said.prefix, usual.prefix),
        algorithm: said.algorithm.as_ref().map_or(Algorithm::HmacSha256, |algorithm| algorithm.value),
        encoding: said.encoding.as_ref().map_or(usual.encoding, |encoding| encoding.value),
        signed: text(&said.signed, usual.signed),
        timestamp: said.timestamp.as_ref().map(|time| time.value.clone()).or(usual.timestamp.map(str::to_owned)),
        tolerance: said.tolerance.as_ref().map_or(TOLERANCE, |tolerance| tolerance.value),
        id,
        span: said
            .scheme
            .as_ref()
            .map(|it| it.span)
            .or(said.header.as_ref().map(|it| it.span))
            .unwrap_or(said.secret.span),
    }
}

/// Every `auth` of the spec that lets a webhook in, with the function that it is said on, if it is.
fn all(sections: &Sections) -> impl Iterator<Item = &spec::Webhook> {
    let of_apis = sections
        .apis
        .items
        .values()
        .flat_map(|api| api.auth.iter().chain(api.routes.0.iter().filter_map(|route| route.auth.as_ref())));
    let own = sections.functions.items.values().filter_map(|function| function.api.as_ref()?.auth.as_ref());
    of_apis.chain(own).filter_map(|auth| said(Some(auth)))
}

fn said(auth: Option<&Spanned<Auth>>) -> Option<&spec::Webhook> {
    match &auth?.value {
        Auth::Webhook(webhook) => Some(webhook),
        Auth::Iam | Auth::None | Auth::ApiKey | Auth::Jwt(_) | Auth::Function(_) => None,
    }
}

/// The secrets that a function checks signatures with.
pub(in crate::model) fn secrets_of(sections: &Sections, function: &str) -> Vec<Spanned<Id<Secret>>> {
    let declared = sections.apis.items.values().flat_map(|api| {
        let routes = api.routes.0.iter();
        let here = routes.filter(
            |route| matches!(&route.integration, api::Integration::Function(name) if name.as_str() == function),
        );
        here.map(|route| route.auth.as_ref().or(api.auth.as_ref()))
    });
    let own = sections.functions.items.get(function).and_then(|function| function.api.as_ref()?.auth.as_ref());
    let mut found: Vec<Spanned<Id<Secret>>> = Vec::new();
    for webhook in declared.chain([own]).filter_map(said) {
        for secret in find_all(sections, &webhook.secret, &mut Vec::new()) {
            if !found.iter().any(|known| known.value == secret.value) {
                found.push(secret);
            }
        }
    }
    found
}

/// Reports secrets that are none, or that are no text.
pub(in crate::model) fn check_secrets(sections: &Sections, model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for webhook in all(sections) {
        let secrets: Vec<Spanned<Id<Secret>>> = find_all(sections, &webhook.secret, diagnostics);
        for secret in secrets {
            let declared = &model.secrets[secret.value];
            let is_base64 = match (&webhook.scheme, &webhook.key) {
                (Some(known), _) => scheme(known.value).key == KeyEncoding::Base64,
                (None, key) => key.as_ref().is_some_and(|key| key.value == KeyEncoding::Base64),
            };
            if let SecretKind::Own(Some(random)) = &declared.kind
                && is_base64
                && (random.punctuation || random.length % 4 != 0)
            {
                let message = format!("what is made up for secret `{}` is no base64", declared.head.name);
                let diagnostic = Diagnostic::new(Code::EVC0105, secret.span, message);
                let diagnostic = diagnostic.secondary(declared.head.name_span, "it is declared here");
                let help = "give it a `length` that can be divided by four, and no `punctuation`; or put a value there yourself";
                diagnostics.push(diagnostic.note("the key is what the secret is as base64").help(help));
            }
            let Some(json) = &declared.json else { continue };
            let message =
                format!("what a webhook is signed with is a text, and secret `{}` is JSON", declared.head.name);
            let diagnostic =
                Diagnostic::new(Code::EVC0105, secret.span, message).secondary(json.span, "its type is here");
            diagnostics.push(diagnostic.help("name a secret without a `type`"));
        }
    }
}
