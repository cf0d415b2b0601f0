//! Who calls, by a token or a signature.

use serde_json::{Map, Value};

use super::Request;
use crate::jwt::Issuers;

/// What a token must be.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    /// The issuer's URL.
    pub(super) issuer: String,
    /// The audiences of which it must have one.
    pub(super) audience: Vec<String>,
    /// The algorithms of signatures that are taken.
    pub(super) algorithms: Vec<String>,
    /// The scopes of which it must have one; none if it needs none.
    pub(super) scopes: Vec<String>,
}

/// The claims and scopes of a token that is right.
pub(super) struct Token {
    pub(super) claims: Map<String, Value>,
    pub(super) scopes: Vec<String>,
}

/// Checks the token of a request; or gives the status that is answered.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html>
pub(super) fn check(issuers: &Issuers, request: &Request, wanted: &Wanted, now_ms: u64) -> Result<Token, u16> {
    let header = request.header("authorization").ok_or(401_u16)?;
    let token = header.strip_prefix("Bearer ").or_else(|| header.strip_prefix("bearer ")).unwrap_or(header);
    let claims = issuers.claims(token.trim(), &wanted.issuer, &wanted.algorithms).ok_or(401_u16)?;
    let is = |name: &str| claims.get(name);
    let audiences: Vec<&str> = match is("aud") {
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(one)) => vec![one],
        _ => is("client_id").and_then(Value::as_str).into_iter().collect(),
    };
    let now = now_ms / 1_000;
    let time = |name: &str| is(name).and_then(Value::as_u64);
    let good = is("iss").and_then(Value::as_str) == Some(wanted.issuer.as_str())
        && audiences.iter().any(|own| wanted.audience.iter().any(|wanted| wanted == own))
        && time("exp").is_some_and(|exp| exp > now)
        && time("nbf").is_none_or(|nbf| nbf <= now);
    if !good {
        return Err(401);
    }
    let own = ["scope", "scp"].into_iter().filter_map(is).flat_map(|scopes| match scopes {
        Value::String(text) => text.split(' ').map(str::to_owned).collect(),
        Value::Array(many) => many.iter().filter_map(|it| it.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    });
    let own: Vec<String> = own.collect();
    if !wanted.scopes.is_empty() && !wanted.scopes.iter().any(|scope| own.contains(scope)) {
        return Err(403);
    }
    Ok(Token { claims, scopes: own })
}

/// Lists as API Gateway writes them: `[a b]`.
pub(super) fn claim_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(claim_text).collect::<Vec<_>>().join(" ")),
        other => other.to_string(),
    }
}

/// The access key that signed a request. The signature itself is not looked at.
pub(super) fn signed_by(request: &Request) -> Option<&str> {
    let header = request.header("authorization").filter(|it| it.starts_with("AWS4-HMAC-SHA256 "))?;
    header.split("Credential=").nth(1).and_then(|it| it.split('/').next())
}
