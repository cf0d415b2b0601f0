//! What the gateway answers itself when it does not let a request through, or cannot carry it out.
//!
//! Its templates are no Velocity: variables alone are substituted.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html>

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::super::Response;
use super::call::Call;
use crate::stack::Resource;

/// A response that the API sets for a kind of refusal.
#[derive(Debug, Clone)]
pub(super) struct GatewayResponse {
    status: Option<u16>,
    /// Headers with what they are mapped from.
    headers: Vec<(String, String)>,
    template: Option<String>,
}

/// Why a request is not let through.
#[derive(Debug, Clone, Default)]
pub(super) struct Refused {
    /// The kind of response: `BAD_REQUEST_BODY`.
    pub(super) kind: &'static str,
    /// What the caller is told.
    pub(super) message: String,
    /// What the developer is told.
    pub(super) why: String,
    /// What is wrong with the body.
    pub(super) validation: String,
}

impl Refused {
    pub(super) fn new(kind: &'static str, message: &str) -> Self {
        Self { kind, message: message.to_owned(), why: message.to_owned(), validation: String::new() }
    }

    /// Something does not work, and the caller is not told what.
    pub(super) fn internal() -> Self {
        Self::new("API_CONFIGURATION_ERROR", "Internal server error")
    }
}

impl GatewayResponse {
    /// A `AWS::ApiGateway::GatewayResponse`.
    pub(super) fn of(it: &Resource) -> Self {
        let parameters = it.at("/ResponseParameters").and_then(Value::as_object);
        let header = |(name, from): (&String, &Value)| {
            Some((name.strip_prefix("gatewayresponse.header.")?.to_owned(), from.as_str()?.to_owned()))
        };
        Self {
            status: it.number("/StatusCode").and_then(|status| u16::try_from(status).ok()),
            headers: parameters.into_iter().flatten().filter_map(header).collect(),
            template: it.text("/ResponseTemplates/application~1json").map(str::to_owned),
        }
    }
}

/// The status of a kind unless the API sets another.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html>
fn status_of(kind: &str) -> u16 {
    match kind {
        "BAD_REQUEST_BODY" | "BAD_REQUEST_PARAMETERS" => 400,
        "UNAUTHORIZED" => 401,
        "RESOURCE_NOT_FOUND" => 404,
        "REQUEST_TOO_LARGE" => 413,
        "UNSUPPORTED_MEDIA_TYPE" => 415,
        "THROTTLED" | "QUOTA_EXCEEDED" => 429,
        "API_CONFIGURATION_ERROR" | "AUTHORIZER_CONFIGURATION_ERROR" | "AUTHORIZER_FAILURE" | "DEFAULT_5XX" => 500,
        "INTEGRATION_FAILURE" | "INTEGRATION_TIMEOUT" => 504,
        _ => 403,
    }
}

/// The response to a request that is not let through: what the API sets for the kind, or for all of its class.
pub(super) fn response(call: &Call, refused: &Refused) -> Response {
    let status = status_of(refused.kind);
    let class = if status < 500 { "DEFAULT_4XX" } else { "DEFAULT_5XX" };
    let set = |kind: &str| call.api.responses.get(kind);
    let chosen = set(refused.kind).or_else(|| set(class));
    let status = set(refused.kind).and_then(|it| it.status).or(chosen.and_then(|it| it.status)).unwrap_or(status);
    let mut headers = IndexMap::from([("content-type".to_owned(), "application/json".to_owned())]);
    for (name, from) in chosen.map(|it| it.headers.as_slice()).unwrap_or_default() {
        if let Some(value) = call.mapped(from) {
            headers.insert(name.to_ascii_lowercase(), value);
        }
    }
    let template =
        chosen.and_then(|it| it.template.as_deref()).unwrap_or(r#"{"message":$context.error.messageString}"#);
    let body = substituted(template, &|name| variable(call, refused, name)).into_bytes();
    Response { status, headers: headers.into_iter().collect(), body }
}

fn variable(call: &Call, refused: &Refused, name: &str) -> Option<String> {
    let inside = |text: &str| {
        let quoted = json!(text).to_string();
        quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
    };
    Some(match name {
        "context.error.message" => refused.message.clone(),
        "context.error.messageString" => json!(refused.message).to_string(),
        "context.error.responseType" => refused.kind.to_owned(),
        // It stands in a text of JSON.
        "context.error.validationErrorString" => inside(&refused.validation),
        name => return call.mapped(name),
    })
}

/// A text with what stands for each `$context.x.y` and `${stageVariables.x}`. What has no value is left out.
fn substituted(template: &str, value_of: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let braces = after.starts_with('{');
        let from = if braces { after.get(1..).unwrap_or_default() } else { after };
        let end =
            from.find(|c: char| !c.is_ascii_alphanumeric() && !['.', '_', '-'].contains(&c)).unwrap_or(from.len());
        let name = from.get(..end).unwrap_or_default().trim_end_matches('.');
        let left = from.get(name.len()..).unwrap_or_default();
        if !name.starts_with("context.") && !name.starts_with("stageVariables.") {
            out.push('$');
            rest = after;
            continue;
        }
        out.push_str(&value_of(name).unwrap_or_default());
        rest = if braces { left.strip_prefix('}').unwrap_or(left) } else { left };
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_substituted() {
        let value_of = |name: &str| (name == "context.error.message").then(|| "no".to_owned());
        for (template, made) in [
            ("$context.error.message.", "no."),
            ("a ${context.error.message}b $ $5 $context.none!", "a nob $ $5 !"),
            ("#if($x)$input.json('$')", "#if($x)$input.json('$')"),
        ] {
            assert_eq!(substituted(template, &value_of), made, "{template}");
        }
    }
}
