//! `evc check`: everything that `evc build` does but writing.

use std::path::PathBuf;

use super::console::{self, Format};
use super::world::Disk;
use super::{Exit, build, plan};
use crate::compile::{Analysis, analyze};
use crate::report::Counts;

/// Check specs without writing anything.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  evc check specs/orders.yaml\n  evc check specs/*.yaml --message-format short")]
pub(super) struct Arguments {
    /// The specs to check.
    #[arg(required = true, value_name = "SPEC")]
    specs: Vec<PathBuf>,
    /// How diagnostics are written.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    message_format: Format,
    /// Let the template be larger than CloudFormation takes.
    #[arg(long)]
    oversize: bool,
    /// The folder of the crate `evc-runtime`. A folder `runtime` beside the spec or above by default.
    #[arg(long, value_name = "DIR")]
    runtime: Option<PathBuf>,
    /// Treat warnings as errors.
    #[arg(long)]
    deny_warnings: bool,
    /// Ask Cargo as well whether the crates of the built stack fit together. Takes about a second.
    #[arg(long)]
    deep: bool,
}

/// Checks each spec and reports on all of them together.
pub(super) fn run(arguments: &Arguments) -> Exit {
    let mut analyses = Vec::new();
    let mut unreadable = false;
    for spec in &arguments.specs {
        match analyze(&Disk, spec) {
            Ok(mut analysis) => {
                let options = plan::Options {
                    oversize: arguments.oversize,
                    deep: arguments.deep,
                    runtime: arguments.runtime.as_deref(),
                    only_check: true,
                    ..Default::default()
                };
                let _ = plan::plan(spec, &build::default_directory(spec), &mut analysis, options);
                analyses.push(analysis);
            }
            Err(error) => {
                console::fail(&format!("cannot read `{}`: {error}", spec.display()));
                unreadable = true;
            }
        }
    }
    console::report(&analyses, arguments.message_format);
    if arguments.message_format == Format::Human {
        for analysis in analyses.iter().filter(|analysis| analysis.diagnostics.is_empty()) {
            let path = analysis.sources.files().next().map(|(_, file)| file.path.display().to_string());
            console::tell(&format!("{}: no problems", path.unwrap_or_default()));
        }
    }
    exit(&analyses, unreadable, arguments.deny_warnings)
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
