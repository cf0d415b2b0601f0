//! Routes that read and write a table themselves.

use indexmap::IndexMap;

use super::mapping::{Given, Mapping, MappingValue, Request};
use super::parameter;
use crate::diagnostics::Diagnostic;
use crate::model::names::{find, unresolved};
use crate::model::{Arena, Id, Index, Table};
use crate::source::{Span, Spanned};
use crate::spec::Sections;
use crate::spec::api::{self as spec, MappingExpr, RouteText};
use crate::spec::scalar::Name;
use crate::spec::table::Projection;
use crate::types::{Kind, Range, Type, Types};

/// What a route does with a table.
#[derive(Debug, Clone)]
pub struct TableRoute {
    /// The table.
    pub table: Id<Table>,
    /// The place of its name.
    pub table_span: Span,
    /// The body's type, if the request has one.
    pub input: Option<Type>,
    /// What is done.
    pub operation: TableOperation,
    /// The place of the word that says what is done.
    pub operation_span: Span,
    /// The attributes that the answer, or each item of it, has if the item has them. None is all, but in the answer of a put.
    pub output: Vec<Name>,
}

/// An operation of a route on a table. Attributes are in the order of the item's type where they are not in that of the spec.
#[derive(Debug, Clone)]
pub enum TableOperation {
    /// Stores an item, if there is none with its key.
    Put {
        /// All of its attributes, those of the key among them. The attribute that counts writes is not: it becomes 1.
        attributes: Vec<Mapping>,
    },
    /// Sets attributes of an item, if there is one. The attribute that counts writes is counted up.
    Update {
        /// The key.
        key: Vec<Mapping>,
        /// What is set.
        set: Vec<Mapping>,
    },
    /// Reads an item.
    Get {
        /// The key.
        key: Vec<Mapping>,
    },
    /// Reads items in the order of their sort key.
    Query {
        /// Which of the table's indexes is read; none for the table itself.
        index: Option<usize>,
        /// The partition key, and the sort key if that is given.
        key: Vec<Mapping>,
        /// The most items of an answer.
        limit: u64,
    },
}

impl TableOperation {
    /// Whether it changes the table.
    pub fn writes(&self) -> bool {
        matches!(self, Self::Put { .. } | Self::Update { .. })
    }
}

impl TableRoute {
    /// The key that it names the item by, or the partition.
    pub fn key(&self) -> &[Mapping] {
        match &self.operation {
            TableOperation::Put { .. } => &[],
            TableOperation::Update { key, .. } | TableOperation::Get { key } | TableOperation::Query { key, .. } => key,
        }
    }

    /// The place of the index that it reads among those of the table, if it reads one.
    pub fn index(&self) -> Option<usize> {
        match self.operation {
            TableOperation::Query { index, .. } => index,
            TableOperation::Put { .. } | TableOperation::Update { .. } | TableOperation::Get { .. } => None,
        }
    }

    /// The attributes that the index holds, if it does not hold all.
    pub fn held<'m>(&self, table: &'m Table) -> Option<Vec<&'m Name>> {
        held(table, &table.indexes[self.index()?])
    }

    /// Every attribute with where it comes from.
    pub fn mappings(&self) -> impl Iterator<Item = &Mapping> {
        let written = match &self.operation {
            TableOperation::Put { attributes } => attributes.as_slice(),
            TableOperation::Update { set, .. } => set,
            TableOperation::Get { .. } | TableOperation::Query { .. } => &[],
        };
        self.key().iter().chain(written)
    }
}

/// The most items of a query's answer when the spec does not say.
const LIMIT: u64 = 50;

/// Resolves a route to a table.
pub(super) fn route(
    sections: &Sections,
    tables: &Arena<Table>,
    types: &Types,
    (text, auth, context): (&RouteText, &spec::Auth, Option<&Type>),
    item: &spec::TableRoute,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<TableRoute> {
    if let Some(input) = &item.input {
        diagnostics.extend(types.check_type(&input.0));
    }
    let id = find(sections, &item.table, diagnostics)?;
    let table = &tables[id];
    let input = item.input.as_ref().map(|input| input.0.clone());
    let path: Vec<&str> = text.path.split('/').filter_map(parameter).collect();
    let request = Request { types, body: input.as_ref(), path, auth, context };
    let mut route = Builder { request, text, table, diagnostics };
    let operation = match &item.operation.value {
        spec::Operation::Put(values) => TableOperation::Put { attributes: route.put(values) },
        spec::Operation::Update(values) => {
            TableOperation::Update { key: route.key(&table.key, &item.key), set: route.explicit(values) }
        }
        spec::Operation::Get => TableOperation::Get { key: route.key(&table.key, &item.key) },
        spec::Operation::Query(index) => {
            let index = route.index(index.as_ref())?;
            let names = index.map_or(&table.key, |index| &table.indexes[index].key);
            let limit = item.limit.as_ref().map_or(LIMIT, |limit| limit.value);
            TableOperation::Query { index, key: route.key(names, &item.key), limit }
        }
    };
    let output = match (&item.output, &operation) {
        (Some(output), _) => output.clone(),
        (None, TableOperation::Put { attributes }) => known_after(&table.key, attributes),
        (None, TableOperation::Update { .. }) => table.key.clone(),
        (None, TableOperation::Query { index: Some(index), .. }) => {
            held(table, &table.indexes[*index]).unwrap_or_default().into_iter().cloned().collect()
        }
        (None, TableOperation::Get { .. } | TableOperation::Query { .. }) => Vec::new(),
    };
    let (table_span, operation_span) = (item.table.span, item.operation.span);
    Some(TableRoute { table: id, table_span, input, operation, operation_span, output })
}

/// The attributes of a key that are known when the item is stored: all but those of the body, which is gone by then.
fn known_after(key: &[Name], attributes: &[Mapping]) -> Vec<Name> {
    let of_body = |name: &Name| {
        let mut values =
            attributes.iter().filter(|mapping| mapping.attribute == name.value).map(|mapping| &mapping.value);
        values.any(|value| matches!(value, MappingValue::Body(_)))
    };
    key.iter().filter(|name| !of_body(name)).cloned().collect()
}

/// The attributes that an index holds: the keys of both, and what it includes; `None` for all.
fn held<'m>(table: &'m Table, index: &'m Index) -> Option<Vec<&'m Name>> {
    let included: &[Name] = match &index.projection {
        Projection::All => return None,
        Projection::Keys => &[],
        Projection::Include(names) => names,
    };
    let mut held: Vec<&Name> = Vec::new();
    for name in table.key.iter().chain(&index.key).chain(included) {
        if held.iter().all(|known| known.value != name.value) {
            held.push(name);
        }
    }
    Some(held)
}

struct Builder<'a> {
    request: Request<'a>,
    text: &'a RouteText,
    table: &'a Table,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Builder<'_> {
    fn explicit(&mut self, values: &IndexMap<Name, Spanned<MappingExpr>>) -> Vec<Mapping> {
        values
            .iter()
            .map(|(attribute, expr)| {
                let given = self.request.read(expr, self.diagnostics);
                mapping(&attribute.value, attribute.span, given)
            })
            .collect()
    }

    /// Everything that a new item has: what is said, the body's fields by name, and of the key what the path has by name.
    fn put(&mut self, values: &IndexMap<Name, Spanned<MappingExpr>>) -> Vec<Mapping> {
        let mut attributes = self.explicit(values);
        let body = self.request.body.and_then(|body| Some((body, self.request.types.record(body)?)));
        let taken: Vec<String> = attributes
            .iter()
            .filter_map(|mapping| match &mapping.value {
                MappingValue::Body(path) => path.first().cloned(),
                MappingValue::Path(_)
                | MappingValue::Query(_)
                | MappingValue::Header(_)
                | MappingValue::RequestId
                | MappingValue::RequestTime
                | MappingValue::Caller(_)
                | MappingValue::Literal(_) => None,
            })
            .collect();
        let fields = body.into_iter().flat_map(|(body, fields)| fields.into_iter().map(move |field| (body, field)));
        for (body, (name, field)) in fields {
            // What goes by another name, or into a value that is said, does not go by its own as well.
            if !taken.iter().any(|taken| taken == name) {
                let value = MappingValue::Body(vec![name.to_owned()]);
                let given = Given { value, ty: field.ty.clone(), optional: field.optional };
                attributes.push(mapping(name, body.span, given));
            }
        }
        for name in &self.table.key {
            if !attributes.iter().any(|mapping| mapping.attribute == name.value) {
                attributes.extend(self.of_path(name));
            }
        }
        attributes
    }

    /// The attributes of a key that are said or that the path has by name. What is missing is for a check to say.
    fn key(&mut self, names: &[Name], values: &IndexMap<Name, Spanned<MappingExpr>>) -> Vec<Mapping> {
        let mut key = self.explicit(values);
        for name in names {
            if !key.iter().any(|mapping| mapping.attribute == name.value) {
                key.extend(self.of_path(name));
            }
        }
        key
    }

    /// An attribute of the key that a parameter of the path has the name of.
    fn of_path(&self, name: &Name) -> Option<Mapping> {
        let span = self.text.span;
        self.request.path.iter().find(|parameter| **parameter == name.as_str())?;
        let ty = Type { kind: Kind::String(Range::default()), span };
        Some(mapping(name, span, Given { value: MappingValue::Path(name.value.clone()), ty, optional: false }))
    }

    /// The place of an index among those of the table; `None` has been reported.
    #[expect(clippy::option_option, reason = "the outer one is for what has been reported")]
    fn index(&mut self, name: Option<&Name>) -> Option<Option<usize>> {
        let Some(name) = name else { return Some(None) };
        let index = self.table.indexes.iter().position(|index| index.name == name.value);
        if index.is_none() {
            let what = format!("index of table `{}`", self.table.head.name);
            self.diagnostics.push(unresolved(&what, name, self.table.indexes.iter().map(|index| index.name.as_str())));
        }
        index.map(Some)
    }
}

fn mapping(attribute: &str, span: Span, given: Given) -> Mapping {
    Mapping { attribute: attribute.to_owned(), span, value: given.value, ty: given.ty, optional: given.optional }
}
