//! What a request to a route carries, by where it stands: in the path, in the query, in the body.

use std::borrow::Cow;

use indexmap::IndexMap;
use serde_json::Value;

use super::{Integration, MappingValue, Route, TableRoute};
use crate::model::{Content, Input, Model};
use crate::spec::scalar::Name;
use crate::types::{Field, Kind, Range, Record, Type, Types};

/// What a request carries.
#[derive(Debug, Clone, Default)]
pub struct Request<'m> {
    /// Parameters of the path, in its order.
    pub path: Vec<Parameter<'m>>,
    /// Parameters of the query.
    pub query: Vec<Parameter<'m>>,
    /// Headers.
    pub headers: Vec<Parameter<'m>>,
    /// Cookies.
    pub cookies: Vec<Parameter<'m>>,
    /// The body's type, if there is a body: what is left of the input.
    pub body: Option<Cow<'m, Type>>,
    /// The field that the body is as a whole, and whether it is taken as JSON, as text or as bytes.
    pub whole: Option<(&'m str, Content)>,
}

impl Request<'_> {
    /// Whether its body is JSON.
    pub fn is_json(&self) -> bool {
        self.whole.is_none_or(|(_, content)| content == Content::Json)
    }
}

/// A value that comes as text beside the body.
#[derive(Debug, Clone)]
pub struct Parameter<'m> {
    /// Its name.
    pub name: &'m str,
    /// The field of the input that it is; its name, where there is none.
    pub field: &'m str,
    /// Its type; `None` for any text.
    pub ty: Option<&'m Type>,
    /// Whether every request has it.
    pub required: bool,
    /// What it is where a request does not have it.
    pub default: Option<Value>,
}

impl<'m> Request<'m> {
    /// All that comes beside the body: of the path, the query, headers and cookies.
    pub fn beside_the_body(&self) -> impl Iterator<Item = &Parameter<'m>> {
        self.path.iter().chain(&self.query).chain(&self.headers).chain(&self.cookies)
    }
}

/// What a text beside the body stands for, for the runtime: the variant of `evc_runtime::request::Text`. `None` for what no such text is.
pub fn parameter_kind(types: &Types, ty: &Type) -> Option<&'static str> {
    match &types.resolve(ty).kind {
        Kind::Any
        | Kind::String(_)
        | Kind::Uuid
        | Kind::Timestamp
        | Kind::Date
        | Kind::Duration
        | Kind::Bytes
        | Kind::Enum(_)
        // Of what could not be read nothing is said.
        | Kind::Named(_) => Some("Text"),
        Kind::Integer(_) => Some("Integer"),
        Kind::Number(_) | Kind::Money(_) => Some("Number"),
        Kind::Boolean => Some("Boolean"),
        Kind::List(item, _) => match parameter_kind(types, item)? {
            "Text" => Some("Texts"),
            "Integer" => Some("Integers"),
            "Number" => Some("Numbers"),
            "Boolean" => Some("Booleans"),
            _ => None,
        },
        Kind::Map(_) | Kind::Record(_) | Kind::Union(_) | Kind::Tagged(_) => None,
    }
}

/// The header by which a retry gets the answer of the first request.
const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

impl Model {
    /// What a request to a route carries.
    pub fn request<'m>(&'m self, route: &'m Route) -> Request<'m> {
        match &route.integration {
            Integration::Function(id) => {
                let function = &self.functions[*id];
                let input = match &function.input {
                    Input::Value(input) => Some(input),
                    Input::Nothing | Input::Events(_) => None,
                };
                let mut request = self.of_input(route, input);
                if function.idempotent.is_some() {
                    let (name, field) = (IDEMPOTENCY_KEY, IDEMPOTENCY_KEY);
                    request.headers.push(Parameter { name, field, ty: None, required: false, default: None });
                }
                request
            }
            Integration::Workflow(id) => self.of_input(route, Some(&self.workflows[*id].input)),
            Integration::Table(table) => self.of_table(route, table),
        }
    }

    /// The fields of an input that the path names come with it, and others as the route says. What is left comes with the body or, where
    /// there is none, with the query.
    fn of_input<'m>(&'m self, route: &'m Route, input: Option<&'m Type>) -> Request<'m> {
        let mut fields = input.and_then(|input| self.types.record(input)).unwrap_or_default();
        // What the route gives itself no request brings.
        let given = |name: &str| route.with.iter().any(|mapping| mapping.attribute == name);
        fields.retain(|name, _| !given(name));
        let parameter = |name: &'m str, field: &'m str| {
            let known = fields.get(field);
            let default = route.sources.instead(field);
            let required = known.is_some_and(|field| !field.optional) && default.is_none();
            Parameter { name, field, ty: known.map(|field| &field.ty), required, default }
        };
        let listed = |names: &'m IndexMap<Name, Name>| -> Vec<Parameter<'m>> {
            names.iter().map(|(name, field)| parameter(name.as_str(), field.as_str())).collect()
        };
        let path = route.parameters().map(|name| Parameter { required: true, ..parameter(name, name) });
        let sources = &route.sources;
        let mut request = Request {
            path: path.collect(),
            query: listed(&sources.query),
            headers: listed(&sources.headers),
            cookies: listed(&sources.cookies),
            body: None,
            whole: None,
        };
        if let Some((field, known)) = sources.body.as_ref().and_then(|name| fields.get_key_value(name.as_str())) {
            let kind = &self.types.resolve(&known.ty).kind;
            let content = if matches!(kind, Kind::Bytes) {
                Content::Bytes
            } else if matches!(kind, Kind::String(_)) {
                Content::Text
            } else {
                Content::Json
            };
            request.body = Some(Cow::Borrowed(&known.ty));
            request.whole = Some((field, content));
        }
        let whole = request.whole.map(|(field, _)| field);
        let taken: Vec<&str> = request.beside_the_body().map(|parameter| parameter.field).chain(whole).collect();
        let rest = fields.iter().filter(|(name, _)| !taken.contains(name));
        if !route.has_body() || whole.is_some() {
            let rest: Vec<Parameter<'m>> = rest.map(|(name, _)| parameter(name, name)).collect();
            request.query.extend(rest);
        } else if taken.is_empty() && route.with.is_empty() {
            request.body = input.map(Cow::Borrowed);
        } else {
            let rest: IndexMap<String, Field> =
                rest.map(|(name, field)| ((*name).to_owned(), (*field).clone())).collect();
            let kind = Kind::Record(Record { extends: None, exact: false, fields: rest });
            request.body = input
                .filter(|_| matches!(&kind, Kind::Record(record) if !record.fields.is_empty()))
                .map(|input| Cow::Owned(Type { kind, span: input.span }));
        }
        request
    }

    /// The body that the route says, and every parameter that an attribute comes from.
    fn of_table<'m>(&'m self, route: &'m Route, table: &'m TableRoute) -> Request<'m> {
        let item = &self.tables[table.table].item;
        let of = |wanted: &dyn Fn(&MappingValue) -> bool| {
            let mapping = table.mappings().find(|mapping| wanted(&mapping.value))?;
            self.types.field_at(item, &[&mapping.attribute]).ok()?.field.map(|field| &field.ty)
        };
        let path = route.parameters().map(|name| Parameter {
            name,
            field: name,
            default: None,
            ty: of(&|value| matches!(value, MappingValue::Path(path) if path == name)),
            required: true,
        });
        let mut request = Request { path: path.collect(), ..Request::default() };
        for mapping in table.mappings() {
            let (list, name) = match &mapping.value {
                MappingValue::Query(name) => (&mut request.query, name),
                MappingValue::Header(name) => (&mut request.headers, name),
                MappingValue::Body(_)
                | MappingValue::Path(_)
                | MappingValue::RequestId
                | MappingValue::RequestTime
                | MappingValue::Caller(_)
                | MappingValue::Literal(_) => continue,
            };
            if list.iter().all(|parameter| parameter.name != name) {
                let ty = of(&|value| *value == mapping.value);
                list.push(Parameter { name, field: name, ty, required: true, default: None });
            }
        }
        request.body = table.input.as_ref().map(Cow::Borrowed);
        request
    }

    /// What a route answers with on success; `None` for nothing.
    pub fn answer<'m>(&'m self, route: &'m Route) -> Option<Cow<'m, Type>> {
        match &route.integration {
            Integration::Function(id) => self.functions[*id].output.as_ref().map(Cow::Borrowed),
            Integration::Workflow(_) => {
                let id = Type { kind: Kind::String(Range::default()), span: route.span };
                Some(Cow::Owned(record(route, [("executionId", id)])))
            }
            Integration::Table(table) => Some(self.answer_of_table(route, table)),
        }
    }

    fn answer_of_table<'m>(&'m self, route: &'m Route, table: &'m TableRoute) -> Cow<'m, Type> {
        use super::TableOperation::{Get, Put, Query, Update};
        let of = &self.tables[table.table];
        let item = if table.output.is_empty() && !matches!(table.operation, Put { .. }) {
            Cow::Borrowed(&of.item)
        } else {
            let known = self.types.record(&of.item).unwrap_or_default();
            let fields = table.output.iter().filter_map(|name| {
                let field = known.get(name.as_str())?;
                Some((name.value.clone(), (*field).clone()))
            });
            let kind = Kind::Record(Record { extends: None, exact: false, fields: fields.collect() });
            Cow::Owned(Type { kind, span: of.item.span })
        };
        match &table.operation {
            Put { .. } | Update { .. } | Get { .. } => item,
            Query { .. } => {
                let kind = Kind::List(Box::new(item.into_owned()), Range::default());
                Cow::Owned(record(route, [("items", Type { kind, span: route.span })]))
            }
        }
    }
}

fn record<const N: usize>(route: &Route, fields: [(&str, Type); N]) -> Type {
    let field = |(name, ty): (&str, Type)| (name.to_owned(), Field { ty, optional: false, name_span: route.span });
    let kind = Kind::Record(Record { extends: None, exact: false, fields: fields.into_iter().map(field).collect() });
    Type { kind, span: route.span }
}
