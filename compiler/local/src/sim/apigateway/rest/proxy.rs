//! Functions behind methods: the event that one is given, and its answer as a response.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::super::{Answer, Response, route};
use super::call::Call;
use super::gateway::Refused;
use super::integration::Function;
use crate::sim::lambda::{Ended, Invoke, Then};
use crate::system::System;

/// The event of a request, in the format 1.0.
pub(super) fn event(call: &Call) -> Value {
    let many = |pairs: &[(String, String)]| {
        let (mut last, mut all): (Map<String, Value>, Map<String, Value>) = (Map::new(), Map::new());
        for (name, value) in pairs {
            last.insert(name.clone(), json!(value));
            if let Some(values) = all.entry(name.clone()).or_insert_with(|| json!([])).as_array_mut() {
                values.push(json!(value));
            }
        }
        if all.is_empty() { (Value::Null, Value::Null) } else { (json!(last), json!(all)) }
    };
    let (headers, all_headers) = many(&call.request.headers);
    let (query, all_query) = many(&route::query(&call.request.query));
    let or_null = |map: &Map<String, Value>| if map.is_empty() { Value::Null } else { json!(map) };
    let mut context = call.context.clone();
    if !call.caller.is_null() {
        context["authorizer"] = call.caller.clone();
    }
    let path = call.request.path.strip_prefix(&format!("/{}", call.api.stage)).unwrap_or(&call.request.path);
    let body = if call.request.body.is_empty() { Value::Null } else { json!(call.body()) };
    json!({
        "resource": call.method.as_ref().map(|method| &method.resource),
        "path": path,
        "httpMethod": call.request.method,
        "headers": headers,
        "multiValueHeaders": all_headers,
        "queryStringParameters": query,
        "multiValueQueryStringParameters": all_query,
        "pathParameters": or_null(&call.path),
        "stageVariables": or_null(&call.api.variables),
        "requestContext": context,
        "body": body,
        // The API has no binary media types.
        "isBase64Encoded": false,
    })
}

/// What a function's answer is as a response; `None` if it is none.
fn response(answer: &str) -> Option<Response> {
    let json: Value = serde_json::from_str(answer).ok()?;
    let status = json.get("statusCode")?;
    let status = status.as_u64().or_else(|| status.as_str()?.parse().ok()).and_then(|it| u16::try_from(it).ok())?;
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut headers = Vec::new();
    let several = json.get("multiValueHeaders").and_then(Value::as_object).cloned().unwrap_or_default();
    for (name, value) in json.get("headers").and_then(Value::as_object).into_iter().flatten() {
        if !several.contains_key(name) {
            headers.push((name.to_ascii_lowercase(), text(value)));
        }
    }
    for (name, values) in &several {
        headers.extend(values.as_array()?.iter().map(|value| (name.to_ascii_lowercase(), text(value))));
    }
    if !headers.iter().any(|(name, _)| name == "content-type") {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    let body = match json.get("body") {
        None | Some(Value::Null) => "",
        Some(body) => body.as_str()?,
    };
    let is_base64 = json.get("isBase64Encoded") == Some(&json!(true));
    let body = if is_base64 { STANDARD.decode(body).ok()? } else { body.as_bytes().to_vec() };
    Some(Response { status, headers, body })
}

impl System {
    /// Calls the function of a method.
    pub(super) fn call_proxy(&mut self, function: &Function, call: &Call, respond: Answer) {
        let (api, what) = (call.api.id.as_str(), call.what());
        // https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html: API_CONFIGURATION_ERROR.
        if let Err(refusal) = self.may_invoke(&function.arn, function.role.as_deref(), (api, &what), call.hop) {
            let refused = Refused { why: refusal.to_string(), ..Refused::internal() };
            let response = call.refuse(&refused);
            return respond(self, response);
        }
        let (payload, hop) = (event(call).to_string(), call.hop);
        let refused = call.refuse(&Refused::new("DEFAULT_5XX", "Internal server error"));
        let then: Then = Box::new(move |system, ended| {
            let response = match &ended {
                Ended::Answer(answer) => response(answer),
                Ended::Error { .. } | Ended::Throttled => None,
            };
            let response = response.unwrap_or_else(|| {
                // An answer that is none is a bad gateway; one that there is no room for is not.
                let status = if matches!(ended, Ended::Throttled) { 500 } else { 502 };
                Response { status, ..refused }
            });
            respond(system, response);
        });
        self.invoke(Invoke { function: function.arn.clone(), payload, cause: Some(hop), waits: false, then });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_functions_are_responses() {
        let made = response(
            r#"{"statusCode": "201", "headers": {"X": "1", "Set-Cookie": "a"}, "multiValueHeaders": {"Set-Cookie": ["a", "b"]}, "body": "aGk=", "isBase64Encoded": true}"#,
        );
        let made = made.expect("a response");
        assert_eq!((made.status, made.body.as_slice()), (201, b"hi".as_slice()));
        let pairs = [("x", "1"), ("set-cookie", "a"), ("set-cookie", "b"), ("content-type", "application/json")];
        assert_eq!(made.headers, pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
        for malformed in ["1", "{}", r#"{"statusCode": "x"}"#, r#"{"statusCode": 200, "body": {}}"#] {
            assert_eq!(response(malformed), None, "{malformed}");
        }
    }
}
