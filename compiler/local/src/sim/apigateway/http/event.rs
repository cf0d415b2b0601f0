//! The event that a function is given for a request of an HTTP API, and its answer as a response.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::super::{Request, Response, route};
use super::{Http, Route};
use crate::system::System;

/// The event of a request, in the format 2.0.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>
pub(super) fn event(
    system: &mut System,
    api: &Http,
    route: &Route,
    request: &Request,
    parameters: Map<String, Value>,
    authorizer: Value,
) -> Value {
    let mut headers: Map<String, Value> = Map::new();
    let mut cookies = Vec::new();
    for (name, value) in &request.headers {
        let name = name.to_ascii_lowercase();
        if name == "cookie" {
            cookies.extend(value.split(';').map(|cookie| cookie.trim().to_owned()));
            continue;
        }
        let joined = headers
            .get(&name)
            .and_then(Value::as_str)
            .map_or_else(|| value.clone(), |before| format!("{before},{value}"));
        headers.insert(name, json!(joined));
    }
    let mut query: Map<String, Value> = Map::new();
    for (name, value) in route::query(&request.query) {
        let joined = query
            .get(&name)
            .and_then(Value::as_str)
            .map_or_else(|| value.clone(), |before| format!("{before},{value}"));
        query.insert(name, json!(joined));
    }
    let (body, is_base64) = match std::str::from_utf8(&request.body) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (STANDARD.encode(&request.body), true),
    };
    let host = request.header("host").unwrap_or("localhost").to_owned();
    let id = system.new_id().to_string();
    let account = system.names().account.to_owned();
    let mut context = json!({
        "accountId": account,
        "apiId": api.id,
        "domainName": host,
        "domainPrefix": host.split(['.', ':']).next().unwrap_or_default(),
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": "HTTP/1.1",
            "sourceIp": request.source_ip,
            "userAgent": request.header("user-agent").unwrap_or_default(),
        },
        "requestId": id,
        "routeKey": route.key,
        "stage": "$default",
        "time": system.now(),
        "timeEpoch": system.now_ms(),
    });
    if !authorizer.is_null() {
        context["authorizer"] = authorizer;
    }
    let mut event = json!({
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": context,
        "isBase64Encoded": is_base64,
    });
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    if !query.is_empty() {
        event["queryStringParameters"] = Value::Object(query);
    }
    if !parameters.is_empty() {
        event["pathParameters"] = Value::Object(parameters);
    }
    if !request.body.is_empty() {
        event["body"] = json!(body);
    }
    event
}

/// What a function's answer is as a response; `None` if it is none.
pub(super) fn response(answer: &str) -> Option<Response> {
    let json: Value = serde_json::from_str(answer).ok()?;
    let Some(status) = json.get("statusCode") else {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        return Some(Response { status: 200, headers, body: json.to_string().into_bytes() });
    };
    let status = status.as_u64().or_else(|| status.as_str()?.parse().ok()).and_then(|it| u16::try_from(it).ok())?;
    let mut headers = Vec::new();
    for (name, value) in json.get("headers").and_then(Value::as_object).into_iter().flatten() {
        headers.push((name.to_ascii_lowercase(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
    }
    for cookie in json.get("cookies").and_then(Value::as_array).into_iter().flatten() {
        headers.push(("set-cookie".to_owned(), cookie.as_str()?.to_owned()));
    }
    let body = json.get("body").and_then(Value::as_str).unwrap_or_default();
    let body = if json.get("isBase64Encoded") == Some(&json!(true)) {
        STANDARD.decode(body).ok()?
    } else {
        body.as_bytes().to_vec()
    };
    Some(Response { status, headers, body })
}
