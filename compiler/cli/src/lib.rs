//! The command line of evc: one file a command. The only part that knows disks, processes and terminals.

mod audit;
mod build;
mod check;
mod completions;
mod console;
#[cfg(feature = "local")]
mod dev;
mod embedded;
mod explain;
mod fix;
mod init;
mod man;
mod match_event;
mod plan;
mod project;
mod reference;
mod schema;
mod stack;
pub mod terminal;
#[cfg(feature = "local")]
mod test;
#[cfg(feature = "local")]
mod trace;
mod vendor;
mod workflow;
mod world;

use std::process::ExitCode;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Parser, Subcommand};

pub use stack::{MANIFEST, Written};

/// How a command ended. The number is the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Nothing is wrong; there may be warnings.
    Clean = 0,
    /// The spec has errors, or what was asked for is not there or not possible any more.
    Diagnostics = 1,
    /// The command line was wrong.
    Usage = 2,
    /// A file could not be read or written, or a server does not answer.
    Io = 3,
}

/// Compiles one YAML spec of an event-driven system into what deploys it on AWS.
///
/// A spec describes events, rules, tables, outboxes, functions and workflows. evc proves that the parts fit, and writes a SAM
/// template, Amazon States Language state machines and Rust Lambda handlers.
#[derive(Debug, Parser)]
#[command(
    name = "evc",
    version,
    styles = STYLES,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 clean, 1 errors in the spec, 2 usage, 3 files that cannot be read or written, or no server.\n\n\
        Start with:\n  evc init shop\n  cd shop\n  evc build specs/shop.yaml\n  evc dev specs/shop.yaml"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// When to use colours. `auto` does on a terminal, unless `NO_COLOR` is set.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: clap::ColorChoice,
}

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Arguments),
    Build(build::Arguments),
    Check(check::Arguments),
    #[cfg(feature = "local")]
    Dev(dev::Arguments),
    #[cfg(feature = "local")]
    Test(test::Arguments),
    #[cfg(feature = "local")]
    Trace(trace::Arguments),
    Audit(audit::Arguments),
    Match(match_event::Arguments),
    Workflow(workflow::Arguments),
    Vendor(vendor::Arguments),
    Explain(explain::Arguments),
    Schema(schema::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
    #[command(hide = true)]
    Reference(reference::Arguments),
}

/// Reads the command line, runs the command, and returns its exit code.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // clap writes help to standard output and errors to standard error; if that fails there is nobody to tell.
            let _ = error.print();
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Clean };
            return ExitCode::from(exit as u8);
        }
    };
    console::set_color(arguments.color);
    let exit = match &arguments.command {
        Command::Init(arguments) => init::run(arguments),
        Command::Build(arguments) => build::run(arguments),
        Command::Check(arguments) => check::run(arguments),
        #[cfg(feature = "local")]
        Command::Dev(arguments) => dev::run(arguments),
        #[cfg(feature = "local")]
        Command::Test(arguments) => test::run(arguments),
        #[cfg(feature = "local")]
        Command::Trace(arguments) => trace::run(arguments),
        Command::Audit(arguments) => audit::run(arguments),
        Command::Match(arguments) => match_event::run(arguments),
        Command::Workflow(arguments) => workflow::run(arguments),
        Command::Vendor(arguments) => vendor::run(arguments),
        Command::Explain(arguments) => explain::run(arguments),
        Command::Schema(arguments) => schema::run(arguments),
        Command::Completions(arguments) => completions::run(arguments),
        Command::Man(arguments) => man::run(arguments),
        Command::Reference(arguments) => reference::run(arguments),
    };
    ExitCode::from(exit as u8)
}
