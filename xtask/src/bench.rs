//! `cargo xtask bench`: how fast the compiler is, beside what a user would otherwise run, in one run.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use crate::{project, setup, step};

/// What to measure beside the compiler.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Measure Cargo as well: evc from nothing, and the order system's stack after one handler changed. Takes minutes.
    #[arg(long)]
    builds: bool,
}

/// Measure the release build of evc.
pub(crate) fn run(options: &Options) -> Result<(), String> {
    setup::run()?;
    step::quietly(
        "cargo build --release -p evc",
        &mut step::command("cargo", &["build", "--quiet", "--release", "--package", "evc"]),
    )?;
    let scratch = project::root().join("target/bench");
    fs::create_dir_all(&scratch).map_err(|error| format!("cannot make {}: {error}", scratch.display()))?;
    let mut bench = step::command(setup::executables("emulator").join("python"), &["tests/bench/compile.py"]);
    bench.arg(project::root().join("target/release/evc")).arg("specs/orders.yaml").arg(&scratch);
    step::loudly("evc build beside SAM's translator", &mut bench)?;
    if options.builds { builds(&scratch) } else { Ok(()) }
}

/// Times Cargo, each in a target directory of its own so that nothing there is disturbed.
fn builds(scratch: &Path) -> Result<(), String> {
    let cold = scratch.join("cold");
    if cold.exists() {
        fs::remove_dir_all(&cold).map_err(|error| format!("cannot remove {}: {error}", cold.display()))?;
    }
    let mut build = step::command("cargo", &["build", "--quiet", "--release", "--package", "evc"]);
    step::quietly("cargo build --release -p evc, from nothing", build.env("CARGO_TARGET_DIR", &cold))?;

    let stack = project::root().join("generated/orders");
    let handler = project::root().join("specs/orders/src/create_order.rs");
    let mut build = step::command("cargo", &["build", "--quiet", "--release", "--workspace"]);
    build.current_dir(stack).env("CARGO_TARGET_DIR", scratch.join("stack"));
    step::quietly("release build of the stack, before the change", &mut build)?;
    // Cargo goes by the time of a change, so that the text can stay as it is.
    let touched = fs::File::options().append(true).open(&handler);
    touched
        .and_then(|file| file.set_modified(SystemTime::now()))
        .map_err(|error| format!("cannot touch {}: {error}", handler.display()))?;
    step::quietly("release build of the stack, one handler changed", &mut build)
}
