//! Claims that contradict what API Gateway itself holds a token to: each token that it lets through is then refused by the function.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html>: `iss` is the issuer, `aud` (or where there is
//! none `client_id`) one of the audiences, `exp` is to come, `nbf` and `iat` are past, and one of the scopes is in `scope` or `scp`.

use std::collections::HashSet;

use serde_json::Value;

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Auth, Jwt, Model};
use crate::source::Spanned;
use crate::types::{Field, Kind, Types};

/// 2020-01-01, in seconds since 1970: before there was evc.
const PAST: i64 = 1_577_836_800;

/// The year 5138 in seconds, and 1973 in milliseconds.
const NEVER: i64 = 100_000_000_000;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let mut told = HashSet::new();
    for (_, route) in model.routes() {
        let Auth::Jwt(jwt) = &route.auth else { continue };
        let Some(claims) = jwt.claims.as_ref().filter(|_| jwt.is_fixed()) else { continue };
        let fields = model.types.record(&claims.0).unwrap_or_default();
        for (name, field) in fields {
            if let Some(diagnostic) = of(&model.types, jwt, name, field)
                && told.insert((diagnostic.primary.span, diagnostic.message.clone()))
            {
                diagnostics.push(diagnostic);
            }
        }
    }
}

fn of(types: &Types, jwt: &Jwt, name: &str, field: &Field) -> Option<Diagnostic> {
    let holds = |text: &str| types.validate(&field.ty, &Value::from(text)).is_empty();
    let is_list = matches!(types.resolve(&field.ty).kind, Kind::List(..));
    let report = |message: String| {
        let diagnostic = Diagnostic::new(Code::EVC0661, field.ty.span, message);
        diagnostic.note("API Gateway lets no other token through, and the function refuses each of these with 403")
    };
    match name {
        "iss" if !holds(&jwt.issuer) => {
            let message = format!("`iss` is never `{}`, which the issuer of each token is", jwt.issuer.value);
            Some(report(message).secondary(jwt.issuer.span, "the issuer is here"))
        }
        // A token without it has a `client_id`.
        "aud" if !field.optional && !is_list && !jwt.audience.iter().any(|audience| holds(audience)) => {
            let message = format!("`aud` is never {}", one_of(&jwt.audience));
            Some(report(message).secondary(jwt.audience.span, "whom the tokens are for is here"))
        }
        "exp" | "iat" | "nbf" => {
            let Kind::Integer(range) = &types.resolve(&field.ty).kind else { return None };
            let never = range.max.is_some_and(|most| most < PAST) || range.min.is_some_and(|least| least > NEVER);
            let message = format!("`{name}` is never a time of today, which is in seconds since 1970");
            never.then(|| report(message))
        }
        "scope" | "scp" if !jwt.scopes.is_empty() && !is_list => {
            let shortest = || jwt.scopes.iter().map(|scope| scope.chars().count() as u64).min().unwrap_or(0);
            let has = |value: &str| value.split(' ').any(|word| jwt.scopes.iter().any(|scope| **scope == word));
            let kind = &types.resolve(&field.ty).kind;
            let words = if let Kind::Enum(values) = kind {
                values.iter().any(|value| has(value))
            } else if let Kind::String(range) = kind {
                range.max.is_none_or(|most| most >= shortest())
            } else {
                true
            };
            let message = format!("`{name}` never has {}", one_of(&jwt.scopes));
            (!words && !field.optional).then(|| report(message))
        }
        _ => None,
    }
}

/// "`a`", or "one of `a`, `b`".
fn one_of(texts: &[Spanned<String>]) -> String {
    let names: Vec<String> = texts.iter().map(|text| format!("`{}`", text.value)).collect();
    if names.len() == 1 { names.concat() } else { format!("one of {}", names.join(", ")) }
}
