//! The tests on the emulator: Python drivers in `tests/e2e/` and `tests/faults/`, which start it, build, deploy and try the systems;
//! and that of `tests/equivalence/`.

use std::fs;

use crate::test::{Tally, most};
use crate::{project, setup, step};

/// Run the drivers of these systems, or of all when none is named.
pub(crate) fn run(systems: &[String], tally: &mut Tally) -> Result<(), String> {
    drive("end to end", "e2e", systems, tally)
}

/// The environment variable that says how many executions a soak has.
const EXECUTIONS: &str = "EVC_SOAK_EXECUTIONS";

/// How many there are by default.
const USUAL_EXECUTIONS: u32 = 10_000;

/// Thousands of executions on Redis while workers and servers die.
fn soak(seed: Option<u32>, all: bool) -> Result<(), String> {
    let soak = ["test", "--quiet", "--package", "evc-runtime", "--profile", "soak"];
    let mut soak = step::command("cargo", &soak);
    soak.args(["--features", "cache,testing", "--test", "soak", "--", "--nocapture", "--test-threads", "1"]);
    soak.envs(seed.map(|seed| ("EVC_SEED", seed.to_string())));
    if std::env::var_os(EXECUTIONS).is_none() {
        soak.env(EXECUTIONS, if all { most::EXECUTIONS } else { USUAL_EXECUTIONS }.to_string());
    }
    step::loudly("workflows on Redis", &mut soak)
}

/// Run the cart system while calls fail and handlers die; with the seed of an earlier run, with its random faults.
pub(crate) fn run_faults(seed: Option<u32>, all: bool, tally: &mut Tally) -> Result<(), String> {
    soak(seed, all)?;
    let seed = seed.map(|seed| ["--seed".to_owned(), seed.to_string()]);
    drive("faults", "faults", seed.as_ref().map_or(&[], |seed| seed.as_slice()), tally)
}

/// Run random workflows on Redis and as state machines: as many as asked for, or those of an earlier seed.
pub(crate) fn run_equivalence(
    seed: Option<u32>,
    workflows: Option<u32>,
    all: bool,
    tally: &mut Tally,
) -> Result<(), String> {
    step::quietly("cargo build -p evc", &mut step::command("cargo", &["build", "--quiet", "--package", "evc"]))?;
    let runner = ["build", "--quiet", "--package", "evc-workflow", "--example", "workflow_equivalence"];
    let mut build = step::command("cargo", &runner);
    step::quietly("build of the runner", build.args(["--features", "redis"]))?;
    // A seed alone is that of one workflow, which is to be tried again.
    let [many, opinions] = most::WORKFLOWS.map(|number| Some(number).filter(|_| all && seed.is_none()));
    let options = [("--seed", seed), ("--workflows", workflows.or(many)), ("--second-opinions", opinions)];
    let given = options.into_iter().filter_map(|(name, value)| Some([name.to_owned(), value?.to_string()]));
    drive("equivalence", "equivalence", given.flatten().collect::<Vec<_>>().as_slice(), tally)
}

/// Run the driver in a folder of `tests/`; add what it counted.
fn drive(title: &str, folder: &str, arguments: &[String], tally: &mut Tally) -> Result<(), String> {
    let results = project::root().join("target").join(folder).join("results.txt");
    let python = setup::executables("sam").join("python");
    let mut drivers = step::command(python, &[&format!("tests/{folder}/run.py"), "--results"]);
    drivers.arg(&results).args(arguments);
    let outcome = step::loudly(title, &mut drivers);
    let counts = fs::read_to_string(&results).unwrap_or_default();
    let mut numbers = counts.split_whitespace().filter_map(|word| word.parse::<usize>().ok());
    tally.passed += numbers.next().unwrap_or(0);
    tally.failed += numbers.next().unwrap_or(0);
    outcome
}
