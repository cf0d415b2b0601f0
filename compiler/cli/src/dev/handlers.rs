//! Handlers of stacks, built by Cargo: one program for all handlers of a stack, which knows by its environment which it is.

use std::io::BufReader;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use cargo_metadata::Message;
use evc_compiler::emit::rust::{DEV_FEATURE, dev_package};

use super::Handlers;

/// The handlers of a stack.
#[derive(Debug, Clone)]
pub(super) struct Workspace {
    /// The folder of the generated workspace.
    pub(super) directory: PathBuf,
    /// The service.
    pub(super) service: String,
    /// The binaries that its functions are deployed with.
    pub(super) binaries: Vec<String>,
}

/// Builds the handlers of these stacks; Cargo tells on standard error how far it is, and what is wrong.
pub(super) async fn build(workspaces: &[Workspace]) -> Result<Handlers, String> {
    let workspaces = workspaces.to_vec();
    let built = tokio::task::spawn_blocking(move || {
        let mut programs = Handlers::new();
        for workspace in workspaces.into_iter().filter(|it| !it.binaries.is_empty()) {
            let program = build_one(&workspace)?;
            programs.extend(workspace.binaries.into_iter().map(|binary| (binary, program.clone())));
        }
        Ok(programs)
    });
    built.await.map_err(|error| error.to_string())?
}

/// The program of all handlers. The whole workspace is named, since Cargo picks other features for one crate alone, and would compile the
/// runtime again.
fn build_one(workspace: &Workspace) -> Result<PathBuf, String> {
    let Workspace { directory, service, .. } = workspace;
    let cannot = |error: std::io::Error| format!("Cargo cannot be run: {error}");
    let package = dev_package(service);
    let mut child = Command::new("cargo")
        .args(["build", "--quiet", "--workspace", "--message-format", "json-render-diagnostics"])
        .args(["--bin", &package, "--features", &format!("{package}/{DEV_FEATURE}")])
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(cannot)?;
    let mut program = None;
    if let Some(out) = child.stdout.take() {
        for message in Message::parse_stream(BufReader::new(out)).map_while(Result::ok) {
            if let Message::CompilerArtifact(artifact) = message
                && artifact.target.name == package
            {
                program = artifact.executable.map(cargo_metadata::camino::Utf8PathBuf::into_std_path_buf).or(program);
            }
        }
    }
    let status = child.wait().map_err(cannot)?;
    match program.filter(|_| status.success()) {
        Some(program) => Ok(program),
        None => Err(format!("the handlers of `{}` do not compile", directory.display())),
    }
}
