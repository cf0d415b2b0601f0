//! The HTTP API: one for all functions that have a route.

use super::builder::{Builder, description};
use super::names::Kind;
use super::plan::Resource;
use super::value::{Part, Value, text};
use super::{ids, log_group};
use crate::model::{Api, Function};
use crate::spec::function::Auth;

/// Requests that one API takes a second, and at once, before it answers 429: a bound on what a flood costs.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html>
const RATE_LIMIT: i64 = 1000;
const BURST_LIMIT: i64 = 500;

/// What the access log holds of each request.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html>
const ACCESS_LOG: [(&str, &str); 9] = [
    ("requestId", "$context.requestId"),
    ("time", "$context.requestTime"),
    ("ip", "$context.identity.sourceIp"),
    ("method", "$context.httpMethod"),
    ("route", "$context.routeKey"),
    ("status", "$context.status"),
    ("latency", "$context.responseLatency"),
    ("bytes", "$context.responseLength"),
    ("error", "$context.integrationErrorMessage"),
];

/// Adds the API if any function has a route.
pub(super) fn lower(b: &mut Builder<'_>) {
    let model = b.model;
    let routed = || model.functions.values().filter_map(|function| Some((function, function.api.as_ref()?)));
    let Some((_, first)) = routed().next() else { return };
    let id = ids::api();
    let origin = "HTTP API";
    let name = b.name(Kind::Api, "", "-api", first.span);
    let about = description(model.description.as_ref(), 1024);
    let resource = Resource::new("AWS::ApiGatewayV2::Api", origin, first.span, [("Name", name)])
        .with("Description", about)
        .and([("ProtocolType", "HTTP".into())]);
    b.add(&id, resource);

    let retention = &model.observability.log_retention;
    let group = log_group::Group { prefix: "/aws/vendedlogs/apis/", suffix: "-api", retention };
    let logs = log_group::add(b, &id, &group, origin, first.span);
    let format = Value::map(ACCESS_LOG.map(|(key, value)| (key, value.into())));
    let throttling = Value::map([
        ("ThrottlingRateLimit", Value::Integer(RATE_LIMIT)),
        ("ThrottlingBurstLimit", Value::Integer(BURST_LIMIT)),
        ("DetailedMetricsEnabled", true.into()),
    ]);
    let access_log = Value::map([("DestinationArn", Value::arn(&logs)), ("Format", Value::Json(Box::new(format)))]);
    let properties = [
        ("ApiId", Value::Ref(id.clone())),
        ("StageName", "$default".into()),
        ("AutoDeploy", true.into()),
        ("DefaultRouteSettings", throttling),
        ("AccessLogSettings", access_log),
    ];
    let stage = Resource::new("AWS::ApiGatewayV2::Stage", "stage of the HTTP API", first.span, properties);
    b.add(&ids::of(&id, "stage"), stage);

    for (function, api) in routed() {
        route(b, function, api);
    }
}

fn route(b: &mut Builder<'_>, function: &Function, api: &Api) {
    let id = ids::function(function);
    let origin = format!("route of function `{}`", function.head.name);
    let integration = ids::of(&id, "integration");
    let properties = [
        ("ApiId", Value::Ref(ids::api())),
        ("IntegrationType", "AWS_PROXY".into()),
        ("IntegrationUri", Value::arn(&id)),
        ("PayloadFormatVersion", "2.0".into()),
    ];
    b.add(&integration, Resource::new("AWS::ApiGatewayV2::Integration", &origin, api.span, properties));

    let authorization = match api.auth {
        Auth::Iam => "AWS_IAM",
        Auth::None => "NONE",
    };
    let properties = [
        ("ApiId", Value::Ref(ids::api())),
        ("RouteKey", format!("{} {}", api.method, api.path).into()),
        ("AuthorizationType", authorization.into()),
        ("Target", text(["integrations/".into(), Part::Ref(integration)])),
    ];
    b.add(&ids::of(&id, "route"), Resource::new("AWS::ApiGatewayV2::Route", &origin, api.span, properties));

    let source = text([
        "arn:".into(),
        Part::Parameter("AWS::Partition"),
        ":execute-api:".into(),
        Part::Parameter("AWS::Region"),
        ":".into(),
        Part::Parameter("AWS::AccountId"),
        ":".into(),
        Part::Ref(ids::api()),
        // Any stage; the only one is `$default`.
        format!("/*/{}{}", api.method, api.path).as_str().into(),
    ]);
    let properties = [
        ("FunctionName", Value::Ref(id.clone())),
        ("Action", "lambda:InvokeFunction".into()),
        ("Principal", "apigateway.amazonaws.com".into()),
        ("SourceArn", source),
    ];
    b.add(&ids::of(&id, "api-permission"), Resource::new("AWS::Lambda::Permission", &origin, api.span, properties));
}
