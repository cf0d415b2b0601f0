//! The template of each kind of thing. Read the snapshots; `cfn-lint` accepts them.

use crate::compile::analyze_text;
use crate::emit::{Backend, Files, Input, Project};
use crate::lower::lower;

fn files(spec: &str) -> Files {
    let analysis = analyze_text("specs/shop.yaml", spec);
    let model = analysis.model.as_ref().expect("the spec names its service");
    let (plan, _) = lower(model);
    let project = Project { spec_path: "specs/shop.yaml".to_owned(), ..Project::default() };
    let mut files = Files::default();
    super::Sam.emit(Input { plan: &plan, sources: &analysis.sources, project: &project }, &mut files);
    files
}

#[test]
fn every_kind_of_thing() {
    insta::glob!("../../lower/fixtures", "*.yaml", |path| {
        let spec = std::fs::read_to_string(path).expect("a readable fixture");
        let files = files(&spec);
        insta::assert_snapshot!(files.get("template.yaml").unwrap_or_default());
    });
}

#[test]
fn settings_of_the_command_line_name_each_environment() {
    let files = files("evc: 1\nservice: shop\nenvironments: { dev: {}, pre-prod: {} }\n");
    insta::assert_snapshot!(files.get("samconfig.toml").unwrap_or_default());
}

#[test]
fn templates_read_back_as_yaml_with_unique_keys() {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/src/lower/fixtures");
    for entry in std::fs::read_dir(fixtures).expect("the fixtures are there") {
        let path = entry.expect("a readable folder").path();
        let files = files(&std::fs::read_to_string(&path).expect("a readable fixture"));
        let read: Result<serde_yaml::Value, _> = serde_yaml::from_str(files.get("template.yaml").unwrap_or_default());
        assert!(read.is_ok(), "{}: {:?}", path.display(), read.err());
    }
}
