//! The system whose Rust the documents for people show, `tests/documented/`: built, compiled, linted and tested. A test of `evc` holds the
//! documents to its sources (`compiler/cli/tests/docs.rs`). See `docs/decisions/0044-documented-handlers.md`.

use std::fs;
use std::path::Path;

use crate::{generate, project, step, workspace};

/// Build the system into `target/documented/`, and run the tests of its logic. Its programs are left out: those of `generated/` show that
/// programs compile.
pub(crate) fn run() -> Result<(), String> {
    workspace::evc()?;
    let stack = project::root().join("target/documented");
    generate::build(Path::new("tests/documented/shop.yaml"), &stack, &project::root())?;
    // The versions of this workspace, so that what both depend on is compiled once. Cargo leaves out what the stack does not need.
    let lock = "Cargo.lock";
    fs::copy(project::root().join(lock), stack.join(lock)).map_err(|error| format!("cannot copy {lock}: {error}"))?;
    let mut format = step::command("cargo", &["fmt", "--check"]);
    step::quietly("documented: cargo fmt", format.current_dir(&stack))?;
    let mut test = workspace::linting(step::command("cargo", &["test", "--quiet", "--package", "shop"]));
    test.current_dir(&stack);
    step::quietly("documented: cargo test, with clippy", &mut test)
}
