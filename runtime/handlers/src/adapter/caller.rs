//! Who sent a request, as API Gateway knows it, and how the keys of callers are kept apart.
//!
//! Only `requestContext` is read: API Gateway writes it, and nothing that a client sends gets into it unchecked. (Who may invoke the
//! function directly can write a whole request; `lambda:InvokeFunction` is leave to act for any caller.)
//!
//! | authorization | caller | where |
//! | --- | --- | --- |
//! | `jwt` (HTTP API), a user pool (REST API) | `iss` and `sub`; `client_id` in a token without `sub` | `authorizer.jwt.claims`, `authorizer.claims` |
//! | `iam` | account, and role or user by its id, without the session's name; the identity, of an identity pool | `authorizer.iam` (HTTP API), `identity` (REST API) |
//! | a function of the spec | its name and the `sub` that it says | `authorizer.lambda` (HTTP API), `authorizer` (REST API) |
//! | another Lambda function | `principalId`, or else all that it says of the caller; one that says nothing is refused | `authorizer` |
//! | `api-key` | the key's id | `identity.apiKeyId` |
//! | `webhook` | the route, which one system signs for | nowhere: [`crate::webhook`] verifies it |
//! | none | nobody | |
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>,
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html>

use super::Source;
use crate::content::{canonical, sha256};
use crate::{Error, Kind};
use evc_interface::call::{AUTHORIZER, SUBJECT};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Who sent a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Anybody: the API authenticates nobody.
    Anonymous,
    /// One who is known: what kind of identity, and its parts.
    Known(Vec<String>),
}

/// What API Gateway knows of a request.
#[derive(Deserialize)]
pub(crate) struct RequestContext<'a> {
    #[serde(borrow, default)]
    authorizer: Option<&'a RawValue>,
    #[serde(default)]
    pub(crate) identity: Option<Identity>,
}

/// What its authorizer says.
#[derive(Deserialize)]
pub(crate) struct Authorizer {
    #[serde(default)]
    pub(crate) jwt: Option<Jwt>,
    #[serde(default)]
    pub(crate) claims: Option<Claims>,
    #[serde(default)]
    pub(crate) iam: Option<Iam>,
    #[serde(default, rename = "principalId")]
    principal_id: Option<String>,
}

/// A token.
#[derive(Deserialize)]
pub(crate) struct Jwt {
    pub(crate) claims: Claims,
}

/// Claims are texts in an HTTP API, and any JSON in a REST API.
pub(crate) type Claims = BTreeMap<String, serde_json::Value>;

/// Who signed a request to an HTTP API.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Iam {
    pub(crate) account_id: Option<String>,
    /// The principal's id, with the session's name for a role.
    pub(crate) caller_id: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) user_arn: Option<String>,
    pub(crate) cognito_identity: Option<CognitoIdentity>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CognitoIdentity {
    pub(crate) identity_id: Option<String>,
}

/// What a REST API, or an HTTP API with payload format 1.0, knows of the caller.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Identity {
    pub(crate) account_id: Option<String>,
    pub(crate) caller: Option<String>,
    pub(crate) user_arn: Option<String>,
    pub(crate) cognito_identity_id: Option<String>,
    pub(crate) api_key_id: Option<String>,
}

/// What an authorizer of the spec said of a caller, with its name.
pub(crate) struct Told {
    pub(crate) by: String,
    pub(crate) said: Claims,
}

impl Told {
    /// Of what stands in a request's context.
    fn of(authorizer: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Http {
            lambda: Option<Claims>,
        }
        // In an HTTP API it stands apart; in a REST API, beside what the gateway says itself.
        let apart = serde_json::from_str::<Http>(authorizer).ok().and_then(|http| http.lambda);
        let mut said = apart.or_else(|| serde_json::from_str::<Claims>(authorizer).ok())?;
        let by = said.remove(AUTHORIZER)?.as_str()?.to_owned();
        said.retain(|name, _| !matches!(name.as_str(), "principalId" | "integrationLatency"));
        Some(Self { by, said })
    }

    /// An authorizer tells its callers apart by their `sub`, and nobody else's authorizer does.
    fn caller(&self) -> Result<Caller, Error> {
        let subject = self.said.get(SUBJECT).and_then(serde_json::Value::as_str).filter(|subject| !subject.is_empty());
        let Some(subject) = subject else {
            let message = "the authorizer says no `sub`: all its callers would be one";
            return Err(Error::new(Kind::InvalidInput, message));
        };
        Ok(Caller::Known(["function", &self.by, subject].map(str::to_owned).into()))
    }
}

impl<'a> RequestContext<'a> {
    /// What an authorizer of the spec said, if one was asked.
    pub(crate) fn told(&self) -> Option<Told> {
        self.said().and_then(Told::of)
    }

    /// What the authorizer said, as JSON, if there is one.
    fn said(&self) -> Option<&'a str> {
        self.authorizer.map(RawValue::get).filter(|text| !matches!(*text, "null" | "{}"))
    }

    /// The same, read.
    pub(crate) fn authorizer(&self) -> serde_json::Result<Option<Authorizer>> {
        self.said().map(serde_json::from_str).transpose()
    }
}

impl Caller {
    /// The system whose requests come by this route, signed.
    #[cfg(feature = "webhooks")]
    pub(super) fn of_webhook(route: &str) -> Self {
        Self::Known(vec!["webhook".to_owned(), route.to_owned()])
    }

    /// Who sent the request with this context.
    ///
    /// [`Kind::InvalidInput`] for one who is authenticated and yet cannot be told from others.
    pub(super) fn read(context: Option<&RawValue>) -> Result<Self, Error> {
        let Some(context) = context else { return Ok(Self::Anonymous) };
        let unknown = |_| Error::new(Kind::InvalidInput, "the request's context does not say who the caller is");
        let context: RequestContext<'_> = serde_json::from_str(context.get()).map_err(unknown)?;
        if let Some(told) = context.told() {
            return told.caller();
        }
        if let Some(authorizer) = context.authorizer().map_err(unknown)? {
            if let Some(claims) = authorizer.jwt.map(|jwt| jwt.claims).or(authorizer.claims) {
                return of_token(&claims);
            }
            if let Some(iam) = authorizer.iam {
                return Principal {
                    account: iam.account_id.as_deref(),
                    id: iam.caller_id.as_deref().or(iam.user_id.as_deref()),
                    arn: iam.user_arn.as_deref(),
                    identity: iam.cognito_identity.as_ref().and_then(|cognito| cognito.identity_id.as_deref()),
                }
                .caller();
            }
            if let Some(principal) = authorizer.principal_id {
                return of_principal(principal);
            }
        }
        let authorizer = context.said();
        let identity = context.identity;
        if let Some(identity) = &identity
            && (identity.caller.is_some() || identity.user_arn.is_some())
        {
            return Principal {
                account: identity.account_id.as_deref(),
                id: identity.caller.as_deref(),
                arn: identity.user_arn.as_deref(),
                identity: identity.cognito_identity_id.as_deref(),
            }
            .caller();
        }
        if let Some(text) = authorizer {
            return of_authorizer(text);
        }
        let key = identity.and_then(|identity| identity.api_key_id);
        Ok(key.map_or(Self::Anonymous, |key| Self::Known(vec!["api-key".to_owned(), key])))
    }
}

fn of_principal(principal: String) -> Result<Caller, Error> {
    if principal.is_empty() {
        return Err(Error::new(
            Kind::InvalidInput,
            "the authorizer's `principalId` is empty: all its callers would be one",
        ));
    }
    Ok(Caller::Known(vec!["principal".to_owned(), principal]))
}

/// Of an authorizer of its own kind. What it says differs between callers; if also between requests, no key is used twice.
fn of_authorizer(text: &str) -> Result<Caller, Error> {
    let said = serde_json::from_str::<BTreeMap<String, &RawValue>>(text).ok().and_then(|mut said| {
        // API Gateway's own, and another for each request.
        said.remove("integrationLatency");
        let said = serde_json::to_string(&said).ok()?;
        let says_something = serde_json::from_str(&said).is_ok_and(|said| !is_nothing(&said));
        canonical(&said, false).filter(|_| says_something)
    });
    let Some(said) = said else {
        let message = "the authorizer says nothing of the caller that can be read: all its callers would be one";
        return Err(Error::new(Kind::InvalidInput, message));
    };
    Ok(Caller::Known(vec!["authorizer".to_owned(), said]))
}

/// Whether there is nothing in it that could tell callers apart.
fn is_nothing(said: &serde_json::Value) -> bool {
    use serde_json::Value;
    match said {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.iter().all(is_nothing),
        Value::Object(fields) => fields.values().all(is_nothing),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The subject of a token is unique within its issuer. <https://www.rfc-editor.org/rfc/rfc7519#section-4.1.2>
fn of_token(claims: &Claims) -> Result<Caller, Error> {
    let text = |name: &str| claims.get(name).and_then(serde_json::Value::as_str).filter(|text| !text.is_empty());
    let subject = ["sub", "client_id"].into_iter().find_map(|name| Some((name, text(name)?)));
    let Some((name, subject)) = subject else {
        let message = "the token has neither `sub` nor `client_id`: a key of its caller could be that of another";
        return Err(Error::new(Kind::InvalidInput, message));
    };
    let issuer = text("iss").unwrap_or_default();
    Ok(Caller::Known(["jwt", issuer, name, subject].map(str::to_owned).into()))
}

/// Who signed a request.
struct Principal<'a> {
    account: Option<&'a str>,
    id: Option<&'a str>,
    arn: Option<&'a str>,
    /// That of a user of an identity pool.
    identity: Option<&'a str>,
}

impl Principal<'_> {
    /// All sessions of a role are one caller: a session's name is the caller's own choice. But all users of an identity pool share a
    /// role, and are told apart by their identity.
    fn caller(self) -> Result<Caller, Error> {
        let principal = self.id.map(without_session).or_else(|| self.arn.map(without_session_name));
        let Some(principal) = principal.filter(|principal| !principal.is_empty()) else {
            return Err(Error::new(Kind::InvalidInput, "the request's context does not say who signed it"));
        };
        let parts = [Some("iam"), self.account, Some(principal), self.identity];
        Ok(Caller::Known(parts.map(|part| part.unwrap_or_default().to_owned()).into()))
    }
}

/// `AROA…:session` of a role; other ids, such as `ACCOUNT:name` of a federated user, are whole.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable>,
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>
pub(crate) fn without_session(principal: &str) -> &str {
    match principal.split_once(':') {
        Some((role, _)) if role.starts_with("AROA") => role,
        _ => principal,
    }
}

/// `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION` without the session.
fn without_session_name(arn: &str) -> &str {
    match arn.rsplit_once('/') {
        Some((role, _)) if arn.contains(":assumed-role/") => role,
        _ => arn,
    }
}

/// What begins keys that hold a caller. Whatever else begins so is hashed, too: nobody can write such a key himself.
const PREFIX: &str = "caller:";
/// The longest key that is taken as it is. A partition key of DynamoDB has at most 2048 bytes, which the function's name shares.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-partition-keys>
const KEY_BYTES: usize = 1024;

/// The idempotency key of a delivery: what tells its work from all other work of the function.
///
/// A caller's key is his alone. One of an API that lets anybody in stays as it is, unless events, messages or steps come to the same
/// function: anybody could use their keys up.
pub(crate) fn delivery_key(key: String, caller: Option<&Caller>, sources: &[Source]) -> String {
    let others = || sources.iter().any(|source| !matches!(source, Source::Direct | Source::HttpApi | Source::RestApi));
    match caller {
        Some(Caller::Known(parts)) => hashed(parts.iter().map(String::as_str), &key),
        Some(Caller::Anonymous) if others() => hashed(["anonymous"].into_iter(), &key),
        _ if key.starts_with(PREFIX) || key.len() > KEY_BYTES => hashed(["as it came"].into_iter(), &key),
        _ => key,
    }
}

/// Parts with their lengths, so that no two lists of parts are one text; hashed, so that a key says nothing of its caller, is short, and
/// nobody can choose what ids are derived from.
fn hashed<'a>(parts: impl Iterator<Item = &'a str>, key: &'a str) -> String {
    let text = parts.chain([key]).map(|part| format!("{}:{part}", part.len())).collect::<String>();
    format!("{PREFIX}{}", sha256(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;
    use std::collections::BTreeMap;

    fn read(context: &serde_json::Value) -> Result<Caller, Error> {
        let raw = serde_json::value::to_raw_value(context).expect("JSON");
        Caller::read(Some(&raw))
    }

    fn parts(context: &serde_json::Value) -> String {
        match read(context).expect("a caller") {
            Caller::Anonymous => "anonymous".to_owned(),
            Caller::Known(parts) => parts.join(" "),
        }
    }

    /// As AWS documents the contexts of payload format 2.0, and those of REST APIs.
    #[test]
    fn each_authorization_says_who_calls() {
        let http = |authorizer: serde_json::Value| json!({ "accountId": "1", "http": { "method": "POST" }, "authorizer": authorizer });
        let claims = json!({ "iss": "https://i", "sub": "s", "exp": "1" });
        let signed = |caller: &str| {
            json!({ "iam": { "accessKey": "ASIA", "accountId": "111122223333", "callerId": caller, "cognitoIdentity": null,
            "principalOrgId": "aws:PrincipalOrgID", "userArn": "arn:aws:sts::111122223333:assumed-role/r/s", "userId": caller } })
        };
        let pool = |identity: &str| {
            json!({ "iam": { "accountId": "1", "callerId": "AROAX:CognitoIdentityCredentials",
            "cognitoIdentity": { "amr": ["a"], "identityId": identity, "identityPoolId": "p" } } })
        };
        let rest = |identity: serde_json::Value| json!({ "accountId": "1", "httpMethod": "GET", "identity": identity });
        let machine = json!({ "iss": "https://i", "client_id": "c" });
        let cases = [
            (http(json!({ "jwt": { "claims": claims, "scopes": null } })), "jwt https://i sub s"),
            (http(json!({ "jwt": { "claims": machine, "scopes": ["a"] } })), "jwt https://i client_id c"),
            (
                json!({ "authorizer": { "claims": claims, "scopes": [] }, "identity": { "sourceIp": "1.1.1.1" } }),
                "jwt https://i sub s",
            ),
            (http(signed("AROAX:alice")), "iam 111122223333 AROAX "),
            (http(signed("AIDAX")), "iam 111122223333 AIDAX "),
            (http(signed("111122223333:bob")), "iam 111122223333 111122223333:bob "),
            (http(pool("eu:1")), "iam 1 AROAX eu:1"),
            (
                http(json!({ "iam": { "accountId": "1", "userArn": "arn:aws:sts::1:assumed-role/r/s" } })),
                "iam 1 arn:aws:sts::1:assumed-role/r ",
            ),
            (rest(json!({ "accountId": "2", "caller": "AROAY:bob", "userArn": "x", "apiKeyId": "k" })), "iam 2 AROAY "),
            (rest(json!({ "accountId": "2", "caller": "AROAY:C", "cognitoIdentityId": "eu:2" })), "iam 2 AROAY eu:2"),
            (rest(json!({ "caller": null, "apiKey": "secret", "apiKeyId": "k" })), "api-key k"),
            (http(json!({ "lambda": { "evcAuthorizer": "check", "sub": "s", "plan": "x" } })), "function check s"),
            (
                json!({ "authorizer": { "evcAuthorizer": "check", "sub": "s", "principalId": "p", "integrationLatency": 7 } }),
                "function check s",
            ),
            (json!({ "authorizer": { "principalId": "p", "integrationLatency": 7 } }), "principal p"),
            (http(json!({ "lambda": { "b": 1, "a": "x" } })), r#"authorizer {"lambda":{"a":"x","b":1}}"#),
            (json!({ "authorizer": { "tenant": "t", "integrationLatency": 7 } }), r#"authorizer {"tenant":"t"}"#),
            (rest(json!({ "caller": null, "sourceIp": "1.1.1.1", "user": null })), "anonymous"),
            (http(json!(null)), "anonymous"),
            (json!({ "authorizer": {} }), "anonymous"),
        ];
        for (context, expected) in cases {
            assert_eq!(parts(&context), expected, "{context}");
        }
    }

    #[test]
    fn one_who_cannot_be_told_from_others_is_refused() {
        for authorizer in [
            json!({ "jwt": { "claims": { "iss": "i", "sub": "" } } }),
            json!({ "claims": {} }),
            json!({ "iam": { "accountId": "1" } }),
            json!({ "jwt": 1 }),
            json!({ "principalId": "" }),
            json!({ "lambda": null }),
            json!({ "lambda": {} }),
            json!({ "lambda": { "user": "" } }),
            json!({ "integrationLatency": 3 }),
            json!({ "lambda": { "evcAuthorizer": "check" } }),
            json!({ "evcAuthorizer": "check", "sub": "", "principalId": "p" }),
            json!({ "lambda": {}, "integrationLatency": 3 }),
        ] {
            let error = read(&json!({ "authorizer": authorizer })).expect_err("no caller");
            assert_eq!(error.kind(), Kind::InvalidInput, "{authorizer}");
        }
    }

    const API: &[Source] = &[Source::Direct, Source::HttpApi];
    const SHARED: &[Source] = &[Source::Direct, Source::HttpApi, Source::EventBridge];

    #[test]
    fn keys_of_nobody_are_as_they_were_where_nobody_else_comes() {
        assert_eq!(delivery_key("k".to_owned(), Some(&Caller::Anonymous), API), "k");
        assert_eq!(delivery_key("e".to_owned(), None, SHARED), "e");
        assert_ne!(delivery_key("e".to_owned(), Some(&Caller::Anonymous), SHARED), "e");
        assert!(delivery_key("k".repeat(5000), None, SHARED).len() < 100);
    }

    /// A part that looks like the end of another, like a length, or like a finished key.
    fn part() -> impl Strategy<Value = String> {
        prop_oneof![
            "[ab:0-9]{0,4}",
            Just("caller:".to_owned()),
            Just(hashed(["jwt"].into_iter(), "k")),
            Just("anonymous".to_owned()),
        ]
    }

    fn caller() -> impl Strategy<Value = Option<Caller>> {
        prop_oneof![
            Just(None),
            Just(Some(Caller::Anonymous)),
            prop::collection::vec(part(), 1..4).prop_map(|mut parts| {
                parts.insert(0, "jwt".to_owned());
                Some(Caller::Known(parts))
            }),
        ]
    }

    proptest! {
        #[test]
        fn no_two_callers_or_keys_are_one(all in prop::collection::vec((caller(), part()), 2..40)) {
            let mut seen = BTreeMap::new();
            for (caller, key) in all {
                let made = delivery_key(key.clone(), caller.as_ref(), SHARED);
                let before = seen.entry(made).or_insert_with(|| (caller.clone(), key.clone()));
                prop_assert_eq!(&*before, &(caller, key));
            }
        }

        /// Also nobody can write the key that somebody else's becomes.
        #[test]
        fn a_finished_key_is_not_taken_as_it_is(caller in caller(), key in part()) {
            let made = delivery_key(key, caller.as_ref(), SHARED);
            if made.starts_with(PREFIX) {
                for other in [None, Some(Caller::Anonymous), Some(Caller::Known(vec!["jwt".to_owned()]))] {
                    prop_assert_ne!(&delivery_key(made.clone(), other.as_ref(), SHARED), &made);
                    prop_assert_ne!(&delivery_key(made.clone(), other.as_ref(), API), &made);
                }
            }
        }
    }
}
