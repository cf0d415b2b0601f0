//! The method of each route: who may call it, what a request must be, and what it leads to.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-method.html>

use super::api::Rest;
use super::{integration, model};
use crate::lower::apigateway::shared::{Authorizers, authorizer};
use crate::model::{Auth, Request, Route};
use crate::plan::builder::Builder;
use crate::plan::ids;
use crate::plan::value::Value;
use crate::plan::{LogicalId, Resource};

/// Adds what checks requests before anything is called.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html>
pub(super) fn add_validator(b: &mut Builder<'_>, rest: &Rest<'_>) {
    let properties = [
        rest.own(),
        // Its name is part of what it is: without one, a change would be refused.
        ("Name", "body-and-parameters".into()),
        ("ValidateRequestBody", true.into()),
        ("ValidateRequestParameters", true.into()),
    ];
    let origin = format!("checks of requests to {}", rest.origin);
    b.add(&validator(rest), rest.resource("AWS::ApiGateway::RequestValidator", &origin, properties));
}

fn validator(rest: &Rest<'_>) -> LogicalId {
    ids::of(&rest.id, "validator")
}

/// Adds a route's method.
pub(super) fn add(b: &mut Builder<'_>, rest: &Rest<'_>, route: &Route, resource: Value, authorizers: &Authorizers<'_>) {
    let model = b.model;
    let request = model.request(route);
    let origin = format!("route `{}` of {}", route.key(), rest.origin);
    // What is taken as it comes has no model.
    let body = request.body.as_deref().filter(|_| request.is_json()).map(|body| {
        let id = rest.of_route(route, "model");
        let properties =
            [rest.own(), ("ContentType", "application/json".into()), ("Schema", model::schema(&model.types, body))];
        let resource = Resource::new("AWS::ApiGateway::Model", format!("body of {origin}"), route.span, properties);
        b.add(&id, resource);
        Value::map([("application/json", Value::Ref(id))])
    });
    let integration = integration::of(b, rest, route, &request, &origin);
    let parameters = parameters(route, &request);
    let authorization = match route.auth {
        Auth::Iam => "AWS_IAM",
        Auth::Jwt(_) => "JWT",
        Auth::Function(_) => "CUSTOM",
        // The function checks signatures itself.
        Auth::None | Auth::ApiKey | Auth::Webhook(_) => "NONE",
    };
    let authorizer = authorizer(authorizers, route).map(|id| Value::Ref(id.clone()));
    let scopes = match &route.auth {
        Auth::Jwt(jwt) if !jwt.scopes.is_empty() => {
            Some(Value::List(jwt.scopes.iter().map(|scope| scope.as_str().into()).collect()))
        }
        _ => None,
    };
    let properties = [
        rest.own(),
        ("ResourceId", resource),
        ("HttpMethod", route.method.as_str().into()),
        ("AuthorizationType", authorization.into()),
    ];
    let resource = Resource::new("AWS::ApiGateway::Method", origin, route.span, properties)
        .with("AuthorizerId", authorizer)
        .with("AuthorizationScopes", scopes)
        .with("ApiKeyRequired", (route.auth == Auth::ApiKey).then(|| true.into()))
        .with("RequestParameters", (!parameters.is_empty()).then(|| Value::map(parameters)))
        .with("RequestModels", body)
        .and([("RequestValidatorId", Value::Ref(validator(rest))), ("Integration", integration.value)])
        .with("MethodResponses", (!integration.responses.is_empty()).then(|| integration.responses.into()));
    b.add(&rest.of_route(route, "method"), resource);
}

/// What stands beside the body, and whether every request must have it. Of the headers of functions the gateway only knows: whether it takes
/// them in any case, as HTTP has them, when it asks for them, is not documented, and the function does.
fn parameters(route: &Route, request: &Request<'_>) -> Vec<(String, Value)> {
    let asks = |place: &str| place != "header" || route.function().is_none();
    // What has another name cannot be declared; a function gets it all the same, and looks at it.
    // <https://docs.aws.amazon.com/apigateway/latest/developerguide/request-response-data-mappings.html>
    let can_be_named = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || "._$-".contains(c));
    let places = [("path", &request.path), ("querystring", &request.query), ("header", &request.headers)];
    let entries = places.into_iter().flat_map(|(place, parameters)| {
        parameters.iter().filter(move |parameter| can_be_named(parameter.name)).map(move |parameter| {
            (format!("method.request.{place}.{}", parameter.name), (parameter.required && asks(place)).into())
        })
    });
    entries.collect()
}
