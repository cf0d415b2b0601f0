//! Diagnostics to text, one file an output. All of them show the same diagnostics in the same order: by file, then position.
//!
//! Nothing here knows where the text goes: the caller chooses the width and whether there are colours.

pub mod budget;
pub mod excerpt;
pub mod github;
pub mod iam;
pub mod json;
pub mod page;
pub mod resources;
pub mod sarif;
pub mod short;

#[cfg(test)]
mod tests;

use crate::diagnostics::{Diagnostic, Severity};
use crate::source::{Position, SourceMap, Span};

/// What was found in one spec. Formats that are one document take several of these.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// What was found.
    pub diagnostics: &'a [Diagnostic],
    /// The files that it was found in.
    pub sources: &'a SourceMap,
}

/// The diagnostics by file, position and code. Files stand in the order in which they were read.
pub fn sorted(diagnostics: &[Diagnostic]) -> Vec<&Diagnostic> {
    let mut sorted: Vec<&Diagnostic> = diagnostics.iter().collect();
    // What is in one place stays in the order in which it was found: missing keys in that of the language.
    sorted.sort_by_key(|diagnostic| (diagnostic.primary.span, diagnostic.code));
    sorted
}

/// How many diagnostics of each level there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Diagnostics of level error.
    pub errors: usize,
    /// Diagnostics of level warning.
    pub warnings: usize,
    /// Diagnostics of level advice.
    pub advice: usize,
    /// Diagnostics of level note.
    pub notes: usize,
}

impl Counts {
    /// Counts what is in a list of diagnostics.
    pub fn of(diagnostics: &[Diagnostic]) -> Self {
        let count = |severity| diagnostics.iter().filter(|diagnostic| diagnostic.severity() == severity).count();
        Self {
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            advice: count(Severity::Advice),
            notes: count(Severity::Note),
        }
    }
}

/// `3 errors, 1 warning, 2 pieces of advice`; without what there is none of, and empty without either.
impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let count = |number: usize, one: &str, many: &str| match number {
            0 => None,
            1 => Some(format!("1 {one}")),
            _ => Some(format!("{number} {many}")),
        };
        let counts = [
            count(self.errors, "error", "errors"),
            count(self.warnings, "warning", "warnings"),
            count(self.advice, "piece of advice", "pieces of advice"),
            count(self.notes, "note", "notes"),
        ];
        let parts: Vec<String> = counts.into_iter().flatten().collect();
        f.write_str(&parts.join(", "))
    }
}

/// A file's name as reports show it: with forward slashes on every system.
pub fn path(sources: &SourceMap, span: Span) -> String {
    sources.file(span.file).path.to_string_lossy().replace('\\', "/")
}

/// Where a span ends, exclusively.
fn end(sources: &SourceMap, span: Span) -> Position {
    sources.position(span.end_point())
}
