//! `evc audit`: any CloudFormation or SAM template, looked at as the template of a spec is.

mod baseline;

use std::path::PathBuf;

use evc_compiler::session::{Analysis, audit};

use super::console::{self, Format};
use super::world::Disk;
use super::{Exit, check};

/// Look at CloudFormation and SAM templates as whole systems: whoever wrote them, before they are deployed.
///
/// A template is read as CloudFormation and SAM read it, in YAML or JSON, with short forms of functions and with what SAM makes of it.
/// Nothing is sent anywhere, and nothing is written.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  evc audit template.yaml\n  evc audit stacks/*.yaml --message-format sarif > audit.sarif\n\n\
        To begin with a system that has faults, keep what is known, and see what is new:\n  \
        evc audit template.yaml --baseline known.json --update-baseline\n  \
        evc audit template.yaml --baseline known.json"
)]
pub(super) struct Arguments {
    /// The templates to look at.
    #[arg(required = true, value_name = "TEMPLATE")]
    templates: Vec<PathBuf>,
    /// How diagnostics are written.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    message_format: Format,
    /// Leave out what this file says is known.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write what is found to the baseline, instead of reporting it.
    #[arg(long, requires = "baseline")]
    update_baseline: bool,
    /// Treat warnings as errors. Advice fails nothing.
    #[arg(long)]
    deny_warnings: bool,
}

/// Looks at each template and reports on all of them together.
pub(super) fn run(arguments: &Arguments) -> Exit {
    let mut analyses = Vec::new();
    let mut unreadable = false;
    for template in &arguments.templates {
        match audit(&Disk, template) {
            Ok(analysis) => analyses.push(analysis),
            Err(error) => {
                console::fail(&format!("cannot read `{}`: {error}", template.display()));
                unreadable = true;
            }
        }
    }
    if let Some(path) = &arguments.baseline {
        if arguments.update_baseline {
            return match baseline::write(path, &analyses) {
                Ok(count) => {
                    console::tell(&format!("{}: {count} known from now on", path.display()));
                    if unreadable { Exit::Io } else { Exit::Clean }
                }
                Err(error) => {
                    console::fail(&format!("cannot write `{}`: {error}", path.display()));
                    Exit::Io
                }
            };
        }
        match baseline::leave_out(path, &mut analyses) {
            Ok(0) => {}
            Ok(gone) => console::tell(&format!(
                "{}: {gone} of what is known {} found no more; `--update-baseline` takes {} out",
                path.display(),
                if gone == 1 { "is" } else { "are" },
                if gone == 1 { "it" } else { "them" },
            )),
            Err(error) => {
                console::fail(&format!("cannot read the baseline `{}`: {error}", path.display()));
                return Exit::Io;
            }
        }
    }
    console::report(&analyses, arguments.message_format);
    if arguments.message_format == Format::Human {
        for Analysis { sources, .. } in analyses.iter().filter(|analysis| analysis.diagnostics.is_empty()) {
            let path = sources.files().next().map(|(_, file)| file.path.display().to_string());
            console::tell(&format!("{}: no problems", path.unwrap_or_default()));
        }
    }
    check::exit(&analyses, unreadable, arguments.deny_warnings)
}
