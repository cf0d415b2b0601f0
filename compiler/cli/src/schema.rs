//! `evc schema`: the JSON Schema of the language.

use super::{Exit, console};

/// Print the JSON Schema of specs, for editors.
#[derive(Debug, clap::Args)]
#[command(after_help = "An editor with a YAML language server reads it from a spec's first line:\n  \
    # yaml-language-server: $schema=./evc.schema.json")]
pub(super) struct Arguments {}

/// Prints the schema.
pub(super) fn run(_: &Arguments) -> Exit {
    console::print(&evc_compiler::spec::schema::text());
    Exit::Clean
}
