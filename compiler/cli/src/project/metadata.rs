//! What Cargo makes of a written stack: for `evc check --deep`.
//!
//! Manifests say what is asked for; only Cargo knows what comes out after workspaces, patches and lock files. It takes a few
//! hundred milliseconds and perhaps the network, so no build waits for it.

use std::path::Path;

use cargo_metadata::{Metadata, MetadataCommand, TargetKind};

use evc_compiler::diagnostics::{Code, Diagnostic};
use evc_compiler::emit::{Project, rust};
use evc_compiler::source::Span;

/// Asks Cargo about the stack in `directory`, which must have been built. `span` is the place of the service in the spec.
pub(crate) fn ask_cargo(directory: &Path, project: &Project, span: Span) -> Vec<Diagnostic> {
    let manifest = directory.join("Cargo.toml");
    if !manifest.exists() {
        let message = format!("there is no stack in `{}` that Cargo could be asked about", directory.display());
        return vec![Diagnostic::new(Code::EVC0806, span, message).help("build it first: `evc build`")];
    }
    match MetadataCommand::new().manifest_path(&manifest).exec() {
        Ok(metadata) => judge(&metadata, project, span),
        Err(cargo_metadata::Error::CargoMetadata { stderr }) => {
            let diagnostic = Diagnostic::new(Code::EVC0806, span, "Cargo cannot resolve the generated workspace");
            vec![stderr.lines().filter(|line| !line.trim().is_empty()).fold(diagnostic, |d, line| d.note(line.trim()))]
        }
        Err(error) => {
            let message = format!("Cargo could not be asked about the generated workspace: {error}");
            vec![Diagnostic::new(Code::EVC0806, span, message)]
        }
    }
}

/// What of the resolved workspace does not fit.
fn judge(metadata: &Metadata, project: &Project, span: Span) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let runtimes: Vec<_> = metadata.packages.iter().filter(|package| package.name.as_str() == "evc-runtime").collect();
    if let [first, second, ..] = runtimes.as_slice() {
        let message = format!("the workspace has two runtimes: {} and {}", first.id, second.id);
        found.push(Diagnostic::new(Code::EVC0804, span, message).help("let every crate take it from the workspace"));
    }
    for runtime in runtimes.iter().filter(|runtime| runtime.version.to_string() != rust::RUNTIME_VERSION) {
        let message = format!("the runtime is {}, and this evc writes for {}", runtime.version, rust::RUNTIME_VERSION);
        found.push(Diagnostic::new(Code::EVC0804, span, message).help("update evc and the runtime together"));
    }
    let logic = metadata.packages.iter().find(|package| package.name.as_str() == project.logic_crate);
    let library =
        logic.is_some_and(|package| package.targets.iter().any(|target| target.kind.contains(&TargetKind::Lib)));
    if !library {
        let message = format!("the crate `{}` has no library", project.logic_crate);
        found.push(
            Diagnostic::new(Code::EVC0803, span, message).help("the business logic is a library crate: `src/lib.rs`"),
        );
    }
    found
}
