//! Handlers of stacks, built by Cargo.

use std::io::BufReader;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use cargo_metadata::Message;

use super::Handlers;

/// Builds the handlers of these stacks; Cargo tells on standard error how far it is, and what is wrong.
pub(super) async fn build(directories: &[PathBuf]) -> Result<Handlers, String> {
    let directories = directories.to_vec();
    let built = tokio::task::spawn_blocking(move || {
        let mut programs = Handlers::new();
        for directory in &directories {
            build_one(directory, &mut programs)?;
        }
        Ok(programs)
    });
    built.await.map_err(|error| error.to_string())?
}

fn build_one(directory: &PathBuf, programs: &mut Handlers) -> Result<(), String> {
    let cannot = |error: std::io::Error| format!("Cargo cannot be run: {error}");
    let mut child = Command::new("cargo")
        .args(["build", "--quiet", "--workspace", "--bins", "--message-format", "json-render-diagnostics"])
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(cannot)?;
    if let Some(out) = child.stdout.take() {
        for message in Message::parse_stream(BufReader::new(out)).map_while(Result::ok) {
            if let Message::CompilerArtifact(artifact) = message
                && let Some(program) = artifact.executable
            {
                programs.insert(artifact.target.name, program.into_std_path_buf());
            }
        }
    }
    let status = child.wait().map_err(cannot)?;
    if status.success() { Ok(()) } else { Err(format!("the handlers of `{}` do not compile", directory.display())) }
}
