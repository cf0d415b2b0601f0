//! `cargo xtask bench`: how fast the compiler, the audit, the forwarder and workflows are, beside what a user would otherwise run, in one run.

mod workflows;

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use clap::ValueEnum;

use crate::{project, setup, step};

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// What to measure.
    #[arg(value_enum, default_value = "compiler")]
    what: What,
    /// With `compiler`: measure Cargo as well: evc from nothing, and the order system's stack after one handler changed. Takes minutes.
    #[arg(long)]
    builds: bool,
    /// With `workflows`: without the million stored executions, and shorter.
    #[arg(long)]
    few: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    /// `evc build`, beside SAM's translator.
    Compiler,
    /// `evc audit` of a template with 500 resources, beside cfn-lint.
    Audit,
    /// The forwarder of an outbox, beside simpler ways to publish and a forwarder in Python.
    Forwarder,
    /// What a warm handler takes to know its caller, to read headers and cookies, and to verify a signature, beside one with a body alone.
    Requests,
    /// Workflows on Redis, beside redis-benchmark, `BullMQ` and Restate.
    Workflows,
}

/// Measure release builds.
pub(crate) fn run(options: &Options) -> Result<(), String> {
    setup::run()?;
    match options.what {
        What::Compiler => compiler(options),
        What::Audit => audit(),
        What::Forwarder => forwarder(),
        What::Requests => requests(),
        What::Workflows => workflows::run(options.few),
    }
}

/// Measure what requests cost that bring more than a body.
fn requests() -> Result<(), String> {
    let target = project::root().join("target/bench/requests");
    let mut bench = step::command("cargo", &["run", "--quiet", "--release", "--package", "evc-runtime"]);
    bench.args(["--example", "request_bench", "--features", "testing,webhooks"]);
    step::loudly("requests", bench.current_dir(project::root()).env("CARGO_TARGET_DIR", &target))
}

/// Measure the forwarder of the cart system, built as it is deployed.
fn forwarder() -> Result<(), String> {
    let target = project::root().join("target/bench/cart");
    let mut build =
        step::command("cargo", &["build", "--quiet", "--release", "--package", "cart-cart-events-forwarder"]);
    build.current_dir(project::root().join("generated/cart")).env("CARGO_TARGET_DIR", &target);
    step::quietly("release build of the forwarder", &mut build)?;
    let mut bench = step::command(setup::executables("sam").join("python"), &["tests/bench/forwarder.py"]);
    step::loudly("the forwarder", bench.arg(target.join("release/cart-cart-events-forwarder")))
}

fn release() -> Result<(), String> {
    step::quietly(
        "cargo build --release -p evc",
        &mut step::command("cargo", &["build", "--quiet", "--release", "--package", "evc"]),
    )
}

fn audit() -> Result<(), String> {
    release()?;
    let mut bench = step::command(setup::executables("sam").join("python"), &["tests/bench/audit.py"]);
    step::loudly("evc audit beside cfn-lint", bench.arg(project::root().join("target/release/evc")))
}

fn compiler(options: &Options) -> Result<(), String> {
    release()?;
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
