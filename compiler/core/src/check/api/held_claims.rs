//! Claims that contradict what API Gateway itself holds a token to: each token that it lets through is then refused by the function.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html>: `iss` is the issuer, `aud` (or where there is
//! none `client_id`) one of the audiences, `exp` is to come, `nbf` and `iat` are past, and one of the scopes is in `scope` or `scp`.

use std::collections::HashSet;

use serde_json::Value;

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{ApiKind, Auth, Jwt, Model};
use crate::spec::bus::ENVIRONMENT;
use crate::types::{Field, Kind};

/// 2020-01-01, in seconds since 1970: before there was evc.
const PAST: f64 = 1_577_836_800.0;

/// The year 5138 in seconds, and 1973 in milliseconds.
const NEVER: f64 = 100_000_000_000.0;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let mut told = HashSet::new();
    for (api, route) in model.routes() {
        let Auth::Jwt(jwt) = &route.auth else { continue };
        let Some(claims) = jwt.claims.as_ref() else { continue };
        let fields = model.types.record(&claims.0).unwrap_or_default();
        for (name, field) in fields {
            if let Some(diagnostic) = of(model, api.kind, jwt, name, field)
                && told.insert((diagnostic.primary.span, diagnostic.message.clone()))
            {
                diagnostics.push(diagnostic);
            }
        }
    }
}

/// What a text of the spec is in each environment, with its name where that makes a difference; none where a deployment says it.
fn deployed(model: &Model, text: &str) -> Vec<(Option<String>, String)> {
    if text == "parameter" {
        return Vec::new();
    }
    if !text.contains(ENVIRONMENT) {
        return vec![(None, text.to_owned())];
    }
    let declared = model.environments.iter().filter(|environment| environment.span.is_some());
    declared.map(|environment| (Some(environment.name.clone()), text.replace(ENVIRONMENT, &environment.name))).collect()
}

fn of(model: &Model, api: ApiKind, jwt: &Jwt, name: &str, field: &Field) -> Option<Diagnostic> {
    let types = &model.types;
    let holds = |text: &str| types.validate(&field.ty, &Value::from(text)).is_empty();
    let kind = &types.resolve(&field.ty).kind;
    let is_list = matches!(kind, Kind::List(..));
    let report = |message: String| {
        let diagnostic = Diagnostic::new(Code::EVC0661, field.ty.span, message);
        diagnostic.note("API Gateway lets no other token through, and the function refuses each of these with 403")
    };
    // The function looks at the groups in the claim that it reads as its type.
    if !field.optional && !jwt.groups.is_empty() && jwt.groups_claim() == name {
        let item = if let Kind::List(item, _) = kind { item.as_ref() } else { &field.ty };
        let is_one = |group: &str| types.validate(item, &Value::from(group)).is_empty();
        if !jwt.groups.iter().any(|group| is_one(group)) {
            let groups: Vec<&str> = jwt.groups.iter().map(|group| group.as_str()).collect();
            let diagnostic = report(format!("`{name}` never has {}", one_of(&groups)));
            return Some(diagnostic.secondary(jwt.groups[0].span, "a group is wanted here"));
        }
    }
    match name {
        "iss" => {
            let (environment, issuer) = deployed(model, &jwt.issuer).into_iter().find(|(_, issuer)| !holds(issuer))?;
            let message =
                format!("`iss` is never `{issuer}`, which the issuer of each token is{}", within(environment));
            Some(report(message).secondary(jwt.issuer.span, "the issuer is here"))
        }
        // A token without it has a `client_id`.
        "aud" if !field.optional && !is_list => {
            let said: Vec<Vec<_>> = jwt.audience.iter().map(|audience| deployed(model, audience)).collect();
            let environments = model.environments.iter().map(|environment| environment.name.as_str());
            let of = |environment: &str| -> Vec<&str> {
                let here = |named: &Option<String>| named.as_deref().is_none_or(|named| named == environment);
                said.iter().flatten().filter(|(named, _)| here(named)).map(|(_, text)| text.as_str()).collect()
            };
            if said.iter().any(Vec::is_empty) {
                return None;
            }
            let environment =
                environments.into_iter().find(|environment| !of(environment).iter().any(|text| holds(text)))?;
            let differs = said.iter().flatten().any(|(named, _)| named.is_some());
            let message = format!(
                "`aud` is never {}{}",
                one_of(&of(environment)),
                within(differs.then(|| environment.to_owned()))
            );
            Some(report(message).secondary(jwt.audience.span, "whom the tokens are for is here"))
        }
        // Each token has the first; of the others, one may lack what is optional here.
        "exp" | "iat" | "nbf" | "auth_time" if name == "exp" || !field.optional => {
            let is_never = |least: Option<f64>, most: Option<f64>| {
                most.is_some_and(|most| most < PAST) || least.is_some_and(|least| least > NEVER)
            };
            #[expect(clippy::cast_precision_loss, reason = "bounds are within 2^53 - 1, which a double holds exactly")]
            let never = if let Kind::Integer(range) = kind {
                is_never(range.min.map(|min| min as f64), range.max.map(|max| max as f64))
            } else if let Kind::Number(range) = kind {
                is_never(range.min, range.max)
            } else if let (Kind::String(range), ApiKind::Http) = (kind, api) {
                // An HTTP API hands claims over as texts, and a time of today has ten digits.
                range.min.is_some_and(|least| least > 12) || range.max.is_some_and(|most| most < 10)
            } else {
                !matches!(kind, Kind::Any | Kind::Named(_))
            };
            let message = format!("`{name}` is never a time of today, which is in seconds since 1970");
            never.then(|| report(message).help("write `integer`"))
        }
        "sub" | "jti" if !field.optional && (is_list || *kind == Kind::Boolean) => {
            Some(report(format!("`{name}` is one text in each token")).help("write `string`"))
        }
        // Of the two kinds of tokens of Cognito, only access tokens have scopes.
        "token_use" if !field.optional && !jwt.scopes.is_empty() && is_of_cognito(&jwt.issuer) && !holds("access") => {
            let message = "`token_use` is never `access`, and other tokens of Cognito have no scopes".to_owned();
            Some(report(message).secondary(jwt.scopes[0].span, "a scope is wanted here"))
        }
        "scope" | "scp" if !jwt.scopes.is_empty() && !is_list => {
            let shortest = || jwt.scopes.iter().map(|scope| scope.chars().count() as u64).min().unwrap_or(0);
            let has = |value: &str| value.split(' ').any(|word| jwt.scopes.iter().any(|scope| **scope == word));
            let words = if let Kind::Enum(values) = kind {
                values.iter().any(|value| has(value))
            } else if let Kind::String(range) = kind {
                range.max.is_none_or(|most| most >= shortest())
            } else {
                true
            };
            let scopes: Vec<&str> = jwt.scopes.iter().map(|scope| scope.as_str()).collect();
            let message = format!("`{name}` never has {}", one_of(&scopes));
            (!words && !field.optional).then(|| report(message))
        }
        _ => None,
    }
}

/// "`a`", or "one of `a`, `b`".
fn one_of(texts: &[&str]) -> String {
    let names: Vec<String> = texts.iter().map(|text| format!("`{text}`")).collect();
    if names.len() == 1 { names.concat() } else { format!("one of {}", names.join(", ")) }
}

/// " in `prod`", where it is not so everywhere.
fn within(environment: Option<String>) -> String {
    environment.map_or_else(String::new, |name| format!(" in `{name}`"))
}

/// Whether tokens come from a user pool of Cognito.
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html>
fn is_of_cognito(issuer: &str) -> bool {
    issuer.starts_with("https://cognito-idp.")
}
