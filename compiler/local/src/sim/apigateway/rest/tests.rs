//! REST APIs of hand-made stacks.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::sim::apigateway::{Request, Response};
use crate::sim::lambda::{Ended, Order};
use crate::system::System;
use crate::testing::{hops, system};
use crate::trace::{Kind, Outcome};

const ROLE: &str = "arn:aws:iam::000000000000:role/test-Role";
const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:test-Answer";

fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Request {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    Request {
        method: method.to_owned(),
        path: format!("/v1{path}"),
        query: query.to_owned(),
        headers,
        body: body.as_bytes().to_vec(),
        source_ip: "127.0.0.1".to_owned(),
    }
}

/// An API with one method `POST /things/{id}`, which has these properties more.
fn api(more: &Value, others: Vec<(&'static str, &'static str, Value)>) -> System {
    let mut method = json!({
        "RestApiId": "API", "ResourceId": "test-Thing", "HttpMethod": "POST", "AuthorizationType": "NONE",
    });
    method.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    let id =
        crate::identity::identity("AWS::ApiGateway::RestApi", "Api", None, &crate::stack::Place::local("test", ""))
            .reference;
    let statement = json!({ "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:us-east-1:000000000000:test-Queue" });
    let mut resources = vec![
        ("Api", "AWS::ApiGateway::RestApi", json!({})),
        ("Things", "AWS::ApiGateway::Resource", json!({ "ParentId": "root", "PathPart": "things" })),
        ("Thing", "AWS::ApiGateway::Resource", json!({ "ParentId": "test-Things", "PathPart": "{id}" })),
        (
            "Stage",
            "AWS::ApiGateway::Stage",
            json!({ "RestApiId": "API", "StageName": "v1", "Variables": { "greeting": "hi" } }),
        ),
        ("Method", "AWS::ApiGateway::Method", method),
        ("Queue", "AWS::SQS::Queue", json!({})),
        ("Role", "AWS::IAM::Role", role("apigateway.amazonaws.com", &statement)),
        ("Answer", "AWS::Lambda::Function", json!({ "Timeout": 5 })),
        ("MethodCalls", "AWS::Lambda::Permission", permission("test-Answer", &format!("{id}/*/POST/things/*"))),
    ];
    resources.extend(others);
    let resources: Vec<_> = resources
        .into_iter()
        .map(|(name, type_, it)| {
            (name, type_, serde_json::from_str(&it.to_string().replace("\"API\"", &format!("\"{id}\""))).expect("JSON"))
        })
        .collect();
    system(&resources)
}

/// A role that a service may assume, with one statement.
fn role(service: &str, statement: &Value) -> Value {
    let trust = json!({ "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole" });
    json!({
        "AssumeRolePolicyDocument": { "Statement": [trust] },
        "Policies": [{ "PolicyName": "it", "PolicyDocument": { "Statement": [statement] } }],
    })
}

/// What lets the gateway invoke a function for a method or an authorizer.
fn permission(function: &str, what: &str) -> Value {
    json!({
        "FunctionName": function, "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com",
        "SourceArn": format!("arn:aws:execute-api:us-east-1:000000000000:{what}"),
    })
}

fn proxy(of: &str) -> String {
    format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{of}/invocations")
}

/// Sends a request; functions answer as they are told.
fn sent(system: &mut System, request: Request, answer: &dyn Fn(&Value) -> Ended) -> Response {
    let answered: Arc<Mutex<Option<Response>>> = Arc::default();
    let slot = answered.clone();
    let id = system.apis().all().next().expect("an API").id.clone();
    system.request(&id, request, Box::new(move |response| *slot.lock().expect("a lock") = Some(response)));
    for _ in 0..3 {
        for order in system.take_orders() {
            let Order::Invoke { invocation, payload, .. } = order else { continue };
            let ended = answer(&serde_json::from_str(&payload).expect("JSON"));
            system.invocation_ended(invocation, ended);
        }
    }
    let response = answered.lock().expect("a lock").take();
    response.expect("an answer")
}

fn nobody(event: &Value) -> Ended {
    panic!("nothing is called: {event}")
}

fn body(response: &Response) -> Value {
    serde_json::from_slice(&response.body).unwrap_or_else(|_| json!(String::from_utf8_lossy(&response.body)))
}

#[test]
fn a_function_behind_a_method_is_given_the_format_1() {
    let mut system = api(&json!({ "Integration": { "Type": "AWS_PROXY", "Uri": proxy(FUNCTION) } }), Vec::new());
    let asked = request("POST", "/things/a%20b?x=1&x=2", &[("x-a", "1"), ("host", "h")], "{}");
    let response = sent(&mut system, asked, &|event| {
        assert_eq!(event["resource"], "/things/{id}");
        assert_eq!((&event["path"], &event["pathParameters"]), (&json!("/things/a%20b"), &json!({ "id": "a b" })));
        assert_eq!(event["multiValueQueryStringParameters"], json!({ "x": ["1", "2"] }));
        assert_eq!(
            (&event["queryStringParameters"]["x"], &event["stageVariables"]["greeting"]),
            (&json!("2"), &json!("hi"))
        );
        assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("{}"), &json!(false)));
        assert_eq!(event["requestContext"]["stage"], "v1");
        Ended::Answer(json!({ "statusCode": 201, "headers": { "X-B": "2" }, "body": "done" }).to_string())
    });
    assert_eq!((response.status, body(&response)), (201, json!("done")));
    assert!(response.headers.contains(&("x-b".to_owned(), "2".to_owned())), "{response:?}");
    let wrong = sent(&mut system, request("POST", "/things/1", &[], ""), &|_| Ended::Answer("7".to_owned()));
    assert_eq!((wrong.status, body(&wrong)), (502, json!({ "message": "Internal server error" })));
}

/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html>
#[test]
fn what_is_no_method_is_refused() {
    let mut system = api(&json!({ "Integration": { "Type": "MOCK" } }), Vec::new());
    for (method, path) in [("GET", "/things/1"), ("POST", "/things"), ("POST", "/")] {
        let refused = sent(&mut system, request(method, path, &[], ""), &nobody);
        assert_eq!((refused.status, body(&refused)), (403, json!({ "message": "Missing Authentication Token" })));
    }
    let mut elsewhere = request("POST", "/things/1", &[], "");
    elsewhere.path = "/things/1".to_owned();
    assert_eq!(body(&sent(&mut system, elsewhere, &nobody)), json!({ "message": "Forbidden" }));
    let told = hops(&system, Kind::Call).into_iter().next_back().expect("it is told");
    assert_eq!(told.outcome, Outcome::Denied("paths begin with the stage: /v1/things/1".to_owned()));
}

fn to_queue(template: &str) -> Value {
    json!({ "Integration": {
        "Type": "AWS", "Uri": "arn:aws:apigateway:us-east-1:sqs:action/SendMessage", "Credentials": ROLE, "PassthroughBehavior": "NEVER",
        "RequestTemplates": { "application/json": template },
        "IntegrationResponses": [
            { "StatusCode": "202", "SelectionPattern": "2\\d{2}", "ResponseTemplates": { "application/json": "{\"id\": \"$input.path('$.MessageId')\"}" },
              "ResponseParameters": { "method.response.header.X-Id": "integration.response.body.MessageId", "method.response.header.X-Stage": "context.stage" } },
            { "StatusCode": "400", "SelectionPattern": "4\\d{2}", "ResponseTemplates": { "application/json":
              "#set($context.responseOverride.status = 418)#set($context.responseOverride.header.X-Kind = $input.path('$.__type'))no" } },
        ],
    } })
}

/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-override-request-response-parameters.html>
#[test]
fn a_service_is_called_with_the_integrations_role_and_its_answer_mapped() {
    let template =
        r#"{"QueueUrl": "http://127.0.0.1:4566/000000000000/test-Queue", "MessageBody": "$input.params('id')"}"#;
    let mut system = api(&to_queue(template), Vec::new());
    let response = sent(&mut system, request("POST", "/things/7", &[], ""), &nobody);
    let id = body(&response)["id"].as_str().expect("an id").to_owned();
    assert_eq!(response.status, 202);
    assert!(
        response.headers.contains(&("x-id".to_owned(), id))
            && response.headers.contains(&("x-stage".to_owned(), "v1".to_owned()))
    );
    let call = hops(&system, Kind::Call)[0];
    assert_eq!((call.text.as_str(), &call.outcome), ("sqs:SendMessage", &Outcome::Done));
    assert_eq!(hops(&system, Kind::Message)[0].cause, Some(call.id), "the message is because of the call");
    let refused = sent(&mut system, request("POST", "/things/7", &[("content-type", "text/plain")], "x"), &nobody);
    assert_eq!((refused.status, body(&refused)), (415, json!({ "message": "Unsupported Media Type" })));

    let mut system = api(&to_queue(&template.replace("test-Queue", "other")), Vec::new());
    let refused = sent(&mut system, request("POST", "/things/7", &[], ""), &nobody);
    assert_eq!((refused.status, body(&refused)), (418, json!("no")));
    assert!(refused.headers.contains(&("x-kind".to_owned(), "AccessDeniedException".to_owned())), "{refused:?}");
    assert!(hops(&system, Kind::Call).iter().any(|hop| matches!(hop.outcome, Outcome::Denied(_))), "it is told");
}

#[test]
fn a_template_that_fails_is_told_to_the_developer_alone() {
    let mut system = api(&to_queue("$input.path('$.a').swim()"), Vec::new());
    let response = sent(&mut system, request("POST", "/things/7", &[], r#"{"a": [1]}"#), &nobody);
    assert_eq!((response.status, body(&response)), (500, json!({ "message": "Internal server error" })));
    let Outcome::Denied(why) = &hops(&system, Kind::Call)[0].outcome else { panic!("it is told") };
    assert_eq!(why, "the template of the request: a list has no method `swim()`");
}

#[test]
fn bodies_and_parameters_are_checked_and_what_is_wrong_is_in_the_gateway_response() {
    let more = json!({
        "RequestValidatorId": "test-Validator", "RequestModels": { "application/json": "test-Model" },
        "RequestParameters": { "method.request.querystring.q": true, "method.request.header.X-May": false },
        "Integration": { "Type": "MOCK", "RequestTemplates": { "application/json": "{\"statusCode\": 200}" },
            "IntegrationResponses": [{ "StatusCode": "200", "ResponseTemplates": { "application/json": "$stageVariables.greeting $input.params('q')" } }] },
    });
    let template = r#"{"kind": "$context.error.responseType", "why": "$context.error.validationErrorString", "m": $context.error.messageString}"#;
    let others = vec![
        (
            "Validator",
            "AWS::ApiGateway::RequestValidator",
            json!({ "ValidateRequestBody": true, "ValidateRequestParameters": true }),
        ),
        ("Model", "AWS::ApiGateway::Model", json!({ "Schema": { "type": "object", "required": ["a"] } })),
        (
            "Bad",
            "AWS::ApiGateway::GatewayResponse",
            json!({ "RestApiId": "API", "ResponseType": "BAD_REQUEST_BODY", "StatusCode": "422",
            "ResponseParameters": { "gatewayresponse.header.X-Q": "method.request.querystring.q" }, "ResponseTemplates": { "application/json": template } }),
        ),
    ];
    let mut system = api(&more, others);
    let fine = sent(&mut system, request("POST", "/things/7?q=you", &[], r#"{"a": 1}"#), &nobody);
    assert_eq!((fine.status, body(&fine)), (200, json!("hi you")));
    let missing = sent(&mut system, request("POST", "/things/7", &[], r#"{"a": 1}"#), &nobody);
    assert_eq!(
        (missing.status, body(&missing)),
        (400, json!({ "message": "Missing required request parameters: [q]" }))
    );
    let wrong = sent(&mut system, request("POST", "/things/7?q=you", &[], "{}"), &nobody);
    let why = r#"[object has missing required properties (["a"])]"#;
    let said = json!({ "kind": "BAD_REQUEST_BODY", "why": why, "m": "Invalid request body" });
    assert_eq!((wrong.status, body(&wrong)), (422, said));
    assert!(wrong.headers.contains(&("x-q".to_owned(), "you".to_owned())), "{wrong:?}");
}

/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html>
#[test]
fn a_function_lets_in_by_a_policy_that_is_kept() {
    let uri = proxy(FUNCTION);
    let more = json!({ "AuthorizationType": "CUSTOM", "AuthorizerId": "test-Authorizer", "Integration": { "Type": "AWS_PROXY", "Uri": uri } });
    let authorizer = json!({ "Type": "TOKEN", "IdentitySource": "method.request.header.Authorization", "AuthorizerUri": uri, "AuthorizerResultTtlInSeconds": 60 });
    let asks = permission("test-Answer", "*/authorizers/test-Authorizer");
    let mut system = api(
        &more,
        vec![
            ("Authorizer", "AWS::ApiGateway::Authorizer", authorizer),
            ("AuthorizerAsks", "AWS::Lambda::Permission", asks),
        ],
    );
    let asked = std::cell::Cell::new(0);
    let answer = |event: &Value| {
        if event["type"] != "TOKEN" {
            return Ended::Answer(
                json!({ "statusCode": 200, "body": event["requestContext"]["authorizer"].to_string() }).to_string(),
            );
        }
        asked.set(asked.get() + 1);
        assert!(event["methodArn"].as_str().expect("an ARN").ends_with("/v1/POST/things/7"), "{event}");
        let effect = if event["authorizationToken"] == "good" { "Allow" } else { "Deny" };
        let statement = json!({ "Effect": effect, "Action": "execute-api:Invoke", "Resource": "arn:aws:execute-api:*:*:*/v1/POST/*" });
        Ended::Answer(
            json!({ "principalId": "kim", "policyDocument": { "Statement": [statement] }, "context": { "n": 1 } })
                .to_string(),
        )
    };
    let mut call = |token: Option<&str>| {
        let headers: Vec<(&str, &str)> = token.map(|token| ("authorization", token)).into_iter().collect();
        sent(&mut system, request("POST", "/things/7", &headers, ""), &answer)
    };
    assert_eq!(call(None).status, 401);
    assert_eq!(call(Some("bad")).status, 403);
    let let_in = call(Some("good"));
    assert_eq!((let_in.status, body(&let_in)), (200, json!({ "n": "1", "principalId": "kim" })));
    assert_eq!((call(Some("good")).status, asked.get()), (200, 2), "the answer is kept");
    system.advance(system.now_ms() + 61_000);
    sent(&mut system, request("POST", "/things/7", &[("authorization", "good")], ""), &answer);
    assert_eq!(asked.get(), 3);
}

#[test]
fn keys_open_methods_and_limits_are_by_the_second() {
    let more = json!({ "ApiKeyRequired": true, "Integration": { "Type": "MOCK", "RequestTemplates": { "application/json": "{\"statusCode\": 200}" },
        "IntegrationResponses": [{ "StatusCode": "200", "ResponseTemplates": { "application/json": "$context.identity.apiKeyId" } }] } });
    let plan =
        json!({ "ApiStages": [{ "ApiId": "API", "Stage": "v1" }], "Throttle": { "RateLimit": 1, "BurstLimit": 2 } });
    let mut system = api(
        &more,
        vec![
            ("Key", "AWS::ApiGateway::ApiKey", json!({ "Enabled": true, "Value": "secret" })),
            ("Other", "AWS::ApiGateway::ApiKey", json!({ "Enabled": true, "Value": "of no plan" })),
            ("Plan", "AWS::ApiGateway::UsagePlan", plan),
            ("PlanKey", "AWS::ApiGateway::UsagePlanKey", json!({ "KeyId": "test-Key", "UsagePlanId": "test-Plan" })),
        ],
    );
    let call =
        |system: &mut System, key: &str| sent(system, request("POST", "/things/7", &[("x-api-key", key)], ""), &nobody);
    for key in ["", "wrong", "of no plan"] {
        assert_eq!(call(&mut system, key).status, 403, "{key}");
    }
    assert_eq!(body(&call(&mut system, "secret")), json!("test-Key"));
    assert_eq!([call(&mut system, "secret").status, call(&mut system, "secret").status], [200, 429]);
    system.advance(system.now_ms() + 1_000);
    assert_eq!([call(&mut system, "secret").status, call(&mut system, "secret").status], [200, 429]);
}

#[test]
fn a_function_that_is_late_is_not_waited_for() {
    let mut system = api(
        &json!({ "Integration": { "Type": "AWS_PROXY", "Uri": proxy("arn:aws:lambda:us-east-1:000000000000:function:test-Slow") } }),
        vec![
            ("Slow", "AWS::Lambda::Function", json!({ "Timeout": 60 })),
            ("CallsSlow", "AWS::Lambda::Permission", permission("test-Slow", "*/*/POST/things/*")),
        ],
    );
    let answered: Arc<Mutex<Option<Response>>> = Arc::default();
    let slot = answered.clone();
    let id = system.apis().all().next().expect("an API").id.clone();
    system.request(
        &id,
        request("POST", "/things/7", &[], ""),
        Box::new(move |it| *slot.lock().expect("a lock") = Some(it)),
    );
    system.advance(system.now_ms() + 29_000);
    let late = answered.lock().expect("a lock").take().expect("an answer");
    assert_eq!((late.status, body(&late)), (504, json!({ "message": "Endpoint request timed out" })));
}

/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html>
#[test]
fn what_policies_do_not_let_in_answers_500_and_is_told_to_the_developer_alone() {
    let slow = json!({ "Type": "AWS_PROXY", "Uri": proxy("arn:aws:lambda:us-east-1:000000000000:function:test-Slow") });
    let with = |integration: &Value| json!({ "Integration": integration });
    let function = ("Slow", "AWS::Lambda::Function", json!({}));
    let uri = proxy(FUNCTION);
    let authorizer =
        json!({ "Type": "TOKEN", "IdentitySource": "method.request.header.Authorization", "AuthorizerUri": uri });
    let authorized = json!({ "AuthorizationType": "CUSTOM", "AuthorizerId": "test-Authorizer", "Integration": { "Type": "AWS_PROXY", "Uri": uri } });
    let statement = json!({ "Effect": "Allow", "Action": "*", "Resource": "*" });
    let of_others = ("Others", "AWS::IAM::Role", role("events.amazonaws.com", &statement));
    let mut as_others = to_queue("{}");
    as_others["Integration"]["Credentials"] = json!("arn:aws:iam::000000000000:role/test-Others");
    for (method, others, told) in [
        (with(&slow), vec![function.clone()], "Allow lambda:InvokeFunction to apigateway.amazonaws.com"),
        (
            with(&slow),
            vec![function, ("P", "AWS::Lambda::Permission", permission("test-Slow", "*/*/GET/things/*"))],
            "AWS:SourceArn is arn:aws:execute-api:us-east-1:000000000000:",
        ),
        (authorized, vec![("Authorizer", "AWS::ApiGateway::Authorizer", authorizer)], "/authorizers/test-Authorizer"),
        (as_others, vec![of_others], "Allow sts:AssumeRole to apigateway.amazonaws.com"),
    ] {
        let mut system = api(&method, others);
        let refused = sent(&mut system, request("POST", "/things/7", &[("authorization", "x")], ""), &nobody);
        assert_eq!((refused.status, body(&refused)), (500, json!({ "message": "Internal server error" })), "{told}");
        let denied = hops(&system, Kind::Call).into_iter().filter_map(|hop| match &hop.outcome {
            Outcome::Denied(why) => Some(why.clone()),
            _ => None,
        });
        let denied: Vec<String> = denied.collect();
        assert!(denied.iter().any(|why| why.contains(told)), "{told}: {denied:?}");
    }
}

/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/permissions.html>
#[test]
fn a_function_may_be_invoked_with_a_role() {
    let statement = json!({ "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*" });
    let uri = proxy("arn:aws:lambda:us-east-1:000000000000:function:test-Slow");
    let more = json!({ "Integration": { "Type": "AWS_PROXY", "Uri": uri, "Credentials": "arn:aws:iam::000000000000:role/test-Invokes" } });
    let mut system = api(
        &more,
        vec![
            ("Slow", "AWS::Lambda::Function", json!({})),
            ("Invokes", "AWS::IAM::Role", role("apigateway.amazonaws.com", &statement)),
        ],
    );
    let response = sent(&mut system, request("POST", "/things/7", &[], ""), &|_| {
        Ended::Answer(json!({ "statusCode": 204 }).to_string())
    });
    assert_eq!(response.status, 204);
}
