//! `contract/src/tables.rs`: each table with its key, its attributes and its indexes; the outboxes.

use std::fmt::Write as _;

use super::names::{Home, Names};
use super::print::{Code, literal};
use super::text::{member_paragraph, paragraph};
use super::types::{DERIVES, definitions, head_docs};
use crate::emit::Input;
use crate::model::{Id, Table};
use crate::plan::ids;
use crate::spec::table::Projection;
use crate::types::Field;
use crate::types::rust::field_name;

/// All tables.
pub(super) fn tables(names: &Names<'_>, input: Input<'_>) -> Code {
    let mut code = Code::default();
    for (id, table) in names.model.tables.iter() {
        self::table(names, input, id, table, &mut code);
    }
    definitions(names, input, Home::Tables, &mut code);
    code
}

fn table(names: &Names<'_>, input: Input<'_>, id: Id<Table>, table: &Table, code: &mut Code) {
    let known = names.table(id);
    let (name, key, item) = (&known.table, &known.key, names.type_of(&table.item, Home::Tables));
    let docs = head_docs(
        &format!("The table `{}`.", table.head.name),
        table.head.description.as_deref(),
        &input.location(table.head.name_span),
    );
    code.item(format_args!(
        "{docs}#[derive(Debug, Clone, Copy)]
pub struct {name};"
    ));
    let fields = names.model.types.record(&table.item).unwrap_or_default();
    let field_of = |attribute: &str| fields.get(attribute).copied();
    attributes(names, name, fields.iter().map(|(wire, field)| (*wire, *field)), code);
    let keys: Vec<&str> = table.key.iter().map(|key| key.as_str()).collect();
    key_struct(names, table, key, &keys, &field_of, code);
    let (table_name, env) = (literal(&table.head.name), literal(&ids::table_variable(table)));
    let key_literals = keys.iter().map(|key| literal(key)).collect::<Vec<_>>().join(", ");
    let version = match &table.version {
        Some(version) => {
            format!("\n    const VERSION: Option<&'static str> = Some({});", literal(version.as_str()))
        }
        None => String::new(),
    };
    code.item(format_args!(
        "impl evc_runtime::table::Table for {name} {{
    type Item = {item};
    type Key = {key};
    const NAME: &'static str = {table_name};
    const ENV: &'static str = {env};
    const KEY: &'static [&'static str] = &[{key_literals}];{version}
}}"
    ));
    index(names, name, name, None, &keys, &field_of, code);
    for (spec, index_name) in table.indexes.iter().zip(&known.indexes) {
        let docs = head_docs(
            &format!("The index `{}` of `{}`{}.", spec.name, table.head.name, holds(&spec.projection)),
            None,
            &input.location(spec.name_span),
        );
        code.item(format_args!(
            "{docs}#[derive(Debug, Clone, Copy)]
pub struct {index_name};"
        ));
        let keys: Vec<&str> = spec.key.iter().map(|key| key.as_str()).collect();
        index(names, index_name, name, Some(&spec.name), &keys, &field_of, code);
        let is_same = spec.key.first().map(|key| key.as_str()) == table.key.first().map(|key| key.as_str());
        if is_same && names.model.has_owners(id) {
            code.line(format_args!("impl evc_runtime::table::SamePartition for {index_name} {{}}"));
        }
    }
}

/// The attributes of a table's items, for conditions and updates.
fn attributes<'f>(names: &Names<'_>, table: &str, fields: impl Iterator<Item = (&'f str, &'f Field)>, code: &mut Code) {
    let mut constants = String::new();
    for (wire, field) in fields {
        let name = field_name(wire).to_ascii_uppercase();
        let (name, ty) = (name.trim_end_matches('_'), names.type_of(&field.ty, Home::Tables));
        let (docs, wire) = (member_paragraph(&format!("The attribute `{wire}`.")), literal(wire));
        let _ = writeln!(
            constants,
            "{docs}    pub const {name}: evc_runtime::table::Attr<Self, {ty}> = evc_runtime::table::Attr::new({wire});"
        );
    }
    let feed = if constants.is_empty() { "" } else { "\n" };
    code.item(format_args!("impl {table} {{{feed}{constants}}}"));
}

/// The key of a table's items.
fn key_struct<'f>(
    names: &Names<'_>,
    table: &Table,
    name: &str,
    keys: &[&str],
    field_of: &impl Fn(&str) -> Option<&'f Field>,
    code: &mut Code,
) {
    let docs = paragraph(&format!("The key of an item of `{}`.", table.head.name));
    let mut members = String::new();
    for wire in keys {
        let (member, ty) = (field_name(wire), value_type(names, field_of(wire)));
        members.push_str(&member_paragraph(&format!("The attribute `{wire}`.")));
        if member != *wire {
            let _ = writeln!(members, "    #[serde(rename = {})]", literal(wire));
        }
        let _ = writeln!(members, "    pub {member}: {ty},");
    }
    code.item(format_args!(
        "{docs}{DERIVES}
#[serde(crate = \"evc_runtime::serde\")]
pub struct {name} {{
{members}}}"
    ));
}

fn value_type(names: &Names<'_>, field: Option<&Field>) -> String {
    // An attribute that the item does not have has been reported.
    field.map_or_else(|| "String".to_owned(), |field| names.type_of(&field.ty, Home::Tables))
}

fn index<'f>(
    names: &Names<'_>,
    marker: &str,
    table: &str,
    name: Option<&str>,
    keys: &[&str],
    field_of: &impl Fn(&str) -> Option<&'f Field>,
    code: &mut Code,
) {
    let [partition, sort @ ..] = keys else { return };
    let option = |text: Option<&str>| text.map_or_else(|| "None".to_owned(), |text| format!("Some({})", literal(text)));
    let sort = sort.first().copied();
    let sort_type = sort.map_or_else(|| "()".to_owned(), |sort| value_type(names, field_of(sort)));
    code.item(format_args!(
        "impl evc_runtime::table::Index for {marker} {{
    type Table = {table};
    type Partition = {partition_type};
    type Sort = {sort_type};
    const NAME: Option<&'static str> = {name};
    const PARTITION: &'static str = {partition};
    const SORT: Option<&'static str> = {sort};
}}",
        partition_type = value_type(names, field_of(partition)),
        name = option(name),
        partition = literal(partition),
        sort = option(sort),
    ));
}

fn holds(projection: &Projection) -> &'static str {
    match projection {
        Projection::All => "",
        Projection::Keys => ", which holds keys alone",
        Projection::Include(_) => ", which holds some attributes",
    }
}

/// All outboxes that functions publish through.
pub(super) fn outboxes(names: &Names<'_>, input: Input<'_>) -> Code {
    let mut code = Code::default();
    for (id, outbox) in names.model.outboxes.iter().filter(|(_, outbox)| outbox.changes.is_none()) {
        let (name, env) = (names.outbox(id), literal(&ids::outbox_variable(outbox)));
        let docs = head_docs(
            &format!("The outbox `{}`.", outbox.head.name),
            outbox.head.description.as_deref(),
            &input.location(outbox.head.name_span),
        );
        code.item(format_args!(
            "{docs}#[derive(Debug, Clone, Copy)]
pub struct {name};"
        ));
        code.item(format_args!(
            "impl evc_runtime::Outbox for {name} {{
    const ENV: &'static str = {env};
}}"
        ));
        for event in &outbox.publishes {
            let event = names.event(event.value);
            code.line(format_args!("impl evc_runtime::Carries<crate::{event}> for {name} {{}}"));
        }
    }
    code
}
