//! `evc man`: the manual pages.

use std::path::PathBuf;

use clap::CommandFactory as _;

use super::{Exit, console};

/// Write a manual page for each command, for `man`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  evc man /usr/local/share/man/man1\n  evc man ~/.local/share/man/man1 && man evc-build"
)]
pub(super) struct Arguments {
    /// The folder for the pages, which is made if it is missing. Pages that are there are replaced.
    folder: PathBuf,
}

/// Writes `evc.1` and `evc-COMMAND.1` of each command.
pub(super) fn run(arguments: &Arguments) -> Exit {
    let folder = &arguments.folder;
    let written =
        std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(super::Arguments::command(), folder));
    match written {
        Ok(()) => Exit::Clean,
        Err(error) => {
            console::fail(&format!("cannot write the manual pages to {}: {error}", folder.display()));
            Exit::Io
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn every_command_that_help_shows_has_a_page() {
        let folder = std::env::temp_dir().join(format!("evc-man-{}", std::process::id()));
        assert_eq!(super::run(&super::Arguments { folder: folder.clone() }), crate::Exit::Clean);
        let command = crate::Arguments::command();
        for shown in command.get_subcommands().filter(|command| !command.is_hide_set()) {
            let page = std::fs::read_to_string(folder.join(format!("evc-{}.1", shown.get_name()))).unwrap_or_default();
            assert!(page.contains(".SH SYNOPSIS"), "{} has no page", shown.get_name());
        }
        let _ = std::fs::remove_dir_all(folder);
    }
}
