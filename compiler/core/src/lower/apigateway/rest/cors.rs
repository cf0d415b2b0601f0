//! CORS: what lets pages of other origins call a REST API, which has no setting for it.
//!
//! A method `OPTIONS` on every path answers preflight requests; every other answer of the API itself has the headers as well.
//! Functions behind it add them to theirs, by the origins in their environment.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-cors.html>

use super::answers::{header, method_response};
use super::api::Rest;
use super::paths::Resources;
use crate::lower::apigateway::mapping;
use crate::model::{Api, Cors};
use crate::plan::builder::Builder;
use crate::plan::value::Value;
use crate::plan::{LogicalId, Resource};

const ORIGIN: &str = "Access-Control-Allow-Origin";

/// The status of an answer without a body.
const NO_CONTENT: u16 = 204;

/// Adds the answer to preflight requests on every path that has a route.
pub(super) fn add(b: &mut Builder<'_>, rest: &Rest<'_>, resources: &Resources) {
    let Some(cors) = &rest.api.cors else { return };
    let mut done: Vec<&str> = Vec::new();
    for route in &rest.api.routes {
        if done.contains(&route.path.as_str()) {
            continue;
        }
        done.push(&route.path);
        let headers = preflight(rest.api, cors);
        let mapped = headers.iter().map(|(name, value)| (header(name), value.as_str().into()));
        let response = [
            ("StatusCode", Value::from(NO_CONTENT.to_string())),
            ("ResponseParameters", Value::map(mapped)),
            ("ResponseTemplates", Value::map([("application/json", preamble(rest.api).into())])),
        ];
        let template = format!("{{ \"statusCode\": {NO_CONTENT} }}");
        let integration = [
            ("Type", "MOCK".into()),
            ("PassthroughBehavior", "WHEN_NO_MATCH".into()),
            ("RequestTemplates", Value::map([("application/json", template.into())])),
            ("IntegrationResponses", Value::list([Value::map(response)])),
        ];
        let declared = method_response(NO_CONTENT, headers.iter().map(|(name, _)| name.as_str()));
        let properties = [
            rest.own(),
            ("ResourceId", resources.of(&route.path)),
            ("HttpMethod", "OPTIONS".into()),
            // Browsers send no credentials with it.
            ("AuthorizationType", "NONE".into()),
            ("Integration", Value::map(integration)),
            ("MethodResponses", Value::list([declared])),
        ];
        let id = LogicalId::new([rest.id.as_str(), "options", &route.path, "method"]);
        let origin = format!("preflight requests to `{}` of {}", route.path, rest.origin);
        b.add(&id, Resource::new("AWS::ApiGateway::Method", origin, cors.span, properties));
    }
}

/// The headers of an answer to a page, with their values as mappings write them.
pub(super) fn of_answer(api: &Api) -> Vec<(String, String)> {
    let Some(cors) = &api.cors else { return Vec::new() };
    let mut headers = vec![(ORIGIN.to_owned(), format!("'{}'", first_origin(cors)))];
    if cors.any_origin().is_none() {
        headers.push(("Vary".to_owned(), "'Origin'".to_owned()));
    }
    if cors.credentials.is_some() {
        headers.push(("Access-Control-Allow-Credentials".to_owned(), "'true'".to_owned()));
    }
    headers
}

fn preflight(api: &Api, cors: &Cors) -> Vec<(String, String)> {
    let listed = |texts: &[String]| format!("'{}'", texts.join(","));
    let mut headers = of_answer(api);
    headers.extend([
        ("Access-Control-Allow-Methods".to_owned(), listed(&cors.methods)),
        ("Access-Control-Allow-Headers".to_owned(), listed(&cors.headers)),
        ("Access-Control-Max-Age".to_owned(), format!("'{}'", cors.max_age.seconds)),
    ]);
    headers
}

/// The start of a response's template where there are several origins: a page of any of them but the first, which the response
/// has anyway, gets its own back.
pub(super) fn preamble(api: &Api) -> String {
    let Some(cors) = api.cors.as_ref().filter(|cors| cors.any_origin().is_none() && cors.origins.len() > 1) else {
        return String::new();
    };
    let others = cors.origins.iter().skip(1).map(|origin| format!("$origin == \"{}\"", origin.value));
    format!(
        "#set($origin = \"{}\")\n#if({})\n#set($context.responseOverride.header.{ORIGIN} = $origin)\n#end\n",
        mapping::header("Origin"),
        others.collect::<Vec<_>>().join(" || ")
    )
}

/// The origin that stands where only one can: `*`, or the first.
fn first_origin(cors: &Cors) -> &str {
    cors.any_origin().or_else(|| cors.origins.first()).map_or("", |origin| origin.as_str())
}
