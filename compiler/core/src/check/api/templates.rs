//! What mapping templates can carry: values of which all is known, and in the answer of a put what is still known by then.

use super::ToTable;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Mapping, MappingValue, Model, TableOperation};
use crate::types::{MAX_MAPPED_DEPTH, MAX_MAPPED_PARTS, Type, Unmapped, describe};

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for it in super::to_tables(model) {
        carried(model, &it, diagnostics);
        gone(&it, diagnostics);
    }
}

/// Values of which nothing is known, or that go too deep.
fn carried(model: &Model, it: &ToTable<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let fields = model.types.record(&it.table.item).unwrap_or_default();
    let written = it.to.mappings().filter_map(|mapping| {
        let stored = fields.get(mapping.attribute.as_str()).map(|field| &field.ty);
        let given = is_declared(model, it, mapping).then_some(&mapping.ty);
        // What is stored as anything is stored as what it is given.
        let stored = stored.filter(|ty| given.is_none() || !model.types.is_any(ty));
        let problem = stored.into_iter().chain(given).find_map(|ty| problem(model, ty))?;
        Some((mapping.attribute.as_str(), mapping.span, problem))
    });
    // What a put answers with comes from the request.
    let is_put = matches!(it.to.operation, TableOperation::Put { .. });
    let answered = fields.iter().filter(|(name, _)| {
        !is_put && (it.to.output.is_empty() || it.to.output.iter().any(|wanted| wanted.value == **name))
    });
    let read = answered.filter_map(|(name, field)| Some((*name, it.to.operation_span, problem(model, &field.ty)?)));
    for (name, at, (why, place)) in written.chain(read) {
        let message = format!("`{name}` is of a type that no mapping template can carry: {why}");
        let diagnostic = Diagnostic::new(Code::EVC0650, at, message)
            .secondary(place.span, format!("this is `{}`", describe(place)))
            .help("say what it holds, leave it out, or call a function");
        diagnostics.push(super::item(it.api, diagnostic));
    }
}

/// Whether the type of what an attribute is given is said in the spec. That of what could not be read is not.
fn is_declared(model: &Model, it: &ToTable<'_>, mapping: &Mapping) -> bool {
    let (MappingValue::Body(path), Some(body)) = (&mapping.value, &it.to.input) else { return false };
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    model.types.field_at(body, &path).is_ok()
}

fn problem<'m>(model: &'m Model, ty: &'m Type) -> Option<(String, &'m Type)> {
    Some(match model.types.unmapped(ty)? {
        Unmapped::Any(place) => ("nothing is known about a part of it".to_owned(), place),
        Unmapped::Tagged(place) => ("a template does not tell several records apart".to_owned(), place),
        Unmapped::Deep(place) => (format!("it goes more than {MAX_MAPPED_DEPTH} levels deep"), place),
        Unmapped::Wide(place) => (format!("it has more than {MAX_MAPPED_PARTS} parts"), place),
    })
}

/// Fields of the body in the answer of a put.
fn gone(it: &ToTable<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let TableOperation::Put { attributes } = &it.to.operation else { return };
    for name in &it.to.output {
        let given = attributes.iter().find(|mapping| mapping.attribute == name.value);
        let Some(mapping) = given.filter(|mapping| matches!(mapping.value, MappingValue::Body(_))) else { continue };
        let message = format!("the answer cannot have `{}`, which comes from the body", name.value);
        let diagnostic = Diagnostic::new(Code::EVC0651, name.span, message)
            .secondary(mapping.span, "it comes from here")
            .note("when DynamoDB has answered, API Gateway no longer has the body, and DynamoDB does not send a new item back")
            .help("leave it out: the caller knows what it sent");
        diagnostics.push(super::item(it.api, diagnostic));
    }
}
