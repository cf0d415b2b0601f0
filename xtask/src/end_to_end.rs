//! The tests on the emulator: Python drivers in `tests/e2e/` and `tests/faults/`, which start it, build, deploy and try the systems;
//! and that of `tests/equivalence/`.

use std::fs;

use crate::test::{Tally, numbers};
use crate::{project, setup, step, workspace};

/// Run the drivers of these systems, or of all when none is named: those that show what no other does, unless all are asked for.
pub(crate) fn run(systems: &[String], all: bool, tally: &mut Tally) -> Result<(), String> {
    workspace::evc()?;
    let mut arguments = systems.to_vec();
    arguments.extend(all.then(|| "--all".to_owned()));
    drive("end to end", "e2e", &arguments, tally)
}

/// Run the scenarios of the first system, or of all, on `evc dev`.
pub(crate) fn run_local(systems: &[String], all: bool, tally: &mut Tally) -> Result<(), String> {
    workspace::evc()?;
    let mut arguments = systems.to_vec();
    arguments.extend(all.then(|| "--all".to_owned()));
    drive("systems on `evc dev`", "local", &arguments, tally)
}

/// The environment variable that says how many executions a soak has.
const EXECUTIONS: &str = "EVC_SOAK_EXECUTIONS";

/// Hundreds of executions on Redis while workers and servers die; thousands, and faster, with `--all`.
fn soak(seed: Option<u32>, all: bool) -> Result<(), String> {
    let test = ["--package", "evc-runtime", "--test", "soak", "--", "--nocapture", "--test-threads", "1"];
    let mut soak = if all {
        step::command("cargo", &["test", "--quiet", "--all-features", "--profile", "soak"])
    } else {
        workspace::cargo("test", &[])
    };
    soak.args(if all { &test[..] } else { &test[2..] });
    soak.envs(seed.map(|seed| ("EVC_SEED", seed.to_string())));
    if std::env::var_os(EXECUTIONS).is_none() {
        soak.env(EXECUTIONS, of(numbers::EXECUTIONS, all).to_string());
    }
    step::loudly("workflows on Redis", &mut soak)
}

/// The usual number, or that of all.
fn of([usual, most]: [u32; 2], all: bool) -> u32 {
    if all { most } else { usual }
}

/// Run the cart system while calls fail and handlers die; with the seed of an earlier run, with its random faults.
pub(crate) fn run_faults(seed: Option<u32>, all: bool, tally: &mut Tally) -> Result<(), String> {
    soak(seed, all)?;
    let mut arguments = vec!["--requests".to_owned(), of(numbers::REQUESTS, all).to_string()];
    arguments.extend(seed.into_iter().flat_map(|seed| ["--seed".to_owned(), seed.to_string()]));
    drive("faults", "faults", &arguments, tally)
}

/// Run random workflows on Redis and as state machines: as many as asked for, or those of an earlier seed.
pub(crate) fn run_equivalence(
    seed: Option<u32>,
    workflows: Option<u32>,
    all: bool,
    tally: &mut Tally,
) -> Result<(), String> {
    workspace::evc()?;
    let mut build = workspace::cargo("build", &["--example", "workflow_equivalence"]);
    step::quietly("build of the runner", &mut build)?;
    // A seed alone is that of one workflow, which is to be tried again.
    let many = workflows.or((seed.is_none()).then(|| of(numbers::WORKFLOWS, all)));
    let opinions = Some(of(numbers::SECOND_OPINIONS, all));
    let options = [("--seed", seed), ("--workflows", many), ("--second-opinions", opinions)];
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
