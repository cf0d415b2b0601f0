//! The deployment of a REST API, and the stage that serves it.

use super::Rest;
use crate::lower::api::suffix;
use crate::lower::builder::Builder;
use crate::lower::ids;
use crate::lower::log_group;
use crate::lower::plan::LogicalId;
use crate::lower::value::Value;
use crate::model::Throttling;

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

/// Adds deployment and stage; the stage's id. `first` is where the resources of the API begin in the plan.
pub(super) fn add(b: &mut Builder<'_>, rest: &Rest<'_>, first: usize) -> LogicalId {
    let parts = || b.plan.resources.iter().skip(first).filter(|(_, it)| it.type_.starts_with("AWS::ApiGateway::"));
    // What a deployment serves is what there was when it was made: another content needs another deployment.
    let content: String = parts().map(|(id, it)| format!("{id} {} {:?}\n", it.type_, it.properties)).collect();
    let is_served = |type_: &str| matches!(type_, "AWS::ApiGateway::Method" | "AWS::ApiGateway::GatewayResponse");
    let waits: Vec<LogicalId> = parts().filter(|(_, it)| is_served(&it.type_)).map(|(id, _)| id.clone()).collect();
    let deployment = LogicalId::new([rest.id.as_str(), "deployment", &format!("{:016x}", fingerprint(&content))]);
    let origin = format!("deployment of {}", rest.origin);
    let mut resource = rest.resource("AWS::ApiGateway::Deployment", &origin, [rest.own()]);
    resource.depends_on = waits;
    b.add(&deployment, resource);

    let span = rest.api.head.name_span;
    let retention = &b.model.observability.log_retention;
    let group = log_group::Group { prefix: "/aws/vendedlogs/apis/", suffix: &suffix(rest.api), retention };
    let logs = log_group::add(b, &rest.id, &group, &rest.origin, span);
    let format = Value::map(ACCESS_LOG.map(|(key, value)| (key, value.into())));
    let access_log = Value::map([("DestinationArn", Value::arn(&logs)), ("Format", Value::Json(Box::new(format)))]);
    let of_routes = rest
        .api
        .routes
        .iter()
        .filter_map(|route| Some(settings(&encoded(&route.path), &route.method, route.throttling?)));
    let settings = [settings("/*", "*", rest.api.throttling)].into_iter().chain(of_routes);
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
fn settings(path: &str, method: &str, throttling: Throttling) -> Value {
    Value::map([
        ("ResourcePath", path.into()),
        ("HttpMethod", method.into()),
        ("ThrottlingRateLimit", Value::count(throttling.rate)),
        ("ThrottlingBurstLimit", Value::count(throttling.burst)),
        ("MetricsEnabled", true.into()),
        ("DataTraceEnabled", false.into()),
        ("LoggingLevel", "OFF".into()),
    ])
}

/// FNV-1a of a text: the same everywhere and for ever, unlike the hashes of the standard library.
/// <https://datatracker.ietf.org/doc/html/draft-eastlake-fnv#section-2>
fn fingerprint(text: &str) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    text.bytes().fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::{encoded, fingerprint};

    #[test]
    fn paths_of_settings_are_encoded_as_aws_documents() {
        assert_eq!(encoded("/resource/subresource"), "/~1resource~1subresource");
        assert_eq!(encoded("/"), "/");
    }

    /// The vectors of the draft.
    #[test]
    fn the_fingerprint_is_fnv_1a() {
        assert_eq!(fingerprint(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fingerprint("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fingerprint("foobar"), 0x8594_4171_f739_67e8);
    }
}
