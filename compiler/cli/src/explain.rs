//! `evc explain`: the page of a code.

use super::{Exit, console};
use evc_compiler::diagnostics::{ALL, Code, nearest};
use evc_compiler::report::page;

/// Explain a diagnostic: what it means, why it matters, an example and how to mend it.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  evc explain EVC0101\n  evc explain unresolved-name\n  evc explain            # lists every code"
)]
pub(super) struct Arguments {
    /// The code, such as EVC0101 or 0101, or its name, such as unresolved-name. Without it, every code is listed.
    code: Option<String>,
}

/// Prints the page, or the list.
pub(super) fn run(arguments: &Arguments) -> Exit {
    let Some(wanted) = &arguments.code else {
        let line = |code: &Code| format!("{code}  {:8} {}\n", code.severity().as_str(), code.name());
        console::print(&ALL.iter().map(line).collect::<String>());
        return Exit::Clean;
    };
    let Some(code) = find(wanted) else {
        let known: Vec<&str> = ALL.iter().flat_map(|code| [code.as_str(), code.name()]).collect();
        let hint = nearest(wanted, &known).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        console::fail(&format!("there is no code `{wanted}`{hint}"));
        console::tell("`evc explain` lists every code");
        return Exit::Usage;
    };
    console::print(&page::render(code, console::colored_output()));
    Exit::Clean
}

/// The code with this number, with or without `EVC` before it, or with this name.
fn find(wanted: &str) -> Option<Code> {
    let wanted = wanted.trim();
    let is_meant =
        |code: &&Code| code.name().eq_ignore_ascii_case(wanted) || code.as_str().strip_prefix("EVC") == Some(wanted);
    Code::parse(wanted).or_else(|| ALL.iter().find(is_meant).copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_known_by_number_and_name() {
        for wanted in ["EVC0101", "evc0101", "0101", "unresolved-name"] {
            assert_eq!(find(wanted), Some(Code::EVC0101), "{wanted}");
        }
        for wanted in ["", "101", "EVC", "unresolved", "EVC9999"] {
            assert_eq!(find(wanted), None, "{wanted}");
        }
    }
}
