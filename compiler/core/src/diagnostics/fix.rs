//! Changes to the source that mend what is reported, and how they are made.

use super::Diagnostic;
use crate::source::{FileId, Span};

/// A change to the source that mends the problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What applying it does: "replace with `OrderPlaced`".
    pub title: String,
    /// Replacements, in no particular order, not overlapping.
    pub edits: Vec<Edit>,
    /// Whether nothing else can be meant, so that it can be made without asking anybody.
    pub certain: bool,
}

/// Replaces the text of a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; empty to insert.
    pub span: Span,
    /// What stands there afterwards.
    pub text: String,
}

/// The fix of a diagnostic that can be made without asking, if there is one. Where there are two ways, somebody has to choose.
pub fn certain(diagnostic: &Diagnostic) -> Option<&Fix> {
    match diagnostic.fixes.as_slice() {
        [only] if only.certain => Some(only),
        _ => None,
    }
}

/// The text of a file after `fixes`, and those of them that were made. A fix that touches what an earlier one changes is left for the next
/// round; one of which a part is in another file is not made.
///
/// ```
/// use evc_compiler::diagnostics::{Edit, Fix, apply};
/// use evc_compiler::source::{SourceMap, Span};
///
/// let mut sources = SourceMap::default();
/// let file = sources.add("orders.yaml", "evcc: 1");
/// let edits = vec![Edit { span: Span::new(file, 0..4), text: "evc".to_owned() }];
/// let fix = Fix { title: "replace with `evc`".to_owned(), edits, certain: true };
/// assert_eq!(apply("evcc: 1", file, [&fix]), ("evc: 1".to_owned(), vec![&fix]));
/// ```
pub fn apply<'f>(text: &str, file: FileId, fixes: impl IntoIterator<Item = &'f Fix>) -> (String, Vec<&'f Fix>) {
    let mut made = Vec::new();
    let mut edits: Vec<&Edit> = Vec::new();
    for fix in fixes {
        let fits = fix.edits.iter().all(|edit| {
            let range = edit.span.range();
            edit.span.file == file
                && text.get(range.clone()).is_some()
                && edits
                    .iter()
                    .all(|taken| range.end < taken.span.range().start || taken.span.range().end < range.start)
        });
        if fits {
            edits.extend(&fix.edits);
            made.push(fix);
        }
    }
    edits.sort_by_key(|edit| edit.span);
    // Lines end as they do in the file.
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let (mut mended, mut at) = (String::with_capacity(text.len()), 0);
    for edit in edits {
        let range = edit.span.range();
        mended.push_str(text.get(at..range.start).unwrap_or_default());
        mended.push_str(&edit.text.replace('\n', end));
        at = range.end;
    }
    mended.push_str(text.get(at..).unwrap_or_default());
    (mended, made)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;

    fn fix(edits: &[(Span, &str)]) -> Fix {
        let edits = edits.iter().map(|(span, text)| Edit { span: *span, text: (*text).to_owned() }).collect();
        Fix { title: String::new(), edits, certain: true }
    }

    #[test]
    fn changes_that_touch_wait() {
        let mut sources = SourceMap::default();
        let file = sources.add("a.yaml", "one two three");
        let other = sources.add("b.yaml", "one two three");
        let at = |range| Span::new(file, range);
        let fixes = [
            fix(&[(at(8..13), "3"), (at(0..3), "1")]),
            fix(&[(at(2..5), "x")]),
            fix(&[(at(4..7), "2")]),
            fix(&[(Span::new(other, 4..7), "not here")]),
            fix(&[(at(4..99), "beyond")]),
        ];
        assert_eq!(apply("one two three", file, &fixes), ("1 2 3".to_owned(), vec![&fixes[0], &fixes[2]]));
        assert_eq!(apply("one two three", file, &fixes[..1]).0, "1 two 3");
        assert_eq!(apply("one\r\n", file, &[fix(&[(at(3..3), "\ntwo")])]).0, "one\r\ntwo\r\n");
        assert_eq!(apply("one", file, &fixes), ("one".to_owned(), vec![]));
    }
}
