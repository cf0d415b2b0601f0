//! A text of a template, whoever put it together: what it is as far as that is known, and where each part of it was written.

use super::template::{Call, Kind, Node, Part};
use crate::source::{SourceMap, Span};

/// What a text is where its value is known when it is deployed only. Names and JSON that have it are not judged.
pub(super) const UNKNOWN: &str = "${";

/// A text, and the places of its pieces.
#[derive(Debug, Clone, Default)]
pub(super) struct Text {
    /// The text, with `${Name}` for what is not known.
    pub text: String,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone)]
struct Piece {
    start: usize,
    end: usize,
    place: Option<Span>,
}

impl Text {
    /// The text that a node is: as it stands, by `Fn::Sub`, or by `Fn::Join` of what is known.
    pub(super) fn of(node: &Node<'_>) -> Option<Self> {
        let mut text = Self::default();
        text.read(node, node.place).then_some(text)
    }

    fn read(&mut self, node: &Node<'_>, outer: Option<Span>) -> bool {
        let place = node.place.or(outer);
        match &node.kind {
            Kind::Text(text) => self.add(text, place),
            Kind::Call(call) => match &**call {
                Call::Sub { parts, .. } => {
                    let mut whole = String::new();
                    for part in parts {
                        match part {
                            Part::Literal(text) => whole.push_str(text),
                            Part::Ref(name) => whole.extend(["${", &name.text, "}"]),
                            Part::GetAtt(name, attribute) => {
                                whole.extend(["${", &name.text, ".", attribute, "}"]);
                            }
                        }
                    }
                    self.add(&whole, place);
                }
                Call::Join(separator, list) => {
                    let (Some(separator), Some(items)) = (separator.as_text(), list.as_list()) else { return false };
                    for (at, item) in items.iter().enumerate() {
                        if at > 0 {
                            self.add(separator, place);
                        }
                        if !self.read(item, place) {
                            self.add("${?}", place);
                        }
                    }
                }
                _ => return false,
            },
            Kind::Number(text) => self.add(text, place),
            Kind::Null | Kind::Bool(_) | Kind::List(_) | Kind::Map(_) | Kind::Error => return false,
        }
        true
    }

    fn add(&mut self, text: &str, place: Option<Span>) {
        let start = self.text.len();
        self.text.push_str(text);
        self.pieces.push(Piece { start, end: self.text.len(), place });
    }

    /// Where a part of the text was written: the part itself if that can be told, else the piece that it is in.
    pub(super) fn place(&self, sources: Option<&SourceMap>, start: usize, end: usize) -> Option<Span> {
        let piece = self.pieces.iter().find(|piece| piece.start <= start && start < piece.end)?;
        let place = piece.place?;
        let exact = sources.and_then(|sources| {
            let text = self.text.get(piece.start..piece.end)?;
            let source = sources.text(place);
            let length = end.min(piece.end) - start;
            let found = exact(source, text, start - piece.start).map(|at| (at, length));
            found.or_else(|| same_word(source, text, start - piece.start, length))
        });
        Some(exact.map_or(place, |(at, length)| place.slice(at, length)))
    }
}

/// Where in a source the byte at an offset of its text is: in one line of plain or quoted text, or in a block.
fn exact(source: &str, text: &str, offset: usize) -> Option<usize> {
    // What is written may have a tag before it.
    if let Some(at) = source.rfind(text).filter(|_| !text.contains('\n')) {
        return Some(at + offset);
    }
    let before = text.get(..offset)?;
    let (row, line_start) = (before.matches('\n').count(), before.rfind('\n').map_or(0, |at| at + 1));
    let line = text.get(line_start..)?.lines().next()?;
    let (first_row, first) = text.lines().enumerate().find(|(_, line)| !line.trim().is_empty())?;
    let found = source.lines().position(|line| line.trim() == first.trim())?;
    let (mut at, wanted) = (0, (found + row).checked_sub(first_row)?);
    for (number, written) in source.split_inclusive('\n').enumerate() {
        if number == wanted {
            let (indent, own) = (leading(written), leading(line));
            return (written.trim() == line.trim()).then(|| (at + indent + offset - line_start).saturating_sub(own));
        }
        at += written.len();
    }
    None
}

/// Where the same word is in a source, whose lines or escapes are not those of the text: as many are before it as in the text.
fn same_word(source: &str, text: &str, offset: usize, length: usize) -> Option<(usize, usize)> {
    let whole = text.get(offset..offset + length)?;
    let word = whole
        .trim_start_matches(['"', '{', '[', ' '])
        .split(['\n', ' ', '"', '\\'])
        .next()
        .filter(|it| !it.is_empty())?;
    let before = text.get(..offset)?.matches(word).count();
    source.match_indices(word).nth(before).map(|(at, _)| (at, word.len()))
}

fn leading(line: &str) -> usize {
    line.len() - line.trim_start().len()
}
