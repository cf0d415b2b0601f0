//! Who may call a method: anybody, who has signed, who has a token, or whom a function lets in.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-control-access-to-api.html>

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::super::token::{self, Wanted};
use super::call::Call;
use super::gateway::Refused;
use super::proxy;
use crate::iam;
use crate::sim::lambda::{Ended, Invoke, Then};
use crate::system::System;
use crate::trace::HopId;

/// Who may call a method.
#[derive(Debug, Clone)]
pub(super) enum Auth {
    Nobody,
    Iam,
    Tokens(Tokens),
    Function(Asked),
    /// A kind that the local system does not have.
    Unknown(String),
}

/// Tokens of some issuers.
#[derive(Debug, Clone, Default)]
pub(super) struct Tokens {
    /// Issuers, each with what else its tokens must have.
    pub(super) issuers: Vec<(Wanted, Vec<Claim>)>,
    /// The scopes of which a token must have one; none if it needs none.
    pub(super) scopes: Vec<String>,
}

/// What a claim must be: a text, and one of these if there are some.
/// <https://docs.aws.amazon.com/apigateway/latest/api/API_JwtAdditionalClaim.html>
#[derive(Debug, Clone)]
pub(super) struct Claim {
    pub(super) name: String,
    pub(super) required: bool,
    pub(super) expected: Vec<String>,
}

/// A function that is asked.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// The authorizer's id.
    pub(super) id: String,
    pub(super) function: String,
    /// The role that it is asked with; none if its policy lets the gateway in.
    pub(super) role: Option<String>,
    /// Whether it is asked with the token alone.
    pub(super) by_token: bool,
    /// Where stands who calls: `method.request.header.Authorization`.
    pub(super) identity: Vec<String>,
    /// How long its answer is kept, milliseconds.
    pub(super) kept_ms: u64,
}

/// Answers of functions that are kept, with the time until when.
#[derive(Debug, Default)]
pub(crate) struct Answers(HashMap<(String, Vec<String>), (u64, Value)>);

impl Answers {
    /// What an authorizer has answered to who brings the same, by its id and that, if it is still kept.
    pub(crate) fn kept(&self, key: &(String, Vec<String>), now_ms: u64) -> Option<Value> {
        self.0.get(key).filter(|(until_ms, _)| *until_ms > now_ms).map(|(_, answer)| answer.clone())
    }

    /// Keeps an answer until then.
    pub(crate) fn keep(&mut self, key: (String, Vec<String>), until_ms: u64, answer: Value) {
        self.0.insert(key, (until_ms, answer));
    }
}

/// What follows when it is known who calls, or why the method may not be called.
type Followed = Box<dyn FnOnce(&mut System, Call, Option<Refused>) + Send>;

impl Auth {
    /// What a token must be.
    pub(super) fn wants_token(&self) -> Option<&Wanted> {
        match self {
            Self::Tokens(tokens) => tokens.issuers.first().map(|(wanted, _)| wanted),
            _ => None,
        }
    }
}

impl Claim {
    fn holds(&self, claims: &Map<String, Value>) -> bool {
        match claims.get(&self.name) {
            None => !self.required,
            Some(Value::String(text)) => self.expected.is_empty() || self.expected.contains(text),
            Some(_) => false,
        }
    }
}

impl System {
    /// Finds out who calls, and whether the method may be called.
    pub(super) fn authorize_rest(&mut self, mut call: Call, then: Followed, hop: HopId) {
        let unauthorized = || Refused::new("UNAUTHORIZED", "Unauthorized");
        let Some(method) = call.method.clone() else { return };
        let refused = match &method.auth {
            Auth::Nobody => None,
            Auth::Iam => signed(&mut call),
            Auth::Tokens(tokens) => self.with_token(&mut call, tokens),
            Auth::Function(asked) => {
                let identity: Option<Vec<String>> =
                    asked.identity.iter().map(|from| call.mapped(from).filter(|it| !it.is_empty())).collect();
                match identity {
                    Some(identity) => return self.ask(asked, identity, call, then, hop),
                    None => {
                        Some(Refused { why: format!("{} is missing", asked.identity.join(" or ")), ..unauthorized() })
                    }
                }
            }
            Auth::Unknown(kind) => {
                let why = format!("the local system has no authorizers of type {kind}");
                Some(Refused { why, ..Refused::new("AUTHORIZER_CONFIGURATION_ERROR", "Internal server error") })
            }
        };
        then(self, call, refused);
    }

    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-jwt-authorizer.html>
    fn with_token(&self, call: &mut Call, tokens: &Tokens) -> Option<Refused> {
        let now_ms = self.now_ms();
        let of_issuer = |(wanted, claims): &(Wanted, Vec<Claim>)| {
            let wanted = Wanted { scopes: Vec::new(), ..wanted.clone() };
            let token = token::check(&self.issuers, &call.request, &wanted, now_ms).ok()?;
            let issued = token.claims.get("iat").and_then(Value::as_u64).is_none_or(|iat| iat <= now_ms / 1_000);
            (issued && claims.iter().all(|claim| claim.holds(&token.claims))).then_some(token)
        };
        let Some(token) = tokens.issuers.iter().find_map(of_issuer) else {
            let why =
                "the method takes tokens of its issuer: POST /_evc/token at the address of the services makes one";
            return Some(Refused { why: why.to_owned(), ..Refused::new("UNAUTHORIZED", "Unauthorized") });
        };
        if !tokens.scopes.is_empty() && !tokens.scopes.iter().any(|scope| token.scopes.contains(scope)) {
            let why = format!("the token has none of the scopes {}", tokens.scopes.join(", "));
            return Some(Refused { why, ..denied() });
        }
        // Templates see the JSON of a claim: https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-jwt-authorizer-claims.html
        let texts = token.claims.iter().map(|(name, value)| (name.clone(), json!(value.to_string())));
        call.context["authorizer"] = json!({ "claims": texts.collect::<Map<_, _>>() });
        call.caller = json!({ "claims": token.claims });
        None
    }

    fn ask(&mut self, asked: &Asked, identity: Vec<String>, mut call: Call, then: Followed, hop: HopId) {
        let key = (asked.id.clone(), identity);
        if let Some(answer) = self.apis.answers.kept(&key, self.now_ms()) {
            let refused = let_in(&mut call, &answer);
            return then(self, call, refused);
        }
        let what = format!("authorizers/{}", asked.id);
        let api = call.api.id.clone();
        if let Err(refusal) = self.may_invoke(&asked.function, asked.role.as_deref(), (&api, &what), hop) {
            let refused = Refused::new("AUTHORIZER_CONFIGURATION_ERROR", "Internal server error");
            return then(self, call, Some(Refused { why: refusal.to_string(), ..refused }));
        }
        let payload = if asked.by_token {
            json!({ "type": "TOKEN", "authorizationToken": key.1.first(), "methodArn": call.method_arn() })
        } else {
            // <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-input.html>: it has no body.
            let mut event = proxy::event(&call);
            if let Some(event) = event.as_object_mut() {
                event.retain(|name, _| !["body", "isBase64Encoded"].contains(&name.as_str()));
            }
            event["type"] = json!("REQUEST");
            event["methodArn"] = json!(call.method_arn());
            event
        };
        let kept_ms = if key.1.is_empty() { 0 } else { asked.kept_ms };
        let followed: Then = Box::new(move |system, ended| {
            let answer = match ended {
                Ended::Answer(answer) => serde_json::from_str(&answer).unwrap_or(Value::Null),
                Ended::Error { message, .. } if message == "Unauthorized" => {
                    return then(system, call, Some(Refused::new("UNAUTHORIZED", "Unauthorized")));
                }
                Ended::Error { .. } | Ended::Throttled => {
                    let refused = Refused {
                        why: "the authorizer failed".to_owned(),
                        ..Refused::new("AUTHORIZER_FAILURE", "null")
                    };
                    return then(system, call, Some(refused));
                }
            };
            if kept_ms > 0 {
                let until = system.now_ms() + kept_ms;
                system.apis.answers.keep(key, until, answer.clone());
            }
            let refused = let_in(&mut call, &answer);
            then(system, call, refused);
        });
        let (function, payload) = (asked.function.clone(), payload.to_string());
        self.invoke(Invoke { function, payload, cause: Some(hop), waits: false, then: followed });
    }
}

fn denied() -> Refused {
    Refused::new("ACCESS_DENIED", "User is not authorized to access this resource")
}

/// Lets a request in if the policy of an authorizer's answer allows it; or says why not.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html>
fn let_in(call: &mut Call, answer: &Value) -> Option<Refused> {
    let Some(document) =
        answer.get("policyDocument").filter(|_| answer.get("principalId").is_some_and(Value::is_string))
    else {
        let why = "the authorizer's answer has no principalId and policyDocument".to_owned();
        return Some(Refused { why, ..Refused::new("AUTHORIZER_CONFIGURATION_ERROR", "Internal server error") });
    };
    if !iam::document_allows(document, "execute-api:Invoke", &call.method_arn()) {
        return Some(Refused { why: "the authorizer says no".to_owned(), ..denied() });
    }
    let mut told = answer.get("context").and_then(Value::as_object).cloned().unwrap_or_default();
    told.insert("principalId".to_owned(), answer.get("principalId").cloned().unwrap_or_default());
    // Whatever it says is text.
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let texts: Map<String, Value> = told.iter().map(|(name, value)| (name.clone(), json!(text(value)))).collect();
    call.context["authorizer"] = json!(texts);
    call.caller = json!(texts);
    None
}

/// Who signed a request. The signature itself is not looked at.
fn signed(call: &mut Call) -> Option<Refused> {
    let why = "the method takes signed requests: curl --aws-sigv4 aws:amz:us-east-1:execute-api --user local:local";
    let Some(key) = token::signed_by(&call.request).map(str::to_owned) else {
        let refused = match call.request.header("authorization") {
            None => Refused::new("MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token"),
            Some(_) => Refused::new("DEFAULT_4XX", "Authorization header requires 'Credential' parameter."),
        };
        return Some(Refused { why: why.to_owned(), ..refused });
    };
    let account = call.api.account.clone();
    let identity = json!({
        "accessKey": key, "accountId": account, "caller": key, "user": key, "userArn": format!("arn:aws:iam::{account}:user/local"),
    });
    if let (Some(own), Value::Object(more)) = (call.context["identity"].as_object_mut(), identity) {
        own.extend(more);
    }
    None
}
