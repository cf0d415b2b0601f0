use super::*;
use crate::Source;
use crate::adapter::dispatch;
use crate::request::{Parameter, Route, Text};
use std::cell::RefCell;

const ROUTES: &[Route] = &[Route {
    key: "authorizer",
    parameters: &[
        Parameter::header("Authorization", "token", Text::Text),
        Parameter::query("team", "team", Text::Text),
        Parameter::cookie("session", "session", Text::Text),
        Parameter::said("method", "method", Text::Text),
        Parameter::said("path", "path", Text::Text),
        Parameter::said("source-ip", "address", Text::Text),
    ],
}];

fn http() -> Value {
    json!({
        "version": "2.0", "type": "REQUEST",
        "routeArn": "arn:aws:execute-api:eu-west-1:111122223333:abc/$default/GET/carts/7",
        "identitySource": ["t"], "routeKey": "GET /carts/{cartId}", "rawPath": "/carts/7", "rawQueryString": "team=a%20b",
        "cookies": ["session=s1"], "headers": { "authorization": "t", "x-other": "o" },
        "requestContext": { "http": { "method": "GET", "path": "/carts/7", "sourceIp": "203.0.113.7" }, "requestId": "r" },
        "pathParameters": { "cartId": "7" }
    })
}

fn rest() -> Value {
    json!({
        "type": "REQUEST",
        "methodArn": "arn:aws:execute-api:eu-west-1:111122223333:abc/live/GET/carts/7",
        "resource": "/carts/{cartId}", "path": "/carts/7", "httpMethod": "GET",
        "headers": { "Authorization": "t", "Cookie": "a=b; session=s1" },
        "multiValueHeaders": { "Authorization": ["t"], "Cookie": ["a=b; session=s1"] },
        "queryStringParameters": { "team": "a b" }, "multiValueQueryStringParameters": { "team": ["a b"] },
        "pathParameters": { "cartId": "7" },
        "requestContext": { "httpMethod": "GET", "identity": { "sourceIp": "203.0.113.7" } }
    })
}

/// What the function is given, and what the API is answered.
async fn asked(event: &Value, answer: Result<&str, Failure>) -> (Option<Value>, Result<Value, Failure>) {
    let contract = Contract {
        name: "check-session",
        routes: ROUTES,
        ..Contract::new(&[Source::HttpAuthorizer, Source::RestAuthorizer], 200, None)
    };
    let given = RefCell::new(None);
    let answer = answer.map(str::to_owned);
    let answered = dispatch(
        &event.to_string(),
        contract,
        || true,
        async |incoming: Incoming<'_>| {
            *given.borrow_mut() = Some(incoming.payload.decode::<Value>().expect("JSON"));
            assert!(incoming.key.is_none() && incoming.request.context().is_none(), "nothing else of the request");
            answer.clone()
        },
    )
    .await;
    (given.into_inner(), answered.map(|text| serde_json::from_str(&text).expect("JSON")))
}

fn refusal() -> Failure {
    Failure {
        name: "UnknownSession".to_owned(),
        message: "no".to_owned(),
        status: 422,
        is_trouble: false,
        is_refusal: true,
    }
}

#[tokio::test]
async fn both_kinds_of_api_ask_the_same_and_get_each_its_answer() {
    let said = r#"{"sub":"kim","level":3,"admin":true,"teams":["a b","c"],"none":null}"#;
    let input = json!({ "token": "t", "team": "a b", "session": "s1", "method": "GET", "path": "/carts/7", "address": "203.0.113.7" });
    let context = json!({ "sub": "kim", "level": "3", "admin": "true", "teams": r#"["a b","c"]"#, "evcAuthorizer": "check-session" });
    let (given, answer) = asked(&http(), Ok(said)).await;
    assert_eq!(given.as_ref(), Some(&input));
    assert_eq!(answer.expect("an answer"), json!({ "isAuthorized": true, "context": context }));

    let (given, answer) = asked(&rest(), Ok(said)).await;
    assert_eq!(given.as_ref(), Some(&input));
    let answer = answer.expect("an answer");
    assert_eq!((&answer["principalId"], &answer["context"]), (&json!("kim"), &context));
    let (_, refused) = asked(&rest(), Err(refusal())).await;
    // Of the whole stage, since an answer that is kept is that of every route.
    let all = "arn:aws:execute-api:eu-west-1:111122223333:abc/live/*";
    for (answer, effect) in [(answer, "Allow"), (refused.expect("an answer"), "Deny")] {
        let statement = json!({ "Action": "execute-api:Invoke", "Effect": effect, "Resource": all });
        assert_eq!(answer["policyDocument"], json!({ "Version": "2012-10-17", "Statement": [statement] }));
    }
    let (_, refused) = asked(&http(), Err(refusal())).await;
    assert_eq!(refused.expect("an answer"), json!({ "isAuthorized": false }));
}

#[tokio::test]
async fn what_is_no_refusal_is_never_leave() {
    for kind in [Kind::Panic, Kind::Timeout, Kind::Transient, Kind::Conflict, Kind::Throttled, Kind::Internal] {
        for event in [http(), rest()] {
            let (_, answer) = asked(&event, Err(Error::new(kind, "broken").into())).await;
            answer.expect_err("an error of the invocation, which API Gateway answers with 500");
        }
    }
    let large = format!(r#"{{"sub":"kim","note":"{}"}}"#, "x".repeat(AUTHORIZER_CONTEXT_BYTES));
    for said in [r"{}", r#"{"sub":""}"#, r#"{"sub":"kim","a":{"b":1}}"#, "null", "true", large.as_str()] {
        for event in [http(), rest()] {
            let (_, answer) = asked(&event, Ok(said)).await;
            answer.expect_err(said);
        }
    }
}

#[tokio::test]
async fn what_a_request_brings_twice_or_otherwise_is_refused_before_the_function() {
    let mut twice = rest();
    twice["multiValueQueryStringParameters"]["team"] = json!(["a", "b"]);
    let mut cookies = http();
    cookies["cookies"] = json!(["session=s1", "session=s2"]);
    let mut control = http();
    control["headers"]["authorization"] = json!("t\u{1}");
    let mut headers = rest();
    headers["multiValueHeaders"]["authorization"] = json!(["t", "u"]);
    for event in [twice, cookies, control, headers] {
        let (given, answer) = asked(&event, Ok(r#"{"sub":"kim"}"#)).await;
        assert_eq!(given, None, "{event}");
        let answer = answer.expect("a refusal");
        let is_no = answer["isAuthorized"] == json!(false)
            || answer["policyDocument"]["Statement"][0]["Effect"] == json!("Deny");
        assert!(is_no, "{answer}");
    }
}

#[tokio::test]
async fn what_asks_no_question_is_no_delivery() {
    let request = json!({ "requestContext": { "http": { "method": "GET" } }, "headers": {} });
    for event in
        [json!({ "token": "t" }), request, json!({ "methodArn": "arn:aws:execute-api:eu-west-1:1:abc", "headers": {} })]
    {
        let (given, answer) = asked(&event, Ok(r#"{"sub":"kim"}"#)).await;
        assert_eq!(given, None, "{event}");
        answer.expect_err("nobody asks");
    }
}
