//! The tree of a REST API's paths: a resource for every part of one.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-resource.html>

use indexmap::IndexMap;

use super::api::Rest;
use crate::plan::builder::Builder;
use crate::plan::value::Value;
use crate::plan::{LogicalId, Resource};

/// The resources of an API by path.
pub(super) struct Resources {
    root: Value,
    by_path: IndexMap<String, LogicalId>,
}

impl Resources {
    /// The id of a path's resource, as a value.
    pub(super) fn of(&self, path: &str) -> Value {
        self.by_path.get(path).map_or_else(|| self.root.clone(), |id| Value::Ref(id.clone()))
    }
}

/// Adds a resource for each part of each path, once.
pub(super) fn add(b: &mut Builder<'_>, rest: &Rest<'_>) -> Resources {
    let root = Value::Attribute(rest.id.clone(), "RootResourceId");
    let mut resources = Resources { root, by_path: IndexMap::new() };
    for route in &rest.api.routes {
        let mut path = String::new();
        for part in route.path.split('/').filter(|part| !part.is_empty()) {
            let parent = resources.of(&path);
            path = format!("{path}/{part}");
            if resources.by_path.contains_key(&path) {
                continue;
            }
            let id = LogicalId::new([rest.id.as_str(), &path, "resource"]);
            let properties = [rest.own(), ("ParentId", parent), ("PathPart", part.into())];
            let origin = format!("path `{path}` of {}", rest.origin);
            b.add(&id, Resource::new("AWS::ApiGateway::Resource", origin, route.span, properties));
            resources.by_path.insert(path.clone(), id);
        }
    }
    resources
}
