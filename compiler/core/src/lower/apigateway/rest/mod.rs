//! REST APIs: resources, methods with their checks and integrations, what the gateway answers itself, a deployment and a stage.
//!
//! Every resource and method stands for itself, not in a `Body`: a change of a route is a change of its lines in the template.

mod answers;
mod api;
mod authorizer;
mod cors;
mod deployment;
mod integration;
mod keys;
mod method;
mod model;
mod paths;
mod responses;
#[cfg(test)]
mod tests;

use self::api::Rest;
use crate::lower::apigateway::{domain, shared};
use crate::model::{Api, ApiKind, Auth};
use crate::plan::builder::Builder;
use crate::plan::ids;
use crate::plan::names::Named;
use crate::plan::value::{Value, description};

/// Adds each REST API.
pub(crate) fn lower(b: &mut Builder<'_>) {
    for (id, api) in b.model.apis.iter().filter(|(_, api)| api.kind == ApiKind::Rest) {
        of(b, api);
        shared::show(b, id, api);
        shared::watch(b, api);
    }
}

fn of(b: &mut Builder<'_>, api: &Api) {
    let rest = Rest::new(b, api);
    let name = b.name(Named::Api, "", &ids::api_suffix(api), api.head.name_span);
    let about = description(api.head.description.as_ref().or(b.model.description.as_ref()), 1024);
    let properties = [("Name", name)];
    let resource =
        rest.resource("AWS::ApiGateway::RestApi", &rest.origin, properties).with("Description", about).and([
            ("EndpointConfiguration", Value::map([("Types", Value::list(["REGIONAL".into()]))])),
            // Whoever has a key sends it as `x-api-key`.
            ("ApiKeySourceType", "HEADER".into()),
        ]);
    b.add(&rest.id, resource);
    responses::add(b, &rest);
    method::add_validator(b, &rest);
    let resources = paths::add(b, &rest);
    let authorizers = authorizer::add(b, &rest);
    for route in &api.routes {
        let resource = resources.of(&route.path);
        method::add(b, &rest, route, resource, &authorizers);
    }
    cors::add(b, &rest, &resources);
    let stage = deployment::add(b, &rest);
    domain::add(b, api, &stage);
    domain::guard(b, api, &stage);
    if api.routes.iter().any(|route| route.auth == Auth::ApiKey) {
        keys::add(b, &rest, &stage);
    }
}
