//! One line a diagnostic, as compilers have always written them: `file:line:column: error[EVC0101]: message`.

use std::fmt::Write as _;

use super::excerpt::escaped;
use super::{Counts, path, sorted};
use crate::diagnostics::Diagnostic;
use crate::source::SourceMap;

/// Renders diagnostics and, if there are any, a last line that counts them.
pub fn render(diagnostics: &[Diagnostic], sources: &SourceMap) -> String {
    let mut text = lines(diagnostics, sources);
    if !diagnostics.is_empty() {
        let _ = writeln!(text, "{}", Counts::of(diagnostics));
    }
    text
}

/// Renders diagnostics without the count.
pub fn lines(diagnostics: &[Diagnostic], sources: &SourceMap) -> String {
    let mut text = String::new();
    for diagnostic in sorted(diagnostics) {
        let span = diagnostic.primary.span;
        let position = sources.position(span);
        let _ = writeln!(
            text,
            "{}:{}:{}: {}[{}]: {}",
            one_line(&path(sources, span)),
            position.line,
            position.column,
            diagnostic.severity().as_str(),
            diagnostic.code,
            one_line(&diagnostic.message)
        );
    }
    text
}

/// A text without what would break the line, or steer a terminal.
fn one_line(text: &str) -> String {
    escaped(text).replace("\r\n", " ").replace(['\n', '\r', '\t'], " ")
}
