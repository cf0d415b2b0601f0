//! What each line of `src/kinds.rs` asks for beside the types that the compiler asks for: a chapter of the manual, a document of
//! diagnostics, a fixture of its lowering, and a place in a system that has everything.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use evc_compiler::session::analyze_text;
use evc_compiler::source::SourceMap;
use evc_compiler::spec::Sections;
use evc_compiler::yaml::{Mapping, Node, NodeKind, parse};

/// A spec with a thing of every kind.
const EVERYTHING: &str = include_str!("everything.yaml");

/// Sections whose things are no things of the model: what a system is deployed to, what it is made of, under which
/// conditions, what it tells.
const APART: [&str; 4] = ["environments", "types", "conditions", "outputs"];

#[test]
fn every_kind_has_its_chapter_document_and_fixture() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut missing = Vec::new();
    for (section, word) in Sections::KINDS {
        let mut files = vec![format!("docs/language/{section}.md"), format!("tests/diagnostics/kinds/{section}.md")];
        if !APART.contains(section) {
            files.push(format!("compiler/core/src/lower/fixtures/{word}.yaml"));
        }
        missing.extend(files.into_iter().filter(|file| !root.join(file).is_file()));
    }
    assert!(missing.is_empty(), "to write:\n{}", missing.join("\n"));
}

#[test]
fn every_thing_of_the_spec_is_a_thing_of_the_model() {
    let analysis = analyze_text("everything.yaml", EVERYTHING);
    let model = analysis.model.as_ref().expect("a model");
    let things: Vec<String> = model.things().map(|thing| model.path(thing)).collect();
    let mut sources = SourceMap::default();
    let file = sources.add(Path::new("everything.yaml"), EVERYTHING);
    let (spec, _) = parse(&sources, file);
    for (section, _) in Sections::KINDS {
        let entry = mapping(&spec).get(section);
        let names = entry.map(|entry| mapping(&entry.value)).into_iter().flat_map(|section| &section.entries);
        let paths: Vec<String> = names.map(|entry| format!("{section}.{}", entry.key.text)).collect();
        assert!(!paths.is_empty(), "everything.yaml has no `{section}`");
        let lost: Vec<&String> = paths.iter().filter(|path| !things.contains(path)).collect();
        assert!(APART.contains(section) || lost.is_empty(), "the model has lost {lost:?}: model/resolve.rs");
    }
}

#[test]
fn the_manual_leads_to_every_kind() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let read = |file: &str| std::fs::read_to_string(docs.join(file)).expect("a readable page");
    let (contents, outputs) = (read("language.in.md"), read("language/outputs.md"));
    // Who names a section that outputs tell nothing of is told of those that they do.
    let analysis = analyze_text("spec.yaml", "evc: 1\nservice: shop\noutputs: { Name: nothing.of.name }\n");
    let told: Vec<&str> = analysis.diagnostics.iter().flat_map(|found| &found.help).map(String::as_str).collect();
    let mut missing = Vec::new();
    for (section, _) in Sections::KINDS {
        let chapter = read(&format!("language/{section}.md"));
        let title = chapter.lines().next().and_then(|line| line.strip_prefix("## ")).unwrap_or_default();
        let link = format!("[{title}](#{})", title.to_lowercase().replace(' ', "-"));
        if !contents.contains(&link) {
            missing.push(format!("docs/language.in.md: {link}"));
        }
        let named = format!("`{section}`");
        if told.iter().any(|help| help.contains(&named)) && !outputs.contains(&named) {
            missing.push(format!("docs/language/outputs.md: what outputs tell of {named}"));
        }
    }
    assert!(told.iter().any(|help| help.contains("`tables`")), "{told:?}");
    assert!(missing.is_empty(), "to write:\n{}", missing.join("\n"));
}

fn mapping(node: &Node) -> &Mapping {
    match &node.kind {
        NodeKind::Mapping(mapping) => mapping,
        other => panic!("a map, found {other:?}"),
    }
}
