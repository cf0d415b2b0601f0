//! Who may call, as security schemes.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use crate::model::{Auth, AuthorizerPlace, Jwt, Model, Route, Webhook};
use crate::spec::api::webhook::{Algorithm, SignatureEncoding, time_prefix};

/// The schemes of a document.
#[derive(Debug, Default)]
pub(super) struct Schemes {
    iam: bool,
    api_key: bool,
    /// Issuers with their audiences, in the order of the routes.
    jwt: Vec<Jwt>,
    /// Functions that say who calls, by their names, with what each looks at.
    asked: IndexMap<String, Vec<(AuthorizerPlace, String)>>,
    /// Signatures, in the order of the routes.
    webhooks: Vec<Value>,
}

impl Schemes {
    /// What a caller of a route with this authorization shows: one of the schemes, or nothing.
    pub(super) fn of(&mut self, model: &Model, route: &Route) -> Value {
        match &route.auth {
            Auth::Webhook(_) => {
                let Some(webhook) = &route.webhook else { return json!([]) };
                let scheme = signature(webhook);
                let at = self.webhooks.iter().position(|known| *known == scheme).unwrap_or_else(|| {
                    self.webhooks.push(scheme);
                    self.webhooks.len() - 1
                });
                json!([{name("webhook", at): []}])
            }
            Auth::None => json!([]),
            Auth::Iam => {
                self.iam = true;
                json!([{"iam": []}])
            }
            Auth::ApiKey => {
                self.api_key = true;
                json!([{"apiKey": []}])
            }
            Auth::Function(function) => {
                let shown: Vec<_> =
                    model.shown(route).into_iter().map(|(place, name)| (place, name.to_owned())).collect();
                // All of it together.
                let all: Map<String, Value> = (0..shown.len()).map(|at| (name(function, at), json!([]))).collect();
                self.asked.insert(function.value.clone(), shown);
                if all.is_empty() { json!([]) } else { json!([all]) }
            }
            Auth::Jwt(jwt) => {
                let same = |known: &Jwt| known.issuer == jwt.issuer && known.audience == jwt.audience;
                let at = self.jwt.iter().position(same).unwrap_or_else(|| {
                    self.jwt.push((**jwt).clone());
                    self.jwt.len() - 1
                });
                // A token with one of the scopes is enough.
                let scope = |scope: &crate::spec::scalar::Name| json!({name("jwt", at): [scope.value]});
                match jwt.scopes.as_slice() {
                    [] => json!([{name("jwt", at): []}]),
                    scopes => scopes.iter().map(scope).collect(),
                }
            }
        }
    }
}

fn name(kind: &str, at: usize) -> String {
    if at == 0 { kind.to_owned() } else { format!("{kind}{}", at + 1) }
}

/// How the sender of a webhook signs. `OpenAPI` knows no signatures: it is a header that proves something.
fn signature(webhook: &Webhook) -> Value {
    let algorithm = match webhook.algorithm {
        Algorithm::HmacSha256 => "SHA-256",
        Algorithm::HmacSha512 => "SHA-512",
    };
    let encoding = match webhook.encoding {
        SignatureEncoding::Hex => "hexadecimal digits",
        SignatureEncoding::Base64 => "base64",
    };
    let prefix = if webhook.prefix.is_empty() { String::new() } else { format!(" after `{}`", webhook.prefix) };
    let time = match webhook.timestamp.as_deref() {
        Some(prefix) if time_prefix(prefix).is_some() => {
            format!("; before it, with a comma between, `{prefix}` and the time in seconds since 1970")
        }
        Some(header) => format!("; the time, in seconds since 1970, is in the header `{header}`"),
        None => String::new(),
    };
    let id =
        webhook.id.as_ref().map(|id| format!("; what tells the delivery from others is in the header `{}`", id.value));
    let text = format!(
        "The HMAC with {algorithm} of `{}`, in {encoding}{prefix}{time}{}",
        webhook.signed,
        id.unwrap_or_default()
    );
    json!({"type": "apiKey", "name": webhook.header, "in": "header", "description": text + "."})
}

impl From<Schemes> for Value {
    fn from(schemes: Schemes) -> Self {
        let mut all = Map::new();
        if schemes.iam {
            // As API Gateway writes it in its own exports.
            // <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authtype.html>
            all.insert("iam".to_owned(), json!({
                "type": "apiKey", "name": "Authorization", "in": "header",
                "description": "A request that is signed with AWS Signature Version 4 for the service `execute-api`.",
                "x-amazon-apigateway-authtype": "awsSigv4"
            }));
        }
        if schemes.api_key {
            all.insert("apiKey".to_owned(), json!({"type": "apiKey", "name": "x-api-key", "in": "header"}));
        }
        for (function, shown) in &schemes.asked {
            for (at, (place, shown)) in shown.iter().enumerate() {
                let place = match place {
                    AuthorizerPlace::Query => "query",
                    AuthorizerPlace::Cookie => "cookie",
                    AuthorizerPlace::Header | AuthorizerPlace::Said => "header",
                };
                let description = format!("By which `{function}` says who calls.");
                let scheme = json!({"type": "apiKey", "name": shown, "in": place, "description": description});
                all.insert(name(function, at), scheme);
            }
        }
        for (at, jwt) in schemes.jwt.iter().enumerate() {
            // Where its keys are is known to those who deploy the stack.
            if !jwt.is_fixed() {
                let scheme = json!({"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "A token of the issuer of the environment."});
                all.insert(name("jwt", at), scheme);
                continue;
            }
            let issuer = jwt.issuer.trim_end_matches('/');
            let audience: Vec<String> = jwt.audience.iter().map(|it| format!("`{}`", it.value)).collect();
            all.insert(
                name("jwt", at),
                json!({
                    "type": "openIdConnect",
                    "openIdConnectUrl": format!("{issuer}/.well-known/openid-configuration"),
                    "description": format!("A token of this issuer for {}, as a bearer token.", audience.join(" or "))
                }),
            );
        }
        all.extend(schemes.webhooks.into_iter().enumerate().map(|(at, scheme)| (name("webhook", at), scheme)));
        all.into()
    }
}
