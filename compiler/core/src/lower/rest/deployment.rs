//! The deployment of a REST API, and the stage that serves it.

use super::Rest;
use crate::lower::api::{log_format, suffix};
use crate::lower::log_group;
use crate::model::Throttling;
use crate::plan::builder::Builder;
use crate::plan::ids;
use crate::plan::value::Value;
use crate::plan::{LogicalId, Resource};

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
    let waits = parts(b, &rest.id).filter(|(_, it)| is_served(&it.type_)).map(|(id, _)| id.clone()).collect();
    let deployment = ids::of(&rest.id, "deployment");
    let origin = format!("deployment of {}", rest.origin);
    let mut resource = rest.resource("AWS::ApiGateway::Deployment", &origin, [rest.own()]);
    resource.depends_on = waits;
    b.add(&deployment, resource);

    let span = rest.api.head.name_span;
    let retention = &b.model.observability.log_retention;
    let group = log_group::Group { prefix: "/aws/vendedlogs/apis/", suffix: &suffix(rest.api), retention };
    let logs = log_group::add(b, &rest.id, &group, &rest.origin, span);
    let access_log = Value::map([("DestinationArn", Value::arn(&logs)), ("Format", log_format(&ACCESS_LOG))]);
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

/// What an API consists of, but for what deploys it.
fn parts<'b>(b: &'b Builder<'_>, api: &LogicalId) -> impl Iterator<Item = (&'b LogicalId, &'b Resource)> {
    let of_api = Value::Ref(api.clone());
    let deploys = |type_: &str| matches!(type_, "AWS::ApiGateway::Deployment" | "AWS::ApiGateway::Stage");
    b.plan.resources.iter().filter(move |(_, it)| {
        it.type_.starts_with("AWS::ApiGateway::")
            && !deploys(&it.type_)
            && it.properties.get("RestApiId") == Some(&of_api)
    })
}

/// Gives each deployment an id made of what it serves, when all of that is there, overrides among it: it serves what there was
/// when it was made, so that another content needs another deployment. A table whose keys are others is another table, under
/// another name.
pub(in crate::lower) fn name_by_content(b: &mut Builder<'_>) {
    let is_deployment = |(_, it): &(&LogicalId, &Resource)| it.type_ == "AWS::ApiGateway::Deployment";
    let deployments = b.plan.resources.iter().filter(is_deployment);
    let deployments: Vec<(LogicalId, LogicalId)> = deployments
        .filter_map(|(id, it)| match it.properties.get("RestApiId") {
            Some(Value::Ref(api)) => Some((id.clone(), api.clone())),
            _ => None,
        })
        .collect();
    let keys: String = b.plan.resources.iter().map(|(id, it)| key_of(id, it)).collect();
    for (deployment, api) in deployments {
        let served: String =
            parts(b, &api).map(|(id, it)| format!("{id} {} {:?}\n", it.type_, it.properties)).collect();
        let hash = format!("{:016x}", fingerprint(&(served + &keys)));
        rename(b, &deployment, &LogicalId::new([deployment.as_str(), hash.as_str()]));
    }
}

/// What makes a table the table that it is.
fn key_of(id: &LogicalId, resource: &Resource) -> String {
    let property = |name: &str| resource.properties.get(name);
    match (property("KeySchema"), property("AttributeDefinitions"), property("TableName")) {
        (Some(key), attributes, name) => format!("{id} {key:?} {attributes:?} {name:?}\n"),
        _ => String::new(),
    }
}

/// Gives a deployment another id, where it stands and where its stage says it.
fn rename(b: &mut Builder<'_>, from: &LogicalId, to: &LogicalId) {
    let resources = std::mem::take(&mut b.plan.resources);
    b.plan.resources = resources
        .into_iter()
        .map(|(id, mut it)| {
            if let Some(deployment) = it.properties.get_mut("DeploymentId")
                && *deployment == Value::Ref(from.clone())
            {
                *deployment = Value::Ref(to.clone());
            }
            (if id == *from { to.clone() } else { id }, it)
        })
        .collect();
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
