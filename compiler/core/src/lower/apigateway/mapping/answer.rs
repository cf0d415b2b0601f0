//! What DynamoDB and Step Functions answer, as the answer of a route.

use super::problem::Problem;
use super::{plain, source};
use crate::model::{Model, Table, TableOperation, TableRoute};
use crate::types::Type;

/// The template of the answer of a route to a table, when DynamoDB did what it should.
pub(crate) fn answer(model: &Model, route: &TableRoute) -> String {
    let types = &model.types;
    let table = &model.tables[route.table];
    let attributes = attributes(model, route, table);
    let key: Vec<&str> = match &route.operation {
        TableOperation::Query { index: Some(index), .. } => {
            table.key.iter().chain(&table.indexes[*index].key).map(|name| name.as_str()).collect()
        }
        _ => table.key.iter().map(|name| name.as_str()).collect(),
    };
    let item = || plain::item(types, "$item", &attributes, &key);
    match &route.operation {
        TableOperation::Put { attributes: written } => {
            let known = attributes.iter().filter_map(|(name, ty)| {
                let mapping = written.iter().find(|mapping| mapping.attribute == *name)?;
                Some(format!("\"{name}\": {}", source::plain(types, &mapping.value, ty)?))
            });
            let known: Vec<String> = known.collect();
            let preamble = source::preamble(
                written
                    .iter()
                    .map(|mapping| &mapping.value)
                    .filter(|value| source::plain(types, value, &table.item).is_some()),
            );
            format!("{preamble}{{ {} }}", known.join(", "))
        }
        TableOperation::Update { .. } => format!("#set($item = $input.path('$').get('Attributes'))\n{}", item()),
        TableOperation::Get { .. } => format!(
            "#set($answer = $input.path('$'))\n#if($answer.containsKey('Item'))\n#set($item = $answer.get('Item'))\n{}\n#else\n{}\n#end",
            item(),
            Problem::NOT_FOUND.instead("there is no item with this key"),
        ),
        TableOperation::Query { .. } => {
            format!(
                "{{ \"items\": [#foreach($item in $input.path('$').get('Items'))\n  {}#if($foreach.hasNext),#end#end\n] }}",
                item()
            )
        }
    }
}

/// The attributes that an answer has, with their types.
fn attributes<'m>(model: &'m Model, route: &'m TableRoute, table: &'m Table) -> Vec<(&'m str, &'m Type)> {
    let known = model.types.record(&table.item).unwrap_or_default();
    let is_answered = |name: &str| {
        let of_put = matches!(route.operation, TableOperation::Put { .. });
        (route.output.is_empty() && !of_put) || route.output.iter().any(|wanted| wanted.value == name)
    };
    known.into_iter().filter(|(name, _)| is_answered(name)).map(|(name, field)| (name, &field.ty)).collect()
}

/// The template of the answer of a route to a workflow: the name of the execution, which is the last part of its ARN.
pub(crate) fn started() -> String {
    format!("{{ \"executionId\": \"{}\" }}", super::escaped("$input.path('$.executionArn').replaceAll(\".*:\", \"\")"))
}
