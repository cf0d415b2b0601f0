//! A REST API that is made: what its parts have in common.

use crate::model::{Api, Integration, Route};
use crate::plan::builder::{Builder, Role};
use crate::plan::value::Value;
use crate::plan::{LogicalId, Resource, ids, policy};

/// The API, with what belongs to all of it.
pub(super) struct Rest<'m> {
    /// The API.
    pub(super) api: &'m Api,
    /// Its logical id.
    pub(super) id: LogicalId,
    /// "API `cart`".
    pub(super) origin: String,
    /// With which it calls tables and workflows, if it does.
    pub(super) role: Option<Role>,
}

impl<'m> Rest<'m> {
    pub(super) fn new(b: &mut Builder<'_>, api: &'m Api) -> Self {
        let (id, origin) = (ids::api(api), format!("API `{}`", api.head.name));
        let calls = |route: &Route| !matches!(route.integration, Integration::Function(_));
        let role = api.routes.iter().any(calls);
        let own = policy::own_account_if_told();
        let role = role.then(|| b.role(&id, &origin, api.head.name_span, "apigateway.amazonaws.com", Some(own)));
        Self { api, id, origin, role }
    }

    /// A resource of CloudFormation that belongs to the API as a whole.
    pub(super) fn resource(
        &self,
        type_: &str,
        origin: &str,
        properties: impl IntoIterator<Item = (&'static str, Value)>,
    ) -> Resource {
        Resource::new(type_, origin, self.api.head.name_span, properties)
    }

    /// The property that says which API something belongs to.
    pub(super) fn own(&self) -> (&'static str, Value) {
        ("RestApiId", Value::Ref(self.id.clone()))
    }

    /// The logical id of what belongs to a route.
    pub(super) fn of_route(&self, route: &Route, what: &str) -> LogicalId {
        LogicalId::new([self.id.as_str(), &route.method.to_ascii_lowercase(), &route.path, what])
    }
}
