//! What a new user does first: start a project, build it, run its tests. With the runtime that `evc init` writes, which is another one
//! than that of this repository only in that it has no tests.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::{project, step, test, workspace};

/// The name of the project: longer than that of the template, and before the runtime in the alphabet, so that the sources are laid out
/// afresh under it.
const NAME: &str = "a-first-hour-with-evc";

/// The stack that has all the crates that the project's has, in versions that are compiled anyway.
const LOCK: &str = "generated/cart/Cargo.lock";

/// Start the project of `evc init` without an example in `target/`, build it, and run its tests.
pub(crate) fn run() -> Result<(), String> {
    workspace::evc()?;
    let root = project::root();
    let folder = root.join("target").join(NAME);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| format!("cannot remove {}: {error}", folder.display()))?;
    }
    let evc = |arguments: &[&str], at: &Path| {
        let what = format!("evc {}", arguments.join(" "));
        step::quietly(&what, Command::new(project::evc()).args(arguments).current_dir(at))
    };
    evc(&["init", NAME], &root.join("target"))?;
    let spec = format!("specs/{NAME}.yaml");
    evc(&["check", &spec, "--deny-warnings"], &folder)?;
    evc(&["build", &spec], &folder)?;
    let stack = folder.join("generated").join(NAME);
    let lock = stack.join("Cargo.lock");
    fs::copy(root.join(LOCK), &lock).map_err(|error| format!("cannot write {}: {error}", lock.display()))?;
    test::stack_passes(NAME, &stack)
}
