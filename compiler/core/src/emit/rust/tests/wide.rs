//! Names of every length: whatever a line has to hold, it is broken where rustfmt breaks it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;

/// A name of this length: `field1Abcdefghi...`. The kind keeps it apart from others.
fn name(kind: &str, number: usize, length: usize) -> String {
    let start = format!("{kind}{number}");
    let rest = length.saturating_sub(start.len());
    start + &"Abcdefghi".repeat(rest / 9 + 1)[..rest]
}

/// The same with words in kebab case.
fn kebab(kind: &str, number: usize, length: usize) -> String {
    let start = format!("{kind}{number}");
    let rest = length.saturating_sub(start.len());
    let name = start + &"-abcdefgh".repeat(rest / 9 + 1)[..rest];
    name.trim_end_matches('-').to_owned()
}

/// A spec whose names and texts have about these lengths: of what the sections declare, and of fields.
#[expect(clippy::many_single_char_names, reason = "the fields of a made-up record")]
fn spec(long: usize, field: usize) -> String {
    let [ty, line, state, label] = [1, 2, 3, 4].map(|number| name("T", number, long));
    let [told, wrapped, bounded, own] = [1, 2, 3, 4].map(|number| name("E", number, long));
    let [table, other] = [1, 2].map(|number| kebab("t", number, long));
    let [first, second, third, fourth, fifth] = [1, 2, 3, 4, 5].map(|number| kebab("f", number, long));
    let [a, b, c, d, e, f, g, h, i] = [1, 2, 3, 4, 5, 6, 7, 8, 9].map(|number| name("a", number, field));
    let [jobs, outbox, index] = [kebab("q", 1, long), kebab("o", 1, long), kebab("in", 1, long)];
    let [failure, literal] = [name("X", 1, long), "l".repeat(field)];
    let mut spec = String::new();
    let _ = write!(
        spec,
        r#"
evc: 1
service: shop
types:
  {ty}: {{ {a}: "string(1..20)", {b}: "integer(1..)", {c}?: "money(-5..)", {d}: "[{line}; 1..9]", {e}?: "[{line}]", {f}: "map([[number(0..1.5)]])", {g}: "map([{line}])", {h}?: "map([{state}])", {i}: "{line}" }}
  {line}: {{ {a}: {label}, {b}: uuid, {c}?: {{ {a}: "string(..9)", {b}: any }}, "{a}-{b}": {state} }}
  {state}: "OPEN | {literal} | {literal}2"
  {label}: "string(..40)"
events:
  {told}: {{ source: shop, detail-type: T1, detail: {{ {a}?: uuid, {b}: {label} }}, consumer: external }}
  {wrapped}: {{ source: shop, detail-type: "{literal}", detail: {ty}, publisher: external }}
  {bounded}: {{ source: "{literal}", detail-type: "{literal}", detail: {line}, publisher: external }}
  {own}: {{ source: shop, detail-type: T4, detail: {{ {a}: {label} }}, publisher: external }}
buses: {{ shop: {{}} }}
tables:
  {table}:
    item: {{ {a}: uuid, {b}: string, {c}?: "[{ty}]", {d}: "map([{line}])", {e}: integer }}
    key: [{a}, {b}]
    version: {e}
    indexes: {{ {index}: [{b}, {a}] }}
  {other}: {{ item: {line}, key: {b} }}
outboxes:
  {outbox}: {{ publishes: [{told}], aggregate: {b} }}
functions:
  {first}: {{ idempotent: true, tables: {{ {table}: [get, query, put, update, delete], {other}: read }}, outbox: {outbox}, output: {{ {a}: "[{ty}]" }}, errors: [{failure}] }}
  {second}: {{ api: POST /a, input: {ty}, output: "map([{ty}])", publishes: [{told}], sends: [{jobs}] }}
  {third}: {{ api: POST /b, input: "[{line}; ..3]", output: "[{line}]" }}
  {fourth}: {{}}
  {fifth}: {{ api: POST /c, input: "map(map([{label}]))" }}
queues:
  {jobs}: {{ message: {{ {a}: "[map({ty})]" }}, to: {fourth} }}
rules:
  r: {{ events: [{wrapped}, {bounded}, {own}], to: {{ function: {first} }} }}
"#
    );
    spec
}

/// Runs rustfmt over the crates in a folder, all at once: what it would change.
fn complaints(folder: &Path, roots: &[PathBuf]) -> String {
    let output = Command::new("rustfmt")
        .args(["--check", "--edition", "2024", "--color", "never", "--config-path"])
        .arg(folder.join("rustfmt.toml"))
        .args(roots)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn names_of_every_length() {
    let folder = std::env::temp_dir().join(format!("evc-wide-{}", std::process::id()));
    let mut roots = Vec::new();
    for long in 2..=48 {
        // Fields vary against the rest, so that many sums are met.
        for field in [long, (long * 7) % 59 + 2] {
            let files = files(&spec(long, field));
            let stack = folder.join(format!("{long}-{field}"));
            for file in files.iter().filter(|file| file.path.ends_with(".rs")) {
                let parsed = syn::parse_file(file.text);
                assert!(parsed.is_ok(), "{}: {:?}\n{}", file.path, parsed.err(), file.text);
                let path = stack.join(file.path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(&path, file.text).unwrap();
                // From the root of the contract rustfmt finds its modules.
                if file.path.ends_with("lib.rs") || file.path.ends_with("main.rs") {
                    roots.push(path);
                }
            }
        }
    }
    std::fs::write(folder.join("rustfmt.toml"), print::RUSTFMT).unwrap();
    let complaints = complaints(&folder, &roots);
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(complaints.is_empty(), "{complaints}");
}
