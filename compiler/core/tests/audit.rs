//! What evc makes passes its own audit, as if somebody else had written it: the five systems, and a spec with everything.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use evc_compiler::audit::{self, template::of_plan};
use evc_compiler::diagnostics::{Code, Diagnostic, Severity};
use evc_compiler::report::short;
use evc_compiler::session;
use evc_compiler::source::World;

struct Disk;

impl World for Disk {
    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        std::fs::read(path)
    }
}

/// A world with one text in it.
struct One(String);

impl World for One {
    fn read(&self, _: &Path) -> std::io::Result<Vec<u8>> {
        Ok(self.0.clone().into_bytes())
    }
}

fn specs(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(&folder).expect("a readable folder");
    let mut specs: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    specs.retain(|path| path.extension().is_some_and(|extension| extension == "yaml") && !session::is_scenarios(path));
    specs.sort();
    assert!(!specs.is_empty(), "no specs in {}", folder.display());
    specs
}

#[test]
fn what_evc_makes_passes_its_own_audit() {
    let everything = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/everything.yaml");
    let specs = specs("../../specs").into_iter().chain(specs("src/lower/fixtures")).chain([everything]);
    let mut problems = Vec::new();
    for path in specs {
        let analysis = session::analyze(&Disk, &path).expect("a readable spec");
        let Some(model) = &analysis.model else { panic!("{}: no model", path.display()) };
        let planned = session::plan(model);
        let mut found = Vec::new();
        audit::run(&of_plan(&planned.plan), &audit::Beside::default(), &mut found);
        found.retain(|diagnostic: &Diagnostic| diagnostic.severity() != Severity::Note);
        if !found.is_empty() {
            problems.push(format!("{}\n{}", path.display(), short::render(&found, &analysis.sources)));
        }
    }
    assert!(problems.is_empty(), "{}", problems.concat());
}

#[test]
fn thousands_of_references_to_nothing_are_told_and_the_first_of_them_helped() {
    let many = 3000;
    let topics = (0..many).map(|number| {
        format!("  Topic{number:04}: {{ Type: AWS::SNS::Topic, Properties: {{ DisplayName: {{ Ref: Topci{number:04} }} }} }}\n")
    });
    let template = format!("Resources:\n{}", topics.collect::<String>());
    let audited = session::audit(&One(template), Path::new("template.yaml")).expect("a readable template");
    let unknown: Vec<&Diagnostic> =
        audited.diagnostics.iter().filter(|diagnostic| diagnostic.code == Code::EVC1010).collect();
    assert_eq!(unknown.len(), many);
    let helped = unknown.iter().filter(|diagnostic| !diagnostic.help.is_empty()).count();
    assert_eq!(helped, 200, "as `GUESSES` in audit/references.rs says");
    for (number, diagnostic) in unknown.iter().take(helped).enumerate() {
        assert_eq!(diagnostic.help, [format!("did you mean `Topic{number:04}`?")]);
    }
}
