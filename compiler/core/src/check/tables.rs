//! Attributes that tables name: each is a field of the item, and of a type that DynamoDB takes in that place.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.CoreComponents.html>

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Index, Model, Table};
use crate::source::Span;
use crate::spec::scalar::Name;
use crate::spec::table::Projection;
use crate::types::{FieldAt, Kind, describe};

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for table in model.tables.values() {
        if model.types.is_any(&table.item) {
            continue;
        }
        if model.types.record(&table.item).is_none() {
            let message = format!("the items of a table are records, found `{}`", describe(&table.item));
            diagnostics.push(Diagnostic::new(Code::EVC0602, table.item.span, message));
            continue;
        }
        if model.types.union(&table.item).is_some() {
            let message = format!(
                "the items of a table are records of one kind, found `{}`, which is one of several",
                describe(&table.item)
            );
            let help = "make it a field of the items: `{ id: uuid, of: …, at: timestamp }`, with the key beside it";
            diagnostics.push(Diagnostic::new(Code::EVC0602, table.item.span, message).help(help));
            continue;
        }
        let table = Attributes { model, table };
        table.check(diagnostics);
    }
}

struct Attributes<'m> {
    model: &'m Model,
    table: &'m Table,
}

impl<'m> Attributes<'m> {
    fn check(&self, diagnostics: &mut Vec<Diagnostic>) {
        let table = self.table;
        for name in &table.key {
            let Some(place) = self.find(name, diagnostics) else { continue };
            self.key_type(name, &place, diagnostics);
            if place.optional {
                let message = format!("`{}` may be absent, and every item has a whole key", name.value);
                let declared = place.field.map(|field| field.name_span);
                diagnostics.push(
                    with_declaration(Diagnostic::new(Code::EVC0602, name.span, message), declared)
                        .help(format!("write the field without `?`, or pick another key than `{}`", name.value)),
                );
            }
        }
        twice(&table.key, diagnostics);
        for index in &table.indexes {
            self.index(index, diagnostics);
        }
        self.integer(table.ttl.as_ref(), "the time of expiry, in seconds since 1970,", diagnostics);
        self.integer(table.version.as_ref(), "the version of an item", diagnostics);
        if let Some(version) = &table.version
            && let Some(key) = table.key.iter().find(|key| key.value == version.value)
        {
            let message = format!("`{}` is part of the key, and a key does not change", version.value);
            let diagnostic =
                Diagnostic::new(Code::EVC0602, version.span, message).secondary(key.span, "the key is here");
            diagnostics.push(diagnostic.help("count the writes in a field of its own"));
        }
    }

    /// An index's key may be absent from items, which are then not in the index.
    fn index(&self, index: &Index, diagnostics: &mut Vec<Diagnostic>) {
        for name in &index.key {
            if let Some(place) = self.find(name, diagnostics) {
                self.key_type(name, &place, diagnostics);
            }
        }
        twice(&index.key, diagnostics);
        if names(&index.key) == names(&self.table.key) {
            let message = format!("index `{}` has the key of the table itself", index.name);
            let diagnostic = Diagnostic::new(Code::EVC0602, index.name_span, message);
            let diagnostic = diagnostic.secondary(self.table.key_span, "the key is here");
            diagnostics.push(diagnostic.help("query the table, or give the index another key"));
        }
        if let Projection::Include(attributes) = &index.projection {
            for name in attributes {
                let _ = self.find(name, diagnostics);
            }
        }
    }

    /// The field of an attribute; `None` has been reported.
    fn find(&self, name: &Name, diagnostics: &mut Vec<Diagnostic>) -> Option<FieldAt<'m>> {
        match self.model.types.field_at(&self.table.item, &[name.as_str()]) {
            Ok(place) => Some(place),
            Err(no) if no.reported => None,
            Err(no) => {
                let message =
                    format!("the items of table `{}` have no attribute `{}`", self.table.head.name, name.value);
                let diagnostic = Diagnostic::new(Code::EVC0601, name.span, message);
                let diagnostic = diagnostic.secondary(no.within.span, "their type is here");
                diagnostics.push(diagnostic.suggest(name, no.known));
                None
            }
        }
    }

    fn key_type(&self, name: &Name, place: &FieldAt<'_>, diagnostics: &mut Vec<Diagnostic>) {
        // A name that is not declared has been reported.
        if self.model.types.can_be_key(place.ty) || matches!(place.ty.kind, Kind::Named(_)) {
            return;
        }
        let message = format!("`{}` is `{}`, which cannot be a key", name.value, described(place));
        let declared = place.field.map(|field| field.ty.span);
        diagnostics.push(
            with_declaration(Diagnostic::new(Code::EVC0602, name.span, message), declared)
                .help("a key is text, a number or bytes: `string`, `uuid`, `timestamp`, `integer` and the like"),
        );
    }

    fn integer(&self, name: Option<&Name>, what: &str, diagnostics: &mut Vec<Diagnostic>) {
        let Some(name) = name else { return };
        let Some(place) = self.find(name, diagnostics) else { return };
        if matches!(place.ty.kind, Kind::Integer(_)) || self.model.types.is_any(place.ty) {
            return;
        }
        let message = format!("`{}` is `{}`, and {what} is an `integer`", name.value, described(&place));
        let declared = place.field.map(|field| field.ty.span);
        diagnostics.push(
            with_declaration(Diagnostic::new(Code::EVC0602, name.span, message), declared)
                .help(format!("declare it as `{}: integer`", name.value)),
        );
    }
}

fn described(place: &FieldAt<'_>) -> String {
    place.field.map_or_else(|| describe(place.ty), |field| describe(&field.ty))
}

fn with_declaration(diagnostic: Diagnostic, declared: Option<Span>) -> Diagnostic {
    match declared {
        Some(span) => diagnostic.secondary(span, "it is declared here"),
        None => diagnostic,
    }
}

fn names(key: &[Name]) -> Vec<&str> {
    key.iter().map(|name| name.as_str()).collect()
}

/// Reports a sort key that is the partition key.
fn twice(key: &[Name], diagnostics: &mut Vec<Diagnostic>) {
    if let [partition, sort] = key
        && partition.value == sort.value
    {
        let message = format!("`{}` is the partition key already", sort.value);
        let diagnostic = Diagnostic::new(Code::EVC0602, sort.span, message);
        diagnostics.push(diagnostic.secondary(partition.span, "the first is here").help("sort by another attribute"));
    }
}
