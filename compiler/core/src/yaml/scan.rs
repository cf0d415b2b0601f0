//! Looking at broken text without a parser: lines by their indentation, brackets and quotes by counting. These are guesses,
//! good enough to choose what to leave out and how to say it.

use std::ops::Range;

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

    /// Where the nearest line above the one that holds a byte starts that is not empty.
    pub(super) fn above(&self, at: usize) -> Option<usize> {
        let text = self.0[..self.line(at).start].trim_end();
        (!text.is_empty()).then(|| self.line(text.len()).start)
    }

    /// The line that holds a byte, and the lines that are nested under it. Brackets that close at its own level belong to it.
    pub(super) fn block(&self, at: usize) -> Range<usize> {
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

    /// The levels that are open before the line that holds a byte, the innermost first: the column, counted from 1, and the first word of
    /// the last line that starts there.
    pub(super) fn levels(&self, at: usize) -> Vec<(usize, &str)> {
        let mut found: Vec<(usize, &str)> = Vec::new();
        let mut start = self.line(at).start;
        while let Some(above) = self.above(start) {
            start = above;
            let line = self.line(above);
            let (indent, text) = (self.indent(&line), self.0[line].trim());
            let word = text.split([':', ' ']).next().unwrap_or(text);
            let is_name = !word.is_empty() && !word.starts_with(['#', '-', '"', '\'', '[', '{', ']', '}']);
            if is_name && found.last().is_none_or(|(column, _)| indent + 1 < *column) {
                found.push((indent + 1, word));
            }
            if indent == 0 && is_name {
                break;
            }
        }
        found
    }

    pub(super) fn indent(&self, line: &Range<usize>) -> usize {
        let text = &self.0[line.clone()];
        text.len() - text.trim_start_matches(' ').len()
    }

    /// Where the value on a line starts: after `key:`, or after the dashes of a list, or at its first character.
    pub(super) fn value(&self, line: &Range<usize>) -> usize {
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

/// The innermost bracket or quote that is opened in a part of the text and not closed in it.
pub(super) fn open_since(text: &str, range: Range<usize>) -> Option<usize> {
    let mut open = Vec::new();
    let mut quote: Option<(u8, usize)> = None;
    let mut comment = false;
    let mut before = b' ';
    for (offset, &byte) in text.as_bytes().get(range.clone())?.iter().enumerate() {
        let at = range.start + offset;
        // Brackets and quotes mean something only where a value can start.
        let starts = before.is_ascii_whitespace() || matches!(before, b'[' | b'{' | b',');
        if let Some((mark, _)) = quote {
            if byte == mark && before != b'\\' {
                quote = None;
            }
        } else if comment {
            comment = byte != b'\n';
        } else {
            match byte {
                b'"' | b'\'' if starts => quote = Some((byte, at)),
                b'#' if before.is_ascii_whitespace() => comment = true,
                b'[' | b'{' if starts => open.push(at),
                b']' | b'}' => {
                    open.pop();
                }
                _ => {}
            }
        }
        before = byte;
    }
    quote.map(|(_, start)| start).or(open.pop())
}

/// Whether the bracket that a text starts with is closed in it. Brackets in quotes count: this only chooses the wording.
pub(super) fn is_closed(text: &str) -> bool {
    let mut depth = 0_usize;
    text.chars().any(|c| {
        match c {
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0
    })
}

/// The first bracket that closes one of the other kind.
pub(super) fn first_unmatched(text: &str) -> Option<usize> {
    let mut open = Vec::new();
    text.char_indices()
        .find(|(_, c)| match c {
            '[' => {
                open.push(']');
                false
            }
            '{' => {
                open.push('}');
                false
            }
            ']' | '}' => open.pop() != Some(*c),
            _ => false,
        })
        .map(|(at, _)| at)
}

/// The first backslash in a double-quoted text that starts no escape of YAML's.
pub(super) fn bad_escape(text: &str) -> Option<usize> {
    let mut rest = text.char_indices();
    while let Some((at, c)) = rest.next() {
        if c == '\\' && !rest.next().is_some_and(|(_, next)| "0abtnvfre \"/\\N_LPxuU\t\n\r".contains(next)) {
            return Some(at);
        }
    }
    None
}
