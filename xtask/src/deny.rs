//! What may be a dependency: `deny.toml`, held against the lock files of the workspace and of those that evc writes.
//!
//! Bans, licences and sources need nothing but the lock files. Advisories need the database at <https://rustsec.org>: where it cannot
//! be had, that is said, and they are not checked.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::{project, setup, step};

/// Check every workspace; the first complaint ends it.
pub(crate) fn run() -> Result<(), String> {
    let workspaces: Vec<PathBuf> = std::iter::once(project::root()).chain(project::stacks()?).collect();
    for workspace in &workspaces {
        let mut check = cargo_deny(workspace.join("Cargo.toml"));
        check.args(["check", "--hide-inclusion-graph", "bans", "licenses", "sources"]);
        step::quietly(&format!("{}: bans, licences, sources", project::name(workspace)), &mut check)?;
    }
    advisories(&workspaces)
}

fn advisories(workspaces: &[PathBuf]) -> Result<(), String> {
    if !fetch_database() {
        step::say("  --    advisories are not checked: https://github.com/RustSec/advisory-db cannot be had from here");
        return Ok(());
    }
    for workspace in workspaces {
        let mut check = cargo_deny(workspace.join("Cargo.toml"));
        check.args(["check", "--hide-inclusion-graph", "--disable-fetch", "advisories"]);
        step::quietly(&format!("{}: advisories", project::name(workspace)), &mut check)?;
    }
    Ok(())
}

/// Whether the database is here, and new.
fn fetch_database() -> bool {
    let mut fetch = cargo_deny(project::root().join("Cargo.toml"));
    // Rather than wait for a password that nobody types.
    fetch.args(["fetch", "db"]).env("GIT_TERMINAL_PROMPT", "0").stdin(Stdio::null());
    fetch.output().is_ok_and(|output| output.status.success())
}

fn cargo_deny(manifest: PathBuf) -> Command {
    let mut command = step::command(setup::executables("deny").join("cargo-deny"), &["--manifest-path"]);
    // Warnings are no news: what is wrong stands alone.
    command.arg(manifest).args(["--config", "deny.toml", "--log-level", "error"]);
    command
}
