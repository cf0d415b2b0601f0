//! Queries through indexes that do not hold whole items: what is left out of an index is not there to be read.

use crate::diagnostics::{Code, Diagnostic, list};
use crate::model::{Index, Model, Table};
use crate::spec::function::Operation;
use crate::spec::table::Projection;

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for (id, table) in model.tables.iter() {
        let queries = |function: &&crate::model::Function| {
            let mut uses = function.tables.iter().filter(|used| used.table == id);
            uses.any(|used| used.operations.contains(&Operation::Query))
        };
        for index in &table.indexes {
            let looks = |function: &&crate::model::Function| {
                let mut through = function.queries.iter().filter(|pattern| pattern.table.value == id);
                through.any(|pattern| pattern.index.as_ref().is_some_and(|name| *name.value == *index.name))
            };
            let Some(function) = model.functions.values().find(|function| queries(function) || looks(function)) else {
                continue;
            };
            let missing = missing(model, table, index);
            if missing.is_empty() {
                continue;
            }
            let (index_name, table_name) = (&index.name, &table.head.name);
            let message = format!("a query through index `{index_name}` finds items without {}", list(&missing));
            let mut diagnostic = Diagnostic::new(Code::EVC0615, index.name_span, message)
                .note(format!("what a query of `{table_name}` finds are whole items, and every item has these fields"))
                .help("add them to the `projection`, or leave it out: an index holds whole items then");
            if let Some(used) = function.tables.iter().find(|used| used.table == id) {
                let label = format!("`{}` may query it", function.head.name);
                diagnostic = diagnostic.secondary(used.span, label);
            }
            diagnostics.push(diagnostic.on(format!("tables.{table_name}")));
        }
    }
}

/// The required fields of an item that an index does not hold. It always has its own key and the table's.
fn missing<'m>(model: &'m Model, table: &'m Table, index: &Index) -> Vec<&'m str> {
    let included = match &index.projection {
        Projection::All => return Vec::new(),
        Projection::Keys => &[][..],
        Projection::Include(attributes) => attributes,
    };
    let fields = model.types.record(&table.item).unwrap_or_default();
    let holds = |name: &str| index.key.iter().chain(&table.key).chain(included).any(|held| held.as_str() == name);
    fields.into_iter().filter(|(name, field)| !field.optional && !holds(name)).map(|(name, _)| name).collect()
}
