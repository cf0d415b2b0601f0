//! Parser events to the node tree, with what YAML allows and a spec does not refused on the way.

use std::collections::{BTreeMap, HashMap};
use std::mem;
use std::ops::Range;

use granit_parser::{ErrorKind, Event, Options, Parser, ScalarStyle as RawStyle, StructureStyle, options};

use super::frame::{Anchor, Frame, FrameKind, Pending, Tag};
use super::node::{Entry, Key, Mapping, Node, NodeKind, Scalar, ScalarStyle};
use super::scan::open_since;
use super::{Dialect, MAX_DEPTH, MAX_NODES, bare, comma, refuse, template};
use crate::diagnostics::Diagnostic;
use crate::source::{FileId, Span};

/// Why a text could not be read to its end.
pub(super) enum Stop {
    /// The parser met something that is not YAML.
    Syntax(SyntaxError),
    /// It is deeper or larger than a spec may be; already reported.
    Limit,
}

/// Where the parser stopped, and in the middle of what.
pub(super) struct SyntaxError {
    pub(super) kind: ErrorKind,
    /// The byte it stopped at.
    pub(super) at: usize,
    /// Where the innermost bracket or quote that is still open stands.
    pub(super) open: Option<usize>,
    /// Where the last thing that could be read starts.
    pub(super) last: usize,
}

/// A text to read, and which parts of it were blanked because they could not be read.
pub(super) struct Input<'a> {
    pub(super) text: &'a str,
    pub(super) file: FileId,
    pub(super) dialect: Dialect,
    pub(super) blanked: &'a [Range<usize>],
}

/// Builds the tree of the first document. The diagnostics are complete only if the result is `Ok`.
pub(super) fn build(input: &Input<'_>) -> (Result<Node, Stop>, Vec<Diagnostic>) {
    let mut builder = Builder {
        input,
        frames: Vec::new(),
        root: None,
        anchors: BTreeMap::new(),
        anchored: BTreeMap::new(),
        nodes: 0,
        last: 0,
        diagnostics: Vec::new(),
    };
    let result = builder.run();
    builder.report_anchors();
    (result, builder.diagnostics)
}

fn parser_options() -> Options {
    options! {
        emit_comments: false,
        emit_unresolved_aliases: true,
        emit_anchor_events: true,
        // One more than ours, so that ours is the one that is reported.
        flow_nesting_limit: MAX_DEPTH + 1,
        block_nesting_limit: MAX_DEPTH + 1,
    }
}

struct Builder<'a> {
    input: &'a Input<'a>,
    frames: Vec<Frame>,
    root: Option<Node>,
    anchors: BTreeMap<usize, Anchor>,
    /// What anchors stand for, in a template.
    anchored: BTreeMap<usize, Node>,
    nodes: usize,
    last: usize,
    diagnostics: Vec<Diagnostic>,
}

impl Builder<'_> {
    fn run(&mut self) -> Result<Node, Stop> {
        let mut documents = 0_usize;
        for next in Parser::new_from_str_with_options(self.input.text, parser_options()) {
            let (event, raw) = next.map_err(|error| self.stop(&error))?;
            let tag = raw.tag_span().and_then(|tag| tag.byte_range());
            let range = raw.byte_range().unwrap_or(self.last..self.last);
            match event {
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents > 1 {
                        self.diagnostics.push(refuse::second_document(self.span(range)));
                        break;
                    }
                }
                Event::Scalar(text, style, anchor, _) => {
                    self.count(&range)?;
                    self.last = range.start;
                    self.scalar(text.into_owned(), style, range, (tag, anchor));
                }
                Event::SequenceStart(style, anchor, _) => {
                    self.open(range, style, (tag, anchor), FrameKind::Sequence(Vec::new()))?;
                }
                Event::MappingStart(style, anchor, _) => {
                    let (mapping, seen, merged) = (Mapping::default(), HashMap::new(), Vec::new());
                    let kind = FrameKind::Mapping { mapping, seen, pending: None, merged };
                    self.open(range, style, (tag, anchor), kind)?;
                }
                Event::SequenceEnd | Event::MappingEnd => self.close(range.end),
                Event::Alias(id) => {
                    self.count(&range)?;
                    if self.input.dialect == Dialect::Template {
                        self.expand(id, &range)?;
                    } else {
                        self.alias(id, range);
                    }
                }
                Event::UnresolvedAlias(name) => {
                    self.count(&range)?;
                    let span = self.span(range);
                    self.diagnostics.push(refuse::unresolved_alias(&name, span));
                    self.value(Node { kind: NodeKind::Error, span });
                }
                Event::Anchor(id, name) => {
                    let span = self.span(range);
                    let anchor = Anchor { name: name.into_owned(), span, aliases: Vec::new(), merged: false };
                    self.anchors.insert(id, anchor);
                }
                _ => {}
            }
        }
        let start = self.span(0..0);
        Ok(self.root.take().unwrap_or(Node { kind: NodeKind::Null, span: start }))
    }

    fn stop(&mut self, error: &granit_parser::ScanError) -> Stop {
        let at = error.marker().byte_offset().unwrap_or(self.last).min(self.input.text.len());
        if *error.kind() == ErrorKind::RecursionLimitExceeded {
            return self.too_deep(at);
        }
        Stop::Syntax(SyntaxError {
            kind: error.kind().clone(),
            at,
            // The parser reads ahead of its events: what is open since the last of them is in the text only.
            open: open_since(self.input.text, self.last..at).or_else(|| {
                self.frames.iter().rev().map(|frame| frame.span.start).find(|&start| self.is_bracket(start))
            }),
            last: self.last,
        })
    }

    /// Whether a list or map that starts here is in brackets; the map in `[a: b]` is not.
    fn is_bracket(&self, start: usize) -> bool {
        self.input.text.get(start..).is_some_and(|rest| rest.starts_with(['[', '{']))
    }

    fn too_deep(&mut self, at: usize) -> Stop {
        let width = self.input.text[at..].chars().next().map_or(0, char::len_utf8);
        self.diagnostics.push(refuse::depth(self.span(at..at + width)));
        Stop::Limit
    }

    /// Counts a node, and stops when there are too many.
    fn count(&mut self, range: &Range<usize>) -> Result<(), Stop> {
        self.nodes += 1;
        if self.nodes <= MAX_NODES {
            return Ok(());
        }
        self.diagnostics.push(refuse::count(self.span(range.clone())));
        Err(Stop::Limit)
    }

    fn open(
        &mut self,
        range: Range<usize>,
        style: StructureStyle,
        (tag, anchor): (Option<Range<usize>>, usize),
        kind: FrameKind,
    ) -> Result<(), Stop> {
        self.count(&range)?;
        if self.frames.len() >= MAX_DEPTH {
            return Err(self.too_deep(range.start));
        }
        let start = self.sequence_start(range.start, &kind);
        self.last = start;
        let tag = self.tag(tag);
        let refused = matches!(tag, Tag::Refused);
        let function = if let Tag::Function(span) = tag { Some(span) } else { None };
        let flow = style == StructureStyle::Flow;
        // A block collection starts with its first child; a flow collection with its bracket.
        let end = if flow { range.end } else { start };
        self.frames.push(Frame { span: start..end, flow, refused, function, anchor, kind });
        Ok(())
    }

    /// A list at the level of its key starts at the first dash; the parser puts it after that.
    fn sequence_start(&self, start: usize, kind: &FrameKind) -> usize {
        let in_mapping = matches!(self.frames.last(), Some(Frame { kind: FrameKind::Mapping { .. }, .. }));
        if !in_mapping || !matches!(kind, FrameKind::Sequence(_)) {
            return start;
        }
        let before = self.input.text.get(..start).unwrap_or("").trim_end_matches(' ');
        match before.strip_suffix('-') {
            Some(rest) if rest.ends_with(['\n', ' ']) => rest.len(),
            _ => start,
        }
    }

    fn close(&mut self, end: usize) {
        let Some(frame) = self.frames.pop() else { return };
        // The end of a block collection is noticed at the next token, past blank lines and comments.
        let range = if frame.flow { frame.span.start..end } else { frame.span.clone() };
        let room = frame.room(self.input.text, self.input.file);
        let span = self.span(range);
        let text = self.input.text;
        let kind = match frame.kind {
            _ if frame.refused => NodeKind::Error,
            FrameKind::Sequence(mut items) => {
                if frame.flow {
                    comma::items(&mut items, text, &mut self.diagnostics);
                }
                NodeKind::Sequence(items)
            }
            FrameKind::Mapping { mut mapping, merged, .. } => {
                // What the map says itself goes before what it takes over.
                for node in merged {
                    template::merge(&mut mapping, node);
                }
                if frame.flow {
                    comma::values(&mut mapping, text, &mut self.diagnostics);
                }
                mapping.room = room.map(Box::new);
                NodeKind::Mapping(mapping)
            }
        };
        let node = Node { kind, span };
        self.finished(node, frame.function, frame.anchor);
    }

    /// Puts a node where it belongs, as the argument of the function that its tag calls; and keeps what an anchor stands for.
    fn finished(&mut self, node: Node, function: Option<Span>, anchor: usize) {
        let node = match function {
            Some(tag) => template::call(self.text(tag), tag, node),
            None => node,
        };
        if self.input.dialect == Dialect::Template && anchor != 0 {
            self.anchored.insert(anchor, node.clone());
        }
        self.value(node);
    }

    /// What an alias of a template stands for. Its nodes count again, so that few aliases do not make many.
    fn expand(&mut self, id: usize, range: &Range<usize>) -> Result<(), Stop> {
        let node = self.anchored.get(&id).cloned();
        for _ in 0..node.as_ref().map_or(0, template::size) {
            self.count(range)?;
        }
        let span = self.span(range.clone());
        // What is inside of itself has no end.
        let node = node.unwrap_or(Node { kind: NodeKind::Error, span });
        if self.at_key() {
            self.refused_key();
        } else {
            self.value(node);
        }
        Ok(())
    }

    fn scalar(
        &mut self,
        text: String,
        style: RawStyle,
        range: Range<usize>,
        (tag, anchor): (Option<Range<usize>>, usize),
    ) {
        let style = match style {
            RawStyle::Plain => ScalarStyle::Plain,
            RawStyle::SingleQuoted | RawStyle::DoubleQuoted => ScalarStyle::Quoted,
            RawStyle::Literal | RawStyle::Folded => ScalarStyle::Block,
        };
        let tag = self.tag(tag);
        let refused = matches!(tag, Tag::Refused);
        if refused && self.at_key() {
            return self.refused_key();
        }
        let span = self.span(self.trimmed(range, style));
        // Characters that stand in the source are blanked by now: these come of escapes.
        self.diagnostics.extend(refuse::escaped(&text, span));
        let empty = style == ScalarStyle::Plain && span.start == span.end;
        if self.at_key() {
            if empty {
                self.diagnostics.push(refuse::missing_key(span));
                return self.refused_key();
            }
            return self.key(Key { text, span }, style);
        }
        let kind = if refused || (empty && self.was_blanked(span.range().start, true)) {
            NodeKind::Error
        } else if empty {
            NodeKind::Null
        } else if style == ScalarStyle::Plain {
            match bare::literal(&text, span) {
                Some(_) if self.input.dialect == Dialect::Template => template::boolean(&text, style),
                Some(diagnostic) => {
                    self.diagnostics.push(diagnostic);
                    NodeKind::Error
                }
                None if matches!(text.as_str(), "~" | "null" | "Null" | "NULL") => NodeKind::Null,
                None => NodeKind::Scalar(Scalar { text, style }),
            }
        } else {
            NodeKind::Scalar(Scalar { text, style })
        };
        let function = if let Tag::Function(span) = tag { Some(span) } else { None };
        self.finished(Node { kind, span }, function, anchor);
    }

    /// The part of a scalar's range that shows: block scalars reach to the next token.
    fn trimmed(&self, range: Range<usize>, style: ScalarStyle) -> Range<usize> {
        if style != ScalarStyle::Block {
            return range;
        }
        let shown = self.input.text.get(range.clone()).unwrap_or("").trim_end();
        range.start..range.start + shown.len()
    }

    /// Whether what stood between `at`, where a key or dash ends, and the value has been blanked.
    fn was_blanked(&self, at: usize, empty: bool) -> bool {
        let skipped = |c: char| matches!(c, ' ' | ':') || (empty && c.is_whitespace());
        self.input.blanked.iter().any(|range| {
            let between = at.min(range.end)..at.max(range.start);
            self.input.text.get(between).is_some_and(|text| text.chars().all(skipped))
        })
    }

    /// Whether the next scalar is a key.
    fn at_key(&self) -> bool {
        self.frames.last().is_some_and(|frame| matches!(frame.kind, FrameKind::Mapping { pending: None, .. }))
    }

    fn key(&mut self, key: Key, style: ScalarStyle) {
        let plain = style == ScalarStyle::Plain;
        if plain && self.input.dialect == Dialect::Spec {
            self.diagnostics.extend(bare::key(&key.text, key.span));
        }
        let Some(Frame { span, kind: FrameKind::Mapping { seen, pending, .. }, .. }) = self.frames.last_mut() else {
            return;
        };
        span.end = span.end.max(key.span.range().end);
        if plain && key.text == "<<" {
            *pending = Some(Pending::Merge(key.span));
        } else if let Some(&first) = seen.get(&key.text) {
            *pending = Some(Pending::Duplicate);
            self.diagnostics.push(refuse::duplicate_key(&key, first));
        } else {
            seen.insert(key.text.clone(), key.span);
            *pending = Some(Pending::Key(key));
        }
    }

    /// Drops the value of a key that has been reported. The map it is in, unless that is the whole file, is not what was
    /// meant: later stages say nothing about it.
    fn refused_key(&mut self) {
        let inner = self.frames.len() > 1;
        if let Some(Frame { refused, kind: FrameKind::Mapping { pending, .. }, .. }) = self.frames.last_mut() {
            *pending = Some(Pending::Refused);
            *refused |= inner;
        }
    }

    /// Puts a finished node where it belongs.
    fn value(&mut self, mut node: Node) {
        if let Some(Frame { kind: FrameKind::Mapping { pending: Some(Pending::Key(key)), .. }, .. }) =
            self.frames.last()
            && self.was_blanked(key.span.range().end, false)
        {
            node.kind = NodeKind::Error;
        }
        let end = node.span.range().end;
        let inner = self.frames.len() > 1;
        let Some(frame) = self.frames.last_mut() else {
            self.root = Some(node);
            return;
        };
        frame.span.end = frame.span.end.max(end);
        match &mut frame.kind {
            FrameKind::Sequence(items) => items.push(node),
            FrameKind::Mapping { mapping, pending, merged, .. } => match pending.take() {
                Some(Pending::Key(key)) => mapping.entries.push(Entry { key, value: node }),
                Some(Pending::Duplicate | Pending::Refused) => {}
                Some(Pending::Merge(_)) if self.input.dialect == Dialect::Template => {
                    merged.push(node);
                }
                Some(Pending::Merge(span)) => {
                    // What the map would have taken over is not known to it now: say nothing more about it.
                    frame.refused |= inner;
                    self.refuse_merge(span, &node);
                }
                None => {
                    *pending = Some(Pending::Refused);
                    frame.refused |= inner;
                    self.refuse_collection_key(&node);
                }
            },
        }
    }

    fn alias(&mut self, id: usize, range: Range<usize>) {
        let span = self.span(range);
        let merging = self.merging();
        if let Some(anchor) = self.anchors.get_mut(&id) {
            anchor.merged |= merging;
            if !merging {
                anchor.aliases.push(span);
            }
        }
        if self.at_key() {
            return self.refused_key();
        }
        self.value(Node { kind: NodeKind::Error, span });
    }

    /// Whether the next value is that of a merge key, or stands in the list that is.
    fn merging(&self) -> bool {
        let is_merge =
            |frame: &Frame| matches!(frame.kind, FrameKind::Mapping { pending: Some(Pending::Merge(_)), .. });
        match self.frames.as_slice() {
            [.., outer, Frame { kind: FrameKind::Sequence(_), .. }] => is_merge(outer),
            [.., inner] => is_merge(inner),
            [] => false,
        }
    }

    fn refuse_merge(&mut self, key: Span, value: &Node) {
        let sources: Vec<&Node> = match &value.kind {
            NodeKind::Sequence(items) => items.iter().collect(),
            _ => vec![value],
        };
        let name = |node: &Node| self.text(node.span).strip_prefix('*');
        let anchors = self.anchors.values().filter(|anchor| anchor.merged);
        let taken = anchors.filter(|anchor| sources.iter().any(|source| name(source) == Some(&anchor.name)));
        let diagnostic = refuse::merge_key(key, taken.map(|anchor| anchor.span));
        self.diagnostics.push(diagnostic);
    }

    fn refuse_collection_key(&mut self, node: &Node) {
        if matches!(node.kind, NodeKind::Error) {
            return;
        }
        let start = node.span.range().start.saturating_sub(1);
        let template = self.input.text.get(start..).is_some_and(|text| text.starts_with("{{"));
        self.diagnostics.push(refuse::collection_key(node, template));
    }

    fn tag(&mut self, tag: Option<Range<usize>>) -> Tag {
        let Some(range) = tag else { return Tag::Plain };
        let span = self.span(range);
        if self.input.dialect == Dialect::Template {
            // What a value with a tag of YAML's own is follows from where it stands, here as well.
            return if self.text(span).starts_with("!!") { Tag::Plain } else { Tag::Function(span) };
        }
        let diagnostic = refuse::tag(self.text(span), span);
        self.diagnostics.push(diagnostic);
        Tag::Refused
    }

    fn report_anchors(&mut self) {
        if self.input.dialect == Dialect::Template {
            return;
        }
        let anchors = mem::take(&mut self.anchors).into_values();
        let reported = anchors.filter(|anchor| !anchor.merged || !anchor.aliases.is_empty());
        self.diagnostics.extend(reported.map(|anchor| refuse::anchor(&anchor.name, anchor.span, &anchor.aliases)));
    }

    fn text(&self, span: Span) -> &str {
        self.input.text.get(span.range()).unwrap_or("")
    }

    fn span(&self, range: Range<usize>) -> Span {
        Span::new(self.input.file, range)
    }
}
