//! What the gateway answers itself when it does not let a request through: problem JSON, with the headers of CORS.
//!
//! These templates are no Velocity: variables alone are substituted. A page of another than the first origin cannot read them.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html>

use super::api::Rest;
use super::cors;
use crate::lower::apigateway::mapping::Problem;
use crate::plan::LogicalId;
use crate::plan::builder::Builder;
use crate::plan::value::Value;

/// Kinds of response with the template of each. Those of status 4xx say what they are and why, as the gateway puts it; those of
/// 5xx say nothing. `messageString` is quoted already.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html>
fn templates() -> [(&'static str, String); 3] {
    let invalid = r#"{ "title": "InvalidInput", "status": 400, "detail": "$context.error.validationErrorString" }"#;
    let refused = r#"{ "title": "$context.error.responseType", "detail": $context.error.messageString }"#;
    [
        ("BAD_REQUEST_BODY", invalid.to_owned()),
        ("DEFAULT_4XX", refused.to_owned()),
        ("DEFAULT_5XX", format!(r#"{{ "title": "{}" }}"#, Problem::INTERNAL.title)),
    ]
}

/// Adds the responses.
pub(super) fn add(b: &mut Builder<'_>, rest: &Rest<'_>) {
    for (kind, template) in templates() {
        let content_type = ("Content-Type".to_owned(), "'application/problem+json'".to_owned());
        let headers = [content_type].into_iter().chain(cors::of_answer(rest.api));
        let headers = headers.map(|(name, value)| (format!("gatewayresponse.header.{name}"), value.into()));
        let properties = [
            rest.own(),
            ("ResponseType", kind.into()),
            ("ResponseParameters", Value::map(headers)),
            ("ResponseTemplates", Value::map([("application/json", template.into())])),
        ];
        let id = LogicalId::new([rest.id.as_str(), &kind.to_ascii_lowercase(), "response"]);
        let origin = format!("response {kind} of {}", rest.origin);
        b.add(&id, rest.resource("AWS::ApiGateway::GatewayResponse", &origin, properties));
    }
}
