//! Workflow commands of GitHub Actions, which show diagnostics on the lines of a pull request.
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>

use std::fmt::Write as _;

use super::excerpt::escaped;
use super::{end, path, sorted};
use crate::diagnostics::{Diagnostic, Severity};
use crate::source::SourceMap;

/// Renders diagnostics, one command a line.
pub fn render(diagnostics: &[Diagnostic], sources: &SourceMap) -> String {
    let mut text = String::new();
    for diagnostic in sorted(diagnostics) {
        let span = diagnostic.primary.span;
        let (from, to) = (sources.position(span), end(sources, span));
        let details = diagnostic.notes.iter().map(|note| format!("\nnote: {note}"));
        let advice = diagnostic.help.iter().map(|help| format!("\nhelp: {help}"));
        let message: String = std::iter::once(diagnostic.message.clone()).chain(details).chain(advice).collect();
        let _ = writeln!(
            text,
            "::{} file={},line={},col={},endLine={},endColumn={},title={}::{}",
            command(diagnostic.severity()),
            property(&path(sources, span)),
            from.line,
            from.column,
            to.line,
            to.column,
            property(&format!("{} {}", diagnostic.code, diagnostic.code.name())),
            data(&message),
        );
    }
    text
}

/// The command for a severity.
fn command(severity: Severity) -> &'static str {
    match severity {
        Severity::Error | Severity::Warning => severity.as_str(),
        Severity::Advice | Severity::Note => "notice",
    }
}

/// A message as GitHub wants it, which shows in a log as well: with no character that would steer a terminal.
fn data(text: &str) -> String {
    escaped(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
