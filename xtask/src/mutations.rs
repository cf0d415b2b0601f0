//! Mistakes in the generated templates, before `evc audit` and before cfn-lint: what audit does not find and cfn-lint does is a failure.

use crate::{project, setup, step};

/// Try some mistakes, chosen by a seed, or one in every property: cfn-lint is then busy for half an hour.
pub(crate) fn run(seed: Option<u32>, all: bool) -> Result<(), String> {
    let mut script = step::command(setup::executables("sam").join("python"), &["tests/conformance/mutations.py"]);
    script.arg(project::evc());
    if all {
        script.arg("--all");
    }
    if let Some(seed) = seed {
        script.arg("--seed").arg(seed.to_string());
    }
    step::loudly("mistakes in templates: audit finds what cfn-lint finds", &mut script)
}
