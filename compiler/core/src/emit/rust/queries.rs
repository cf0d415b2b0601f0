//! Access patterns: what a function's context looks for items by.

use super::callers;
use super::names::Names;
use super::print::Code;
use super::text::member_paragraph;
use crate::model::{AccessPattern, Function, Model, Through};
use crate::spec::access::SortBy;
use crate::types::rust::field_name;

/// What a pattern lets a function do, for people.
pub(super) fn may(model: &Model, pattern: &AccessPattern) -> String {
    let table = &model.tables[pattern.table.value].head.name;
    match &pattern.index {
        Some(index) => format!("query items of `{table}` through `{}`", index.value),
        None => format!("query items of `{table}`"),
    }
}

/// The type of the contract that a pattern looks through.
fn through<'n>(names: &'n Names<'_>, pattern: &AccessPattern) -> Option<&'n str> {
    let known = names.table(pattern.table.value);
    Some(match pattern.through(names.model)? {
        Through::Table => &known.table,
        Through::Index(at) => known.indexes.get(at)?,
    })
}

/// One line for each key that is looked by.
pub(super) fn grants(names: &Names<'_>, function: &Function, context: &str, code: &mut Code) {
    let mut granted: Vec<String> = Vec::new();
    for pattern in &function.queries {
        let Some(index) = through(names, pattern) else { continue };
        let of = match pattern.owner(function) {
            Some(_) => format!("evc_runtime::table::Own<crate::{index}>"),
            None => format!("crate::{index}"),
        };
        if !granted.contains(&of) {
            code.line(format_args!("impl evc_runtime::grant::QueryBy<{of}> for {context} {{}}"));
            granted.push(of);
        }
    }
}

/// A method for each pattern.
pub(super) fn methods(names: &Names<'_>, function: &Function) -> Vec<String> {
    let methods = function.queries.iter().zip(names.query_methods(function));
    methods.filter_map(|(pattern, name)| method(names, function, pattern, &name)).collect()
}

fn method(names: &Names<'_>, function: &Function, pattern: &AccessPattern, name: &str) -> Option<String> {
    let index = through(names, pattern)?;
    let table = &names.model.tables[pattern.table.value];
    let [partition, sort @ ..] = pattern.key(names.model)? else { return None };
    let fields = names.model.types.record(&table.item).unwrap_or_default();
    // What a parameter is and how it is handed on. An attribute that the item does not have has been reported.
    let parameter = |name: &str, key: &str| {
        let ty = fields.get(key).map_or_else(|| "String".to_owned(), |field| names.type_text(&field.ty, "crate::"));
        match ty.as_str() {
            "String" => (format!("{name}: &str"), format!("&{name}.to_owned()")),
            ty => (format!("{name}: &{ty}"), name.to_owned()),
        }
    };
    let sorted = pattern.sort.as_ref().zip(sort.first().map(|sort| sort.value.as_str()));
    let (compare, range, sides) = match sorted {
        None => ("", String::new(), Vec::new()),
        Some((by, key)) => {
            let (compare, range, sides) = compared(by.value);
            let prefix = || ("prefix: &str".to_owned(), "prefix".to_owned());
            let side = |name: &&str| if by.value == SortBy::BeginsWith { prefix() } else { parameter(name, key) };
            (compare, format!(", with a `{key}` {range}"), sides.iter().map(side).collect())
        }
    };
    let owner = pattern.owner(function).and_then(|owner| callers::claim(owner));
    let whose = if owner.is_some() { "of the caller".to_owned() } else { format!("of this `{}`", partition.value) };
    let docs = member_paragraph(&format!(
        "Items of `{}` {whose}{range}: the access pattern `{}`.",
        table.head.name, pattern.name.value
    ));
    // What the partition is called may be what one of the others is called.
    let own = field_name(partition);
    let is_taken = sides.iter().any(|(side, _)| side.starts_with(&format!("{own}:"))) || own == "query";
    let (by, given) = parameter(if is_taken { "partition" } else { &own }, partition);
    let by = if owner.is_some() { "" } else { by.as_str() };
    let parameters = ["&self", by].into_iter().chain(sides.iter().map(|(side, _)| side.as_str()));
    let parameters: Vec<&str> = parameters.filter(|parameter| !parameter.is_empty()).collect();
    let call = match owner {
        Some(claim) => format!("self.context.query_own::<Self, _>(crate::{index}, &self.caller().{claim})"),
        None => format!("self.context.query_by::<Self, _>(crate::{index}, {given})"),
    };
    let body = if sides.is_empty() {
        format!("        {call}\n")
    } else {
        let values: Vec<&str> = sides.iter().map(|(_, value)| value.as_str()).collect();
        format!("        let query = {call};\n        query.{compare}({})\n", values.join(", "))
    };
    Some(format!(
        "{docs}    pub fn {name}({}) -> evc_runtime::table::QueryBuilder<'_, crate::{index}> {{
{body}    }}
",
        parameters.join(", ")
    ))
}

/// The method that compares a sort key, what is then found, and what it is compared with.
fn compared(by: SortBy) -> (&'static str, &'static str, &'static [&'static str]) {
    match by {
        SortBy::Eq => ("eq", "that is this", &["sort"]),
        SortBy::Lt => ("lt", "below this", &["below"]),
        SortBy::Le => ("le", "of at most this", &["most"]),
        SortBy::Gt => ("gt", "above this", &["above"]),
        SortBy::Ge => ("ge", "of at least this", &["least"]),
        SortBy::Between => ("between", "from the one to the other", &["low", "high"]),
        SortBy::BeginsWith => ("begins_with", "that begins so", &["prefix"]),
    }
}
