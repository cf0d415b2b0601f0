//! Attributes that routes name: there are such, and what they are given is of their type.

use super::ToTable;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Mapping, MappingValue, Model};
use crate::source::Span;
use crate::spec::scalar::Name;
use crate::spec::table::Projection;
use crate::types::{Attribute, FieldAt, Kind, NoField, Type, describe};

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for it in super::to_tables(model) {
        for mapping in it.to.mappings() {
            let found_here = match model.types.field_at(&it.table.item, &[&mapping.attribute]) {
                Ok(place) => of_type(model, &it, mapping, &place),
                Err(no) => {
                    let found = unknown(&it, &mapping.attribute, mapping.span, no);
                    found.map(|found| with_field(found, mapping))
                }
            };
            diagnostics.extend(found_here.map(|diagnostic| super::item(it.api, diagnostic)));
        }
        for name in &it.to.output {
            let found_here = match model.types.field_at(&it.table.item, &[name.as_str()]) {
                Ok(_) => projected(&it, name),
                Err(no) => unknown(&it, name, name.span, no),
            };
            diagnostics.extend(found_here.map(|diagnostic| super::item(it.api, diagnostic)));
        }
    }
}

/// Adds where the field of the body stands, if that is not the very place.
fn with_field(diagnostic: Diagnostic, mapping: &Mapping) -> Diagnostic {
    if matches!(mapping.value, MappingValue::Body(_)) && mapping.ty.span != mapping.span {
        return diagnostic.secondary(mapping.ty.span, "the body has it from here");
    }
    diagnostic
}

fn unknown(it: &ToTable<'_>, name: &str, at: Span, no: NoField<'_>) -> Option<Diagnostic> {
    let message = format!("the items of table `{}` have no attribute `{name}`", it.table.head.name);
    let diagnostic = Diagnostic::new(Code::EVC0601, at, message);
    (!no.reported).then(|| diagnostic.secondary(no.within.span, "their type is here").suggest(name, no.known))
}

/// An attribute of an answer that the index does not hold.
fn projected(it: &ToTable<'_>, name: &Name) -> Option<Diagnostic> {
    let index = &it.table.indexes[it.to.index()?];
    let held = it.to.held(it.table)?;
    if held.iter().any(|held| held.value == name.value) {
        return None;
    }
    let what = if index.projection == Projection::Keys { "only keys" } else { "not this attribute" };
    let message = format!("index `{}` does not hold `{}`", index.name, name.value);
    let diagnostic = Diagnostic::new(Code::EVC0601, name.span, message);
    let diagnostic = diagnostic.secondary(index.name_span, format!("it holds {what}"));
    Some(diagnostic.suggest(name, held.iter().map(|name| name.as_str())))
}

fn of_type(model: &Model, it: &ToTable<'_>, mapping: &Mapping, place: &FieldAt<'_>) -> Option<Diagnostic> {
    let name = &mapping.attribute;
    if it.table.version.as_ref().is_some_and(|version| version.value == *name) {
        let message = format!("`{name}` counts the writes of an item, and is counted without being said");
        return Some(Diagnostic::new(Code::EVC0627, mapping.span, message).help("take it out"));
    }
    let ty = place.field.map_or(place.ty, |field| &field.ty);
    let is_key = it.to.key().iter().any(|key| std::ptr::eq(key, mapping));
    // Whatever stands in a key that is looked for: an item of which it is not the key is not found. A text where the key is a number
    // is refused by DynamoDB, and the caller told so.
    let is_number = || model.types.attribute(place.ty) == Some(Attribute::N);
    if is_key && is_beside_the_body(&mapping.value) && (super::super::requests::is_text(&place.ty.kind) || is_number())
    {
        return None;
    }
    // The template looks whether a text is of the form of the attribute.
    if is_beside_the_body(&mapping.value) && has_a_form(&model.types.resolve(ty).kind) {
        return None;
    }
    let Err(mismatch) = model.types.accepts(ty, &mapping.ty) else { return beyond(model, mapping, ty, place) };
    let message = format!("what `{name}` is given is not `{}`", describe(ty));
    let diagnostic = Diagnostic::new(Code::EVC0627, mapping.span, message).label(mismatch.to_string());
    let diagnostic = with_field(diagnostic, mapping);
    let diagnostic = match place.field {
        Some(field) => diagnostic.secondary(field.name_span, "it is declared here"),
        None => diagnostic,
    };
    Some(if is_beside_the_body(&mapping.value) {
        diagnostic.note("what stands beside the body is a text")
    } else {
        diagnostic
    })
}

/// Texts that are told by how they are written.
fn has_a_form(kind: &Kind) -> bool {
    matches!(kind, Kind::Enum(_) | Kind::Uuid | Kind::Timestamp | Kind::Date | Kind::Duration)
}

/// A body may have what no item may. Whatever else is a text is looked at before it is written.
fn beyond(model: &Model, mapping: &Mapping, ty: &Type, place: &FieldAt<'_>) -> Option<Diagnostic> {
    let MappingValue::Body(_) = &mapping.value else { return None };
    let reason = model.types.bounds_hold(ty, &mapping.ty).err()?;
    let name = &mapping.attribute;
    let message = format!("`{name}` may get what no item has");
    let diagnostic = with_field(Diagnostic::new(Code::EVC0627, mapping.span, message).label(reason), mapping);
    let diagnostic = match place.field {
        Some(field) => diagnostic.secondary(field.name_span, format!("it is declared here, as `{}`", describe(ty))),
        None => diagnostic,
    };
    Some(
        diagnostic
            .note("API Gateway holds a body against the type of the route alone, and who reads the item relies on that of the table")
            .help(format!("say `{}` in the type of the body", describe(ty))),
    )
}

fn is_beside_the_body(value: &MappingValue) -> bool {
    matches!(value, MappingValue::Path(_) | MappingValue::Query(_) | MappingValue::Header(_))
}
