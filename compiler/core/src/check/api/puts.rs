//! A put writes every attribute that an item must have, each once.

use super::ToTable;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Mapping, Model, TableOperation};

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for it in super::to_tables(model) {
        let TableOperation::Put { attributes } = &it.to.operation else { continue };
        missing(model, &it, attributes, diagnostics);
        twice(&it, attributes, diagnostics);
    }
}

/// Attributes that an item must have, and that nothing gives or that may be absent. Those of the key are for another check; the
/// version is written by evc.
fn missing(model: &Model, it: &ToTable<'_>, attributes: &[Mapping], diagnostics: &mut Vec<Diagnostic>) {
    let version = it.table.version.as_ref().map(|name| name.as_str());
    for (name, field) in model.types.record(&it.table.item).unwrap_or_default() {
        if field.optional || version == Some(name) {
            continue;
        }
        let given = attributes.iter().find(|mapping| mapping.attribute == name);
        let diagnostic = match given {
            Some(mapping) if mapping.optional => {
                let message = format!("every item has `{name}`, and what it comes from may be absent");
                Diagnostic::new(Code::EVC0625, mapping.span, message).help("make the field of the body one without `?`")
            }
            None if it.table.key.iter().all(|key| key.value != name) => {
                let message = format!("the new item would have no `{name}`");
                Diagnostic::new(Code::EVC0625, it.to.operation_span, message)
                    .help(format!("add it to the body or to `put`, or write it as `{name}?` in the item's type"))
            }
            _ => continue,
        };
        let diagnostic =
            diagnostic.secondary(field.name_span, format!("items of table `{}` have it", it.table.head.name));
        diagnostics.push(super::item(it.api, diagnostic));
    }
}

fn twice(it: &ToTable<'_>, attributes: &[Mapping], diagnostics: &mut Vec<Diagnostic>) {
    for (at, mapping) in attributes.iter().enumerate() {
        let Some(first) = attributes[..at].iter().find(|first| first.attribute == mapping.attribute) else { continue };
        let message = format!("`{}` is given twice", mapping.attribute);
        let diagnostic = Diagnostic::new(Code::EVC0625, first.span, message)
            .secondary(mapping.span, "the body has a field of this name as well")
            .help("take one of them out");
        diagnostics.push(super::item(it.api, diagnostic));
    }
}
