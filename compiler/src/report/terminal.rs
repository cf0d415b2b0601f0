//! For people: the source with what is said about it drawn beside it, by miette.
//!
//! miette draws one file a diagnostic; labels in other files are drawn after it, each as a diagnostic of its own.

use std::fmt::{self, Write as _};

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan,
    SpanContents, ThemeCharacters, ThemeStyles,
};

use super::{Counts, path, sorted};
use crate::diagnostics::{Diagnostic, Label, Severity};
use crate::source::{FileId, SourceMap, Span};

/// What the text is drawn for.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Columns that a line may take.
    pub width: usize,
    /// Whether to use ANSI colours.
    pub color: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self { width: 100, color: false }
    }
}

/// Renders diagnostics and, if there are any, a last line that counts them.
pub fn render(diagnostics: &[Diagnostic], sources: &SourceMap, style: Style) -> String {
    let styles = if style.color { ThemeStyles::ansi() } else { ThemeStyles::none() };
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme { characters: ThemeCharacters::unicode(), styles })
        .with_width(style.width)
        .with_links(false);
    let mut text = String::new();
    for diagnostic in sorted(diagnostics) {
        // Writing to a string cannot fail; a span outside its file is drawn as a message by miette itself.
        let _ = handler.render_report(&mut text, &Adapter::of(diagnostic, sources));
        for label in elsewhere(diagnostic) {
            let _ = handler.render_report(&mut text, &Adapter::elsewhere(label, sources));
        }
        footer(&mut text, diagnostic, style);
        text.push('\n');
    }
    if !diagnostics.is_empty() {
        let _ = writeln!(text, "{}", Counts::of(diagnostics));
    }
    text
}

/// The labels in other files than the diagnostic's own.
fn elsewhere(diagnostic: &Diagnostic) -> impl Iterator<Item = &Label> {
    diagnostic.secondary.iter().filter(|label| label.span.file != diagnostic.primary.span.file)
}

/// Help and notes, as miette draws its own single help.
fn footer(text: &mut String, diagnostic: &Diagnostic, style: Style) {
    let help = diagnostic.help.iter().map(|help| ("help", help));
    let notes = diagnostic.notes.iter().map(|note| ("note", note));
    for (word, said) in help.chain(notes) {
        let (on, off) = if style.color { ("\u{1b}[36m", "\u{1b}[0m") } else { ("", "") };
        let lines = wrap(said, style.width.saturating_sub("  help: ".len()));
        let _ = writeln!(text, "  {on}{word}:{off} {}", lines.join("\n        "));
    }
}

/// Breaks text at spaces into lines of at most `width` characters, where the words allow it.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.len() - 1;
        let line = &mut lines[last];
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// A diagnostic in miette's terms.
#[derive(Debug)]
struct Adapter<'a> {
    message: &'a str,
    code: Option<String>,
    severity: miette::Severity,
    source: NamedText<'a>,
    labels: Vec<LabeledSpan>,
}

impl<'a> Adapter<'a> {
    fn of(diagnostic: &'a Diagnostic, sources: &'a SourceMap) -> Self {
        let primary = &diagnostic.primary;
        let here = primary.span.file;
        let mut labels = vec![LabeledSpan::new_primary_with_span(label_text(primary), source_span(primary.span))];
        let near = diagnostic.secondary.iter().filter(|label| label.span.file == here);
        labels.extend(near.map(|label| LabeledSpan::new_with_span(label_text(label), source_span(label.span))));
        Self {
            message: &diagnostic.message,
            code: Some(format!("{}[{}] {}", diagnostic.severity().as_str(), diagnostic.code, diagnostic.code.name())),
            severity: match diagnostic.severity() {
                Severity::Error => miette::Severity::Error,
                Severity::Warning => miette::Severity::Warning,
            },
            source: NamedText::of(here, primary.span, sources),
            labels,
        }
    }

    /// A label in another file than the diagnostic's.
    fn elsewhere(label: &'a Label, sources: &'a SourceMap) -> Self {
        Self {
            message: &label.text,
            code: None,
            severity: miette::Severity::Advice,
            source: NamedText::of(label.span.file, label.span, sources),
            labels: vec![LabeledSpan::new_primary_with_span(None, source_span(label.span))],
        }
    }
}

impl fmt::Display for Adapter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message)
    }
}

impl std::error::Error for Adapter<'_> {}

impl miette::Diagnostic for Adapter<'_> {
    fn code<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        self.code.as_ref().map(|code| Box::new(code) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

fn label_text(label: &Label) -> Option<String> {
    (!label.text.is_empty()).then(|| label.text.clone())
}

fn source_span(span: Span) -> SourceSpan {
    (span.range().start, span.range().len()).into()
}

/// A file's text under its name.
#[derive(Debug)]
struct NamedText<'a> {
    name: String,
    text: &'a str,
}

impl<'a> NamedText<'a> {
    fn of(file: FileId, span: Span, sources: &'a SourceMap) -> Self {
        Self { name: path(sources, span), text: &sources.file(file).text }
    }
}

impl SourceCode for NamedText<'_> {
    fn read_span<'b>(
        &'b self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'b> + 'b>, MietteError> {
        let inner = self.text.read_span(span, lines_before, lines_after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            inner.data(),
            *inner.span(),
            inner.line(),
            inner.column(),
            inner.line_count(),
        )))
    }
}
