//! `cargo xtask bench workflows`: how fast workflows on Redis are, beside what the server can do and beside other orchestrators.

use crate::{project, setup, step};

/// Measure release builds of the compiler's output and the runtime, and the peers that `tests/bench/peers/` has scripts for.
pub(super) fn run(few: bool) -> Result<(), String> {
    setup::node_packages("bench", "tests/bench/peers/package.json")?;
    let evc = ["build", "--quiet", "--package", "evc"];
    step::quietly("cargo build -p evc", &mut step::command("cargo", &evc))?;
    let runner = ["build", "--quiet", "--release", "--package", "evc-workflow", "--example", "workflow_bench"];
    let mut build = step::command("cargo", &runner);
    step::quietly("release build of the runner", build.args(["--features", "redis"]))?;
    let mut bench = step::command(setup::executables("sam").join("python"), &["tests/bench/workflows.py"]);
    bench.arg(project::root().join("target/debug/evc"));
    bench.arg(project::root().join("target/release/examples/workflow_bench"));
    bench.args(few.then_some("--few"));
    step::loudly("workflows on Redis", &mut bench)
}
