//! Reading on after a syntax error: blank the few lines that are most likely wrong and read again.
//!
//! Blanking keeps every other byte where it is, so spans stay right, several errors are found in one run, and whatever
//! can be understood of a half-typed spec is. Of the places that could be at fault, the one after which the parser gets
//! furthest is blamed.

use std::cmp::Reverse;
use std::ops::Range;

use granit_parser::ErrorKind;

use super::build::{Input, Stop, SyntaxError, build};
use super::node::{Node, NodeKind};
use super::scan::{Lines, open_since};
use super::{Dialect, decode, syntax, tabs};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{FileId, MAX_SOURCE_BYTES, Span};

/// Most syntax errors looked for in one file.
const MAX_ERRORS: usize = 100;

/// Most bytes read in all while looking for the lines at fault: keeps the time for a large broken file to a second or two.
const BUDGET: usize = 16 * 1024 * 1024;

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Reads a text into a tree; see [`super::parse`].
pub(super) fn parse(text: &str, file: FileId, dialect: Dialect) -> (Node, Vec<Diagnostic>) {
    let whole = Span::new(file, 0..text.len());
    if text.len() as u64 > MAX_SOURCE_BYTES {
        return (Node { kind: NodeKind::Error, span: whole }, vec![decode::too_large(file)]);
    }
    let mut recovery = Recovery {
        file,
        dialect,
        text: text.to_owned(),
        blanked: Vec::new(),
        quiet: Vec::new(),
        tabs_reported: false,
        budget: BUDGET.max(4 * text.len()),
        diagnostics: Vec::new(),
    };
    recovery.blank_characters();
    let node = recovery.run().unwrap_or(Node { kind: NodeKind::Error, span: whole });
    let mut diagnostics = recovery.diagnostics;
    diagnostics.sort_by_key(|diagnostic| diagnostic.primary.span);
    (node, diagnostics)
}

/// Which line a blanked part was chosen by; decides what the message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blame {
    /// The line with the innermost open bracket or quote.
    Opener,
    /// The line where the parser stopped.
    Here,
    /// A line before that one.
    Before,
}

/// Whether a character changes the direction of the text after it: an override, an embedding or an isolate
/// (<https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters>).
pub(super) fn turns_text(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a character is a control character, other than blanks and ends of lines.
pub(super) fn steers(c: char) -> bool {
    c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}')
}

/// A part of the text that may be at fault.
pub(super) struct Candidate {
    pub(super) blame: Blame,
    pub(super) range: Range<usize>,
}

struct Recovery {
    file: FileId,
    dialect: Dialect,
    /// The text with blanks where it could not be read; as long as the original.
    text: String,
    blanked: Vec<Range<usize>>,
    /// Parts in which a further error is taken for an echo of one that has been reported.
    quiet: Vec<Range<usize>>,
    tabs_reported: bool,
    budget: usize,
    diagnostics: Vec<Diagnostic>,
}

impl Recovery {
    fn run(&mut self) -> Option<Node> {
        for _ in 0..MAX_ERRORS {
            let (result, found) = self.build(&self.text, &self.blanked);
            let error = match result {
                Ok(node) => {
                    self.diagnostics.extend(found);
                    return Some(node);
                }
                Err(Stop::Limit) => {
                    self.diagnostics.extend(found);
                    return None;
                }
                Err(Stop::Syntax(error)) => error,
            };
            self.budget = self.budget.saturating_sub(error.at);
            if !self.tabs_reported && (syntax::is_tab(&error) || tabs::is_after(&self.text, error.at)) {
                self.take_tabs_out(&error);
                continue;
            }
            let Some(chosen) = self.choose(&error) else {
                let range = Lines(&self.text).line(error.at);
                self.report(&error, &Candidate { blame: Blame::Here, range });
                return None;
            };
            self.report(&error, &chosen);
            self.quiet.push(Lines(&self.text).block(chosen.range.start));
            blank(&mut self.text, chosen.range.clone());
            self.blanked.push(chosen.range);
        }
        None
    }

    fn build(&self, text: &str, blanked: &[Range<usize>]) -> (Result<Node, Stop>, Vec<Diagnostic>) {
        build(&Input { text, file: self.file, dialect: self.dialect, blanked })
    }

    fn report(&mut self, error: &SyntaxError, chosen: &Candidate) {
        if !self.quiet.iter().any(|range| range.contains(&error.at) || range.end == error.at) {
            self.diagnostics.push(syntax::describe(error, chosen, &self.text, self.file));
        }
    }

    /// The smallest part of the text without which the parser gets furthest; the rest of the file if nothing else helps.
    fn choose(&mut self, error: &SyntaxError) -> Option<Candidate> {
        let mut best: Option<((usize, Reverse<usize>), Candidate)> = None;
        for candidate in candidates(&self.text, error) {
            if self.budget == 0 {
                break;
            }
            let mut text = self.text.clone();
            blank(&mut text, candidate.range.clone());
            let (reached, moved) = match self.build(&text, &[]).0 {
                Ok(_) => (usize::MAX, true),
                Err(Stop::Limit) => (text.len(), true),
                Err(Stop::Syntax(next)) => (reach(&next, &text), next.at != error.at),
            };
            self.budget = self.budget.saturating_sub(reached.min(text.len()));
            // By lines: where on a line the parser stumbles over the next mistake says nothing about this one.
            let line = if reached == usize::MAX { reached } else { Lines(&self.text).line(reached).start };
            let score = (line, Reverse(self.text[candidate.range.clone()].trim().len()));
            if (reached, moved) > (reach(error, &self.text), false)
                && best.as_ref().is_none_or(|(least, _)| score > *least)
            {
                best = Some((score, candidate));
            }
        }
        let rest = Lines(&self.text).line(error.last).start..self.text.len();
        match best {
            Some((_, candidate)) => Some(candidate),
            None if self.text[rest.clone()].trim().is_empty() => None,
            None => Some(Candidate { blame: Blame::Here, range: rest }),
        }
    }

    /// Reports and blanks what may not stand in any YAML text: control characters and a byte-order mark.
    fn blank_characters(&mut self) {
        if self.text.starts_with(BYTE_ORDER_MARK) {
            let span = Span::new(self.file, 0..BYTE_ORDER_MARK.len());
            self.diagnostics.push(
                Diagnostic::new(Code::EVC0004, span, "the file starts with a byte-order mark")
                    .help("save it as UTF-8 without a byte-order mark")
                    .replace("remove the byte-order mark", span, ""),
            );
        }
        let is_bad = |&(_, c): &(usize, char)| steers(c) || turns_text(c);
        let bad: Vec<(usize, char)> = self.text.char_indices().filter(is_bad).collect();
        let Some(&(first, character)) = bad.first() else { return };
        let span = Span::new(self.file, first..first + character.len_utf8());
        let number = u32::from(character);
        let diagnostic = if turns_text(character) {
            let message = format!("the character U+{number:04X} changes the direction of the text that is shown");
            Diagnostic::new(Code::EVC0004, span, message)
                .note("what people see is then not what is read; the Rust compiler refuses it in generated code")
                .help("remove it")
        } else {
            let message = format!("the control character U+{number:04X} may not stand in YAML");
            Diagnostic::new(Code::EVC0004, span, message).help("remove it")
        };
        self.diagnostics.push(match bad.len() - 1 {
            0 => diagnostic,
            more => diagnostic.note(format!("and {more} more")),
        });
        for (at, c) in bad {
            self.text.replace_range(at..at + c.len_utf8(), &"_".repeat(c.len_utf8()));
        }
    }

    /// Reports tabs in the indentation once for the whole file. One that is indented with tabs throughout is read on as if each were one
    /// space, which is how it was meant. In one that is indented with spaces as well, nobody knows how wide a tab is: such lines are left
    /// out, unless they stand within brackets, where the indentation means nothing.
    fn take_tabs_out(&mut self, error: &SyntaxError) {
        self.tabs_reported = true;
        let is_mixed = tabs::are_beside_spaces(&self.text);
        let tabs = tabs::of_indentation(&self.text);
        for first in tabs.iter().filter_map(|line| line.first()) {
            self.quiet.push(Lines(&self.text).line(*first));
        }
        self.quiet.push(Lines(&self.text).line(error.at));
        self.diagnostics.push(syntax::describe_tabs(error, &tabs, &self.text, self.file));
        for line in tabs {
            let whole = line.first().map_or(0..0, |first| Lines(&self.text).line(*first));
            if is_mixed && open_since(&self.text, 0..whole.start).is_none() {
                blank(&mut self.text, whole.clone());
                self.blanked.push(whole);
                continue;
            }
            for at in line {
                self.text.replace_range(at..=at, " ");
            }
        }
    }
}

/// How far the parser got. It reports what is never closed where that opens, having read to the end.
fn reach(error: &SyntaxError, text: &str) -> usize {
    match error.kind {
        ErrorKind::UnclosedFlowCollection { .. } | ErrorKind::UnclosedQuotedScalar => text.len(),
        _ => error.at,
    }
}

/// Overwrites everything in a range but line ends with spaces, byte for byte.
fn blank(text: &mut String, range: Range<usize>) {
    let filler: String = text[range.clone()]
        .bytes()
        .map(|byte| if matches!(byte, b'\n' | b'\r') { byte as char } else { ' ' })
        .collect();
    text.replace_range(range, &filler);
}

/// What may be at fault, the likelier first: of each suspicious line its value, its value with what is nested under it,
/// the line, and the line with what is nested under it.
fn candidates(text: &str, error: &SyntaxError) -> Vec<Candidate> {
    let lines = Lines(text);
    let mut found: Vec<Candidate> = Vec::new();
    let opener = error.open.map(|open| (Blame::Opener, open));
    let certain = error.open.is_some_and(|open| left_open(&lines, error, open));
    let here = (!is_own_colon(&lines, error)).then_some((Blame::Here, error.at));
    let above = lines.above(error.at).map(|above| (Blame::Before, above));
    let others = [here, above, Some((Blame::Before, error.last))].into_iter().flatten();
    let suspicious: Vec<(Blame, usize)> = opener.into_iter().chain(others.filter(|_| !certain)).collect();
    for (blame, at) in suspicious {
        let line = lines.line(at);
        let block = lines.block(at);
        let value = lines.value(&line).min(block.end);
        // What is nested under an open bracket stands between it and the one that is missing.
        let ranges = match blame {
            Blame::Opener => vec![value..block.end, line.start..block.end],
            _ => vec![value..line.end, value..block.end, line.clone(), line.start..block.end],
        };
        for range in ranges {
            let worth = !text[range.clone()].trim().is_empty();
            if worth && found.iter().all(|candidate| candidate.range != range) {
                found.push(Candidate { blame, range });
            }
        }
    }
    found
}

/// Whether the parser stopped at the colon after a line's own key: that line is as it should be, and one above it is not.
fn is_own_colon(lines: &Lines<'_>, error: &SyntaxError) -> bool {
    let line = lines.line(error.at);
    let colon = lines.0[line.clone()].trim_start().starts_with(|c: char| c.is_alphanumeric() || c == '"' || c == '\'')
        && lines.value(&line) == error.at + 1;
    colon && error.open.is_none() && error.kind == ErrorKind::MappingValueNotAllowed
}

/// Whether there is no doubt that a bracket or quote is to blame: the parser read on into a line that cannot be part of what
/// it opens.
fn left_open(lines: &Lines<'_>, error: &SyntaxError, open: usize) -> bool {
    let (opener, here) = (lines.line(open), lines.line(error.at));
    let quote = lines.0[open..].starts_with(['"', '\'']);
    let bracket = lines.0[open..].starts_with(['[', '{']);
    let goes_on = lines.0[here.clone()].trim_start().starts_with([']', '}', ',']);
    here.start > opener.start
        && (quote && matches!(error.kind, ErrorKind::InvalidQuotedScalarIndent)
            || bracket && !goes_on && lines.indent(&here) <= lines.indent(&opener))
}
