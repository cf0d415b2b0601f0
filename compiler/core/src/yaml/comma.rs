//! Texts that are cut in two: in a list or map in brackets, a comma ends a bare text, also one within parentheses.

use super::node::{Entry, Mapping, Node, NodeKind, Scalar, ScalarStyle};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;

/// Makes one value of each that was cut, and reports it.
pub(super) fn items(items: &mut Vec<Node>, text: &str, diagnostics: &mut Vec<Diagnostic>) {
    let mut at = 0;
    while at < items.len() {
        let pieces = items[at..].iter().map_while(|item| bare(item).map(|text| (text, item.span)));
        if let Some((count, span)) = joined(pieces) {
            diagnostics.push(report(span, text));
            items[at] = Node { kind: NodeKind::Error, span };
            items.drain(at + 1..at + count);
        }
        at += 1;
    }
}

/// The same for the values of a map: what follows the comma is a key without a value.
pub(super) fn values(mapping: &mut Mapping, text: &str, diagnostics: &mut Vec<Diagnostic>) {
    let entries = &mut mapping.entries;
    let mut at = 0;
    while at < entries.len() {
        let first = bare(&entries[at].value).map(|text| (text, entries[at].value.span));
        let rest = entries[at + 1..]
            .iter()
            .map_while(|entry| alone(entry).then_some((entry.key.text.as_str(), entry.key.span)));
        if let Some((count, span)) = first.and_then(|first| joined(std::iter::once(first).chain(rest))) {
            diagnostics.push(report(span, text));
            entries[at].value = Node { kind: NodeKind::Error, span };
            entries.drain(at + 1..at + count);
        }
        at += 1;
    }
}

/// Of how many pieces a text is that has a parenthesis left open in its first, and its whole place.
fn joined<'t>(pieces: impl Iterator<Item = (&'t str, Span)>) -> Option<(usize, Span)> {
    let (mut open, mut start) = (0_i64, None);
    for (at, (text, span)) in pieces.enumerate() {
        let start = *start.get_or_insert(span.range().start);
        for next in text.chars() {
            open += match next {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
        }
        if open <= 0 {
            return (at > 0).then(|| (at + 1, Span::new(span.file, start..span.range().end)));
        }
    }
    None
}

fn bare(node: &Node) -> Option<&str> {
    match &node.kind {
        NodeKind::Scalar(Scalar { text, style: ScalarStyle::Plain }) => Some(text),
        _ => None,
    }
}

/// Whether a key has nothing after it, not even a colon.
fn alone(entry: &Entry) -> bool {
    matches!(entry.value.kind, NodeKind::Null) && entry.value.span.range().is_empty()
}

fn report(span: Span, text: &str) -> Diagnostic {
    let meant = text.get(span.range()).unwrap_or_default();
    let quoted = if meant.contains('"') {
        format!("'{}'", meant.replace('\'', "''"))
    } else {
        format!("\"{}\"", meant.replace('\\', "\\\\"))
    };
    Diagnostic::new(Code::EVC0012, span, "YAML ends the text at the comma")
        .help(format!("quote it: `{quoted}`"))
        .replace("quote it", span, quoted)
}
