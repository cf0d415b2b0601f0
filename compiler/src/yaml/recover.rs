//! Reading on after a syntax error: blank the few lines that are most likely wrong and read again.
//!
//! Blanking keeps every other byte where it is, so spans stay right, several errors are found in one run, and whatever
//! can be understood of a half-typed spec is. Of the places that could be at fault, the one after which the parser gets
//! furthest is blamed.

use std::cmp::Reverse;
use std::ops::Range;

use super::build::{Input, Stop, SyntaxError, build};
use super::node::{Node, NodeKind};
use super::{decode, syntax};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{FileId, MAX_SOURCE_BYTES, Span};

/// Most syntax errors looked for in one file.
const MAX_ERRORS: usize = 100;

/// Most bytes read in all while looking for the lines at fault: keeps the time for a large broken file to a second or two.
const BUDGET: usize = 16 * 1024 * 1024;

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Reads a text into a tree; see [`super::parse`].
pub(super) fn parse(text: &str, file: FileId) -> (Node, Vec<Diagnostic>) {
    let whole = Span::new(file, 0..text.len());
    if text.len() as u64 > MAX_SOURCE_BYTES {
        return (Node { kind: NodeKind::Error, span: whole }, vec![decode::too_large(file)]);
    }
    let mut recovery = Recovery {
        file,
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
    /// The line of the last thing that was read.
    Before,
}

/// A part of the text that may be at fault.
pub(super) struct Candidate {
    pub(super) blame: Blame,
    pub(super) range: Range<usize>,
}

struct Recovery {
    file: FileId,
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
            if syntax::is_tab(&error) && !self.tabs_reported {
                self.replace_tabs(&error);
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
        build(&Input { text, file: self.file, blanked })
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
            let reached = match self.build(&text, &[]).0 {
                Ok(_) => usize::MAX,
                Err(Stop::Limit) => text.len(),
                Err(Stop::Syntax(next)) => next.at,
            };
            self.budget = self.budget.saturating_sub(reached.min(text.len()));
            // By lines: where on a line the parser stumbles over the next mistake says nothing about this one.
            let line = if reached == usize::MAX { reached } else { Lines(&self.text).line(reached).start };
            let score = (line, Reverse(self.text[candidate.range.clone()].trim().len()));
            if reached > error.at && best.as_ref().is_none_or(|(least, _)| score > *least) {
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
        let is_bad = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}');
        let bad: Vec<(usize, char)> = self.text.char_indices().filter(|&(_, c)| is_bad(c)).collect();
        let Some(&(first, character)) = bad.first() else { return };
        let span = Span::new(self.file, first..first + character.len_utf8());
        let message = format!("the control character U+{:04X} may not stand in YAML", u32::from(character));
        let help = "remove it, or write it as an escape in double quotes: `\"\\x00\"`";
        let diagnostic = Diagnostic::new(Code::EVC0004, span, message).help(help);
        self.diagnostics.push(match bad.len() - 1 {
            0 => diagnostic,
            more => diagnostic.note(format!("and {more} more")),
        });
        for (at, c) in bad {
            self.text.replace_range(at..at + c.len_utf8(), &"_".repeat(c.len_utf8()));
        }
    }

    /// Reports tabs in the indentation once for the whole file, and reads on as if each were one space: a file that is
    /// indented with tabs throughout is then read as it was meant.
    fn replace_tabs(&mut self, error: &SyntaxError) {
        self.tabs_reported = true;
        let mut tabs = Vec::new();
        for line in self.text.split_inclusive('\n') {
            let start = line.as_ptr() as usize - self.text.as_ptr() as usize;
            let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
            let in_line: Vec<usize> = (start..start + indent).filter(|&at| self.text.as_bytes()[at] == b'\t').collect();
            if !in_line.is_empty() && !line.trim().is_empty() {
                self.quiet.push(start..start + line.trim_end().len());
                tabs.push(in_line);
            }
        }
        self.quiet.push(Lines(&self.text).line(error.at));
        self.diagnostics.push(syntax::describe_tabs(error, &tabs, &self.text, self.file));
        for at in tabs.into_iter().flatten() {
            self.text.replace_range(at..=at, " ");
        }
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
    let suspicious = [(Blame::Opener, error.open), (Blame::Here, Some(error.at)), (Blame::Before, Some(error.last))];
    for (blame, at) in suspicious {
        let Some(at) = at else { continue };
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

/// Lines of a text by their indentation, which tells more about a broken file than its tokens.
pub(super) struct Lines<'a>(pub(super) &'a str);

impl Lines<'_> {
    /// The line that holds a byte, without its line end.
    pub(super) fn line(&self, at: usize) -> Range<usize> {
        let at = at.min(self.0.len());
        let start = self.0.as_bytes()[..at].iter().rposition(|&byte| byte == b'\n').map_or(0, |found| found + 1);
        let end =
            self.0.as_bytes()[at..].iter().position(|&byte| byte == b'\n').map_or(self.0.len(), |found| at + found);
        start..end
    }

    /// The line that holds a byte, and the lines that are nested under it. Brackets that close at its own level belong to it.
    fn block(&self, at: usize) -> Range<usize> {
        let first = self.line(at);
        let indent = self.indent(&first);
        let mut end = first.end;
        while end < self.0.len() {
            let next = self.line(end + 1);
            let text = &self.0[next.clone()];
            let closes = text.trim_start().starts_with([']', '}']);
            let next_indent = self.indent(&next);
            if text.trim().is_empty() || next_indent > indent || (closes && next_indent == indent) {
                end = next.end;
            } else {
                break;
            }
        }
        first.start..first.start + self.0[first.start..end].trim_end().len()
    }

    fn indent(&self, line: &Range<usize>) -> usize {
        let text = &self.0[line.clone()];
        text.len() - text.trim_start_matches(' ').len()
    }

    /// Where the value on a line starts: after `key:`, or after the dashes of a list, or at its first character.
    fn value(&self, line: &Range<usize>) -> usize {
        let text = &self.0[line.clone()];
        let mut rest = text.trim_start();
        while let Some(after) = rest.strip_prefix("- ") {
            rest = after.trim_start();
        }
        let start = line.end - rest.len();
        let from = match rest.chars().next() {
            Some(quote @ ('"' | '\'')) => rest[1..].find(quote).map_or(rest.len(), |at| at + 2),
            Some('[' | '{') => return start,
            _ => 0,
        };
        let colon = rest[from..]
            .match_indices(':')
            .map(|(at, _)| from + at + 1)
            .find(|&after| rest[after..].is_empty() || rest[after..].starts_with([' ', '\r']));
        colon.map_or(start, |after| start + after)
    }
}
