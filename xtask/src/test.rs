//! `cargo xtask test`: every layer of tests, the cheap ones first, then what waits beside what computes; the first failure ends it.

use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use clap::ValueEnum;

use crate::{conformance, deny, documented, end_to_end, first_hour, generate, lanes, project, setup, step, workspace};

/// What to run.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run these layers only; may be given more than once.
    #[arg(long, value_name = "LAYER")]
    only: Vec<Layer>,
    /// Try everything: all systems end to end, and much more of what is random. Minutes become hours.
    #[arg(long)]
    all: bool,
    /// With `--only e2e` or `local`: only the systems with these names.
    #[arg(long, value_name = "SYSTEM")]
    system: Vec<String>,
    /// With `--only faults`, `equivalence` or `conformance`: the seed of what is random, as an earlier run printed it.
    #[arg(long, value_name = "SEED")]
    seed: Option<u32>,
    /// With `--only equivalence`: how many workflows to try.
    #[arg(long, value_name = "N")]
    workflows: Option<u32>,
}

/// A layer of tests. Alone they run in this order.
#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
enum Layer {
    /// The sources are formatted.
    Fmt,
    /// Every dependency is one that may be: its licence, its source, its advisories.
    Deny,
    /// All of the workspace compiles, and no lint fires.
    Clippy,
    /// Unit, property and snapshot tests of the workspace.
    Unit,
    /// `generated/` is what `evc build` makes, byte for byte, from anywhere.
    Golden,
    /// Templates, state machines and OpenAPI documents pass the validators of those who read them.
    Conformance,
    /// Generated Rust is formatted, lint-free and passes its tests; so is that of a project that `evc init` starts.
    Generated,
    /// The systems run on `evc dev`, with the scenarios that they have on the emulator.
    Local,
    /// The stacks run: real `sam build`, real `sam deploy`, a local AWS emulator.
    E2e,
    /// Random workflows give on Redis what they give as state machines.
    Equivalence,
    /// What is promised holds while calls fail, answers are lost and handlers are killed.
    Faults,
}

/// How much of what is random is tried: the usual number, and that of `--all`.
pub(crate) mod numbers {
    /// Workflows on both engines.
    pub(crate) const WORKFLOWS: [u32; 2] = [100, 3_200];
    /// How many of them run on the second interpreter too.
    pub(crate) const SECOND_OPINIONS: [u32; 2] = [25, 480];
    /// Executions on Redis while workers and servers die.
    pub(crate) const EXECUTIONS: [u32; 2] = [500, 50_000];
    /// Requests of each of eight clients while any call may fail.
    pub(crate) const REQUESTS: [u32; 2] = [60, 500];
    /// What the environment of the unit layer says with `--all`, unless it says so already: cases of a property, seeds of executions
    /// that crash, expressions that the reference implementation of JSONata evaluates, patterns that a naive evaluator judges.
    pub(crate) const UNIT: [(&str, &str); 4] = [
        ("PROPTEST_CASES", "4000"),
        ("EVC_SEEDS", "5000"),
        ("EVC_ORACLE_CASES", "1000000"),
        ("EVC_PATTERN_CASES", "200000"),
    ];
}

/// How many cases of the layers that count their own passed and failed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
}

/// What a run has come to: each layer with the time that it took, and what they counted.
#[derive(Default)]
struct Outcome {
    times: Vec<(Layer, Duration)>,
    tally: Tally,
}

/// These first, one after the other: what they find makes the others pointless.
const FIRST: [Layer; 5] = [Layer::Fmt, Layer::Deny, Layer::Clippy, Layer::Unit, Layer::Golden];

/// Then these side by side: what mostly waits, and what computes.
const LANES: [&[Layer]; 2] =
    [&[Layer::E2e, Layer::Equivalence], &[Layer::Conformance, Layer::Generated, Layer::Local, Layer::Faults]];

/// Run the layers asked for, or all.
pub(crate) fn run(options: &Options) -> Result<(), String> {
    let begin = Instant::now();
    setup::run()?;
    let set_up = begin.elapsed();
    let outcome = Mutex::new(Outcome::default());
    let run = |layer| timed(layer, options, &outcome);
    let result = if options.only.is_empty() {
        let lanes = LANES.map(<[Layer]>::to_vec);
        FIRST.into_iter().try_for_each(run).and_then(|()| lanes::side_by_side(lanes, run))
    } else {
        Layer::value_variants().iter().copied().filter(|layer| options.only.contains(layer)).try_for_each(run)
    };
    let Outcome { times, tally } = outcome.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    step::say(&table(set_up, &times, begin.elapsed()));
    let failed = if result.is_err() { tally.failed.max(1) } else { tally.failed };
    step::say(&format!("{} passed, {failed} failed", tally.passed));
    result
}

/// How long what took, a line each.
fn table(set_up: Duration, times: &[(Layer, Duration)], all: Duration) -> String {
    let line = |name: &str, took: Duration| format!("  {name:<12} {:>7.1} s", took.as_secs_f64());
    let mut lines = vec![String::new(), line("setup", set_up)];
    lines.extend(times.iter().map(|(layer, took)| line(&name(*layer), *took)));
    lines.push(line("all", all));
    lines.join("\n")
}

fn name(layer: Layer) -> String {
    layer.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

/// Run a layer, say how to run it alone if it fails, and remember what it took.
fn timed(layer: Layer, options: &Options, outcome: &Mutex<Outcome>) -> Result<(), String> {
    let name = name(layer);
    step::say(&format!("\n{name}"));
    let (start, mut tally) = (Instant::now(), Tally::default());
    let result = run_layer(layer, options, &mut tally);
    let took = start.elapsed();
    step::say(&format!("{name}: {:.1} s", took.as_secs_f64()));
    if let Ok(mut outcome) = outcome.lock() {
        outcome.times.push((layer, took));
        outcome.tally.passed += tally.passed;
        outcome.tally.failed += tally.failed;
    }
    result.inspect_err(|_| step::say(&format!("\nalone: cargo xtask test --only {name}")))
}

fn run_layer(layer: Layer, options: &Options, tally: &mut Tally) -> Result<(), String> {
    match layer {
        Layer::Fmt => step::quietly("cargo fmt", &mut step::command("cargo", &["fmt", "--all", "--check"])),
        Layer::Deny => deny::run(),
        Layer::Clippy => step::loudly("cargo build, with clippy", &mut workspace::cargo("build", &["--all-targets"])),
        Layer::Unit => {
            // A million expressions take an hour and more without the optimizer.
            let mut tests = workspace::cargo("test", if options.all { &["--profile", "soak"] } else { &[] });
            tests.env("INSTA_UPDATE", "no").env("EVC_NODE_MODULES", project::tools().join("node/node_modules"));
            if options.all {
                tests.envs(numbers::UNIT.into_iter().filter(|(name, _)| std::env::var_os(name).is_none()));
            }
            step::loudly("cargo test", &mut tests)
        }
        Layer::Golden => generate::check(),
        Layer::Conformance => conformance::run(options.seed, options.all, tally),
        Layer::Generated => generated_workspaces().and_then(|()| first_hour::run()).and_then(|()| documented::run()),
        Layer::Local => end_to_end::run_local(&options.system, options.all, tally),
        Layer::E2e => end_to_end::run(&options.system, options.all, tally),
        Layer::Equivalence => end_to_end::run_equivalence(options.seed, options.workflows, options.all, tally),
        Layer::Faults => end_to_end::run_faults(options.seed, options.all, tally),
    }
}

/// What the project asks of its own Rust is asked of the Rust it writes, and of the business logic beside it.
fn generated_workspaces() -> Result<(), String> {
    for stack in project::stacks()? {
        stack_passes(&project::name(&stack), &stack)?;
    }
    Ok(())
}

/// The crates of a stack are formatted, and pass clippy and their tests.
pub(crate) fn stack_passes(name: &str, stack: &Path) -> Result<(), String> {
    // `cargo fmt --all` would format what the workspace depends on too, the runtime among it, by the stack's rules.
    let mut format = step::command("cargo", &["fmt", "--check"]);
    step::quietly(&format!("{name}: cargo fmt"), format.current_dir(stack))?;
    // With the program of all handlers, which nobody builds who does not ask for it.
    let dev = format!("{name}_dev/dev");
    let mut test = workspace::linting(step::command("cargo", &["test", "--quiet", "--workspace", "--features", &dev]));
    test.current_dir(stack);
    step::quietly(&format!("{name}: cargo test, with clippy"), &mut test)
}
