//! Requests of routes to tables as requests to DynamoDB.

use super::attribute::only_if;
use super::{RESOURCE, about, fits, source};
use crate::model::{Mapping, MappingValue, Model, Table, TableOperation, TableRoute};
use crate::plan::ids;
use crate::plan::value::{Part, Value};
use crate::types::Type;

/// The action of DynamoDB that a route calls, which is also what its role may do.
pub(crate) fn action(route: &TableRoute) -> &'static str {
    match route.operation {
        TableOperation::Put { .. } => "PutItem",
        TableOperation::Update { .. } => "UpdateItem",
        TableOperation::Get { .. } => "GetItem",
        TableOperation::Query { .. } => "Query",
    }
}

/// The template of a request.
pub(crate) fn request(model: &Model, route: &TableRoute) -> Value {
    let table = &model.tables[route.table];
    let to = To { model, table };
    let entries = match &route.operation {
        TableOperation::Put { attributes } => to.put(attributes),
        TableOperation::Update { key, set } => to.update(key, set),
        TableOperation::Get { key } => to.get(key),
        TableOperation::Query { index, key, limit } => to.query(*index, key, *limit),
    };
    let preamble = source::preamble(route.mappings().map(|mapping| &mapping.value));
    let entries = format!(",\n{}", entries.join(",\n"));
    // A request without any of these is refused by DynamoDB.
    let entries = match fits::of_table(model, table, route) {
        Some(condition) => only_if(&condition, &entries),
        None => entries,
    };
    let template = format!("{preamble}{{\n  \"TableName\": \"{RESOURCE}\"{entries}\n}}");
    about(&template, Part::Ref(ids::table(table)))
}

struct To<'m> {
    model: &'m Model,
    table: &'m Table,
}

impl To<'_> {
    /// Nothing is overwritten: an item with this key is a conflict.
    fn put(&self, attributes: &[Mapping]) -> Vec<String> {
        let (mut always, mut maybe) = (String::new(), String::new());
        for mapping in attributes {
            let entry = format!("    \"{}\": {}", mapping.attribute, self.attribute(mapping));
            match condition(mapping) {
                Some(condition) => maybe.push_str(&only_if(&condition, &format!(",\n{entry}"))),
                None => comma(&mut always, &entry),
            }
        }
        if let Some(version) = &self.table.version {
            comma(&mut always, &format!("    \"{}\": {{ \"N\": \"1\" }}", version.value));
        }
        vec![
            format!("  \"Item\": {{\n{always}{maybe}\n  }}"),
            "  \"ConditionExpression\": \"attribute_not_exists(#key)\"".to_owned(),
            format!("  \"ExpressionAttributeNames\": {{ \"#key\": \"{}\" }}", self.partition()),
        ]
    }

    /// What a request leaves out stays as it is; nothing is made of an item that is not there.
    fn update(&self, key: &[Mapping], set: &[Mapping]) -> Vec<String> {
        let mut changes = (String::new(), String::new());
        let mut names = format!("    \"#key\": \"{}\"", self.partition());
        let mut values = (String::new(), String::new());
        if let Some(version) = &self.table.version {
            comma_in_line(&mut changes.0, "#version = if_not_exists(#version, :zero) + :one");
            comma(&mut names, &format!("    \"#version\": \"{}\"", version.value));
            comma(&mut values.0, "    \":zero\": { \"N\": \"0\" },\n    \":one\": { \"N\": \"1\" }");
        }
        for (at, mapping) in set.iter().enumerate() {
            let change = format!("#a{at} = :a{at}");
            let name = format!("    \"#a{at}\": \"{}\"", mapping.attribute);
            let value = format!("    \":a{at}\": {}", self.attribute(mapping));
            if let Some(condition) = condition(mapping) {
                changes.1.push_str(&only_if(&condition, &format!(", {change}")));
                names.push_str(&only_if(&condition, &format!(",\n{name}")));
                values.1.push_str(&only_if(&condition, &format!(",\n{value}")));
            } else {
                comma_in_line(&mut changes.0, &change);
                comma(&mut names, &name);
                comma(&mut values.0, &value);
            }
        }
        vec![
            self.key(key),
            format!("  \"UpdateExpression\": \"SET {}{}\"", changes.0, changes.1),
            "  \"ConditionExpression\": \"attribute_exists(#key)\"".to_owned(),
            format!("  \"ExpressionAttributeNames\": {{\n{names}\n  }}"),
            format!("  \"ExpressionAttributeValues\": {{\n{}{}\n  }}", values.0, values.1),
            "  \"ReturnValues\": \"ALL_NEW\"".to_owned(),
        ]
    }

    /// A consistent read: who has just written finds it.
    fn get(&self, key: &[Mapping]) -> Vec<String> {
        vec![self.key(key), "  \"ConsistentRead\": true".to_owned()]
    }

    fn query(&self, index: Option<usize>, key: &[Mapping], limit: u64) -> Vec<String> {
        let equal = (0..key.len()).map(|at| format!("#k{at} = :k{at}")).collect::<Vec<_>>().join(" AND ");
        let names = key.iter().enumerate().map(|(at, mapping)| format!("\"#k{at}\": \"{}\"", mapping.attribute));
        let values = key.iter().enumerate().map(|(at, mapping)| format!("    \":k{at}\": {}", self.attribute(mapping)));
        let index = index.map(|index| format!("  \"IndexName\": \"{}\"", self.table.indexes[index].name));
        let rest = [
            format!("  \"KeyConditionExpression\": \"{equal}\""),
            format!("  \"ExpressionAttributeNames\": {{ {} }}", names.collect::<Vec<_>>().join(", ")),
            format!("  \"ExpressionAttributeValues\": {{\n{}\n  }}", values.collect::<Vec<_>>().join(",\n")),
            format!("  \"Limit\": {limit}"),
        ];
        index.into_iter().chain(rest).collect()
    }

    fn key(&self, key: &[Mapping]) -> String {
        let entries = key.iter().map(|mapping| format!("    \"{}\": {}", mapping.attribute, self.attribute(mapping)));
        format!("  \"Key\": {{\n{}\n  }}", entries.collect::<Vec<_>>().join(",\n"))
    }

    fn attribute(&self, mapping: &Mapping) -> String {
        let types = &self.model.types;
        let stored: Option<&Type> = types
            .field_at(&self.table.item, &[&mapping.attribute])
            .ok()
            .map(|field| field.field.map_or(field.ty, |it| &it.ty));
        source::attribute(types, &mapping.value, stored.unwrap_or(&mapping.ty), &mapping.ty)
    }

    /// The attribute that every item of the table has.
    fn partition(&self) -> &str {
        self.table.key.first().map_or("", |name| name.as_str())
    }
}

/// When a value is there, if it may be absent.
fn condition(mapping: &Mapping) -> Option<String> {
    match &mapping.value {
        MappingValue::Body(path) if mapping.optional => Some(source::is_there(path)),
        _ => None,
    }
}

fn comma(list: &mut String, entry: &str) {
    list.push_str(if list.is_empty() { "" } else { ",\n" });
    list.push_str(entry);
}

fn comma_in_line(list: &mut String, entry: &str) {
    list.push_str(if list.is_empty() { "" } else { ", " });
    list.push_str(entry);
}
