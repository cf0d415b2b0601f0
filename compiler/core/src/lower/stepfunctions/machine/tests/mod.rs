//! Each kind of step as a state machine, what Step Functions wants of every machine, and what executions of them do.

mod claims;
mod interpreter;
mod runs;
mod validate;
mod variables;

use std::path::Path;

use super::{definitions, machines};
use crate::emit::asl::text;
use crate::model::Model;
use crate::plan::Machine;
use crate::session::analyze_text;
use validate::problems;

fn machines_of(path: &Path) -> Vec<Machine> {
    machines(&model_of(path))
}

fn model_of(path: &Path) -> Model {
    let yaml = std::fs::read_to_string(path).expect("a spec");
    let analysis = analyze_text(&path.to_string_lossy(), &yaml);
    let errors =
        analysis.diagnostics.iter().filter(|diagnostic| diagnostic.severity() == crate::diagnostics::Severity::Error);
    let errors: Vec<String> = errors.map(|error| format!("{}: {}", error.code, error.message)).collect();
    assert_eq!(errors, Vec::<String>::new(), "{}", path.display());
    analysis.model.expect("a model")
}

#[test]
fn every_kind_of_step() {
    insta::glob!("fixtures/*.yaml", |path| {
        let model = model_of(path);
        let machines = machines(&model);
        let machines = machines.iter().map(|machine| format!("{}\n{}", machine.file, text(machine)));
        let definitions = definitions(&model);
        let definitions = definitions.iter().map(|definition| format!("{}\n{:#}", definition.file, definition.json));
        let files: Vec<String> = machines.chain(definitions).collect();
        insta::assert_snapshot!(files.join("\n"));
    });
}

#[test]
fn machines_are_what_step_functions_takes() {
    let mut seen = 0;
    for folder in ["src/lower/stepfunctions/machine/tests/fixtures", "../../specs"] {
        for entry in Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).read_dir().expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "yaml") && !crate::session::is_scenarios(&path) {
                for definition in definitions(&model_of(&path)) {
                    // Who reads it is the runtime.
                    let read = evc_workflow::Definition::parse(&definition.json.to_string());
                    assert!(read.is_ok(), "{}: {}: {:?}", path.display(), definition.file, read.err());
                    let mut found = problems(&definition.json["machine"]);
                    // On Redis a lease ends what a handler has, and the workflow's own limit what nobody takes.
                    found.retain(|problem| !problem.contains("may take 99999999 seconds"));
                    assert_eq!(found, Vec::<String>::new(), "{}: {}", path.display(), definition.file);
                }
                for machine in machines_of(&path) {
                    assert_eq!(
                        problems(&machine.definition),
                        Vec::<String>::new(),
                        "{}: {}",
                        path.display(),
                        machine.file
                    );
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 8, "{seen} machines");
}
