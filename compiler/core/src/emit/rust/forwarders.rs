//! `functions/NAME-{forwarder,redrive}/src/main.rs`: which changes of a table are which events, or one call into the runtime.

use std::fmt::{Display, Write as _};

use super::names::{Names, contract, crate_ident};
use super::print::{Code, literal};
use crate::model::{ChangeEvent, ChangeKind, Changes, FieldTest, Is, Outbox, field_tests};

/// What the program of a forwarder does, with the imports that it needs added to `code`.
pub(super) fn call(names: &Names<'_>, outbox: &Outbox, code: &mut Code) -> String {
    let name = literal(&format!("{}-forwarder", outbox.head.name));
    let Some(changes) = &outbox.changes else { return format!("evc_runtime::forward::outbox({name})") };
    let contract = crate_ident(&contract(names.model));
    let mut events: Vec<&str> = outbox.publishes.iter().map(|event| names.event(event.value)).collect();
    events.sort_unstable();
    for event in events {
        code.line(format_args!("use {contract}::{event};"));
    }
    let key = names.model.tables[changes.table.value].key.first().map_or("", |key| key.as_str());
    let mut text = format!("let mut changes = evc_runtime::forward::Changes::of({});\n", literal(key));
    for change in &changes.events {
        event(&mut text, names, outbox, changes, change);
    }
    let _ = write!(text, "    changes.forward({name})");
    text
}

/// What the program of a redrive does.
pub(super) fn redrive(outbox: &Outbox) -> String {
    format!("evc_runtime::redrive::outbox({})", literal(&format!("{}-redrive", outbox.head.name)))
}

fn event(text: &mut String, names: &Names<'_>, outbox: &Outbox, changes: &Changes, change: &ChangeEvent) {
    let model = names.model;
    let mut statement = |statement: &dyn Display| {
        let _ = writeln!(text, "    changes.{statement};");
    };
    let method = match change.kind {
        ChangeKind::Insert => "insert",
        ChangeKind::Update => "update",
    };
    statement(&format_args!("{method}::<{}>()", names.event(change.event.value)));
    if outbox.events_of(change.kind) > 1 {
        statement(&format_args!("named({})", literal(&model.events[change.event.value].head.name)));
    }
    for copied in model.copied_fields(changes, change) {
        statement(&format_args!("copy({}, {})", literal(copied.name), literal(copied.item_name)));
    }
    let item = &model.tables[changes.table.value].item;
    let tests = change.filter.as_ref().map_or(Vec::new(), |pattern| field_tests(&model.types, item, pattern).0);
    for FieldTest { path, any, .. } in tests {
        statement(&format_args!("only_if({})", list(&path)));
        for is in any {
            match is {
                Is::Text(value) => statement(&format_args!("is_text({})", literal(&value))),
                Is::Number(value) => statement(&format_args!("is_number({})", literal(&value))),
                Is::Boolean(value) => statement(&format_args!("is_boolean({value})")),
                Is::Prefix(value) => statement(&format_args!("starts_with({})", literal(&value))),
                Is::NoneOf(values) => statement(&format_args!("is_none_of({})", list(&values))),
            }
        }
    }
}

fn list(texts: &[String]) -> String {
    format!("&[{}]", texts.iter().map(|text| literal(text)).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_of_a_table_s_changes() {
        let spec = include_str!("../../lower/fixtures/changes.yaml");
        let analysis = crate::session::analyze_text("specs/shop.yaml", spec);
        let model = analysis.model.as_ref().expect("the spec names its service");
        let outbox = model.outboxes.values().find(|outbox| outbox.has_function()).expect("a function");
        let mut code = Code::default();
        let call = call(&Names::new(model), outbox, &mut code);
        code.item(format_args!("fn main() -> Result<(), evc_runtime::Error> {{\n    {call}\n}}"));
        insta::assert_snapshot!(code.file(""));
    }
}
