//! `evc completions`: what shells complete.

use clap::CommandFactory as _;

use super::{Exit, console};

/// Print a script that makes a shell complete evc's commands and options.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  evc completions bash > /etc/bash_completion.d/evc\n  evc completions zsh > ~/.zfunc/_evc"
)]
pub(super) struct Arguments {
    /// The shell.
    shell: clap_complete::Shell,
}

/// Prints the script.
pub(super) fn run(arguments: &Arguments) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::Arguments::command(), "evc", &mut script);
    console::print(&String::from_utf8_lossy(&script));
    Exit::Clean
}
