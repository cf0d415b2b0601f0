//! REST APIs: resources, methods with their checks and integrations, what the gateway answers itself, a deployment and a stage.
//!
//! Every resource and method stands for itself, not in a `Body`: a change of a route is a change of its lines in the template.

mod cors;
mod deployment;
mod integration;
mod keys;
mod method;
mod model;
mod overridden;
mod paths;
mod responses;
#[cfg(test)]
mod tests;

pub(super) use cors::origins;
pub(super) use deployment::name_by_content;
pub(super) use overridden::check as check_overridden;

use super::api;
use crate::model::{Api, ApiKind, Auth, Integration};
use crate::plan::builder::{Builder, Role, description};
use crate::plan::ids;
use crate::plan::names::Kind;
use crate::plan::value::Value;
use crate::plan::{LogicalId, Resource};

/// Adds each REST API.
pub(super) fn lower(b: &mut Builder<'_>) {
    for api in b.model.apis.values().filter(|api| api.kind == ApiKind::Rest) {
        of(b, api);
    }
}

fn of(b: &mut Builder<'_>, api: &Api) {
    let rest = Rest::new(b, api);
    let name = b.name(Kind::Api, "", &api::suffix(api), api.head.name_span);
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
    for route in &api.routes {
        let resource = resources.of(&route.path);
        method::add(b, &rest, route, resource);
    }
    cors::add(b, &rest, &resources);
    let stage = deployment::add(b, &rest);
    if api.routes.iter().any(|route| route.auth == Auth::ApiKey) {
        keys::add(b, &rest, &stage);
    }
}

/// An API that is made: what its parts have in common.
struct Rest<'m> {
    api: &'m Api,
    id: LogicalId,
    /// "API `cart`".
    origin: String,
    /// With which it calls tables and workflows, if it does.
    role: Option<Role>,
}

impl<'m> Rest<'m> {
    fn new(b: &mut Builder<'_>, api: &'m Api) -> Self {
        let (id, origin) = (ids::api(api), format!("API `{}`", api.head.name));
        let calls = |route: &crate::model::Route| !matches!(route.integration, Integration::Function(_));
        let role = api.routes.iter().any(calls);
        let role = role.then(|| b.role(&id, &origin, api.head.name_span, "apigateway.amazonaws.com", None));
        Self { api, id, origin, role }
    }

    /// A resource of CloudFormation that belongs to the API as a whole.
    fn resource(
        &self,
        type_: &str,
        origin: &str,
        properties: impl IntoIterator<Item = (&'static str, Value)>,
    ) -> Resource {
        Resource::new(type_, origin, self.api.head.name_span, properties)
    }

    /// The property that says which API something belongs to.
    fn own(&self) -> (&'static str, Value) {
        ("RestApiId", Value::Ref(self.id.clone()))
    }
}
