//! Standard output and error: colours only where they are wanted, diagnostics in the format that was asked for.

use std::io::{IsTerminal, Write as _};

use clap::ValueEnum;

use evc_compiler::report::{Report, github, json, sarif, short};
use evc_compiler::session::Analysis;

use super::terminal;

/// How diagnostics are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// The source with what is said about it, for people.
    Human,
    /// A line a diagnostic: `file:line:column: error[EVC0101]: message`.
    Short,
    /// A JSON object a line, for tools.
    Json,
    /// A SARIF 2.1.0 log, for code scanning.
    Sarif,
    /// Workflow commands, which GitHub Actions shows beside the code.
    Github,
}

/// Sets whether colours are used, for everything that is printed from here on.
pub(super) fn set_color(choice: clap::ColorChoice) {
    match choice {
        clap::ColorChoice::Auto => anstream::ColorChoice::Auto,
        clap::ColorChoice::Always => anstream::ColorChoice::Always,
        clap::ColorChoice::Never => anstream::ColorChoice::Never,
    }
    .write_global();
}

/// Prints a result to standard output. A closed pipe is no error: whoever reads has read enough.
pub(super) fn print(text: &str) {
    let _ = anstream::stdout().write_all(text.as_bytes());
}

/// Tells the user something, on standard error.
pub(super) fn tell(text: &str) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Tells the user what stopped the command, on standard error.
pub(super) fn fail(text: &str) {
    let _ = writeln!(anstream::stderr(), "\u{1b}[1;31merror\u{1b}[0m: {text}");
}

/// Whether what is printed to standard output has colours.
pub(super) fn colored_output() -> bool {
    anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never
}

/// Writes the diagnostics of every spec: for people to standard error, for tools to standard output.
pub(super) fn report(analyses: &[Analysis], format: Format) {
    match format {
        Format::Human => {
            for analysis in analyses {
                let text = terminal::render(&analysis.diagnostics, &analysis.sources, style());
                let _ = std::io::stderr().write_all(text.as_bytes());
            }
            let worst = analyses.iter().flat_map(|analysis| &analysis.diagnostics).min_by_key(|found| found.severity());
            if let Some(worst) = worst {
                let also = worst.code.url().map(|url| format!(", and so does {url}")).unwrap_or_default();
                tell(&format!("`evc explain {}` says more{also}", worst.code));
            }
        }
        Format::Short => all(analyses, |analysis| short::render(&analysis.diagnostics, &analysis.sources)),
        Format::Json => print(&json::render(&reports(analyses))),
        Format::Github => all(analyses, |analysis| github::render(&analysis.diagnostics, &analysis.sources)),
        Format::Sarif => print(&sarif::render(&reports(analyses))),
    }
}

/// How text for people is drawn on standard error.
pub(super) fn style() -> terminal::Style {
    let color = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
    terminal::Style { width: width(), color }
}

fn reports(analyses: &[Analysis]) -> Vec<Report<'_>> {
    analyses.iter().map(|Analysis { diagnostics, sources, .. }| Report { diagnostics, sources }).collect()
}

fn all(analyses: &[Analysis], render: impl Fn(&Analysis) -> String) {
    for analysis in analyses {
        print(&render(analysis));
    }
}

/// The columns that a table on standard output may take. A table that goes elsewhere is not cut off at those of a terminal.
pub(super) fn table_width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let terminal = terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| usize::from(width.0));
    std::cmp::Ord::clamp(columns.or(terminal).unwrap_or(120), 60, 240)
}

/// The columns that a line on standard output may have; `None` if it does not go to a terminal, where nothing is cut off.
pub(super) fn line_width() -> Option<usize> {
    std::io::stdout().is_terminal().then(table_width)
}

/// Asks a question that is answered with yes or no; `None` if there is no terminal to ask at.
pub(super) fn confirm(question: &str) -> Option<bool> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return None;
    }
    let _ = write!(anstream::stderr(), "{question} [y/N] ");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).ok()?;
    Some(matches!(answer.trim(), "y" | "Y" | "yes" | "Yes"))
}

/// The columns of the terminal, as `COLUMNS` has them; a width that is easy to read when output goes elsewhere.
fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    match columns {
        Some(columns) if std::io::stderr().is_terminal() => std::cmp::Ord::clamp(columns, 60, 140),
        _ => 100,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_in_the_page_about_diagnostics() {
        let page = include_str!("../../../docs/diagnostics.md");
        for format in Format::value_variants() {
            let name = format.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
            assert!(page.contains(&format!("| `{name}` |")), "docs/diagnostics.md says nothing of `{name}`");
        }
    }
}
