//! `cargo xtask test`: every layer of tests, the cheap ones first, stopping at the first that fails.

use std::time::Instant;

use clap::ValueEnum;

use crate::{conformance, deny, end_to_end, generate, project, setup, step};

/// What to run.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run these layers only; may be given more than once.
    #[arg(long, value_name = "LAYER")]
    only: Vec<Layer>,
    /// Try much more of what is random: minutes become hours.
    #[arg(long)]
    all: bool,
    /// With `--only e2e`: only the systems with these names.
    #[arg(long, value_name = "SYSTEM")]
    system: Vec<String>,
    /// With `--only faults` or `--only equivalence`: the seed of what is random, as an earlier run printed it.
    #[arg(long, value_name = "SEED")]
    seed: Option<u32>,
    /// With `--only equivalence`: how many workflows to try.
    #[arg(long, value_name = "N")]
    workflows: Option<u32>,
}

/// A layer of tests, in the order they run.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Layer {
    /// The sources are formatted.
    Fmt,
    /// Every dependency is one that may be: its licence, its source, its advisories.
    Deny,
    /// No lint fires.
    Clippy,
    /// Unit, property and snapshot tests of the workspace.
    Unit,
    /// `generated/` is what `evc build` makes, byte for byte, from anywhere.
    Golden,
    /// Templates, state machines and OpenAPI documents pass the validators of those who read them.
    Conformance,
    /// Generated Rust is formatted, lint-free and passes its tests.
    Generated,
    /// The stacks run: real `sam build`, real `sam deploy`, a local AWS emulator.
    E2e,
    /// Random workflows give on Redis what they give as state machines.
    Equivalence,
    /// What is promised holds while calls fail, answers are lost and handlers are killed.
    Faults,
}

/// How much of what is random `--all` tries. The usual numbers stand where each is tried.
pub(crate) mod most {
    /// Workflows on both engines, and how many of them on the second interpreter too.
    pub(crate) const WORKFLOWS: [u32; 2] = [3_200, 480];
    /// Executions on Redis while workers and servers die.
    pub(crate) const EXECUTIONS: u32 = 50_000;
    /// What the environment of the unit layer says, unless it says so already: cases of a property, seeds of executions that crash.
    pub(crate) const UNIT: [(&str, &str); 2] = [("PROPTEST_CASES", "4000"), ("EVC_SEEDS", "5000")];
}

/// How many cases of the layers that count their own passed and failed.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
}

/// Run the layers asked for, or all.
pub(crate) fn run(options: &Options) -> Result<(), String> {
    setup::run()?;
    let mut tally = Tally::default();
    for layer in Layer::value_variants() {
        if !options.only.is_empty() && !options.only.contains(layer) {
            continue;
        }
        let name = layer.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
        step::say(&format!("\n{name}"));
        let start = Instant::now();
        let result = run_layer(*layer, options, &mut tally);
        step::say(&format!("{name}: {:.1} s", start.elapsed().as_secs_f64()));
        if let Err(message) = result {
            step::say(&format!("\nalone: cargo xtask test --only {name}"));
            step::say(&format!("{} passed, {} failed", tally.passed, tally.failed.max(1)));
            return Err(message);
        }
    }
    step::say(&format!("\n{} passed, {} failed", tally.passed, tally.failed));
    Ok(())
}

fn run_layer(layer: Layer, options: &Options, tally: &mut Tally) -> Result<(), String> {
    match layer {
        Layer::Fmt => step::quietly("cargo fmt", &mut step::command("cargo", &["fmt", "--all", "--check"])),
        Layer::Deny => deny::run(),
        Layer::Clippy => {
            let arguments =
                ["clippy", "--quiet", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"];
            step::loudly("cargo clippy", &mut step::command("cargo", &arguments))
        }
        Layer::Unit => {
            let mut tests = step::command("cargo", &["test", "--quiet", "--workspace", "--all-features"]);
            tests.env("INSTA_UPDATE", "no").env("EVC_NODE_MODULES", project::tools().join("node/node_modules"));
            if options.all {
                tests.envs(most::UNIT.into_iter().filter(|(name, _)| std::env::var_os(name).is_none()));
            }
            step::loudly("cargo test", &mut tests)
        }
        Layer::Golden => generate::check(),
        Layer::Conformance => conformance::run(tally),
        Layer::Generated => generated_workspaces(),
        Layer::E2e => end_to_end::run(&options.system, tally),
        Layer::Equivalence => end_to_end::run_equivalence(options.seed, options.workflows, options.all, tally),
        Layer::Faults => end_to_end::run_faults(options.seed, options.all, tally),
    }
}

/// What the project asks of its own Rust is asked of the Rust it writes, and of the business logic beside it.
fn generated_workspaces() -> Result<(), String> {
    // `cargo fmt --all` would format what the workspace depends on too, the runtime among it, by the stack's rules.
    let checks: [(&str, &[&str]); 3] = [
        ("fmt", &["fmt", "--check"]),
        ("clippy", &["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]),
        ("test", &["test", "--quiet", "--workspace"]),
    ];
    for stack in project::stacks()? {
        let name = project::name(&stack);
        for (check, arguments) in checks {
            let mut cargo = step::command("cargo", arguments);
            step::quietly(&format!("{name}: cargo {check}"), cargo.current_dir(&stack))?;
        }
    }
    Ok(())
}
