//! A request on its way through a REST API, with what templates and functions are told of it.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::super::{Request, Response, route};
use super::gateway::{self, Refused};
use super::{Method, Rest, objects, schema};
use crate::system::System;
use crate::trace::HopId;
use crate::velocity::{Error, Template};

/// What bodies are taken for that do not say what they are.
const JSON: &str = "application/json";

/// A request on its way.
pub(super) struct Call {
    pub(super) api: Arc<Rest>,
    pub(super) request: Request,
    pub(super) hop: HopId,
    pub(super) method: Option<Arc<Method>>,
    /// Parameters of the path.
    pub(super) path: Map<String, Value>,
    /// `$context`.
    pub(super) context: Value,
    /// Who calls, as functions are told.
    pub(super) caller: Value,
}

/// What a template has made.
pub(super) struct Made {
    pub(super) text: String,
    /// What it has set of `$context.responseOverride`.
    pub(super) overrides: Value,
}

impl Call {
    pub(super) fn new(system: &mut System, api: &Arc<Rest>, request: Request, hop: HopId) -> Self {
        let host = request.header("host").unwrap_or("localhost").to_owned();
        let id = system.new_id().to_string();
        // <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html>
        let context = json!({
            "accountId": api.account,
            "apiId": api.id,
            "domainName": host,
            "domainPrefix": host.split(['.', ':']).next().unwrap_or_default(),
            "extendedRequestId": id,
            "httpMethod": request.method,
            "identity": { "sourceIp": request.source_ip, "userAgent": request.header("user-agent").unwrap_or_default() },
            "path": request.path,
            "protocol": "HTTP/1.1",
            "requestId": id,
            "requestTime": clf(system.now_ms()),
            "requestTimeEpoch": system.now_ms(),
            "stage": api.stage,
        });
        let (api, path) = (api.clone(), Map::new());
        Self { api, request, hop, method: None, path, context, caller: Value::Null }
    }

    /// Says which method it is for.
    pub(super) fn at(&mut self, method: &Arc<Method>, path: Map<String, Value>) {
        self.context["resourcePath"] = json!(method.resource);
        self.context["resourceId"] = json!(method.resource);
        self.method = Some(method.clone());
        self.path = path;
    }

    /// What kind of body it has.
    pub(super) fn content_type(&self) -> String {
        let said = self.request.header("content-type").unwrap_or(JSON);
        said.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// The body as text.
    pub(super) fn body(&self) -> String {
        String::from_utf8_lossy(&self.request.body).into_owned()
    }

    /// The parameters by place, each the first of its name.
    pub(super) fn parameters(&self) -> Map<String, Value> {
        let mut query = Map::new();
        for (name, value) in route::query(&self.request.query) {
            query.entry(name).or_insert(json!(value));
        }
        let headers = self.request.headers.iter().map(|(name, value)| (name.clone(), json!(value)));
        let headers: Map<String, Value> = headers.collect();
        Map::from_iter([
            ("path".to_owned(), Value::Object(self.path.clone())),
            ("querystring".to_owned(), Value::Object(query)),
            ("header".to_owned(), Value::Object(headers)),
        ])
    }

    /// The ARN of the method that is called.
    pub(super) fn method_arn(&self) -> String {
        let Rest { region, account, id, stage, .. } = &*self.api;
        let path = self.request.path.trim_start_matches('/').trim_start_matches(stage.as_str());
        format!("arn:aws:execute-api:{region}:{account}:{id}/{stage}/{}{path}", self.request.method)
    }

    /// The method of the stage that calls others: `live/GET/orders/{id}`.
    pub(super) fn what(&self) -> String {
        let resource = self.method.as_ref().map_or("/", |method| method.resource.as_str());
        format!("{}/{}{resource}", self.api.stage, self.request.method)
    }

    /// The ARN of the method that calls others.
    pub(super) fn source_arn(&self) -> String {
        let Rest { region, account, id, .. } = &*self.api;
        format!("arn:aws:execute-api:{region}:{account}:{id}/{}", self.what())
    }

    /// What a mapping refers to: `method.request.header.X`, `context.requestId`, `'a text'`.
    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/request-response-data-mappings.html>
    pub(super) fn mapped(&self, from: &str) -> Option<String> {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if let Some(literal) = from.strip_prefix('\'').and_then(|it| it.strip_suffix('\'')) {
            return Some(literal.to_owned());
        }
        if let Some((place, name)) = from.strip_prefix("method.request.").and_then(|it| it.split_once('.')) {
            if place == "header" {
                return self.request.header(&name.to_ascii_lowercase()).map(str::to_owned);
            }
            return self.parameters().get(place)?.get(name).map(text);
        }
        if let Some(name) = from.strip_prefix("stageVariables.") {
            return self.api.variables.get(name).map(text);
        }
        let way = format!("/{}", from.strip_prefix("context.")?.replace('.', "/"));
        self.context.pointer(&way).map(text)
    }

    /// Renders a template for a body.
    pub(super) fn render(&self, template: &str, body: &str) -> Result<Made, Error> {
        let mut context = self.context.clone();
        context["responseOverride"] = json!({ "header": {} });
        context["requestOverride"] = json!({ "header": {}, "path": {}, "querystring": {} });
        let mut variables = objects::variables(body, &self.parameters(), &context, &self.api.variables);
        let text = Template::parse(template)?.render(&mut variables)?;
        let context = variables.get("context").map(objects::json).unwrap_or_default();
        Ok(Made { text, overrides: context.get("responseOverride").cloned().unwrap_or_default() })
    }

    /// Checks parameters, and the body by the model of its content type; one that has no model is not checked.
    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html>
    pub(super) fn validate(&self) -> Result<(), Refused> {
        let Some(method) = &self.method else { return Ok(()) };
        let missing: Vec<&str> = method
            .required
            .iter()
            .filter(|parameter| self.mapped(parameter).is_none_or(|value| value.is_empty()))
            .filter_map(|parameter| parameter.rsplit('.').next())
            .collect();
        if !missing.is_empty() {
            let message = format!("Missing required request parameters: [{}]", missing.join(", "));
            return Err(Refused::new("BAD_REQUEST_PARAMETERS", &message));
        }
        let Some(model) = method.models.get(&self.content_type()) else { return Ok(()) };
        let wrong = match serde_json::from_slice(&self.request.body) {
            Ok(document) => schema::violations(model, &document),
            Err(error) => vec![format!("the body is not JSON: {error}")],
        };
        if wrong.is_empty() {
            return Ok(());
        }
        let validation = format!("[{}]", wrong.join(", "));
        Err(Refused { why: validation.clone(), validation, ..Refused::new("BAD_REQUEST_BODY", "Invalid request body") })
    }

    /// The answer to a request that is not let through.
    pub(super) fn refuse(&self, refused: &Refused) -> Response {
        gateway::response(self, refused)
    }
}

/// A time in the Common Log Format: `01/Jan/2026:00:00:00 +0000`.
fn clf(ms: u64) -> String {
    let seconds = i64::try_from(ms / 1_000).unwrap_or_default();
    let Ok(at) = time::OffsetDateTime::from_unix_timestamp(seconds) else { return String::new() };
    let month: String = at.month().to_string().chars().take(3).collect();
    let (hour, minute, second) = (at.hour(), at.minute(), at.second());
    format!("{:02}/{month}/{}:{hour:02}:{minute:02}:{second:02} +0000", at.day(), at.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_in_the_common_log_format() {
        assert_eq!(clf(1_767_225_600_000), "01/Jan/2026:00:00:00 +0000");
    }
}
