//! An update changes something, and never the key.

use super::ToTable;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Mapping, Model, TableOperation};

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for it in super::to_tables(model) {
        let TableOperation::Update { set, .. } = &it.to.operation else { continue };
        key(&it, set, diagnostics);
        nothing(&it, set, diagnostics);
    }
}

fn key(it: &ToTable<'_>, set: &[Mapping], diagnostics: &mut Vec<Diagnostic>) {
    for mapping in set {
        let Some(key) = it.table.key.iter().find(|name| name.value == mapping.attribute) else { continue };
        let message = format!("`{}` is part of the key, and the key of an item does not change", mapping.attribute);
        let diagnostic = Diagnostic::new(Code::EVC0628, mapping.span, message)
            .secondary(key.span, "the key is here")
            .help("say under `key` which item is meant");
        diagnostics.push(super::item(it.api, diagnostic));
    }
}

/// An update expression that sets nothing is refused by DynamoDB. The version counts: it is always counted up.
fn nothing(it: &ToTable<'_>, set: &[Mapping], diagnostics: &mut Vec<Diagnostic>) {
    if it.table.version.is_some() || set.iter().any(|mapping| !mapping.optional) {
        return;
    }
    let (message, help) = if set.is_empty() {
        ("this update sets nothing", "say what is set: `update: { status: body.status }`")
    } else {
        let help = "make one of the fields of the body one without `?`, or give the table a `version`";
        ("a request may leave out all that this update sets", help)
    };
    let diagnostic = Diagnostic::new(Code::EVC0628, it.to.operation_span, message).help(help);
    diagnostics.push(super::item(it.api, diagnostic));
}
