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
    insta::glob!("../../lower/fixtures", "*.yaml", |path| {
        let spec = std::fs::read_to_string(path).expect("a readable fixture");
        let template = files(&spec);
        let template = template.get("template.yaml").unwrap_or_default();
        let read: Result<serde_yaml::Value, _> = serde_yaml::from_str(template);
        assert!(read.is_ok(), "{}: {:?}", path.display(), read.err());
    });
}
