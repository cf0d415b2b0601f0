//! `openapi/`: an OpenAPI 3.1 document for each API, of what callers send and get.
//!
//! <https://spec.openapis.org/oas/v3.1.1.html>

mod operation;
mod responses;
mod security;
#[cfg(test)]
mod tests;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use self::operation::Operations;
use super::{Backend, Files, Input};
use crate::model::{Api, ApiKind, Model};
use crate::plan::ids::REST_STAGE;
use crate::spec::given::Given;

/// Writes the documents.
#[derive(Debug)]
pub struct OpenApi;

impl Backend for OpenApi {
    fn name(&self) -> &'static str {
        "openapi"
    }

    fn emit(&self, input: Input<'_>, files: &mut Files) {
        let model = input.plan.model;
        for api in model.apis.values() {
            files.add(format!("openapi/{}.json", api.head.name), format!("{:#}\n", document(model, api)));
        }
    }
}

/// A document must have a version of its API, and a spec has none.
const VERSION: &str = "1";

fn document(model: &Model, api: &Api) -> Value {
    let mut operations = Operations::new(model, api);
    let mut paths: IndexMap<String, Path> = IndexMap::new();
    for route in &api.routes {
        // Paths that differ in what parameters are called are one path, which has the names of the first.
        let path = paths.entry(shape(&route.path)).or_insert_with(|| Path::of(&route.path));
        let operation = operations.operation(route, &path.text);
        path.operations.insert(route.method.to_ascii_lowercase(), operation);
    }
    let paths: Map<String, Value> = paths.into_values().map(|path| (path.text, path.operations.into())).collect();
    let service = &model.service.value;
    let title = if api.declared { format!("{service} {}", api.head.name) } else { service.clone() };
    let mut info = json!({"title": title, "version": VERSION});
    let description = api.head.description.as_ref().or(model.description.as_ref());
    if let (Some(description), Value::Object(info)) = (description, &mut info) {
        info.insert("description".to_owned(), description.trim().into());
    }
    let mut document = json!({
        "openapi": "3.1.1",
        "info": info,
        "servers": [server(api)],
        "paths": paths,
        "components": operations.components(),
    });
    if let Value::Object(document) = &mut document {
        document.retain(|_, value| !value.as_object().is_some_and(Map::is_empty));
    }
    document
}

/// A path as OpenAPI writes it, and what may be done there by method.
struct Path {
    text: String,
    operations: Map<String, Value>,
}

impl Path {
    fn of(path: &str) -> Self {
        Self { text: path.to_owned(), operations: Map::new() }
    }
}

/// A path with the names of its parameters left out.
fn shape(path: &str) -> String {
    let segments = path.split('/').map(|segment| match (segment.starts_with('{'), segment.ends_with("+}")) {
        (true, true) => "{+}",
        (true, false) => "{}",
        _ => segment,
    });
    segments.collect::<Vec<_>>().join("/")
}

/// Where the API is once it is deployed: at its domain name, which has the stage mapped to its root, or where an output of the stack tells.
fn server(api: &Api) -> Value {
    if let Some(domain) = &api.domain {
        return match &domain.name.value {
            Given::Here(name) => json!({"url": format!("https://{name}")}),
            Given::Parameter => json!({
                "url": "https://{domain}",
                "variables": {"domain": {"default": "api.example", "description": "The domain name that the deployment was given."}}
            }),
        };
    }
    let stage = match api.kind {
        ApiKind::Http => String::new(),
        ApiKind::Rest => format!("/{REST_STAGE}"),
    };
    json!({
        "url": format!("https://{{id}}.execute-api.{{region}}.amazonaws.com{stage}"),
        "variables": {
            "id": {"default": "api", "description": "The id of the deployed API."},
            "region": {"default": "us-east-1", "description": "Where it is deployed."}
        }
    })
}
