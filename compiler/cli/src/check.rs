//! `evc check`: everything that `evc build` does but writing.

use std::path::{Path, PathBuf};

use super::console::{self, Format};
use super::world::Disk;
use super::{Exit, build, fix, plan};
use evc_compiler::diagnostics::certain;
use evc_compiler::report::Counts;
use evc_compiler::session::{Analysis, Comparison, against, analyze, is_scenarios, scenarios};

/// Check specs without writing anything.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  evc check specs/orders.yaml\n  evc check specs/*.yaml --message-format short\n\n\
        Before a deploy, against what is deployed (here from the tag `deployed`):\n  \
        git worktree add /tmp/deployed deployed\n  \
        evc check specs/orders.yaml --against /tmp/deployed/specs/orders.yaml\n\n\
        Mend what can be mended:\n  evc check specs/orders.yaml --fix\n  evc check specs/orders.yaml --fix=ask")]
pub(super) struct Arguments {
    /// The specs to check, and files of scenarios (`NAME.test.yaml`).
    #[arg(required = true, value_name = "SPEC")]
    specs: Vec<PathBuf>,
    /// Change the specs: what is reported and can only be meant in one way is mended, and the rest is reported. With `ask`, each change
    /// that would mend something is shown, and made if you say yes.
    #[arg(long, value_name = "WHICH", num_args = 0..=1, require_equals = true, default_missing_value = "certain")]
    fix: Option<fix::Mode>,
    /// How diagnostics are written.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    message_format: Format,
    /// Let the template be larger than CloudFormation takes.
    #[arg(long)]
    oversize: bool,
    /// The folder of the crate `evc-runtime`. A folder `runtime/handlers` beside the spec or above by default.
    #[arg(long, value_name = "DIR")]
    runtime: Option<PathBuf>,
    /// The directory of the stack, where it was built with `--out`.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Treat warnings as errors. Advice fails nothing.
    #[arg(long)]
    deny_warnings: bool,
    /// Compare workflows with those of the spec that is deployed, and say which changes executions in flight do not survive.
    ///
    /// An execution goes on with the definition that it was started with. Changes of steps are safe for it, and told as notes;
    /// errors are about what its definition refers to outside of itself: functions, what they take and give, events, buses.
    #[arg(long, value_name = "OLD_SPEC")]
    against: Option<PathBuf>,
    /// A workflow of the old spec of which no execution is in flight; changes of it are not looked at.
    #[arg(long, value_name = "WORKFLOW", requires = "against")]
    drained: Vec<String>,
    /// Ask Cargo as well whether the crates of the built stack fit together. Takes about a second.
    #[arg(long)]
    deep: bool,
}

/// Checks each spec and reports on all of them together.
pub(super) fn run(arguments: &Arguments) -> Exit {
    if arguments.against.is_some() && arguments.specs.len() > 1 {
        console::fail("`--against` compares one spec with one that is deployed; give one SPEC");
        return Exit::Usage;
    }
    if arguments.out.is_some() && arguments.specs.len() > 1 {
        console::fail("`--out` names the directory of one stack; check one spec with it");
        return Exit::Usage;
    }
    let mut analyses = Vec::new();
    let mut unreadable = false;
    for spec in &arguments.specs {
        if let Some(mode) = arguments.fix
            && !is_scenarios(spec)
            && let Err(error) = fix::mend(mode, || Ok(planned(arguments, spec, analyze(&Disk, spec)?)))
        {
            console::fail(&format!("cannot change `{}`: {error}", spec.display()));
            return Exit::Io;
        }
        if is_scenarios(spec) {
            match scenarios(&Disk, spec) {
                Ok(scenarios) => analyses.push(scenarios.analysis),
                Err(error) => {
                    console::fail(&format!("cannot read `{}`: {error}", spec.display()));
                    unreadable = true;
                }
            }
            continue;
        }
        match analyze(&Disk, spec) {
            Ok(mut analysis) => {
                let comparison = match compare(arguments, &mut analysis) {
                    Ok(comparison) => comparison,
                    Err(exit) => return exit,
                };
                analysis = planned(arguments, spec, analysis);
                analysis.add(comparison.found);
                analyses.push(analysis);
            }
            Err(error) => {
                console::fail(&format!("cannot read `{}`: {error}", spec.display()));
                unreadable = true;
            }
        }
    }
    // The process ends soon; taking models apart piece by piece first would be for nothing.
    let analyses = std::mem::ManuallyDrop::new(analyses);
    console::report(&analyses, arguments.message_format);
    if arguments.message_format == Format::Human {
        for analysis in analyses.iter().filter(|analysis| analysis.diagnostics.is_empty()) {
            let path = analysis.sources.files().next().map(|(_, file)| file.path.display().to_string());
            let what =
                if arguments.against.is_some() { "no problems, also for executions in flight" } else { "no problems" };
            console::tell(&format!("{}: {what}", path.unwrap_or_default()));
        }
    }
    if arguments.message_format == Format::Human && arguments.fix.is_none() {
        let found = analyses.iter().flat_map(|analysis| &analysis.diagnostics);
        match found.filter(|diagnostic| certain(diagnostic).is_some()).count() {
            0 => {}
            1 => console::tell("`evc check --fix` can mend 1 of them"),
            several => console::tell(&format!("`evc check --fix` can mend {several} of them")),
        }
    }
    exit(&analyses, unreadable, arguments.deny_warnings)
}

/// What is found on a spec when its stack is planned as well.
fn planned(arguments: &Arguments, spec: &Path, mut analysis: Analysis) -> Analysis {
    let options = plan::Options {
        oversize: arguments.oversize,
        deep: arguments.deep,
        runtime: arguments.runtime.as_deref(),
        only_check: true,
        ..Default::default()
    };
    let directory = arguments.out.clone().unwrap_or_else(|| build::default_directory(spec));
    let _ = plan::plan(spec, &directory, &mut analysis, options);
    analysis
}

/// Compares with the old spec, if one is given.
fn compare(arguments: &Arguments, analysis: &mut Analysis) -> Result<Comparison, Exit> {
    let Some(old) = &arguments.against else { return Ok(Comparison::default()) };
    let comparison = against(&Disk, old, analysis, &arguments.drained).map_err(|error| {
        console::fail(&format!("cannot read `{}`: {error}", old.display()));
        Exit::Io
    })?;
    match comparison.unknown.first() {
        None => Ok(comparison),
        Some(name) => {
            console::fail(&format!("`--drained {name}`: `{}` has no such workflow", old.display()));
            Err(Exit::Usage)
        }
    }
}

/// The exit code for what was found.
pub(super) fn exit(analyses: &[Analysis], unreadable: bool, deny_warnings: bool) -> Exit {
    let bad = |analysis: &Analysis| {
        let counts = Counts::of(&analysis.diagnostics);
        counts.errors > 0 || (deny_warnings && counts.warnings > 0)
    };
    match (unreadable, analyses.iter().any(bad)) {
        (true, _) => Exit::Io,
        (false, true) => Exit::Diagnostics,
        (false, false) => Exit::Clean,
    }
}
