//! The end-to-end tests: Python drivers in `tests/e2e/`, which start the emulator, build, deploy and try the systems.

use std::fs;

use crate::test::Tally;
use crate::{project, setup, step};

/// Run the drivers of these systems, or of all when none is named.
pub(crate) fn run(systems: &[String], tally: &mut Tally) -> Result<(), String> {
    let results = project::root().join("target/e2e/results.txt");
    let python = setup::executables("sam").join("python");
    let mut drivers = step::command(python, &["tests/e2e/run.py", "--results"]);
    drivers.arg(&results).args(systems);
    let outcome = step::loudly("end to end", &mut drivers);
    let counts = fs::read_to_string(&results).unwrap_or_default();
    let mut numbers = counts.split_whitespace().filter_map(|word| word.parse::<usize>().ok());
    tally.passed += numbers.next().unwrap_or(0);
    tally.failed += numbers.next().unwrap_or(0);
    outcome
}
