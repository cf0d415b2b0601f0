//! `cargo xtask schemas`: what CloudFormation and SAM publish of their resource types, as the compiler carries it, written by a script in
//! the environment of the tools that bring the schemas.

use std::process::Command;

use crate::{setup, step};

/// Write the file, and say which types came and went.
pub(crate) fn write() -> Result<(), String> {
    let mut script = script(&[]);
    let status = script.status().map_err(|error| format!("the schemas of resource types: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("the schemas of resource types: {status}")) }
}

/// Compare the file with the schemas.
pub(crate) fn check() -> Result<(), String> {
    step::quietly("the schemas of resource types are those that cfn-lint carries", &mut script(&["--check"]))
}

fn script(arguments: &[&str]) -> Command {
    let mut command = step::command(setup::executables("sam").join("python"), &["tests/conformance/schemas.py"]);
    command.args(arguments);
    command
}
