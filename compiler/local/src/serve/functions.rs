//! Lambda's API, which is of paths and methods.
//!
//! <https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html>

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::{Method, Request, StatusCode};
use serde_json::{Map, Value, json};
use tokio::sync::oneshot;

use super::Host;
use super::http::{Answer, CALL_BYTES, body_of, caller_of, json_answer, process_of, text};
use crate::Refusal;
use crate::sim::apigateway::decoded;
use crate::sim::lambda::Ended;

/// What a request asks for: an operation with the parameters that stand in its path. `None` if it is none of Lambda's.
fn operation(method: &Method, path: &str) -> Option<(&'static str, Map<String, Value>)> {
    let parts: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(|part| decoded(part, false)).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let named = |name: &&str| ("FunctionName".to_owned(), json!(name));
    Some(match (method.as_str(), parts.as_slice()) {
        ("GET", ["2015-03-31", "functions"]) => ("ListFunctions", Map::new()),
        ("GET", ["2015-03-31", "event-source-mappings"]) => ("ListEventSourceMappings", Map::new()),
        ("GET", ["2015-03-31", "functions", name]) => ("GetFunction", Map::from_iter([named(name)])),
        ("POST", ["2015-03-31", "functions", name, "invocations"]) => ("Invoke", Map::from_iter([named(name)])),
        (method, ["2015-03-31", "functions", name, "configuration"]) => {
            let operation = if method == "PUT" { "UpdateFunctionConfiguration" } else { "GetFunctionConfiguration" };
            (operation, Map::from_iter([named(name)]))
        }
        (method, ["2015-03-31", "functions", name, "policy"]) => {
            (if method == "POST" { "AddPermission" } else { "GetPolicy" }, Map::from_iter([named(name)]))
        }
        ("DELETE", ["2015-03-31", "functions", name, "policy", id]) => {
            ("RemovePermission", Map::from_iter([named(name), ("StatementId".to_owned(), json!(id))]))
        }
        ("GET", ["2019-09-25", "functions", name, "event-invoke-config"]) => {
            ("GetFunctionEventInvokeConfig", Map::from_iter([named(name)]))
        }
        _ => return None,
    })
}

/// Whether a path is one of Lambda's API.
pub(super) fn is_of_lambda(path: &str) -> bool {
    ["/2015-03-31/", "/2019-09-25/"].iter().any(|version| path.starts_with(version))
}

/// A call of Lambda.
pub(super) async fn answer(host: &Arc<Host>, request: Request<Incoming>) -> Answer {
    let Some((operation, mut parameters)) = operation(request.method(), request.uri().path()) else {
        return refused(&Refusal::unknown_operation("Lambda", request.uri().path()));
    };
    let caller = caller_of(host, process_of(&request));
    for pair in request.uri().query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        parameters.insert(decoded(name, true), json!(decoded(value, true)));
    }
    let later = request.headers().get("x-amz-invocation-type").is_some_and(|it| it == "Event");
    let dry = request.headers().get("x-amz-invocation-type").is_some_and(|it| it == "DryRun");
    let body = match body_of(request, CALL_BYTES).await {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    if operation != "Invoke" {
        if let Ok(Value::Object(said)) = serde_json::from_slice(&body) {
            parameters.extend(said);
        }
        let target = format!("Lambda.{operation}");
        return match host.with(|system| system.call(&caller, &target, Value::Object(parameters))) {
            Ok(answer) => {
                json_answer(if operation == "AddPermission" { StatusCode::CREATED } else { StatusCode::OK }, &answer)
            }
            Err(refusal) => refused(&refusal),
        };
    }
    let payload = if body.is_empty() { "{}".to_owned() } else { String::from_utf8_lossy(&body).into_owned() };
    let (sender, receiver) = oneshot::channel();
    let told = Box::new(move |ended| {
        // Who asked may have gone.
        let _ = sender.send(ended);
    });
    let name = parameters.get("FunctionName").and_then(Value::as_str).unwrap_or_default().to_owned();
    let asked = host.with(|system| system.invoke_by_hand(&caller, &name, payload, (later, dry), told));
    if let Err(refusal) = asked {
        return refused(&refusal);
    }
    if later {
        return text(StatusCode::ACCEPTED, "application/json", "");
    }
    if dry {
        return text(StatusCode::NO_CONTENT, "application/json", "");
    }
    match receiver.await {
        Ok(Ended::Answer(answer)) => text(StatusCode::OK, "application/json", answer),
        Ok(Ended::Error { name, message }) => {
            let mut answer = json_answer(StatusCode::OK, &json!({ "errorType": name, "errorMessage": message }));
            answer.headers_mut().insert("x-amz-function-error", HeaderValue::from_static("Unhandled"));
            answer
        }
        Ok(Ended::Throttled) | Err(_) => {
            refused(&Refusal { status: 429, ..Refusal::new("TooManyRequestsException", "Rate Exceeded.") })
        }
    }
}

/// An error, as Lambda's clients read it: its code is in a header.
/// <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization>
fn refused(refusal: &Refusal) -> Answer {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
    let message = &refusal.message;
    let body = json!({ "Type": "User", "message": message, "Message": message, "__type": refusal.code });
    let mut answer = json_answer(status, &body);
    if let Ok(code) = HeaderValue::from_str(&refusal.code) {
        answer.headers_mut().insert("x-amzn-errortype", code);
    }
    answer
}
