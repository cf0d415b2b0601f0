use super::*;
use crate::adapter::{Contract, Failure, Source, dispatch};
use crate::serve::{App, Invocation, Unguarded};
use crate::testing::World;
use crate::{Function, Timestamp};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};

#[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize)]
struct Shopper {
    sub: String,
    level: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    verified: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<String>>,
}

const CLAIMS: &[(&str, Claim)] =
    &[("sub", Claim::Text), ("level", Claim::Integer), ("verified", Claim::Boolean), ("groups", Claim::Texts)];

impl Caller for Shopper {
    fn of(request: &Request) -> Result<Self, Error> {
        request.claims(CLAIMS)?.decode()
    }
}

fn request(context: &Value) -> Request {
    Request::new(Some(&serde_json::value::to_raw_value(context).expect("JSON")))
}

/// As an HTTP API says it, and as a REST API does.
fn http(claims: &Value) -> Value {
    json!({ "http": { "method": "GET" }, "authorizer": { "jwt": { "claims": claims, "scopes": null } } })
}

fn rest(claims: &Value) -> Value {
    json!({ "httpMethod": "GET", "authorizer": { "claims": claims }, "identity": { "sourceIp": "1.1.1.1" } })
}

fn shopper(context: &Value) -> Result<Shopper, Error> {
    Shopper::of(&request(context))
}

#[test]
fn texts_of_an_http_api_and_json_of_a_rest_api_are_one_view() {
    let kim = Shopper { sub: "kim".into(), level: 3, verified: Some(true), groups: Some(vec!["a".into(), "b".into()]) };
    let texts = json!({ "sub": "kim", "level": "3", "verified": "true", "groups": "[a b]", "exp": "1516239022" });
    let typed = json!({ "sub": "kim", "level": 3, "verified": true, "groups": ["a", "b"], "exp": 1_516_239_022 });
    assert_eq!(shopper(&http(&texts)).expect("texts"), kim);
    assert_eq!(shopper(&rest(&typed)).expect("JSON"), kim);
    let bare = json!({ "sub": "kim", "level": "1.5e9", "groups": "[]" });
    let expected = Shopper { level: 1_500_000_000, verified: None, groups: Some(vec![]), ..kim };
    assert_eq!(shopper(&http(&bare)).expect("some"), expected);
}

#[test]
fn a_claim_that_is_missing_or_of_another_type_is_forbidden_without_its_value() {
    for claims in [
        json!({ "level": "3" }),
        json!({ "sub": "kim" }),
        json!({ "sub": null, "level": 3 }),
        json!({ "sub": 7, "level": 3 }),
        json!({ "sub": ["secret"], "level": 3 }),
        json!({ "sub": "kim", "level": "secret" }),
        json!({ "sub": "kim", "level": "1.5" }),
        json!({ "sub": "kim", "level": "1e300" }),
        json!({ "sub": "kim", "level": "Infinity" }),
        json!({ "sub": "kim", "level": " 3" }),
        json!({ "sub": "kim", "level": 3, "verified": "yes" }),
        json!({ "sub": "kim", "level": 3, "groups": "secret" }),
        json!({ "sub": "kim", "level": 3, "groups": [1] }),
    ] {
        for context in [http(&claims), rest(&claims)] {
            let error = shopper(&context).expect_err("refused");
            assert_eq!((error.kind(), error.kind().status()), (Kind::Forbidden, 403), "{claims}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}

#[test]
fn nobody_is_no_caller() {
    for context in [json!({}), json!({ "authorizer": null }), json!({ "authorizer": { "principalId": "p" } })] {
        assert_eq!(shopper(&context).expect_err("nobody").kind(), Kind::Forbidden, "{context}");
        assert_eq!(ApiKey::of(&request(&context)).expect_err("nobody").kind(), Kind::Forbidden, "{context}");
    }
    assert_eq!(Principal::of(&Request::default()).expect_err("nobody").kind(), Kind::Forbidden);
    assert_eq!(shopper(&json!({ "authorizer": 1 })).expect_err("unreadable").kind(), Kind::Forbidden);
}

#[test]
fn principals_and_keys() {
    let iam = json!({ "authorizer": { "iam": { "accountId": "1", "callerId": "AROAX:alice", "cognitoIdentity": null,
        "userArn": "arn:aws:sts::1:assumed-role/r/alice" } } });
    let expected = Principal {
        account: "1".into(),
        id: "AROAX".into(),
        session: Some("alice".into()),
        arn: Some("arn:aws:sts::1:assumed-role/r/alice".into()),
        identity: None,
    };
    assert_eq!(Principal::of(&request(&iam)).expect("signed"), expected);
    let rest = json!({ "identity": { "accountId": "1", "caller": "AIDAX", "userArn": null, "apiKeyId": "k" } });
    let user = Principal { id: "AIDAX".into(), session: None, arn: None, ..expected };
    assert_eq!(Principal::of(&request(&rest)).expect("signed"), user);
    let key = json!({ "identity": { "caller": null, "apiKeyId": "k", "apiKey": "secret" } });
    assert_eq!(ApiKey::of(&request(&key)).expect("a key"), ApiKey { id: "k".into() });
    assert!(request(&key).has_key() && !request(&rest).has_key() && request(&rest).is_signed());
}

#[test]
fn tokens_are_told_apart_by_issuer_and_audience() {
    let of = |claims: Value| request(&http(&claims)).is_of("https://i", &["shop", "admin"]);
    assert!(of(json!({ "iss": "https://i", "aud": "shop" })));
    assert!(of(json!({ "iss": "https://i", "aud": "[other admin]" })));
    assert!(of(json!({ "iss": "https://i", "client_id": "shop" })));
    assert!(!of(json!({ "iss": "https://i", "aud": "other", "client_id": "shop" })));
    assert!(!of(json!({ "iss": "https://j", "aud": "shop" })));
    assert!(!of(json!({ "aud": "shop" })));
}

#[test]
fn nothing_shows_the_claims() {
    let request = request(&http(&json!({ "sub": "secret" })));
    assert_eq!(format!("{request:?}"), "Request(..)");
}

static RUNS: AtomicU32 = AtomicU32::new(0);

/// A function that only tokens lead to, and one that events lead to as well.
struct Known(Context);
struct Either(Context);

impl Function for Known {
    type Input = Value;
    type Output = Value;
    type Error = Error;
    const NAME: &'static str = "known";
    const SOURCES: &'static [Source] = &[Source::Direct, Source::HttpApi, Source::RestApi];

    fn new(context: Context) -> Self {
        Self(context)
    }

    fn admit(context: &Context) -> Result<(), Error> {
        context.admit::<Shopper>()
    }
}

impl Function for Either {
    type Input = Value;
    type Output = Value;
    type Error = Error;
    const NAME: &'static str = "either";
    const SOURCES: &'static [Source] = &[Source::Direct, Source::HttpApi];

    fn new(context: Context) -> Self {
        Self(context)
    }

    fn admit(context: &Context) -> Result<(), Error> {
        context.admit_if_known::<Shopper>()
    }
}

async fn known(cx: &Known, _input: Value) -> Result<Value, Error> {
    RUNS.fetch_add(1, Ordering::SeqCst);
    Ok(json!(cx.0.caller_of::<Shopper>().sub))
}

async fn either(cx: &Either, _input: Value) -> Result<Value, Error> {
    Ok(json!(cx.0.caller_if_known::<Shopper>().map(|caller| caller.sub.as_str())))
}

fn event(context: &Value) -> String {
    json!({ "headers": {}, "requestContext": context, "body": "{}" }).to_string()
}

fn invocation() -> Invocation {
    Invocation { request_id: "r".to_owned(), deadline: Timestamp::now(), trace: None }
}

#[tokio::test]
async fn a_handler_does_not_run_for_nobody() {
    let app = App::<Known, _, _>::new(known, Unguarded, World::new().services()).expect("an app");
    let token = event(&http(&json!({ "sub": "kim", "level": "3" })));
    let answer: Value = serde_json::from_str(&app.invoke(&token, &invocation()).await.expect("kim")).expect("JSON");
    assert_eq!((&answer["statusCode"], &answer["body"]), (&json!(200), &json!("\"kim\"")));
    let before = RUNS.load(Ordering::SeqCst);
    for text in [event(&http(&json!({ "sub": "kim" }))), event(&json!({ "http": { "method": "POST" } }))] {
        let answer: Value = serde_json::from_str(&app.invoke(&text, &invocation()).await.expect("JSON")).expect("JSON");
        assert_eq!(answer["statusCode"], json!(403), "{answer}");
        let problem: Value = serde_json::from_str(answer["body"].as_str().expect("a body")).expect("a problem");
        assert_eq!(problem["title"], json!("Forbidden"));
    }
    // A direct invocation has no caller.
    assert_eq!(app.invoke("{}", &invocation()).await.expect_err("nobody").name, "Forbidden");
    assert_eq!(RUNS.load(Ordering::SeqCst), before);
}

#[tokio::test]
async fn where_nobody_may_call_a_token_is_still_read() {
    let app = App::<Either, _, _>::new(either, Unguarded, World::new().services()).expect("an app");
    assert_eq!(app.invoke("{}", &invocation()).await.expect("nobody"), "null");
    let token = event(&http(&json!({ "sub": "kim", "level": "3" })));
    assert!(app.invoke(&token, &invocation()).await.expect("kim").contains("kim"));
    let other = event(&http(&json!({ "sub": "kim" })));
    assert!(app.invoke(&other, &invocation()).await.expect("an answer").contains("403"));
}

#[tokio::test]
async fn a_request_says_who_sent_it_to_the_adapter() {
    let said = std::cell::RefCell::new(None);
    let text = event(&http(&json!({ "sub": "kim", "level": "3" })));
    let contract = Contract::new(Known::SOURCES, 200, None);
    let deliver = async |incoming: crate::adapter::Incoming<'_>| {
        said.replace(Some(Shopper::of(&incoming.request).map(|shopper| shopper.sub)));
        Ok::<_, Failure>("null".to_owned())
    };
    dispatch(&text, contract, || true, deliver).await.expect("an answer");
    assert_eq!(said.into_inner().expect("a request").expect("kim"), "kim");
}

#[tokio::test]
async fn a_test_says_who_calls_and_keys_are_the_callers() {
    let world = World::new();
    let kim = Shopper { sub: "kim".into(), level: 1, verified: None, groups: None };
    let lee = Shopper { sub: "lee".into(), ..kim.clone() };
    let as_ = |caller: &Shopper| Known::new(world.request("known", "key").called_by(caller.clone()));
    assert_eq!(known(&as_(&kim), json!({})).await.expect("kim"), json!("kim"));
    assert_eq!(as_(&kim).0.idempotency_key(), as_(&kim).0.idempotency_key());
    assert_ne!(as_(&kim).0.idempotency_key(), as_(&lee).0.idempotency_key());
    let told = world.deliver::<Known, _>(world.context("known").called_by(lee), &json!({}), known).await;
    assert_eq!(told, Ok(json!("lee")));
    let nobody = world.deliver::<Known, _>(world.context("known"), &json!({}), known).await;
    assert_eq!(nobody.expect_err("nobody").name, "Forbidden");
}

/// As API Gateway hands on what an authorizer of the spec says: apart in an HTTP API, among its own in a REST API.
fn told(by: &str, said: Value) -> [Value; 2] {
    let mut lambda = said;
    lambda[evc_interface::call::AUTHORIZER] = by.into();
    let mut authorizer = lambda.clone();
    authorizer["principalId"] = lambda["sub"].clone();
    authorizer["integrationLatency"] = 7.into();
    [
        json!({ "http": { "method": "GET" }, "authorizer": { "lambda": lambda } }),
        json!({ "httpMethod": "GET", "authorizer": authorizer, "identity": { "sourceIp": "1.1.1.1" } }),
    ]
}

#[test]
fn what_an_authorizer_says_is_one_view_of_both_kinds_of_api() {
    let said = json!({ "sub": "kim", "level": "3", "verified": "true", "groups": r#"["a b","[c]"]"# });
    let kim =
        Shopper { sub: "kim".into(), level: 3, verified: Some(true), groups: Some(vec!["a b".into(), "[c]".into()]) };
    for context in told("check-session", said) {
        assert_eq!(shopper(&context).expect("a caller"), kim);
        let request = request(&context);
        assert!(request.is_let_in_by("check-session") && !request.is_let_in_by("check-key"));
        assert!(!request.is_of("check-session", &["kim"]) && !request.is_signed() && !request.has_key());
    }
}

#[test]
fn who_is_let_in_by_something_else_is_not_let_in_by_an_authorizer_of_the_spec() {
    // What a client sends is nowhere in the context: claims and headers of that name are nobody's word.
    let forged = json!({ "sub": "kim", "evcAuthorizer": "check-session", "lambda": { "sub": "kim", "evcAuthorizer": "check-session" } });
    for context in [
        http(&forged),
        rest(&forged),
        json!({ "http": { "method": "GET" }, "authorizer": null, "evcAuthorizer": "check-session" }),
        json!({ "authorizer": { "lambda": { "sub": "kim" } } }),
        json!({ "authorizer": { "sub": "kim", "principalId": "kim" } }),
    ] {
        assert!(!request(&context).is_let_in_by("check-session"), "{context}");
    }
    let nobody = json!({ "http": { "method": "GET" }, "headers": { "evcAuthorizer": "check-session", "sub": "kim" } });
    assert_eq!(shopper(&nobody).expect_err("nobody").kind(), Kind::Forbidden);
}

/// Of either, by what is known when the function runs.
#[derive(Debug, PartialEq)]
enum Signed {
    Own,
    Other,
}

impl Caller for Signed {
    fn of(request: &Request) -> Result<Self, Error> {
        if request.is_of_given("TOKEN_ISSUER", "TOKEN_AUDIENCE") {
            return Ok(Self::Own);
        }
        if request.is_of("https://other.example", &["shop"]) { Ok(Self::Other) } else { Err(request.nobody()) }
    }
}

#[test]
fn tokens_that_differ_by_environment_are_told_by_what_that_says() {
    let world = World::new().env("TOKEN_ISSUER", "https://dev.example").env("TOKEN_AUDIENCE", "shop-dev,admin");
    let of = |world: &World, iss: &str, aud: &str| {
        let claims = json!({ "iss": iss, "aud": aud, "sub": "kim" });
        let mut delivery = world.context("look").delivery().clone();
        delivery.request = request(&http(&claims));
        let context = world.context("look").with_delivery(delivery);
        context.admit::<Signed>().map(|()| matches!(context.caller_of::<Signed>(), Signed::Own))
    };
    assert_eq!(of(&world, "https://dev.example", "admin").ok(), Some(true));
    assert_eq!(of(&world, "https://other.example", "shop").ok(), Some(false));
    for (iss, aud) in [
        ("https://dev.example", "shop"),
        ("https://dev.example", "shop-dev,admin"),
        ("https://prod.example", "admin"),
        ("TOKEN_ISSUER", "TOKEN_AUDIENCE"),
    ] {
        assert_eq!(of(&world, iss, aud).expect_err("nobody").kind(), Kind::Forbidden, "{iss} {aud}");
    }
    // Nothing is known: nobody is let in by an empty name.
    assert_eq!(of(&World::new(), "", "").expect_err("nobody").kind(), Kind::Forbidden);
}

/// A function with a route for some groups, and one for all tokens.
struct Grouped;

impl Function for Grouped {
    type Input = Value;
    type Output = Value;
    type Error = Error;
    const NAME: &'static str = "grouped";
    const SOURCES: &'static [Source] = &[Source::HttpApi];

    crate::routes! {
        "POST /some" {}
        "POST /all" {}
    }
    crate::groups! {
        "POST /some" {
            any("cognito:groups", "admins", "editors");
        }
    }

    fn new(_: Context) -> Self {
        Self
    }
}

#[tokio::test]
async fn a_route_for_some_groups_takes_no_other_tokens() {
    use crate::testing::HttpRequest;
    let world = World::new();
    let ask = async |route: &str, claims: Option<Value>| {
        let request = HttpRequest::to(route).body("{}");
        let request = claims.into_iter().fold(request, HttpRequest::claims);
        world.http::<Grouped, _>(request, async |_: &Grouped, _| Ok(json!(null))).await.status
    };
    for (groups, expected) in [
        (json!("[admins]"), 200),
        (json!("[readers editors]"), 200),
        (json!(["readers", "editors"]), 200),
        (json!("admins"), 200),
        (json!("[readers]"), 403),
        (json!("[admins-not]"), 403),
        (json!("admins editors"), 403),
        (json!([["admins"]]), 403),
        (json!({ "admins": true }), 403),
        (json!(null), 403),
        (json!(""), 403),
    ] {
        assert_eq!(
            ask("POST /some", Some(json!({ "sub": "kim", "cognito:groups": groups }))).await,
            expected,
            "{groups}"
        );
    }
    assert_eq!(ask("POST /some", Some(json!({ "sub": "kim", "groups": "[admins]" }))).await, 403);
    assert_eq!(ask("POST /some", None).await, 403);
    assert_eq!(ask("POST /all", Some(json!({ "sub": "kim" }))).await, 200);
    assert_eq!(ask("POST /other", Some(json!({ "sub": "kim", "cognito:groups": "[admins]" }))).await, 403);
}
