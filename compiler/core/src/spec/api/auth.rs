//! `auth:` who may call a route.
//!
//! Decoded by hand: a word, or a map with one key that is no word.

use std::borrow::Cow;
use std::net::IpAddr;

use evc_macros::Section;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::Webhook;
use crate::aws::regions::no_region;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Spanned;
use crate::spec::bus::ENVIRONMENT;
use crate::spec::decode::{Decode, Decoder, Fields};
use crate::spec::scalar::{Name, TypeExpr};
use crate::yaml::{Node, NodeKind};

/// Who may call a route.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Auth {
    /// Callers that IAM lets in, with a signed request.
    #[default]
    Iam,
    /// Anybody.
    None,
    /// Callers with an API key.
    ApiKey,
    /// Callers with a token of this issuer.
    Jwt(Box<Jwt>),
    /// Callers whom a function of the spec lets in, which has an `authorizer`.
    Function(Name),
    /// A system whose requests are signed with a secret.
    Webhook(Box<Webhook>),
}

/// The tokens that are taken.
#[derive(Debug, Clone, PartialEq, Section)]
#[section(what = "a JWT authorization", check = has_groups)]
pub struct Jwt {
    /// Who signs the tokens: their `iss`, the address under which its keys are found. `{environment}` in it stands for the environment that is
    /// deployed; `parameter` leaves it to each deployment.
    #[key(pattern = r"^(parameter|https://\S+)$", check = issuer)]
    pub issuer: Spanned<String>,
    /// Whom the tokens are for: one of these is the `aud` or the `client_id` of a token. `{environment}` and `parameter` as for the issuer.
    #[key(not_empty = "an audience", check = audience)]
    pub audience: Spanned<Vec<Spanned<String>>>,
    /// Scopes of which a token needs one. Without any, every token of the issuer for the audience is taken.
    #[key(default, check = words)]
    pub scopes: Vec<Spanned<String>>,
    /// Groups of which a token needs one. The function that is called looks at that, before its handler runs.
    #[key(default, check = groups)]
    pub groups: Vec<Spanned<String>>,
    /// The claim that has the groups of a token, a list of texts or one: `cognito:groups` without it.
    pub groups_claim: Option<Spanned<String>>,
    /// What `cx.caller()` tells of the token: claims with their types, or the name of a record type. A claim with `?` may be absent; a token
    /// without one of the others, or with one of another type, is refused with 403. `{ sub: string }` without it.
    pub claims: Option<TypeExpr>,
}

/// What leaves an issuer or an audience to each deployment.
const PARAMETER: &str = "parameter";

impl Jwt {
    /// The claim that has the groups of a token.
    pub fn groups_claim(&self) -> &str {
        self.groups_claim.as_ref().map_or(GROUPS_CLAIM, |claim| claim.as_str())
    }

    /// Whether each deployment says who signs.
    pub fn issuer_is_left(&self) -> bool {
        *self.issuer == PARAMETER
    }

    /// Whether each deployment says whom the tokens are for.
    pub fn audience_is_left(&self) -> bool {
        matches!(self.audience.as_slice(), [one] if **one == PARAMETER)
    }

    /// Whether all of it is known before a deployment.
    pub fn is_fixed(&self) -> bool {
        let differs = |text: &str| text == PARAMETER || text.contains(ENVIRONMENT);
        !differs(&self.issuer) && !self.audience.iter().any(|one| differs(one))
    }
}

impl Decode for Auth {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let NodeKind::Mapping(mapping) = &node.kind else {
            let words = [("iam", Self::Iam), ("none", Self::None), ("api-key", Self::ApiKey)];
            let words: Vec<(&str, &Self)> = words.iter().map(|(word, auth)| (*word, auth)).collect();
            return cx.word(node, "a kind of authorization", &words).cloned();
        };
        let mut fields = cx.fields(node, "authorization")?;
        let kinds = fields.present(&["jwt", "authorizer", "webhook"]);
        let place = fields.place();
        if let [first, second, ..] = kinds.as_slice() {
            let found = cx.bad_value(second.span, format!("`{}` is another kind of authorization", second.text));
            *found = found.clone().secondary(first.span, "there is one already");
            found.help.push("write one of them; another route may have the other".to_owned());
            return None;
        }
        let jwt = fields.optional("jwt", cx);
        let authorizer = fields.optional("authorizer", cx);
        let webhook = fields.optional("webhook", cx);
        fields.finish(cx);
        // A key that is misspelt is told as that.
        if mapping.entries.is_empty() {
            let message = "authorization needs one of `jwt`, `authorizer` and `webhook`";
            cx.report(Diagnostic::new(Code::EVC0104, place, message));
        }
        let jwt = jwt.map(|jwt| Self::Jwt(Box::new(jwt)));
        jwt.or(authorizer.map(Self::Function)).or(webhook.map(|webhook| Self::Webhook(Box::new(webhook))))
    }
}

/// Where an issuer publishes what it is, which API Gateway reads when the API is deployed.
/// <https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig>
const DOCUMENT: &str = "/.well-known/openid-configuration";

/// What differs by environment reaches a function as one text, with commas between.
fn audience(audience: &[Spanned<String>], cx: &mut Decoder) {
    for one in audience {
        half_said(one, cx);
    }
    let differs = |one: &Spanned<String>| **one == PARAMETER || one.contains(ENVIRONMENT);
    if !audience.iter().any(differs) {
        return;
    }
    for one in audience {
        if **one == PARAMETER && audience.len() > 1 {
            cx.bad_value(one.span, "`parameter` is not one audience among others".to_owned())
                .help
                .push("write `audience: parameter`: the parameter is a list".to_owned());
        } else if one.contains(',') {
            cx.bad_value(
                one.span,
                format!("`{}` has a comma, and stands beside one that differs by environment", one.value),
            );
        }
    }
}

/// Reports braces that do not stand for the environment; whether there are some.
fn half_said(text: &Spanned<String>, cx: &mut Decoder) -> bool {
    let rest = text.replace(ENVIRONMENT, "");
    if !rest.contains(['{', '}']) {
        return false;
    }
    let message = format!("`{}` has braces that do not stand for the environment", text.value);
    let diagnostic = cx.bad_value(text.span, message);
    diagnostic.notes.push("they stay as they are written, and no token has them".to_owned());
    diagnostic.help.push(format!("write `{ENVIRONMENT}` where the name of the environment belongs"));
    let at = rest.to_ascii_lowercase().find(ENVIRONMENT);
    if let Some(wrong) = at.and_then(|at| rest.get(at..at + ENVIRONMENT.len())) {
        let right = text.replace(wrong, ENVIRONMENT);
        *diagnostic = diagnostic.clone().replace(format!("replace with `{right}`"), text.span, right);
    }
    true
}

fn issuer(issuer: &Spanned<String>, cx: &mut Decoder) {
    if **issuer == PARAMETER || half_said(issuer, cx) {
        return;
    }
    // As an environment may be called.
    let plain = issuer.replace(ENVIRONMENT, "environment");
    let address = |rest: &&str| !rest.is_empty() && !rest.contains(char::is_whitespace);
    let Some(rest) = plain.strip_prefix("https://").filter(address) else {
        cx.bad_value(issuer.span, format!("`{}` is not an issuer", issuer.value))
            .help
            .push("write the `iss` of its tokens, an address that starts with `https://`".to_owned());
        return;
    };
    let Some((note, help)) = never_found(rest) else { return };
    let diagnostic = cx.bad_value(issuer.span, format!("`{}` cannot be an issuer", issuer.value));
    diagnostic.notes.push(note);
    diagnostic.help.push(help);
    if let Some(whole) = issuer.strip_suffix(DOCUMENT) {
        *diagnostic = diagnostic.clone().replace(format!("replace with `{whole}`"), issuer.span, whole.to_owned());
    }
}

/// Why API Gateway finds nothing at `https://` and this, and what to write.
fn never_found(rest: &str) -> Option<(String, String)> {
    let document = || format!("API Gateway reads ISSUER{DOCUMENT} when this is deployed");
    if rest.ends_with(DOCUMENT) {
        return Some((document(), "leave its path out: the issuer is what comes before".to_owned()));
    }
    if rest.contains(['?', '#']) {
        let note = "an issuer has neither a query nor a fragment".to_owned();
        return Some((note, "write the `iss` of its tokens".to_owned()));
    }
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
        Some((address, _)) => address,
        None => host.split_once(':').map_or(host, |(host, _)| host),
    };
    if is_private(host) {
        let note = format!("{}, and `{host}` is not found from there", document());
        return Some((note, "name the issuer by its public address".to_owned()));
    }
    let region = host.strip_prefix("cognito-idp.")?.split_once(".amazonaws.com").map(|(region, _)| region)?;
    let pool = path.trim_end_matches('/');
    if let Some(wrong) = no_region(region) {
        return Some((format!("there is no Region `{region}`"), wrong.help.unwrap_or_default()));
    }
    let id = pool.strip_prefix(region).and_then(|rest| rest.strip_prefix('_'));
    let is_pool = id.is_some_and(|id| !id.is_empty() && id.bytes().all(|c| c.is_ascii_alphanumeric()));
    let note = format!("the id of a user pool of Cognito in `{region}` starts with `{region}_`");
    let help =
        format!("it is `https://cognito-idp.{region}.amazonaws.com/{region}_` and what follows in the id of the pool");
    (!is_pool).then_some((note, help))
}

/// Whether a host is one that nobody finds from outside: a name of one label, of a network's own, or a private address.
/// <https://www.iana.org/assignments/special-use-domain-names/special-use-domain-names.xhtml>
fn is_private(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => {
            address.is_private() || address.is_loopback() || address.is_link_local() || address.is_unspecified()
        }
        Ok(IpAddr::V6(address)) => {
            address.is_loopback()
                || address.is_unique_local()
                || address.is_unicast_link_local()
                || address.is_unspecified()
        }
        Err(_) => {
            let host = host.to_ascii_lowercase();
            let own = [".localhost", ".local", ".internal"];
            !host.contains('.') || own.iter().any(|end| host.ends_with(end))
        }
    }
}

/// Where Cognito has the groups of a token.
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html>
const GROUPS_CLAIM: &str = "cognito:groups";

/// An HTTP API hands a list over as a text with spaces between its items, in brackets.
fn groups(groups: &[Spanned<String>], cx: &mut Decoder) {
    for group in groups {
        let fits = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '[' | ']');
        if !group.is_empty() && group.chars().all(fits) {
            continue;
        }
        let diagnostic = cx.bad_value(group.span, format!("`{}` cannot be the name of a group", group.value));
        diagnostic
            .notes
            .push("API Gateway writes the groups of a token with spaces between them, in brackets".to_owned());
        diagnostic.help.push("name a group without spaces and brackets".to_owned());
    }
}

fn has_groups(jwt: &Jwt, _: &Fields<'_>, cx: &mut Decoder) {
    if let Some(claim) = jwt.groups_claim.as_ref().filter(|_| jwt.groups.is_empty()) {
        cx.bad_value(claim.span, "no group is asked for").help.push("say `groups:`, or leave this out".to_owned());
    }
}

/// A scope is one word: API Gateway takes a token's `scope` apart at its blanks.
/// <https://datatracker.ietf.org/doc/html/rfc6749#section-3.3>
fn words(scopes: &[Spanned<String>], cx: &mut Decoder) {
    for scope in scopes {
        let fits = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\');
        if !scope.is_empty() && scope.chars().all(fits) {
            continue;
        }
        let diagnostic = cx.bad_value(scope.span, format!("`{}` is not a scope", scope.value));
        diagnostic.notes.push("a scope is one word, and no token has this one".to_owned());
        if scope.contains(' ') {
            diagnostic.help.push("write each as an item of the list; a token needs one of them".to_owned());
        }
    }
}

impl JsonSchema for Auth {
    fn schema_name() -> Cow<'static, str> {
        "Auth".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let jwt = generator.subschema_for::<Jwt>();
        let webhook = generator.subschema_for::<Webhook>();
        json_schema!({
            "description": "Who may call: `iam`, `none` (everybody), `api-key`, the holders of tokens, whom a function lets in, or a system that signs what it sends.",
            "anyOf": [
                {"enum": ["iam", "none", "api-key"]},
                {
                    "type": "object",
                    "properties": {"jwt": jwt},
                    "required": ["jwt"],
                    "additionalProperties": false
                },
                {
                    "type": "object",
                    "properties": {
                        "authorizer": {"type": "string", "description": "The function that says who calls, and whether that is let in."}
                    },
                    "required": ["authorizer"],
                    "additionalProperties": false
                },
                {
                    "type": "object",
                    "properties": {"webhook": webhook},
                    "required": ["webhook"],
                    "additionalProperties": false
                }
            ],
            "examples": ["none", {"jwt": {"issuer": "https://login.example", "audience": ["shop"]}}, {"authorizer": "check-session"}]
        })
    }
}
