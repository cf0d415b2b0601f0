//! Cargo on this workspace. All calls have the same packages, features and flags, so that no crate is compiled twice; and clippy stands in
//! the place of rustc for our own crates, so that what is compiled for the tests is linted on the way.

use std::process::Command;

use crate::step;

/// How clippy-driver is told to refuse what rustc and clippy warn of: its arguments, each with this mark after it, as `cargo clippy`
/// passes what stands behind `--`.
const REFUSE_WARNINGS: &str = "-Dwarnings__CLIPPY_HACKERY__";

/// `cargo build`, `cargo test` and the like of the whole workspace with all features.
pub(crate) fn cargo(subcommand: &str, arguments: &[&str]) -> Command {
    let mut command = linting(step::command("cargo", &[subcommand, "--quiet", "--workspace", "--all-features"]));
    command.args(arguments);
    command
}

/// Cargo with clippy in the place of rustc for the members of a workspace.
/// <https://doc.rust-lang.org/cargo/reference/config.html#buildrustc-workspace-wrapper>
pub(crate) fn linting(mut command: Command) -> Command {
    command.env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver").env("CLIPPY_ARGS", REFUSE_WARNINGS);
    command
}

/// Build the compiler as it is now, beside this program.
pub(crate) fn evc() -> Result<(), String> {
    step::quietly("cargo build of evc", &mut cargo("build", &["--bin", "evc"]))
}
