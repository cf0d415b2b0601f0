//! `cargo xtask bench`: how fast the compiler is, beside what a user would otherwise run, in one run.

use std::fs;

use crate::{project, setup, step};

/// Measure the release build of evc.
pub(crate) fn run() -> Result<(), String> {
    setup::run()?;
    step::quietly(
        "cargo build --release -p evc",
        &mut step::command("cargo", &["build", "--quiet", "--release", "--package", "evc"]),
    )?;
    let scratch = project::root().join("target/bench");
    fs::create_dir_all(&scratch).map_err(|error| format!("cannot make {}: {error}", scratch.display()))?;
    let mut bench = step::command(setup::executables("emulator").join("python"), &["tests/bench/compile.py"]);
    bench.arg(project::root().join("target/release/evc")).arg("specs/orders.yaml").arg(&scratch);
    step::loudly("evc build beside SAM's translator", &mut bench)
}
