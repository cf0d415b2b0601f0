//! What each kind of step of the schema asks for beside the lines that the compiler asks for: a file in each layer, a fixture of its
//! lowering, a place in the manual and in the page on both engines, a share in random workflows, and a step of the kind that a document of
//! diagnostics finds something wrong with.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use evc_compiler::session::analyze_text;
use evc_compiler::source::{SourceMap, Span};
use evc_compiler::spec::schema::schema;
use evc_compiler::yaml::{Mapping, Node, NodeKind, parse};
use support::blocks;

/// Where the lowering of workflows is.
const MACHINE: &str = "src/lower/stepfunctions/machine";

/// The keys that say what a step does, in the order of the schema.
fn kinds() -> Vec<String> {
    let schema = schema();
    let forms = schema["definitions"]["Step"]["oneOf"].as_array().expect("the forms of a step");
    let mut kinds: Vec<String> =
        forms.iter().map(|form| form["required"][0].as_str().expect("the key of the kind").to_owned()).collect();
    kinds.dedup();
    kinds
}

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of a folder's Rust files, `mod` left out.
fn modules(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(here(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    names.filter_map(|name| name.strip_suffix(".rs").filter(|name| *name != "mod").map(str::to_owned)).collect()
}

#[test]
fn every_kind_of_step_has_a_file_in_each_layer_and_every_file_a_kind() {
    let kinds: BTreeSet<String> = kinds().iter().map(|kind| kind.replace('-', "_")).collect();
    let lowering = format!("{MACHINE}/steps");
    for folder in ["src/spec/workflow/steps", "src/model/workflow/steps", lowering.as_str()] {
        assert_eq!(modules(folder), kinds, "{folder}: one file a kind of step");
    }
}

#[test]
fn only_the_folders_of_steps_match_on_their_kinds() {
    let (mut folders, mut problems) = (vec![here("src")], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                // What is in a folder of this name has been looked for above.
                folders.extend(Some(path).filter(|path| !path.ends_with("steps")));
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = read(&path);
                let named = |(at, _): (usize, &str)| text[at..].starts_with(|c: char| c.is_uppercase());
                if text.match_indices("StepKind::").map(|(at, name)| (at + name.len(), name)).any(named) {
                    problems.push(format!("{}: ask `Step` for what you want to know", path.display()));
                }
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_kind_of_step_has_a_fixture_with_such_a_step() {
    for kind in kinds() {
        let path = here(&format!("{MACHINE}/tests/fixtures/{kind}.yaml"));
        let steps = steps_of(&read(&path));
        assert!(steps.iter().any(|step| step.kind == kind), "{}: no step with `{kind}`", path.display());
    }
}

#[test]
fn every_kind_of_step_has_its_place_in_the_manual() {
    let manual = read(&here("../../docs/language/workflows.md"));
    let headings: Vec<&str> = manual.lines().filter_map(|line| line.strip_prefix("#### ")).collect();
    assert_eq!(headings, kinds(), "docs/language/workflows.md: one heading a kind of step, in the order of the schema");
}

#[test]
fn every_kind_of_step_means_something_on_both_engines() {
    let page = read(&here("../../docs/workflows.md"));
    let told: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next()).collect();
    let generator = read(&here("../../tests/equivalence/generator.py"));
    for kind in kinds() {
        let row = told.iter().any(|step| step.contains(&format!("`{kind}`")));
        assert!(row, "docs/workflows.md: no row of the table says what `{kind}` means");
        let made = generator.contains(&format!("\"{kind}\""));
        assert!(made, "tests/equivalence/generator.py: no random workflow has a step with `{kind}`");
    }
}

#[test]
fn the_system_that_has_everything_has_every_kind_of_step() {
    let steps = steps_of(&read(&here("tests/everything.yaml")));
    for kind in kinds() {
        assert!(steps.iter().any(|step| step.kind == kind), "tests/everything.yaml: no step with `{kind}`");
    }
}

#[test]
fn every_kind_of_step_is_wrong_in_some_document_of_diagnostics() {
    let mut wrong = BTreeSet::new();
    for folder in ["kinds", "checks"] {
        for entry in fs::read_dir(here("../../tests/diagnostics").join(folder)).expect("a folder") {
            let text = read(&entry.expect("an entry").path());
            for block in blocks(&text).iter().filter(|block| block.language == "yaml") {
                let yaml = block.expanded();
                let analysis = analyze_text("spec.yaml", &yaml);
                let steps = steps_of(&yaml);
                for diagnostic in &analysis.diagnostics {
                    let at = diagnostic.primary.span.range();
                    // The innermost step is the one that is wrong.
                    let around = steps.iter().filter(|step| step.span.start <= at.start && at.end <= step.span.end);
                    wrong.extend(around.min_by_key(|step| step.span.len()).map(|step| step.kind.clone()));
                }
            }
        }
    }
    let missing: Vec<String> = kinds().into_iter().filter(|kind| !wrong.contains(kind)).collect();
    assert!(missing.is_empty(), "tests/diagnostics/kinds/workflows.md: no step with {missing:?} that is wrong");
}

/// A step as it is written.
struct Step {
    /// The key that says what it does.
    kind: String,
    /// Where its name and its body stand.
    span: std::ops::Range<usize>,
}

/// The steps of all workflows of a spec, at any depth.
fn steps_of(yaml: &str) -> Vec<Step> {
    let mut sources = SourceMap::default();
    let file = sources.add(Path::new("spec.yaml"), yaml);
    let (spec, _) = parse(&sources, file);
    let (kinds, mut steps) = (kinds(), Vec::new());
    for (_, workflow) in entries(value(&spec, "workflows")) {
        steps_in(value(workflow, "steps"), &kinds, &mut steps);
    }
    steps
}

fn steps_in(section: Option<&Node>, kinds: &[String], steps: &mut Vec<Step>) {
    for (name, step) in entries(section) {
        let kind = kinds.iter().find(|kind| value(step, kind).is_some());
        steps.extend(kind.map(|kind| Step { kind: kind.clone(), span: name.range().start..step.span.range().end }));
        steps_in(value(step, "steps"), kinds, steps);
        for (_, branch) in entries(value(step, "parallel")) {
            steps_in(value(branch, "steps"), kinds, steps);
        }
    }
}

fn mapping(node: &Node) -> Option<&Mapping> {
    match &node.kind {
        NodeKind::Mapping(mapping) => Some(mapping),
        NodeKind::Null | NodeKind::Scalar(_) | NodeKind::Sequence(_) | NodeKind::Error => None,
    }
}

/// The value of a key, if the node is a map that has it.
fn value<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    mapping(node)?.get(key).map(|entry| &entry.value)
}

/// The places of the keys of a map, with the values.
fn entries(node: Option<&Node>) -> impl Iterator<Item = (Span, &Node)> {
    let mapping = node.and_then(mapping);
    mapping.into_iter().flat_map(|map| &map.entries).map(|entry| (entry.key.span, &entry.value))
}
