//! Routes that name an item, or a partition, name it by its whole key and nothing else.

use super::ToTable;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Model, TableOperation};
use crate::spec::scalar::Name;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for it in super::to_tables(model) {
        let key: &[Name] = match &it.to.operation {
            TableOperation::Query { index: Some(index), .. } => &it.table.indexes[*index].key,
            TableOperation::Query { index: None, .. }
            | TableOperation::Put { .. }
            | TableOperation::Update { .. }
            | TableOperation::Get { .. } => &it.table.key,
        };
        missing(&it, key, diagnostics);
        further(&it, key, diagnostics);
    }
}

/// Attributes of the key that nothing gives. A query needs the partition key only.
fn missing(it: &ToTable<'_>, key: &[Name], diagnostics: &mut Vec<Diagnostic>) {
    let needed = if let TableOperation::Query { .. } = it.to.operation { 1 } else { key.len() };
    let given = |name: &Name| it.to.mappings().any(|mapping| mapping.attribute == name.value);
    for name in key.iter().take(needed).filter(|name| !given(name)) {
        let message = format!("nothing says the `{}` of the key", name.value);
        let how = match it.to.operation {
            TableOperation::Put { .. } => "add it to the body, to the path or to `put`".to_owned(),
            TableOperation::Update { .. } | TableOperation::Get { .. } | TableOperation::Query { .. } => {
                format!("add it to the path as `{{{0}}}`, or say `key: {{ {0}: … }}`", name.value)
            }
        };
        let diagnostic = Diagnostic::new(Code::EVC0624, it.route.span, message)
            .secondary(name.span, format!("it is part of the key of table `{}`", it.table.head.name))
            .help(how);
        diagnostics.push(super::item(it.api, diagnostic));
    }
}

/// What stands under `key` and is not part of the key.
fn further(it: &ToTable<'_>, key: &[Name], diagnostics: &mut Vec<Diagnostic>) {
    for mapping in it.to.key() {
        if key.iter().all(|name| name.value != mapping.attribute) {
            let message = format!("`{}` is not part of the key", mapping.attribute);
            let known = key.iter().map(|name| name.as_str());
            let diagnostic = Diagnostic::new(Code::EVC0624, mapping.span, message).suggest(&mapping.attribute, known);
            diagnostics.push(super::item(it.api, diagnostic));
        }
    }
}
