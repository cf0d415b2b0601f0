//! The template of each kind of thing. Read the snapshots; `cfn-lint` accepts them.

use crate::emit::{Backend, Files, Input, Project};
use crate::session::analyze_text;

fn files(spec: &str) -> Files {
    let analysis = analyze_text("specs/shop.yaml", spec);
    let model = analysis.model.as_ref().expect("the spec names its service");
    let plan = crate::session::plan(model).plan;
    let project = Project { spec_path: "specs/shop.yaml".to_owned(), ..Project::default() };
    let mut files = Files::default();
    super::Sam.emit(Input { plan: &plan, sources: &analysis.sources, project: &project }, &mut files);
    files
}

/// The fixtures with their names. Not `insta::glob!`, which counts failures of tests beside it as its own.
fn fixtures() -> Vec<(String, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/lower/fixtures");
    let entries = std::fs::read_dir(folder).expect("the fixtures are there");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        (name, std::fs::read_to_string(path).expect("a readable fixture"))
    };
    paths.iter().map(read).collect()
}

#[test]
fn every_kind_of_thing() {
    for (name, spec) in fixtures() {
        let files = files(&spec);
        insta::with_settings!({ snapshot_suffix => name, omit_expression => true }, {
            insta::assert_snapshot!(files.get("template.yaml").unwrap_or_default());
        });
    }
}

#[test]
fn settings_of_the_command_line_name_each_environment() {
    let files = files("evc: 1\nservice: shop\nenvironments: { dev: {}, pre-prod: {} }\n");
    insta::assert_snapshot!(files.get("samconfig.toml").unwrap_or_default());
}

/// A kind whose outputs tell of a resource that no room makes is seen here.
#[test]
fn what_a_template_refers_to_is_in_it() {
    let (mut seen, mut missing) = (0, Vec::new());
    for (name, spec) in fixtures() {
        let files = files(&spec);
        let template = files.get("template.yaml").unwrap_or_default();
        // An alias is made by SAM, of a function that is declared.
        let declared = |id: &str| template.contains(&format!("\n  {}:\n", id.strip_suffix("AliasLive").unwrap_or(id)));
        for tag in ["!Ref ", "!GetAtt "] {
            for rest in template.split(tag).skip(1) {
                let id = rest.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
                seen += 1;
                if !rest.starts_with("AWS::") && !declared(id) {
                    missing.push(format!("{name}: {tag}{id}"));
                }
            }
        }
    }
    assert!(missing.is_empty() && seen > 200, "{seen}: {}", missing.join("\n"));
}

#[test]
fn templates_read_back_as_yaml_with_unique_keys() {
    for (name, spec) in fixtures() {
        let files = files(&spec);
        let read: Result<serde_yaml::Value, _> = serde_yaml::from_str(files.get("template.yaml").unwrap_or_default());
        assert!(read.is_ok(), "{name}: {:?}", read.err());
    }
}
