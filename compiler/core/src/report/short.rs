//! One line a diagnostic, as compilers have always written them: `file:line:column: error[EVC0101]: message`, with what is said of
//! its places and the reason after it.

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
            one_line(&message(diagnostic, sources))
        );
    }
    text
}

/// What is wrong, what other places have to do with it, and why: `retries outlast the workflow; 9:12 it ends after 15m (an attempt may
/// take 5m)`.
fn message(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let mut message = diagnostic.message.clone();
    if !diagnostic.primary.text.is_empty() {
        let _ = write!(message, ": {}", diagnostic.primary.text);
    }
    for label in &diagnostic.secondary {
        let position = sources.position(label.span);
        let elsewhere = label.span.file != diagnostic.primary.span.file;
        let file = if elsewhere { format!("{}:", path(sources, label.span)) } else { String::new() };
        let _ = write!(message, "; {file}{}:{} {}", position.line, position.column, label.text);
    }
    if !diagnostic.notes.is_empty() {
        let _ = write!(message, " ({})", diagnostic.notes.join("; "));
    }
    message
}

/// A text without what would break the line, or steer a terminal.
fn one_line(text: &str) -> String {
    escaped(text).replace("\r\n", " ").replace(['\n', '\r', '\t'], " ")
}
