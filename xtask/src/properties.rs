//! `cargo xtask properties`: which properties the resource types have that evc emits, written by a script in the environment of
//! the tools that carry the schemas.

use std::process::Command;

use crate::{setup, step};

/// Write the table.
pub(crate) fn write() -> Result<(), String> {
    step::quietly("the properties of resource types", &mut script(&[]))
}

/// Compare the table with the schemas.
pub(crate) fn check() -> Result<(), String> {
    step::quietly("the properties of resource types are those of the schemas", &mut script(&["--check"]))
}

fn script(arguments: &[&str]) -> Command {
    let mut command = step::command(setup::executables("sam").join("python"), &["tests/conformance/properties.py"]);
    command.args(arguments);
    command
}
