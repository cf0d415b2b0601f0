//! Who may call, as security schemes.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use crate::model::{Auth, AuthorizerPlace, Jwt, Model, Route};

/// The schemes of a document.
#[derive(Debug, Default)]
pub(super) struct Schemes {
    iam: bool,
    api_key: bool,
    /// Issuers with their audiences, in the order of the routes.
    jwt: Vec<Jwt>,
    /// Functions that say who calls, by their names, with what each looks at.
    asked: IndexMap<String, Vec<(AuthorizerPlace, String)>>,
}

impl Schemes {
    /// What a caller of a route with this authorization shows: one of the schemes, or nothing.
    pub(super) fn of(&mut self, model: &Model, route: &Route) -> Value {
        match &route.auth {
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
                let all: Map<String, Value> = (0..shown.len()).map(|at| (numbered(function, at), json!([]))).collect();
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
                let scope = |scope: &crate::spec::scalar::Name| json!({name(at): [scope.value]});
                match jwt.scopes.as_slice() {
                    [] => json!([{name(at): []}]),
                    scopes => scopes.iter().map(scope).collect(),
                }
            }
        }
    }
}

fn name(at: usize) -> String {
    numbered("jwt", at)
}

fn numbered(name: &str, at: usize) -> String {
    if at == 0 { name.to_owned() } else { format!("{name}{}", at + 1) }
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
            for (at, (place, name)) in shown.iter().enumerate() {
                let place = match place {
                    AuthorizerPlace::Query => "query",
                    AuthorizerPlace::Cookie => "cookie",
                    AuthorizerPlace::Header | AuthorizerPlace::Said => "header",
                };
                let description = format!("By which `{function}` says who calls.");
                let scheme = json!({"type": "apiKey", "name": name, "in": place, "description": description});
                all.insert(numbered(function, at), scheme);
            }
        }
        for (at, jwt) in schemes.jwt.iter().enumerate() {
            // Where its keys are is known to those who deploy the stack.
            if !jwt.is_fixed() {
                let scheme = json!({"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "A token of the issuer of the environment."});
                all.insert(name(at), scheme);
                continue;
            }
            let issuer = jwt.issuer.trim_end_matches('/');
            let audience: Vec<String> = jwt.audience.iter().map(|it| format!("`{}`", it.value)).collect();
            all.insert(
                name(at),
                json!({
                    "type": "openIdConnect",
                    "openIdConnectUrl": format!("{issuer}/.well-known/openid-configuration"),
                    "description": format!("A token of this issuer for {}, as a bearer token.", audience.join(" or "))
                }),
            );
        }
        all.into()
    }
}
