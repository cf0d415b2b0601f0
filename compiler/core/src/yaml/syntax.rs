//! What a syntax error says: the parser's kind of error and the line to blame, in terms of what was written.

use std::ops::Range;

use granit_parser::ErrorKind;

use super::build::SyntaxError;
use super::recover::{Blame, Candidate};
use super::scan::{Lines, bad_escape, first_unmatched, is_closed};
use super::tabs;
use crate::diagnostics::{Code, Diagnostic, Edit, Fix};
use crate::source::{FileId, Span};

/// Whether a tab is what the parser objects to.
pub(super) fn is_tab(error: &SyntaxError) -> bool {
    matches!(
        error.kind,
        ErrorKind::TabNotAllowed
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabInIndentation
            | ErrorKind::TabAtBlockScalarStart
            | ErrorKind::TabInPlainScalar
            | ErrorKind::InvalidBlockEntryWhitespace
            | ErrorKind::InvalidMappingValueWhitespace
    )
}

/// The diagnostic for all tabs in a file's indentation: their offsets, a list a line.
pub(super) fn describe_tabs(error: &SyntaxError, lines: &[Vec<usize>], text: &str, file: FileId) -> Diagnostic {
    let Some(first) = lines.first() else {
        let line = Lines(text).line(error.at);
        let at = text[line.clone()].find('\t').map_or(error.at, |found| line.start + found);
        let width = usize::from(text[at..].starts_with('\t'));
        return Diagnostic::new(Code::EVC0003, Span::new(file, at..at + width), "a tab where YAML wants a space")
            .help("use a space");
    };
    let run = first.windows(2).take_while(|pair| pair[0] + 1 == pair[1]).count() + 1;
    let span = Span::new(file, first[0]..first[0] + run);
    let edits = lines.iter().flatten().map(|&at| Edit { span: Span::new(file, at..at + 1), text: "  ".to_owned() });
    let help = if tabs::are_beside_spaces(text) {
        "indent it with spaces, to the column of the lines that it belongs with"
    } else {
        "set your editor to indent YAML with two spaces"
    };
    let mut diagnostic =
        Diagnostic::new(Code::EVC0003, span, "indented with a tab; YAML indents with spaces only").help(help);
    diagnostic.fixes.push(Fix {
        title: "indent with two spaces for each tab".to_owned(),
        edits: edits.collect(),
        // How wide a tab is to whoever wrote it, nobody knows; another width may be another structure.
        certain: false,
    });
    match lines.len() - 1 {
        0 => diagnostic,
        1 => diagnostic.note("1 more line is indented with tabs"),
        more => diagnostic.note(format!("{more} more lines are indented with tabs")),
    }
}

/// The diagnostic for a syntax error, given the part of the text that is to blame for it.
pub(super) fn describe(error: &SyntaxError, blamed: &Candidate, text: &str, file: FileId) -> Diagnostic {
    let cause = Cause { error, blamed, text, file };
    if let Some(diagnostic) = cause.bracket() {
        return diagnostic;
    }
    match &error.kind {
        ErrorKind::UnclosedQuotedScalar
        | ErrorKind::InvalidQuotedScalarIndent
        | ErrorKind::DocumentIndicatorInQuotedScalar => cause.quote(),
        ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar => cause
            .at_token("unexpected text after the closing quote")
            .help("quote the whole value; inside double quotes a quote is `\\\"`, inside single quotes `''`"),
        ErrorKind::UnknownQuotedScalarEscape => cause.escape(),
        ErrorKind::UnexpectedCharacter { character } => cause
            .at_character(match character {
                '`' => "a bare value cannot start with a backtick".to_owned(),
                _ => format!("a bare value cannot start with `{character}`"),
            })
            .help("quote the value"),
        ErrorKind::MissingAnchorOrAliasName => {
            cause.at_character(format!("a bare value cannot start with `{}`", cause.found())).help("quote the value")
        }
        ErrorKind::SimpleKeyExpected => {
            cause.at_token(format!("expected `:` after `{}`", cause.token())).help("write `key: value`")
        }
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => cause.colon(),
        ErrorKind::ExpectedBlockMappingKey if cause.before().ends_with([']', '}']) => {
            cause.at_token("unexpected text after the closing bracket").help("quote the whole value if it is text")
        }
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::InvalidIndentation | ErrorKind::MappingKeyNotAllowed => {
            cause.level("expected a key at this level")
        }
        ErrorKind::ExpectedBlockSequenceEntry => cause.level("expected a list item that starts with `- `"),
        ErrorKind::BlockSequenceEntryNotAllowed | ErrorKind::BlockEntryInFlowCollection => cause
            .at_character("a list item with `-` must start on a line of its own")
            .help("put it on the next line, or write the list in brackets: `[a, b]`"),
        ErrorKind::MisplacedFlowCollectionEnd => {
            cause.at_character(format!("this `{}` closes nothing", cause.found())).help("quote it if it is text")
        }
        ErrorKind::ExpectedNodeContent => cause.at_character(format!("expected a value, found {}", cause.quoted())),
        ErrorKind::InvalidBlockScalarHeader => cause
            .at_token("unexpected text after `|` or `>`")
            .help("the text starts on the next line, indented deeper than its key"),
        ErrorKind::CommentNotSeparated => {
            cause.at_token("a comment needs a space before its `#`").help("quote the value if `#` is part of it")
        }
        ErrorKind::UndeclaredTagHandle
        | ErrorKind::InvalidTagTerminator
        | ErrorKind::InvalidTagEscape
        | ErrorKind::MissingTagUri
        | ErrorKind::UnclosedVerbatimTag => Diagnostic {
            code: Code::EVC0006,
            ..cause
                .at_token("tags are not part of the spec language")
                .help("to write a text that starts with `!`, quote it")
        },
        ErrorKind::BomInsideDocument => Diagnostic {
            code: Code::EVC0004,
            ..cause.at_character("a byte-order mark in the middle of the file").help("remove it")
        },
        other => cause.at_token(other.to_string()),
    }
}

struct Cause<'a> {
    error: &'a SyntaxError,
    blamed: &'a Candidate,
    text: &'a str,
    file: FileId,
}

impl Cause<'_> {
    /// A bracket that is never closed, closed by the wrong one, or has something else than a comma in it.
    fn bracket(&self) -> Option<Diagnostic> {
        let open = self.error.open?;
        let kind = &self.error.kind;
        let in_brackets = matches!(
            kind,
            ErrorKind::UnexpectedEofFlowSequence
                | ErrorKind::UnexpectedEofFlowMapping
                | ErrorKind::UnexpectedEofImplicitFlowMapping
                | ErrorKind::UnexpectedEof
                | ErrorKind::ExpectedFlowMappingSeparator
                | ErrorKind::ExpectedFlowSequenceSeparator
                | ErrorKind::MismatchedFlowCollectionEnd { .. }
                | ErrorKind::UnclosedFlowCollection { .. }
                | ErrorKind::InvalidColonPlacement
                | ErrorKind::MappingValueNotAllowed
                | ErrorKind::InvalidFlowScalarIndent
                | ErrorKind::BlockEntryInFlowCollection
                | ErrorKind::SimpleKeyExpected
        );
        let opener = &self.text[open..=open];
        if !in_brackets || !matches!(opener, "[" | "{") {
            return None;
        }
        let closer = if opener == "[" { ']' } else { '}' };
        let span = self.span(open..open + 1);
        if let ErrorKind::MismatchedFlowCollectionEnd { open: opener, close } = kind {
            let diagnostic = Diagnostic::new(Code::EVC0001, span, format!("the `{opener}` is closed by `{close}`"))
                .help(format!("close it with `{closer}`"));
            return Some(match first_unmatched(&self.text[open..]) {
                Some(at) => diagnostic.secondary(self.span(open + at..open + at + 1), "closed here"),
                None => diagnostic,
            });
        }
        let block = open..self.blamed.range.end.max(open);
        if self.blamed.blame == Blame::Opener && !is_closed(&self.text[block]) {
            return Some(
                Diagnostic::new(Code::EVC0001, span, format!("the `{opener}` opened here is never closed"))
                    .help(format!("close it with `{closer}`")),
            );
        }
        Some(
            self.at_character(format!("expected `,` or `{closer}`, found {}", self.quoted()))
                .secondary(span, "in this list or map")
                .help("quote a text that has any of `,[]{}` or `: ` in it"),
        )
    }

    /// Quoted text without an end, or that goes on where it may not.
    fn quote(&self) -> Diagnostic {
        let Some(found) = self.error.open.filter(|&open| self.text[open..].starts_with(['"', '\''])) else {
            return self.at_token(self.error.kind.to_string());
        };
        let quote = &self.text[found..=found];
        let end = Lines(self.text).line(found).end;
        let shown = found..found + self.text[found..end].trim_end().len();
        Diagnostic::new(Code::EVC0001, self.span(shown), format!("the closing `{quote}` of this text is missing"))
            .help("a quoted text that goes on over several lines is indented deeper than its key")
    }

    /// A backslash in double quotes that is not an escape.
    fn escape(&self) -> Diagnostic {
        let help = "write a backslash as `\\\\`, or use single quotes, which have no escapes";
        let Some(at) = bad_escape(&self.text[self.error.at..]).map(|found| self.error.at + found) else {
            return self.at_token(self.error.kind.to_string()).help(help);
        };
        let shown: String = self.text[at..].chars().take(2).collect();
        let span = self.span(at..at + shown.len());
        Diagnostic::new(Code::EVC0001, span, format!("`{shown}` is not an escape")).help(help)
    }

    /// A `: ` where there can be none.
    fn colon(&self) -> Diagnostic {
        let here = Lines(self.text).line(self.error.at);
        if self.blamed.blame == Blame::Here {
            let before = &self.text[here.start..self.error.at];
            if let Some(first) = before.find(": ") {
                let value = here.start + first + 2..here.end;
                let shown = self.text[value.clone()].trim();
                let start = value.end - self.text[value].trim_start().len();
                let span = self.span(start..start + shown.len());
                let diagnostic = self.at_character("a second `: ` in one line");
                return if shown.contains(['"', '\\']) {
                    diagnostic.help("quote the value")
                } else {
                    diagnostic.help(format!("quote the value: `\"{shown}\"`")).replace(
                        "quote the value",
                        span,
                        format!("\"{shown}\""),
                    )
                };
            }
            return self.at_character("a `: ` where no key can be");
        }
        let lines = Lines(self.text);
        let above = lines.line(self.blamed.range.start);
        let shown = self.text[above.clone()].trim();
        let colon = self.text[above.clone()].find(':').map(|found| above.start + found + 1);
        if let Some(tight) = colon.filter(|&at| self.text[at..].starts_with(|c: char| !c.is_whitespace())) {
            let span = self.span(tight - 1..tight);
            return Diagnostic::new(Code::EVC0001, span, "expected a space after `:`")
                .help("write `key: value`")
                .replace("add a space", span, ": ");
        }
        if colon.is_none() && lines.indent(&above) == lines.indent(&here) && !shown.starts_with('-') {
            let start = above.end - self.text[above.clone()].trim_start().len();
            let span = self.span(start..start + shown.len());
            return Diagnostic::new(Code::EVC0001, span, format!("expected `:` after `{shown}`"))
                .help("write `key: value`");
        }
        self.level("this line is indented deeper than the one above it, which has a value already")
    }

    /// What stands on the line before the place where the parser stopped.
    fn before(&self) -> &str {
        self.text[Lines(self.text).line(self.error.at).start..self.error.at].trim()
    }

    /// A line whose indentation fits nothing above it.
    fn level(&self, message: impl Into<String>) -> Diagnostic {
        let lines = Lines(self.text);
        let own = lines.indent(&lines.line(self.token_range().start)) + 1;
        let levels = lines.levels(self.error.at);
        let deeper = levels.iter().rev().find(|(column, _)| *column >= own);
        let nearest = deeper.into_iter().chain(levels.iter().find(|(column, _)| *column < own));
        let start: Vec<String> = nearest.map(|(column, name)| format!("in column {column} beside `{name}`")).collect();
        let diagnostic = self.at_token(message).help("lines that belong together start in the same column");
        if start.is_empty() { diagnostic } else { diagnostic.help(format!("start it {}", start.join(", or "))) }
    }

    fn at_character(&self, message: impl Into<String>) -> Diagnostic {
        let at = self.error.at;
        let width = self.text[at..].chars().next().filter(|c| *c != '\n').map_or(0, char::len_utf8);
        Diagnostic::new(Code::EVC0001, self.span(at..at + width), message)
    }

    /// Points at the word where the parser stopped, or at the last one of the line if it stopped at its end.
    fn at_token(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Code::EVC0001, self.span(self.token_range()), message)
    }

    fn token(&self) -> &str {
        &self.text[self.token_range()]
    }

    fn token_range(&self) -> Range<usize> {
        let line = Lines(self.text).line(self.error.at);
        let text = &self.text[line.clone()];
        let is_word = |c: char| !c.is_whitespace();
        let offset = self.error.at - line.start;
        let start = if text[offset..].starts_with(is_word) {
            text[..offset].trim_end_matches(is_word).len()
        } else {
            text.len() - text.trim_start().len()
        };
        let end = text[start..].find(|c: char| !is_word(c)).map_or(text.len(), |end| start + end);
        let colon = text[start..end].trim_end_matches(':').len();
        line.start + start..line.start + start + colon
    }

    fn found(&self) -> char {
        self.text[self.error.at..].chars().next().unwrap_or(' ')
    }

    fn quoted(&self) -> String {
        match self.text[self.error.at..].chars().next() {
            None => "the end of the file".to_owned(),
            Some('\n' | '\r') => "the end of the line".to_owned(),
            Some(found) => format!("`{found}`"),
        }
    }

    fn span(&self, range: Range<usize>) -> Span {
        Span::new(self.file, range)
    }
}
