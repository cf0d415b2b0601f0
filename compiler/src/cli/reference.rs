//! `evc reference`: the language reference from its text. For the project's own documentation, so not shown in help.

use std::path::PathBuf;

use super::{Exit, console};
use crate::spec::reference::expand;

/// Print a text with its markers expanded into tables of the language.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The text.
    text: PathBuf,
}

/// Prints the expanded text.
pub(super) fn run(arguments: &Arguments) -> Exit {
    let path = arguments.text.display();
    match std::fs::read_to_string(&arguments.text).map_err(|error| error.to_string()).and_then(|text| expand(&text)) {
        Ok(text) => {
            console::print(&text);
            Exit::Clean
        }
        Err(error) => {
            console::fail(&format!("{path}: {error}"));
            Exit::Io
        }
    }
}
