//! `evc explain`: the page of a code.

use super::{Exit, console};
use crate::diagnostics::{ALL, Code, nearest};
use crate::report::page;

/// Explain a diagnostic: what it means, why it matters, an example and how to mend it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  evc explain EVC0101\n  evc explain            # lists every code")]
pub(super) struct Arguments {
    /// The code, such as EVC0101. Without it, every code is listed.
    code: Option<String>,
}

/// Prints the page, or the list.
pub(super) fn run(arguments: &Arguments) -> Exit {
    let Some(wanted) = &arguments.code else {
        let line = |code: &Code| format!("{code}  {:8} {}\n", code.severity().as_str(), code.name());
        console::print(&ALL.iter().map(line).collect::<String>());
        return Exit::Clean;
    };
    let Some(code) = Code::parse(wanted) else {
        let known: Vec<&str> = ALL.iter().map(|code| code.as_str()).collect();
        let hint = nearest(wanted, &known).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        console::fail(&format!("there is no code `{wanted}`{hint}"));
        console::tell("`evc explain` lists every code");
        return Exit::Usage;
    };
    console::print(&page::render(code, console::colored_output()));
    Exit::Clean
}
