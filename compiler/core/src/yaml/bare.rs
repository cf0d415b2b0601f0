//! Bare words that YAML 1.1 readers take for booleans. CloudFormation, SAM, `PyYAML` and many editors are YAML 1.1
//! (<https://yaml.org/type/bool.html>); other tools read specs too, so a spec means the same to all of them. `y` and `n`, which
//! that page lists as well, are text to every reader in use, and names of coordinates and answers.

use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;

/// The boolean that a YAML 1.1 reader sees in a bare word which YAML 1.2 takes for text, or writes in another case.
fn hidden_boolean(word: &str) -> Option<bool> {
    match word {
        "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "True" | "TRUE" => Some(true),
        "no" | "No" | "NO" | "off" | "Off" | "OFF" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

/// What to say about a bare value that means different things to different readers.
pub(super) fn literal(word: &str, span: Span) -> Option<Diagnostic> {
    let boolean = hidden_boolean(word)?;
    Some(
        diagnostic(word, boolean, span)
            .help(format!("quote it if it is text: `\"{word}\"`; write `{boolean}` if it is a boolean"))
            .replace("quote it", span, format!("\"{word}\""))
            .replace(format!("replace with `{boolean}`"), span, boolean.to_string()),
    )
}

/// What to say about a bare key that other readers do not take for text.
pub(super) fn key(word: &str, span: Span) -> Option<Diagnostic> {
    let boolean = hidden_boolean(word)?;
    Some(diagnostic(word, boolean, span).help(format!("quote it: `\"{word}\"`")).replace(
        "quote it",
        span,
        format!("\"{word}\""),
    ))
}

fn diagnostic(word: &str, boolean: bool, span: Span) -> Diagnostic {
    Diagnostic::new(Code::EVC0008, span, format!("bare `{word}` is the boolean {boolean} to YAML 1.1 readers"))
}
