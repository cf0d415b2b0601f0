//! The deployment of a REST API, and the stage that serves it.

use super::api::Rest;
use crate::lower::apigateway::shared::log_format;
use crate::model::{ApiMetrics, LogOf, Throttling};
use crate::plan::LogicalId;
use crate::plan::builder::{Builder, Group};
use crate::plan::ids;
use crate::plan::ids::api_suffix as suffix;
use crate::plan::value::Value;

/// What the access log holds of each request; nothing of its body.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html>
const ACCESS_LOG: [(&str, &str); 11] = [
    ("requestId", "$context.requestId"),
    ("time", "$context.requestTime"),
    ("ip", "$context.identity.sourceIp"),
    ("method", "$context.httpMethod"),
    ("route", "$context.resourcePath"),
    ("status", "$context.status"),
    ("latency", "$context.responseLatency"),
    ("bytes", "$context.responseLength"),
    ("integrationStatus", "$context.integration.integrationStatus"),
    ("error", "$context.error.responseType"),
    ("trace", "$context.xrayTraceId"),
];

/// Adds deployment and stage; the stage's id.
pub(super) fn add(b: &mut Builder<'_>, rest: &Rest<'_>) -> LogicalId {
    let is_served = |type_: &str| matches!(type_, "AWS::ApiGateway::Method" | "AWS::ApiGateway::GatewayResponse");
    let waits =
        b.plan.parts_of_api(&rest.id).filter(|(_, it)| is_served(&it.type_)).map(|(id, _)| id.clone()).collect();
    let deployment = ids::of(&rest.id, "deployment");
    let origin = format!("deployment of {}", rest.origin);
    let mut resource = rest.resource("AWS::ApiGateway::Deployment", &origin, [rest.own()]);
    resource.depends_on = waits;
    b.add(&deployment, resource);

    let span = rest.api.head.name_span;
    let retention = &b.model.observability.log_retention;
    let group = Group { of: LogOf::Api, prefix: "/aws/vendedlogs/apis/", suffix: &suffix(rest.api), retention };
    let logs = b.log_group(&rest.id, &group, &rest.origin, span);
    let access_log = Value::map([("DestinationArn", Value::arn(&logs)), ("Format", log_format(&ACCESS_LOG))]);
    let detailed = b.model.observability.api_metrics == ApiMetrics::OfEachRoute;
    let of_routes = rest
        .api
        .routes
        .iter()
        .filter_map(|route| Some(settings(&encoded(&route.path), &route.method, route.throttling?, detailed)));
    let settings = [settings("/*", "*", rest.api.throttling, detailed)].into_iter().chain(of_routes);
    let stage = ids::of(&rest.id, "stage");
    let properties = [
        rest.own(),
        ("DeploymentId", Value::Ref(deployment)),
        ("StageName", ids::REST_STAGE.into()),
        ("TracingEnabled", true.into()),
        ("AccessLogSetting", access_log),
        ("MethodSettings", Value::list(settings)),
    ];
    let origin = format!("stage of {}", rest.origin);
    b.add(&stage, rest.resource("AWS::ApiGateway::Stage", &origin, properties));
    stage
}

/// A path as method settings write it: every slash as `~1`, after one that is none; the root is `/`.
fn encoded(path: &str) -> String {
    if path == "/" { path.to_owned() } else { format!("/{}", path.replace('/', "~1")) }
}

/// How often a method may be called. Its execution log stays off, since it would hold bodies.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-apigateway-stage-methodsetting.html>
fn settings(path: &str, method: &str, throttling: Throttling, detailed: bool) -> Value {
    Value::map([
        ("ResourcePath", path.into()),
        ("HttpMethod", method.into()),
        ("ThrottlingRateLimit", Value::count(throttling.rate)),
        ("ThrottlingBurstLimit", Value::count(throttling.burst)),
        ("MetricsEnabled", detailed.into()),
        ("DataTraceEnabled", false.into()),
        ("LoggingLevel", "OFF".into()),
    ])
}

#[cfg(test)]
mod tests {
    use super::encoded;

    #[test]
    fn paths_of_settings_are_encoded_as_aws_documents() {
        assert_eq!(encoded("/resource/subresource"), "/~1resource~1subresource");
        assert_eq!(encoded("/"), "/");
    }
}
