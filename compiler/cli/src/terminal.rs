//! For people: the source with what is said about it drawn beside it, by miette.
//!
//! miette draws one file a diagnostic; labels in other files are drawn after it, each as a diagnostic of its own.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan,
    SpanContents, ThemeCharacters, ThemeStyles,
};

use evc_compiler::diagnostics::{Diagnostic, Label, Severity};
use evc_compiler::report::excerpt::{escaped, excerpt};
use evc_compiler::report::{Counts, path, sorted};
use evc_compiler::source::{FileId, SourceMap, Span};

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
    let (usual, of_advice) = (handler(style, false), handler(style, true));
    let mut text = String::new();
    for diagnostic in sorted(diagnostics) {
        let handler = if diagnostic.severity() == Severity::Advice { &of_advice } else { &usual };
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

/// What draws in a style. Errors are red, warnings yellow, notes cyan; advice, which miette has one level with notes for, is green.
fn handler(style: Style, advice: bool) -> GraphicalReportHandler {
    let mut styles = if style.color { ThemeStyles::ansi() } else { ThemeStyles::none() };
    if let Some(green) = styles.highlights.last().filter(|_| advice) {
        styles.advice = *green;
    }
    let theme = GraphicalTheme { characters: ThemeCharacters::unicode(), styles };
    GraphicalReportHandler::new_themed(theme).with_width(style.width).with_links(false)
}

/// The labels in other files than the diagnostic's own.
fn elsewhere(diagnostic: &Diagnostic) -> impl Iterator<Item = &Label> {
    diagnostic.secondary.iter().filter(|label| label.span.file != diagnostic.primary.span.file)
}

/// Help and notes, as miette draws its own single help. What would mend it is the help where no other is given.
fn footer(text: &mut String, diagnostic: &Diagnostic, style: Style) {
    let fix = diagnostic.fixes.first().map(|fix| &fix.title).filter(|_| diagnostic.help.is_empty());
    let help = diagnostic.help.iter().chain(fix).map(|help| ("help", help));
    let notes = diagnostic.notes.iter().map(|note| ("note", note));
    for (word, said) in help.chain(notes) {
        let (on, off) = if style.color { ("\u{1b}[36m", "\u{1b}[0m") } else { ("", "") };
        let lines = wrap(&escaped(said), style.width.saturating_sub("  help: ".len()));
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
    message: Cow<'a, str>,
    code: Option<String>,
    severity: miette::Severity,
    source: NamedText<'a>,
    labels: Vec<LabeledSpan>,
}

impl<'a> Adapter<'a> {
    fn of(diagnostic: &'a Diagnostic, sources: &'a SourceMap) -> Self {
        let primary = &diagnostic.primary;
        let here = primary.span.file;
        let near = diagnostic.secondary.iter().filter(|label| label.span.file == here);
        let shown: Vec<&Label> = std::iter::once(primary).chain(near).collect();
        let (source, spans) = NamedText::of(here, &shown, sources);
        let mut labels: Vec<LabeledSpan> =
            shown.iter().zip(spans).map(|(label, span)| LabeledSpan::new_with_span(label_text(label), span)).collect();
        labels[0] = LabeledSpan::new_primary_with_span(label_text(primary), *labels[0].inner());
        Self {
            message: escaped(&diagnostic.message),
            code: Some(format!("{}[{}] {}", diagnostic.severity().as_str(), diagnostic.code, diagnostic.code.name())),
            severity: match diagnostic.severity() {
                Severity::Error => miette::Severity::Error,
                Severity::Warning => miette::Severity::Warning,
                Severity::Advice | Severity::Note => miette::Severity::Advice,
            },
            source,
            labels,
        }
    }

    /// A label in another file than the diagnostic's.
    fn elsewhere(label: &'a Label, sources: &'a SourceMap) -> Self {
        let (source, spans) = NamedText::of(label.span.file, &[label], sources);
        Self {
            message: escaped(&label.text),
            code: None,
            severity: miette::Severity::Advice,
            source,
            labels: spans.into_iter().map(|span| LabeledSpan::new_primary_with_span(None, span)).collect(),
        }
    }
}

impl fmt::Display for Adapter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
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
    (!label.text.is_empty()).then(|| escaped(&label.text).into_owned())
}

/// A file's text under its name, as it is shown.
#[derive(Debug)]
struct NamedText<'a> {
    name: String,
    text: Cow<'a, str>,
    /// Where labels start in `text`, and their columns in the file, from 0.
    columns: Vec<(usize, usize)>,
}

impl<'a> NamedText<'a> {
    /// The text of a file, and where in it its labels are.
    fn of(file: FileId, labels: &[&Label], sources: &'a SourceMap) -> (Self, Vec<SourceSpan>) {
        let ranges = labels.iter().map(|label| label.span.range()).collect();
        let shown = excerpt(&sources.file(file).text, ranges);
        let column = |label: &Label| sources.position(label.span).column - 1;
        let columns = shown.ranges.iter().zip(labels).map(|(range, label)| (range.start, column(label))).collect();
        let spans = shown.ranges.into_iter().map(|range| (range.start, range.len()).into()).collect();
        let name = escaped(&path(sources, Span::new(file, 0..0))).into_owned();
        (Self { name, text: shown.text, columns }, spans)
    }
}

impl SourceCode for NamedText<'_> {
    fn read_span<'b>(
        &'b self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'b> + 'b>, MietteError> {
        let inner = self.text.as_ref().read_span(span, lines_before, lines_after)?;
        // Without lines around it, miette asks where a label is in the file.
        let here = self.columns.iter().find(|(start, _)| *start == span.offset() && lines_before == 0);
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            inner.data(),
            *inner.span(),
            inner.line(),
            here.map_or(inner.column(), |(_, column)| *column),
            inner.line_count(),
        )))
    }
}

#[cfg(test)]
mod tests;
