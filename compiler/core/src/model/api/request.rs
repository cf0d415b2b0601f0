//! What a request to a route carries, by where it stands: in the path, in the query, in the body.

use std::borrow::Cow;

use indexmap::IndexMap;

use super::{Integration, MappingValue, Route, TableRoute};
use crate::model::{Input, Model};
use crate::types::{Field, Kind, Range, Record, Type};

/// What a request carries.
#[derive(Debug, Clone, Default)]
pub struct Request<'m> {
    /// Parameters of the path, in its order.
    pub path: Vec<Parameter<'m>>,
    /// Parameters of the query.
    pub query: Vec<Parameter<'m>>,
    /// Headers.
    pub headers: Vec<Parameter<'m>>,
    /// The body's type, if there is a body: what is left of the input.
    pub body: Option<Cow<'m, Type>>,
}

/// A value that comes as text beside the body.
#[derive(Debug, Clone)]
pub struct Parameter<'m> {
    /// Its name.
    pub name: &'m str,
    /// Its type; `None` for any text.
    pub ty: Option<&'m Type>,
    /// Whether every request has it.
    pub required: bool,
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
                let key = Parameter { name: IDEMPOTENCY_KEY, ty: None, required: false };
                let headers = function.idempotent.map(|_| key).into_iter().collect();
                Request { headers, ..self.of_input(route, input) }
            }
            Integration::Workflow(id) => self.of_input(route, Some(&self.workflows[*id].input)),
            Integration::Table(table) => self.of_table(route, table),
        }
    }

    /// The fields of an input that the path names come with it. The others come with the body or, where there is none, with
    /// the query.
    fn of_input<'m>(&'m self, route: &'m Route, input: Option<&'m Type>) -> Request<'m> {
        let fields = input.and_then(|input| self.types.record(input)).unwrap_or_default();
        let in_path: Vec<&str> = route.parameters().collect();
        let path =
            in_path.iter().map(|name| Parameter { name, ty: fields.get(name).map(|field| &field.ty), required: true });
        let mut request = Request { path: path.collect(), ..Request::default() };
        let rest = fields.iter().filter(|(name, _)| !in_path.contains(name));
        if !route.has_body() {
            let parameter = |(name, field): (&&'m str, &&'m Field)| Parameter {
                name,
                ty: Some(&field.ty),
                required: !field.optional,
            };
            request.query = rest.map(parameter).collect();
        } else if in_path.is_empty() {
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
                list.push(Parameter { name, ty, required: true });
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
