//! What may be done at a path: parameters, body, answers, and who may.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::responses::{self, Failures};
use super::security::Schemes;
use crate::model::{Api, Content, Integration, Model, Parameter, Response, Route};
use crate::plan::pascal_case;
use crate::types::{Kind, Type};

/// Where a document has its schemas.
const SCHEMAS: &str = "#/components/schemas/";

/// The operations of a document, and what they have in common.
pub(super) struct Operations<'m> {
    model: &'m Model,
    api: &'m Api,
    /// Operation ids that are taken.
    ids: BTreeSet<String>,
    schemas: BTreeMap<String, Value>,
    security: Schemes,
}

impl<'m> Operations<'m> {
    pub(super) fn new(model: &'m Model, api: &'m Api) -> Self {
        let (ids, schemas) = (BTreeSet::new(), responses::schemas(api));
        Self { model, api, ids, schemas, security: Schemes::default() }
    }

    /// The operation of a route, whose path the document writes as `path`.
    pub(super) fn operation(&mut self, route: &'m Route, path: &str) -> Value {
        let mut operation = Map::new();
        operation.insert("operationId".to_owned(), self.id(route).into());
        if let Some(description) = self.description(route) {
            operation.insert("description".to_owned(), description.trim().into());
        }
        let parameters = self.parameters(route, path);
        if !parameters.is_empty() {
            operation.insert("parameters".to_owned(), parameters.into());
        }
        if let Some(body) = self.body(route) {
            operation.insert("requestBody".to_owned(), body);
        }
        operation.insert("responses".to_owned(), self.responses(route).into());
        operation.insert("security".to_owned(), self.security.of(self.model, route));
        operation.into()
    }

    /// What operations refer to.
    pub(super) fn components(self) -> Value {
        let mut components = Map::new();
        components.insert("schemas".to_owned(), Map::from_iter(self.schemas).into());
        components.insert("securitySchemes".to_owned(), self.security.into());
        components.retain(|_, value| !value.as_object().is_some_and(Map::is_empty));
        components.into()
    }

    /// The method and the words of the path: `putCartsCartIdItems`.
    fn id(&mut self, route: &Route) -> String {
        let id = format!("{}{}", route.method.to_ascii_lowercase(), pascal_case(&route.path));
        let mut unique = id.clone();
        let mut number = 2;
        while !self.ids.insert(unique.clone()) {
            unique = format!("{id}{number}");
            number += 1;
        }
        unique
    }

    /// What the route says of itself, or else what it leads to.
    fn description(&self, route: &'m Route) -> Option<&'m str> {
        let of_target = || match &route.integration {
            Integration::Function(id) => self.model.functions[*id].head.description.as_deref(),
            Integration::Workflow(id) => self.model.workflows[*id].head.description.as_deref(),
            Integration::Table(_) => None,
        };
        route.description.as_deref().or_else(of_target)
    }

    fn parameters(&mut self, route: &'m Route, path: &str) -> Vec<Value> {
        let request = self.model.request(route);
        let names = path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
        let in_path: Vec<Value> = request
            .path
            .iter()
            .zip(names)
            .map(|(parameter, name)| self.parameter(&Parameter { name, ..parameter.clone() }, "path"))
            .collect();
        let in_query = request.query.iter().map(|parameter| self.parameter(parameter, "query"));
        let in_query: Vec<Value> = in_query.collect();
        let headers = request.headers.iter().map(|parameter| self.parameter(parameter, "header"));
        let headers: Vec<Value> = headers.collect();
        let cookies: Vec<Value> = request.cookies.iter().map(|parameter| self.parameter(parameter, "cookie")).collect();
        in_path.into_iter().chain(in_query).chain(headers).chain(cookies).collect()
    }

    fn parameter(&mut self, parameter: &Parameter<'_>, place: &str) -> Value {
        let mut schema = match parameter.ty {
            Some(ty) => self.schema(ty),
            None => json!({"type": "string"}),
        };
        if let (Some(default), Value::Object(schema)) = (&parameter.default, &mut schema) {
            schema.insert("default".to_owned(), default.clone());
        }
        json!({"name": parameter.name, "in": place, "required": parameter.required, "schema": schema})
    }

    /// The body; one without a required field may be left out.
    fn body(&mut self, route: &'m Route) -> Option<Value> {
        let request = self.model.request(route);
        let media = match request.whole {
            Some((_, Content::Bytes)) => return Some(json!({"required": true, "content": {"*/*": {}}})),
            Some((_, Content::Text)) => "text/plain",
            Some((_, Content::Json)) | None => "application/json",
        };
        let body = request.body?;
        let fields = self.model.types.record(&body);
        let required = fields.is_none_or(|fields| fields.values().any(|field| !field.optional));
        let schema = self.schema(&body);
        Some(json!({"required": required, "content": {media: {"schema": schema}}}))
    }

    fn responses(&mut self, route: &'m Route) -> Map<String, Value> {
        let mut responses = self.successes(route);
        let failures = Failures::of(self.model, self.api, route);
        for (status, failure) in failures.responses(SCHEMAS) {
            match responses.get_mut(&status) {
                Some(known) => responses::join(known, failure),
                None => drop(responses.insert(status, failure)),
            }
        }
        responses
    }

    /// What the spec says that a route answers with.
    fn successes(&mut self, route: &'m Route) -> Map<String, Value> {
        let several = route.function().map(|id| &self.model.functions[id].responses).filter(|all| !all.is_empty());
        if let Some(several) = several {
            return several.iter().map(|it| (it.status.value.to_string(), self.response(it))).collect();
        }
        let mut success = json!({"description": responses::success(route)});
        if let (Some(answer), Value::Object(success)) = (self.model.answer(route), &mut success) {
            let schema = self.schema(&answer);
            success.insert("content".to_owned(), json!({"application/json": {"schema": schema}}));
        }
        [(route.status.to_string(), success)].into_iter().collect()
    }

    /// A response of a function that has several.
    fn response(&mut self, response: &'m Response) -> Value {
        let types = &self.model.types;
        let about = response.description.as_deref().unwrap_or(response.name.as_str());
        let mut said = Map::from_iter([("description".to_owned(), about.trim().into())]);
        let mut headers = Map::new();
        for (name, field) in response.headers.as_ref().and_then(|headers| types.record(headers)).unwrap_or_default() {
            let schema = self.schema(&field.ty);
            headers.insert(name.to_owned(), json!({"required": !field.optional, "schema": schema}));
        }
        if !response.cookies.is_empty() {
            let names: Vec<String> = response.cookies.iter().map(|cookie| format!("`{}`", cookie.name.value)).collect();
            let required = response.cookies.iter().any(|cookie| !cookie.optional);
            let about = format!("Sets or takes back {}, each by a header of its own.", names.join(", "));
            let header = json!({"description": about, "required": required, "schema": {"type": "string"}});
            headers.insert("Set-Cookie".to_owned(), header);
        }
        if !headers.is_empty() {
            said.insert("headers".to_owned(), headers.into());
        }
        if let (Some(body), Some(content)) = (&response.body, response.content(types)) {
            // Bytes that are the whole body have no schema in OpenAPI 3.1.
            let media = if content == Content::Bytes { json!({}) } else { json!({"schema": self.schema(body)}) };
            said.insert("content".to_owned(), json!({response.content_type(): media}));
        }
        said.into()
    }

    fn schema(&mut self, ty: &Type) -> Value {
        // Of a name that is not declared nothing is known.
        match &ty.kind {
            Kind::Named(name) if !self.model.types.declared.contains_key(name) => json!({}),
            _ => self.model.types.json_schema_within(ty, SCHEMAS, &mut self.schemas),
        }
    }
}
