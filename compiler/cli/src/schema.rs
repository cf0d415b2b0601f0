//! `evc schema`: the JSON Schema of the language.

use clap::ValueEnum;

use super::{Exit, console};

/// Print the JSON Schema of specs, or of scenarios, for editors.
#[derive(Debug, clap::Args)]
#[command(after_help = "An editor with a YAML language server reads it from a spec's first line:\n  \
    # yaml-language-server: $schema=./evc.schema.json")]
pub(super) struct Arguments {
    /// Of which files.
    #[arg(value_enum, value_name = "OF", default_value = "spec")]
    of: Of,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Of {
    /// Specs.
    Spec,
    /// Scenarios: `NAME.test.yaml`.
    Test,
}

/// Prints the schema.
pub(super) fn run(arguments: &Arguments) -> Exit {
    console::print(&match arguments.of {
        Of::Spec => evc_compiler::spec::schema::text(),
        Of::Test => evc_compiler::scenario::schema_text(),
    });
    Exit::Clean
}
