//! What a builder of trees is in the middle of: lists and maps that are open, keys that wait for a value, anchors.

use std::collections::HashMap;
use std::ops::Range;

use super::node::{Key, Mapping, Node, Room};
use crate::source::{FileId, Span};

/// A list or map that is being read.
pub(super) struct Frame {
    /// Where it starts, and where its last child so far ends.
    pub(super) span: Range<usize>,
    pub(super) flow: bool,
    /// Its tag has been reported: what it holds is not what it means.
    pub(super) refused: bool,
    /// The function of CloudFormation whose argument it is.
    pub(super) function: Option<Span>,
    /// The number of its anchor; 0 if it has none.
    pub(super) anchor: usize,
    pub(super) kind: FrameKind,
}

impl Frame {
    /// Where a map could have one more entry. There is no place in one without any, after a block of text, and in one whose keys do not
    /// begin their lines.
    pub(super) fn room(&self, text: &str, file: FileId) -> Option<Room> {
        let FrameKind::Mapping { mapping, .. } = &self.kind else { return None };
        mapping.entries.first()?;
        let end = mapping.entries.last().map(|last| last.value.span.range().end.max(last.key.span.range().end))?;
        if self.flow {
            let span = Span::new(file, end..end);
            return Some(Room { span, indent: None });
        }
        let line = text.get(..self.span.start)?.rfind('\n').map_or(0, |before| before + 1);
        let before = text.get(line..self.span.start)?;
        let rest = text.get(end..)?;
        let rest = rest.get(..rest.find('\n').unwrap_or(rest.len()))?.trim_end_matches('\r');
        let is_over =
            !text.get(..end)?.ends_with('\n') && (rest.trim().is_empty() || rest.trim_start().starts_with('#'));
        let is_indent = before.chars().all(|c| matches!(c, ' ' | '-')) && is_over;
        let at = end + rest.len();
        is_indent.then(|| Room { span: Span::new(file, at..at), indent: Some(before.len()) })
    }
}

pub(super) enum FrameKind {
    Sequence(Vec<Node>),
    Mapping {
        mapping: Mapping,
        seen: HashMap<String, Span>,
        pending: Option<Pending>,
        /// What merge keys take over, in a template.
        merged: Vec<Node>,
    },
}

/// The key whose value comes next.
pub(super) enum Pending {
    Key(Key),
    /// A key given before, at this place; the value is dropped.
    Duplicate,
    /// `<<`.
    Merge(Span),
    /// Not text; the value is dropped.
    Refused,
}

/// An anchor and where it is used.
pub(super) struct Anchor {
    pub(super) name: String,
    pub(super) span: Span,
    pub(super) aliases: Vec<Span>,
    /// It is also used by a merge key, which is reported with it.
    pub(super) merged: bool,
}

/// What the tag of a value asks for.
pub(super) enum Tag {
    /// Nothing.
    Plain,
    /// What this dialect has not: it is reported.
    Refused,
    /// The call of a function of CloudFormation.
    Function(Span),
}
