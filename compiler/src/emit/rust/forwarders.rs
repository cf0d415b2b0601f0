//! `functions/NAME-{forwarder,redrive}/src/main.rs`: which changes of a table are which events, or one call into the runtime.

use std::fmt::Write as _;

use super::names::{Names, contract, crate_ident};
use super::print;
use crate::model::{ChangeEvent, ChangeKind, Changes, FieldTest, Is, Outbox, field_tests};

/// The program of a forwarder, without the comment on top.
pub(super) fn body(names: &Names<'_>, outbox: &Outbox) -> String {
    let name = format!("{}-forwarder", outbox.head.name);
    let Some(changes) = &outbox.changes else {
        return one_call("evc_runtime::forward::outbox", &name);
    };
    let contract = crate_ident(&contract(names.model));
    let mut events: Vec<&str> = outbox.publishes.iter().map(|event| names.event(event.value)).collect();
    events.sort_unstable();
    let mut text = String::from("\n");
    for event in events {
        let _ = writeln!(text, "use {contract}::{event};");
    }
    text.push_str("\nfn main() -> Result<(), evc_runtime::Error> {\n");
    let key = names.model.tables[changes.table.value].key.first().map_or("", |key| key.as_str());
    text.push_str(&statement("let mut changes = evc_runtime::forward::Changes::of", &[quoted(key)]));
    for change in &changes.events {
        event(&mut text, names, outbox, changes, change);
    }
    text.push_str(&call("changes.forward", &[quoted(&name)], ""));
    text.push_str("\n}\n");
    text
}

/// The program of a redrive, without the comment on top.
pub(super) fn redrive(outbox: &Outbox) -> String {
    one_call("evc_runtime::redrive::outbox", &format!("{}-redrive", outbox.head.name))
}

fn one_call(function: &str, name: &str) -> String {
    format!("\nfn main() -> Result<(), evc_runtime::Error> {{\n{}\n}}\n", call(function, &[quoted(name)], ""))
}

fn event(text: &mut String, names: &Names<'_>, outbox: &Outbox, changes: &Changes, change: &ChangeEvent) {
    let model = names.model;
    let method = match change.kind {
        ChangeKind::Insert => "insert",
        ChangeKind::Update => "update",
    };
    let _ = writeln!(text, "    changes.{method}::<{}>();", names.event(change.event.value));
    if outbox.events_of(change.kind) > 1 {
        text.push_str(&statement("changes.named", &[quoted(&model.events[change.event.value].head.name)]));
    }
    for copied in model.copied_fields(changes, change) {
        text.push_str(&statement("changes.copy", &[quoted(copied.name), quoted(copied.item_name)]));
    }
    let item = &model.tables[changes.table.value].item;
    let tests = change.filter.as_ref().map_or(Vec::new(), |pattern| field_tests(&model.types, item, pattern).0);
    for FieldTest { path, any, .. } in tests {
        text.push_str(&statement("changes.only_if", &[list(&path)]));
        for is in any {
            text.push_str(&match is {
                Is::Text(value) => statement("changes.is_text", &[quoted(&value)]),
                Is::Number(value) => statement("changes.is_number", &[quoted(&value)]),
                Is::Boolean(value) => statement("changes.is_boolean", &[value.to_string()]),
                Is::Prefix(value) => statement("changes.starts_with", &[quoted(&value)]),
                Is::NoneOf(values) => statement("changes.is_none_of", &[list(&values)]),
            });
        }
    }
}

fn statement(function: &str, arguments: &[String]) -> String {
    call(function, arguments, ";") + "\n"
}

/// A call as rustfmt lays it out: on one line, or each argument on a line.
fn call(function: &str, arguments: &[String], end: &str) -> String {
    let short = format!("    {function}({}){end}", arguments.join(", "));
    if short.chars().count() <= print::WIDTH {
        return short;
    }
    // A list alone stays with its brackets.
    if let [only] = arguments
        && let Some(items) = only.strip_prefix("&[").and_then(|rest| rest.strip_suffix(']'))
    {
        let items = items.split("\", \"").collect::<Vec<_>>().join("\",\n        \"");
        return format!("    {function}(&[\n        {items},\n    ]){end}");
    }
    format!("    {function}(\n        {},\n    ){end}", arguments.join(",\n        "))
}

fn list(texts: &[String]) -> String {
    format!("&[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "))
}

/// A string literal of Rust. <https://doc.rust-lang.org/reference/tokens.html#string-literals>
fn quoted(text: &str) -> String {
    let escaped: String = text
        .chars()
        .flat_map(|c| match c {
            '"' | '\\' => vec!['\\', c],
            c if c.is_control() => c.escape_unicode().collect(),
            c => vec![c],
        })
        .collect();
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_of_a_table_s_changes() {
        let spec = include_str!("../../lower/fixtures/changes.yaml");
        let analysis = crate::compile::analyze_text("specs/shop.yaml", spec);
        let model = analysis.model.as_ref().expect("the spec names its service");
        let outbox = model.outboxes.values().find(|outbox| outbox.has_function()).expect("a function");
        insta::assert_snapshot!(body(&Names::new(model), outbox));
    }

    #[test]
    fn statements_are_laid_out_as_rustfmt_does() {
        let long = quoted(&"x".repeat(48));
        assert_eq!(statement("changes.copy", &[quoted("a"), quoted("b")]), "    changes.copy(\"a\", \"b\");\n");
        assert_eq!(
            statement("changes.copy", &[long.clone(), long.clone()]),
            format!("    changes.copy(\n        {long},\n        {long},\n    );\n")
        );
        let texts = [long.trim_matches('"').to_owned(), "y".repeat(40)];
        assert_eq!(
            statement("changes.is_none_of", &[list(&texts)]),
            format!("    changes.is_none_of(&[\n        {long},\n        {},\n    ]);\n", quoted(&texts[1]))
        );
        assert_eq!(quoted("a\"\\\n"), "\"a\\\"\\\\\\u{a}\"");
    }
}
