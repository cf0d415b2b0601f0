//! Each adapter with an event as AWS documents it.

use super::*;
use serde_json::{Value, json};
use std::cell::RefCell;

const ALL: &[Source] =
    &[Source::Direct, Source::Step, Source::EventBridge, Source::Sqs, Source::HttpApi, Source::RestApi, Source::Stream];

/// What was delivered: input, key, event id, step.
type Delivered = Vec<(Value, Option<String>, Option<String>, Option<String>)>;

/// Dispatches to a function that fails for inputs with `"fail"` and returns `{"ok": true}` for others.
fn run(event: &Value, sources: &'static [Source]) -> (Result<Value, Failure>, Delivered) {
    run_text(&event.to_string(), sources, || true)
}

fn run_text(
    event: &str,
    sources: &'static [Source],
    time_left: impl Fn() -> bool,
) -> (Result<Value, Failure>, Delivered) {
    let delivered = RefCell::new(Vec::new());
    let deliver = async |incoming: Incoming<'_>| {
        let input: Value = incoming.payload.decode()?;
        let fail = input.to_string().contains("fail");
        delivered.borrow_mut().push((
            input,
            incoming.key,
            incoming.event.map(|event| event.id),
            incoming.step.map(|step| step.step),
        ));
        if fail {
            Err(Failure {
                name: "PaymentDeclined".to_owned(),
                message: "declined".to_owned(),
                status: 422,
                is_trouble: false,
                is_refusal: true,
            })
        } else {
            Ok(r#"{"ok":true}"#.to_owned())
        }
    };
    let contract = Contract::new(sources, 201, None);
    let result = crate::serve::block_on(dispatch(event, contract, time_left, deliver)).expect("runtime");
    (result.map(|text| serde_json::from_str(&text).expect("JSON")), delivered.into_inner())
}

fn eventbridge(detail: &Value) -> Value {
    json!({
        "version": "0", "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718", "detail-type": "Order Created", "source": "order.service",
        "account": "111122223333", "time": "2026-11-21T04:50:00Z", "region": "us-east-1", "resources": [], "detail": detail,
    })
}

fn message(id: &str, body: &Value, fifo_group: Option<&str>) -> Value {
    let mut attributes = json!({ "ApproximateReceiveCount": "1", "SentTimestamp": "1545082649183", "SenderId": "AIDA", "ApproximateFirstReceiveTimestamp": "1545082649185" });
    if let Some(group) = fifo_group {
        attributes["MessageGroupId"] = json!(group);
        attributes["SequenceNumber"] = json!("18849496460467696128");
    }
    json!({
        "messageId": id, "receiptHandle": "AQEB", "body": body.to_string(), "attributes": attributes, "messageAttributes": {}, "md5OfBody": "e4e6",
        "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:us-east-1:111122223333:q", "awsRegion": "us-east-1",
    })
}

fn failures(ids: &[&str]) -> Value {
    json!({ "batchItemFailures": ids.iter().map(|id| json!({ "itemIdentifier": id })).collect::<Vec<_>>() })
}

#[test]
fn a_direct_invocation_is_the_bare_input() {
    let (result, delivered) = run(&json!({ "a": 1 }), ALL);
    assert_eq!(result, Ok(json!({ "ok": true })));
    assert_eq!(delivered, [(json!({ "a": 1 }), None, None, None)]);
}

#[test]
fn a_business_error_is_an_error_with_its_name() {
    let (result, _) = run(&json!({ "fail": 1 }), ALL);
    assert_eq!(result.expect_err("failure").name, "PaymentDeclined");
}

#[test]
fn a_step_has_its_input_and_a_key_for_all_its_attempts() {
    let event = |attempt| json!({ "evc": { "execution": "arn:e:1", "started": "2026-11-21T04:50:00.123Z", "step": "payment", "attempt": attempt }, "input": { "a": 1 } });
    for attempt in [0, 2] {
        let (_, delivered) = run(&event(attempt), ALL);
        assert_eq!(
            delivered,
            [(json!({ "a": 1 }), Some("arn:e:1/payment".to_owned()), None, Some("payment".to_owned()))]
        );
    }
}

#[test]
fn an_event_has_the_publishers_id_if_there_is_one() {
    let (_, delivered) = run(
        &eventbridge(&json!({ "orderId": "1", "metadata": { "eventId": "e-1", "sequence": 3, "aggregate": "1" } })),
        ALL,
    );
    assert_eq!(delivered[0].1.as_deref(), Some("e-1"));
    let (_, delivered) = run(&eventbridge(&json!({ "orderId": "1", "metadata": "of another kind" })), ALL);
    assert_eq!(delivered[0].1.as_deref(), Some("6a7e8feb-b491-4cf7-a9f1-bf3703467718"));
    assert_eq!(delivered[0].0["orderId"], "1");
}

#[test]
fn an_undeclared_shape_is_a_bare_input_or_an_error() {
    let event = eventbridge(&json!({}));
    let (_, delivered) = run(&event, &[Source::Direct]);
    assert_eq!(delivered[0].0, event);
    let (result, _) = run(&event, &[Source::Sqs, Source::Step]);
    let failure = result.expect_err("failure");
    assert_eq!(
        (failure.name.as_str(), failure.message.as_str()),
        ("InvalidInput", "expected a batch of SQS messages or a workflow step, found another event")
    );
}

#[test]
fn only_the_failed_messages_of_a_batch_come_back() {
    let event = json!({ "Records": [
        message("m-1", &eventbridge(&json!({ "n": 1 })), None), message("m-2", &json!({ "fail": 2 }), None),
        message("m-3", &json!("not what is expected, but JSON"), None), message("m-4", &json!({ "n": 4 }), None),
    ] });
    let (result, delivered) = run(&event, ALL);
    assert_eq!(result, Ok(failures(&["m-2"])));
    assert_eq!(delivered.len(), 4);
    assert_eq!(delivered[0].1.as_deref(), Some("6a7e8feb-b491-4cf7-a9f1-bf3703467718"));
    assert_eq!(delivered[3].1.as_deref(), Some("m-4"));
}

#[test]
fn what_functions_send_has_the_same_key_whenever_it_comes() {
    let attribute = |value: &Value| json!({ "eventId": { "stringValue": value, "dataType": "String" }, "other": { "binaryValue": "AA==" } });
    let mut records = ["m-1", "m-2", "m-3"].map(|id| message(id, &json!({ "n": 1 }), None)).to_vec();
    records.push(message("m-4", &eventbridge(&json!({ "n": 2 })), None));
    // Sent twice, or once and brought back from the dead-letter queue.
    records[0]["messageAttributes"] = attribute(&json!("e-1"));
    records[1]["messageAttributes"] = attribute(&json!("e-1"));
    records[2]["messageAttributes"] = json!({ "eventId": { "binaryValue": "AA==", "dataType": "Binary" } });
    records[3]["messageAttributes"] = attribute(&json!("e-2"));
    let (result, delivered) = run(&json!({ "Records": records }), ALL);
    assert_eq!(result, Ok(failures(&[])));
    let keys: Vec<_> = delivered.iter().map(|(_, key, ..)| key.as_deref().unwrap_or_default()).collect();
    assert_eq!(keys, ["e-1", "e-1", "m-3", "6a7e8feb-b491-4cf7-a9f1-bf3703467718"]);
}

#[test]
fn a_body_that_is_no_json_fails_alone() {
    let mut event = json!({ "Records": [message("m-1", &json!({}), None), message("m-2", &json!({}), None)] });
    event["Records"][0]["body"] = json!("<xml/>");
    let (result, delivered) = run(&event, ALL);
    assert_eq!(result, Ok(failures(&["m-1"])));
    assert_eq!(delivered.len(), 1);
}

#[test]
fn a_fifo_group_stops_at_its_first_failure_and_others_go_on() {
    let event = json!({ "Records": [
        message("a-1", &json!({ "fail": 1 }), Some("a")), message("b-1", &json!({ "n": 1 }), Some("b")),
        message("a-2", &json!({ "n": 2 }), Some("a")), message("b-2", &json!({ "n": 2 }), Some("b")),
    ] });
    let (result, delivered) = run(&event, ALL);
    assert_eq!(result, Ok(failures(&["a-1", "a-2"])));
    assert_eq!(delivered.len(), 3);
}

#[test]
fn what_there_is_no_time_for_comes_back() {
    let event = json!({ "Records": [message("m-1", &json!({}), None), message("m-2", &json!({}), None)] });
    let turns = RefCell::new(0);
    let (result, _) = run_text(&event.to_string(), ALL, || {
        *turns.borrow_mut() += 1;
        *turns.borrow() == 1
    });
    assert_eq!(result, Ok(failures(&["m-2"])));
}

fn change(name: &str, sequence: &str, status: &str) -> Value {
    json!({
        "eventID": format!("id-{sequence}"), "eventName": name, "eventVersion": "1.1", "eventSource": "aws:dynamodb", "awsRegion": "us-east-1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_479_499_740, "Keys": { "orderId": { "S": "1" } }, "SequenceNumber": sequence, "SizeBytes": 26,
            "StreamViewType": "NEW_AND_OLD_IMAGES", "NewImage": { "orderId": { "S": "1" }, "status": { "S": status }, "total": { "N": "109.97" } },
        },
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:111122223333:table/orders/stream/2026",
    })
}

#[test]
fn a_stream_stops_at_the_first_failure_and_goes_on_from_there() {
    let event = json!({ "Records": [change("INSERT", "10", "a"), change("MODIFY", "20", "fail"), change("MODIFY", "30", "c")] });
    let (result, delivered) = run(&event, ALL);
    assert_eq!(result, Ok(failures(&["20"])));
    assert_eq!(delivered.len(), 2);
    assert_eq!(
        delivered[0].0,
        json!({ "kind": "INSERT", "old": null, "new": { "orderId": "1", "status": "a", "total": 109.97 }, "expired": false })
    );
    assert_eq!(delivered[0].1.as_deref(), Some("id-10"));
}

#[derive(Debug, PartialEq, serde::Deserialize)]
struct Order {
    total: crate::Money,
}

#[test]
fn a_change_is_typed_and_a_removal_by_time_to_live_is_told() {
    let mut record = change("REMOVE", "10", "a");
    record["userIdentity"] = json!({ "type": "Service", "principalId": "dynamodb.amazonaws.com" });
    record["dynamodb"]["OldImage"] = record["dynamodb"]["NewImage"].take();
    let (_, delivered) = run(&json!({ "Records": [record] }), ALL);
    let change: stream::Change<Order> = serde_json::from_value(delivered[0].0.clone()).expect("change");
    assert_eq!(change.kind, stream::ChangeKind::Remove);
    assert_eq!(change.old, Some(Order { total: "109.97".parse().expect("money") }));
    assert!(change.new.is_none() && change.expired);
}

fn http(body: Option<&str>) -> Value {
    json!({
        "version": "2.0", "routeKey": "PUT /orders/{orderId}", "rawPath": "/orders/1", "rawQueryString": "note=q&orderId=q",
        "headers": { "content-type": "application/json; charset=utf-8", "idempotency-key": "k-1", "host": "x" },
        "queryStringParameters": { "note": "q", "orderId": "q" }, "pathParameters": { "orderId": "1" },
        "requestContext": { "accountId": "111122223333", "http": { "method": "PUT", "path": "/orders/1", "protocol": "HTTP/1.1", "sourceIp": "1.1.1.1", "userAgent": "a" }, "requestId": "r", "stage": "$default" },
        "body": body, "isBase64Encoded": false,
    })
}

fn body(result: &Result<Value, Failure>) -> Value {
    serde_json::from_str(result.as_ref().expect("a response")["body"].as_str().expect("a body")).expect("JSON")
}

#[test]
fn an_http_request_is_body_and_parameters() {
    let (result, delivered) = run(&http(Some(r#"{"orderId": "b", "amount": 0.1}"#)), ALL);
    assert_eq!(delivered, [(json!({ "orderId": "1", "amount": 0.1 }), Some("k-1".to_owned()), None, None)]);
    assert_eq!(body(&result), json!({ "ok": true }));
    let response = result.expect("response");
    assert_eq!(
        (&response["statusCode"], &response["headers"]["content-type"]),
        (&json!(201), &json!("application/json"))
    );
    let (_, delivered) = run(&http(None), ALL);
    assert_eq!(delivered[0].0, json!({ "orderId": "1" }));
}

/// The same request of each method, through either kind of API.
#[test]
fn what_is_not_in_the_path_comes_from_the_body_or_where_there_is_none_from_the_query() {
    let from_body = json!({ "orderId": "1", "amount": 0.1 });
    let from_query = json!({ "orderId": "1", "note": "q" });
    for (method, input) in [
        ("GET", &from_query),
        ("HEAD", &from_query),
        ("DELETE", &from_query),
        ("POST", &from_body),
        ("PUT", &from_body),
        ("PATCH", &from_body),
    ] {
        let mut second = http(Some(r#"{"orderId": "b", "amount": 0.1}"#));
        second["requestContext"]["http"]["method"] = json!(method);
        let mut first = second.clone();
        // The header is the caller's to choose; the method that counts is what the gateway says.
        first["headers"]["x-http-method-override"] = json!("GET");
        first["httpMethod"] = json!(method);
        first["requestContext"] = json!({ "resourceId": "r", "httpMethod": method, "stage": "prod" });
        for event in [second, first] {
            let (_, delivered) = run(&event, ALL);
            assert_eq!(&delivered[0].0, input, "{event}");
        }
    }
}

/// Versions before the lease compared the query with the body, whatever the method.
#[test]
#[cfg(feature = "idempotency")]
fn a_request_is_the_one_that_an_earlier_version_stored() {
    let merged = r#"{"amount":0.1,"note":"q","orderId":"1"}"#;
    let of_path = r#"{"orderId":"1"}"#;
    for (method, body, query, before) in [
        ("POST", Some(r#"{"orderId": "b", "amount": 0.1}"#), true, merged),
        ("PUT", Some(r#"{"note": 7}"#), true, r#"{"note":7,"orderId":"1"}"#),
        ("DELETE", Some(r#"{"amount": 0.1}"#), true, merged),
        ("DELETE", None, true, r#"{"note":"q","orderId":"1"}"#),
        ("GET", None, true, r#"{"note":"q","orderId":"1"}"#),
        ("POST", None, false, of_path),
        // What the earlier version refused it stored nothing of.
        ("DELETE", Some("[]"), false, of_path),
    ] {
        let mut event = http(body);
        event["requestContext"]["http"]["method"] = json!(method);
        if !query {
            event["queryStringParameters"] = Value::Null;
        }
        let seen = RefCell::new(None);
        let deliver = async |incoming: Incoming<'_>| {
            *seen.borrow_mut() = Some(crate::content::Content::of(&incoming.payload, false));
            Ok("{}".to_owned())
        };
        let contract = Contract::new(ALL, 200, None);
        crate::serve::block_on(dispatch(&event.to_string(), contract, || true, deliver))
            .expect("runtime")
            .expect("done");
        let content = seen.into_inner().expect("a delivery");
        assert!(content.is(None, Some(&crate::content::sha256(before))), "{method} {body:?}");
    }
}

#[test]
fn an_empty_key_is_none() {
    let mut event = http(None);
    event["headers"]["idempotency-key"] = json!("");
    let (_, delivered) = run(&event, ALL);
    assert_eq!(delivered[0].1, None);
}

#[test]
fn a_caller_who_cannot_be_told_from_others_may_send_no_key() {
    let mut event = http(None);
    event["requestContext"]["authorizer"] = json!({ "jwt": { "claims": { "iss": "https://i" } } });
    let (result, delivered) = run(&event, ALL);
    assert_eq!((&body(&result)["status"], delivered.len()), (&json!(400), 0));
    event["headers"] = json!({});
    let (_, delivered) = run(&event, ALL);
    assert_eq!(delivered.len(), 1);
}

#[test]
fn digits_of_a_body_stay_as_they_came() {
    let amount = RefCell::new(String::new());
    let deliver = async |incoming: Incoming<'_>| {
        incoming.payload.json().clone_into(&mut amount.borrow_mut());
        Ok("null".to_owned())
    };
    let event = http(Some(r#"{"amount": 1.00000000000000000001}"#)).to_string();
    crate::serve::block_on(dispatch(&event, Contract::new(ALL, 204, None), || true, deliver))
        .expect("runtime")
        .expect("response");
    assert!(amount.borrow().contains("1.00000000000000000001"), "{}", amount.borrow());
}

#[test]
fn a_rest_request_works_the_same() {
    let event = json!({
        "resource": "/orders", "path": "/orders", "httpMethod": "POST", "headers": { "Content-Type": "application/json", "Idempotency-Key": "k-2" },
        "multiValueHeaders": {}, "queryStringParameters": null, "multiValueQueryStringParameters": null, "pathParameters": null, "stageVariables": null,
        "requestContext": { "resourceId": "r", "httpMethod": "POST", "stage": "prod" }, "body": "eyJhIjogMX0=", "isBase64Encoded": true,
    });
    let (_, delivered) = run(&event, ALL);
    assert_eq!(delivered, [(json!({ "a": 1 }), Some("k-2".to_owned()), None, None)]);
}

/// A REST API passes the headers on; an HTTP API makes its own.
#[test]
fn answers_of_a_rest_api_let_pages_read_them() {
    let settings = [("EVC_CORS_ORIGINS".to_owned(), "https://shop.example".to_owned())];
    let cors = cors::Cors::of(&crate::backend::Settings::Fixed(settings.into()));
    let rest = json!({ "httpMethod": "GET", "headers": { "Origin": "https://shop.example" }, "requestContext": {}, "body": "[" });
    for (event, allowed) in [(rest, json!("https://shop.example")), (http(None), Value::Null)] {
        let deliver = async |_: Incoming<'_>| Err(Failure::from(Error::new(Kind::InvalidInput, "no")));
        let contract = Contract::new(ALL, 200, cors.as_ref());
        let text = crate::serve::block_on(dispatch(&event.to_string(), contract, || true, deliver))
            .expect("runtime")
            .expect("response");
        let response: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(response["headers"]["access-control-allow-origin"], allowed, "{response}");
        assert_eq!(response["statusCode"], 400);
    }
}

#[test]
fn failures_of_a_request_are_problems_with_a_status() {
    let (result, _) = run(&http(Some(r#"{"a": "fail"}"#)), ALL);
    assert_eq!(body(&result), json!({ "title": "PaymentDeclined", "status": 422, "detail": "declined" }));
    assert_eq!(result.expect("response")["headers"]["content-type"], "application/problem+json");
    let (result, delivered) = run(&http(Some("{")), ALL);
    assert_eq!(body(&result)["status"], 400);
    assert!(delivered.is_empty());
    let mut event = http(Some("a=1"));
    event["headers"]["content-type"] = json!("text/plain");
    let (result, delivered) = run(&event, ALL);
    assert_eq!((&body(&result)["title"], &body(&result)["status"]), (&json!("UnsupportedMediaType"), &json!(415)));
    assert!(delivered.is_empty());
}

#[test]
fn an_internal_error_tells_a_caller_no_details() {
    let deliver = async |_: Incoming<'_>| {
        Err(Failure::from(Error::new(Kind::Configuration, "the environment variable `X` is not set")))
    };
    let text =
        crate::serve::block_on(dispatch(&http(None).to_string(), Contract::new(ALL, 200, None), || true, deliver))
            .expect("runtime")
            .expect("response");
    let response: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(response["statusCode"], 500);
    assert!(!text.contains("environment"), "{text}");
}

/// Messages whose payloads look like tasks, beside one that does not.
#[test]
fn what_a_message_says_makes_a_batch_no_batch_of_tasks() {
    let event = json!({ "source": "evc.workflow", "detail-type": "t", "detail": { "evcTask": {} } });
    for said in [json!({ "source": "evc.workflow" }), json!({ "evcTask": {} }), event] {
        let record = |id: &str, body: &Value| json!({ "messageId": id, "body": body.to_string(), "attributes": {}, "eventSource": "aws:sqs" });
        let batch = json!({ "Records": [record("said", &said), record("other", &json!({ "a": 1 }))] });
        let detect = |declared: &[Source]| Source::detect(&batch.to_string(), declared).map_err(|error| error.kind());
        assert_eq!(detect(&[Source::Sqs, Source::Workflow]), Ok(Source::Sqs), "{said}");
        assert_eq!(detect(&[Source::Sqs]), Ok(Source::Sqs), "{said}");
        // To a function without a queue come only tasks: whatever else does fails by itself.
        let is_task = said != json!({ "source": "evc.workflow" });
        let alone = if is_task { Ok(Source::Workflow) } else { Err(Kind::InvalidInput) };
        assert_eq!(detect(&[Source::Workflow]), alone, "{said}");
    }
}

#[test]
fn a_message_that_names_the_engine_is_delivered_like_those_beside_it() {
    let record = |id: &str, body: Value| json!({ "messageId": id, "body": body.to_string(), "attributes": {}, "eventSource": "aws:sqs" });
    let records = [record("said", json!({ "source": "evc.workflow" })), record("other", json!({ "a": 1 }))];
    let (result, delivered) = run(&json!({ "Records": records }), &[Source::Sqs, Source::Workflow]);
    assert_eq!(delivered.len(), 2, "{result:?}");
}

/// What is given to the gateway of a function whose output is a response.
fn responded(event: &Value, output: &str, cors: Option<&str>) -> Value {
    let settings = cors.map(|origins| ("EVC_CORS_ORIGINS".to_owned(), origins.to_owned()));
    let cors = Cors::of(&crate::backend::Settings::Fixed(settings.into_iter().collect()));
    let contract = Contract { responds: true, ..Contract::new(ALL, 200, cors.as_ref()) };
    let deliver = async |_: Incoming<'_>| Ok(output.to_owned());
    let answer = crate::serve::block_on(dispatch(&event.to_string(), contract, || true, deliver)).expect("runtime");
    serde_json::from_str(&answer.expect("an answer")).expect("JSON")
}

#[test]
fn a_response_has_its_status_headers_and_cookies_in_both_formats() {
    let output = json!({
        "status": 304, "headers": [["ETag", "\"1\""], ["Vary", "Accept"], ["Cache-Control", "private"]],
        "cookies": ["a=1; Secure", "b=; Max-Age=0"],
    });
    let two =
        json!({ "requestContext": { "http": { "method": "GET" } }, "headers": { "origin": "https://a.example" } });
    let one = json!({ "httpMethod": "GET", "requestContext": {}, "headers": { "Origin": "https://a.example" } });
    let headers = json!({ "ETag": "\"1\"", "Vary": "Accept", "Cache-Control": "private" });
    assert_eq!(
        responded(&two, &output.to_string(), Some("https://a.example")),
        json!({ "statusCode": 304, "headers": headers, "cookies": ["a=1; Secure", "b=; Max-Age=0"] })
    );
    let headers = json!({
        "ETag": "\"1\"", "Vary": "Accept, Origin", "Cache-Control": "private",
        "access-control-allow-origin": "https://a.example", "access-control-expose-headers": "ETag,Vary",
    });
    assert_eq!(
        responded(&one, &output.to_string(), Some("https://a.example")),
        json!({ "statusCode": 304, "headers": headers, "multiValueHeaders": { "set-cookie": ["a=1; Secure", "b=; Max-Age=0"] } })
    );
    let other = json!({ "httpMethod": "GET", "requestContext": {}, "headers": { "Origin": "https://b.example" } });
    let answer = responded(&other, &output.to_string(), Some("https://a.example"));
    assert!(answer["headers"].get("access-control-expose-headers").is_none(), "{answer}");
    assert_eq!(answer["headers"]["Vary"], "Accept, Origin");
}

#[test]
fn a_body_is_json_a_text_or_bytes() {
    let event = json!({ "requestContext": { "http": { "method": "GET" } } });
    let body = |body: &str| {
        let output = format!(r#"{{"status":200,"headers":[["content-type","a/b"]],"body":{body}}}"#);
        let answer = responded(&event, &output, None);
        (answer["body"].clone(), answer.get("isBase64Encoded").cloned())
    };
    assert_eq!(body(r#"{"json":{"a":1.00000000000000000001}}"#), (json!(r#"{"a":1.00000000000000000001}"#), None));
    assert_eq!(body(r#"{"text":"a\n"}"#), (json!("a\n"), None));
    assert_eq!(body(r#"{"bytes":"AP8="}"#), (json!("AP8="), Some(json!(true))));
}
