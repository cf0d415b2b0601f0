//! How an API is addressed and called.

use super::value::{Part, Value, text};
use super::{LogicalId, bus, ids};
use crate::model::{Api, ApiKind, CallerKind, Function, Id, Jwt, Model, Token, TokenOf};
use crate::spec::given::Given;

/// What an API is called in descriptions: "the HTTP API", "REST API cart".
pub(crate) fn called(api: &Api) -> String {
    match (api.declared, api.kind) {
        (false, _) => "the HTTP API".to_owned(),
        (true, ApiKind::Http) => format!("HTTP API {}", api.head.name),
        (true, ApiKind::Rest) => format!("REST API {}", api.head.name),
    }
}

/// The URL of an API, without a slash at its end.
pub(crate) fn url(api: &Api) -> Value {
    let id = ids::api(api);
    match api.kind {
        ApiKind::Http => Value::Attribute(id, "ApiEndpoint"),
        ApiKind::Rest => text([
            "https://".into(),
            Part::Ref(id),
            ".execute-api.".into(),
            Part::Parameter("AWS::Region"),
            ".".into(),
            Part::Parameter("AWS::URLSuffix"),
            format!("/{}", ids::REST_STAGE).as_str().into(),
        ]),
    }
}

/// A value of an API that the spec gives, or the parameter that each deployment gives it by: `ShopApiCertificate`.
pub(crate) fn given(api: &Api, what: &str, given: &Given<String>) -> Value {
    match given {
        Given::Here(text) => text.as_str().into(),
        Given::Parameter => Value::Ref(parameter(api, what)),
    }
}

/// The parameter of an API for something that the spec does not say.
pub(crate) fn parameter(api: &Api, what: &str) -> LogicalId {
    ids::of(&ids::api(api), what)
}

/// The issuer of tokens, as the spec gives it or each deployment.
pub(crate) fn issuer(jwt: &Jwt) -> Value {
    if jwt.issuer_is_left() { Value::Ref(token_parameter("issuer")) } else { bus::named(&jwt.issuer) }
}

/// Whom tokens are for, as a list.
pub(crate) fn audience(jwt: &Jwt) -> Value {
    if jwt.audience_is_left() {
        return Value::Ref(token_parameter("audience"));
    }
    Value::List(jwt.audience.iter().map(|one| bus::named(one)).collect())
}

/// The parameter with the issuer of tokens, or with whom they are for. There is one of each, whichever API takes the tokens.
pub(crate) fn token_parameter(what: &str) -> LogicalId {
    LogicalId::new(["token", what])
}

/// What a function is told of tokens that differ by environment, to tell them from others: the names of two variables, with issuer and audience.
/// None where it need not tell its callers apart, or knows all of it before.
pub(crate) fn told_tokens(model: &Model, function: Id<Function>) -> Vec<(&Jwt, String, String)> {
    let callers = model.callers(function);
    if callers.kinds.len() < 2 {
        return Vec::new();
    }
    let differing = model.tokens.iter().filter_map(|token| match &token.of {
        TokenOf::Issuer(jwt) if !jwt.is_fixed() => Some((token, &**jwt)),
        TokenOf::Issuer(_) | TokenOf::Function(..) => None,
    });
    let is_here = |token: &Token| {
        callers.kinds.iter().any(|kind| match kind {
            CallerKind::Token(tokens) => tokens.iter().any(|one| std::ptr::eq(*one, token)),
            CallerKind::Principal | CallerKind::Key => false,
        })
    };
    let named = differing.enumerate().map(|(at, (token, jwt))| {
        let number = if at == 0 { String::new() } else { (at + 1).to_string() };
        (token, jwt, format!("TOKEN{number}_ISSUER"), format!("TOKEN{number}_AUDIENCE"))
    });
    named.filter(|(token, ..)| is_here(token)).map(|(_, jwt, issuer, audience)| (jwt, issuer, audience)).collect()
}

/// What of an API each deployment may give, with the name of its parameter.
pub(crate) const DOMAIN_NAME: &str = "domain-name";
pub(crate) const CERTIFICATE: &str = "certificate";
pub(crate) const ZONE: &str = "zone";
pub(crate) const WEB_ACL: &str = "web-acl-arn";
