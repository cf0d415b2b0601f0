//! `evc reference`: the language reference from its text. For the project's own documentation, so not shown in help.

use std::path::{Path, PathBuf};

use super::{Exit, console};
use evc_compiler::spec::reference::expand;

/// Print a text with its markers expanded into tables of the language.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The text.
    text: PathBuf,
}

/// Prints the expanded text.
pub(super) fn run(arguments: &Arguments) -> Exit {
    let read =
        |beside: &Path| std::fs::read_to_string(beside).map_err(|error| format!("{}: {error}", beside.display()));
    let folder = arguments.text.parent().unwrap_or(Path::new(""));
    match read(&arguments.text).and_then(|text| expand(&text, &|path| read(&folder.join(path)))) {
        Ok(text) => {
            console::print(&text);
            Exit::Clean
        }
        Err(error) => {
            console::fail(&error);
            Exit::Io
        }
    }
}
