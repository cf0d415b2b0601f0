//! Entries of `overrides` that have a `type`: they are resources, and stand under `resources`. Each is reported, with the fix that moves
//! it, and read as if it stood there already, so that one mistake is one report.

use crate::diagnostics::{Code, Diagnostic, Edit, Fix};
use crate::source::Span;
use crate::yaml::{Entry, Key, Mapping, Node, NodeKind};

/// Moves such entries in a file's tree. `text` is the file.
pub fn move_resources(file: &mut Node, text: &str, diagnostics: &mut Vec<Diagnostic>) {
    let NodeKind::Mapping(sections) = &mut file.kind else { return };
    let Some(overrides) = sections.entries.iter().position(|entry| entry.key.text == "overrides") else { return };
    let place = Place::of(sections, overrides, text);
    let moved = {
        let NodeKind::Mapping(entries) = &mut sections.entries[overrides].value.kind else { return };
        let is_new = |entry: &Entry| matches!(&entry.value.kind, NodeKind::Mapping(map) if map.get("type").is_some());
        let (moved, kept): (Vec<Entry>, Vec<Entry>) =
            std::mem::take(&mut entries.entries).into_iter().partition(is_new);
        entries.entries = kept;
        moved
    };
    for entry in &moved {
        diagnostics.push(report(entry, &place));
    }
    if moved.is_empty() {
        return;
    }
    match sections.entries.iter_mut().find(|entry| entry.key.text == "resources") {
        Some(Entry { value: Node { kind: NodeKind::Mapping(there), .. }, .. }) => there.entries.extend(moved),
        Some(entry) => entry.value.kind = NodeKind::Mapping(Mapping { entries: moved, ..Mapping::default() }),
        None => {
            let (key, value) = (&sections.entries[overrides].key, &sections.entries[overrides].value);
            let key = Key { text: "resources".to_owned(), span: key.span };
            let value =
                Node { kind: NodeKind::Mapping(Mapping { entries: moved, ..Mapping::default() }), span: value.span };
            sections.entries.push(Entry { key, value });
        }
    }
}

fn report(entry: &Entry, place: &Place<'_>) -> Diagnostic {
    let NodeKind::Mapping(map) = &entry.value.kind else { return Diagnostic::new(Code::EVC0112, entry.key.span, "") };
    let at = map.get("type").map_or(entry.key.span, |type_| type_.key.span);
    let name = &entry.key.text;
    let diagnostic =
        Diagnostic::new(Code::EVC0112, at, format!("`{name}` is a new resource: an override has no `type`"))
            .help(format!("move `{name}` to `resources`"));
    match place.edits(entry) {
        Some(edits) => diagnostic.fix(Fix { title: format!("move `{name}` to `resources`"), edits, certain: true }),
        None => diagnostic,
    }
}

/// Where the two sections stand, as far as moving wants to know.
struct Place<'t> {
    text: &'t str,
    /// The key `overrides`.
    key: Span,
    /// The entries of `overrides`, keys and whole.
    entries: Vec<(Span, Span)>,
    /// How many of them are new resources.
    moved: usize,
    /// The section `resources`.
    resources: There,
    /// Whether `overrides` is written in braces.
    flow: bool,
}

/// The section `resources`, as far as adding to it wants to know.
#[derive(PartialEq)]
enum There {
    /// There is none.
    Not,
    /// It has lines: the key of the last entry, and all of that entry.
    Lines(Span, Span),
    /// It is written in braces: the last entry.
    Braces(Span),
    /// It cannot be added to.
    Odd,
}

impl<'t> Place<'t> {
    fn of(sections: &Mapping, overrides: usize, text: &'t str) -> Self {
        let section = &sections.entries[overrides];
        let entries: &[Entry] = match &section.value.kind {
            NodeKind::Mapping(mapping) => &mapping.entries,
            NodeKind::Null | NodeKind::Scalar(_) | NodeKind::Sequence(_) | NodeKind::Error => &[],
        };
        let is_new = |entry: &&Entry| matches!(&entry.value.kind, NodeKind::Mapping(map) if map.get("type").is_some());
        let resources = match sections.get("resources").map(|entry| &entry.value) {
            None => There::Not,
            Some(Node { kind: NodeKind::Mapping(mapping), span }) => match mapping.entries.last() {
                None => There::Odd,
                Some(last) if is_flow(text, *span) => There::Braces(last.key.span.to(last.value.span)),
                Some(last) => There::Lines(last.key.span, last.key.span.to(last.value.span)),
            },
            Some(_) => There::Odd,
        };
        Self {
            text,
            key: section.key.span,
            entries: entries.iter().map(|entry| (entry.key.span, entry.key.span.to(entry.value.span))).collect(),
            moved: entries.iter().filter(is_new).count(),
            resources,
            flow: is_flow(text, section.value.span),
        }
    }

    /// What moves an entry. `None` where that cannot be done by moving text.
    fn edits(&self, entry: &Entry) -> Option<Vec<Edit>> {
        // All of them are resources: the section has another name.
        if self.moved == self.entries.len() && self.resources == There::Not {
            let quote = if self.text[self.key.range()].starts_with('"') { "\"" } else { "" };
            return Some(vec![Edit { span: self.key, text: format!("{quote}resources{quote}") }]);
        }
        let (key, whole) = (entry.key.span, entry.key.span.to(entry.value.span));
        let is_one_line = || self.text.get(whole.range()).is_some_and(|text| !text.contains('\n'));
        let (taken, text) = if self.flow { self.cut_braces(key, whole)? } else { self.cut_lines(whole) };
        let insert = match self.resources {
            There::Lines(last_key, last) if !self.flow || is_one_line() => {
                let is_last = last.end as usize == self.text.len();
                Edit { span: self.end_of_line(last), text: shifted(&text, self.column(last_key), is_last) }
            }
            There::Braces(last) if self.flow => Edit { span: last.end_point(), text: format!(", {text}") },
            There::Not if self.column(self.key) == 0 && (!self.flow || is_one_line()) => {
                let start = Span { end: self.key.start, ..self.key };
                Edit { span: start, text: format!("resources:\n{}\n", shifted(&text, 2, false)) }
            }
            There::Not if self.flow => {
                let start = Span { end: self.key.start, ..self.key };
                // A file that is JSON stays JSON.
                let quote = if self.text[self.key.range()].starts_with('"') { "\"" } else { "" };
                Edit { span: start, text: format!("{quote}resources{quote}: {{ {text} }}, ") }
            }
            There::Not | There::Lines(..) | There::Braces(_) | There::Odd => return None,
        };
        Some(vec![insert, taken])
    }

    /// The lines of an entry, comments right above among them, and the edit that takes them out.
    fn cut_lines(&self, whole: Span) -> (Edit, String) {
        let (mut start, end) = (self.start_of_line(whole.range().start), self.end_of_line(whole).range().end);
        while start > 0 {
            let above = self.start_of_line(start - 1);
            if !self.text[above..start].trim_start().starts_with('#') {
                break;
            }
            start = above;
        }
        // The section itself goes with its last entry.
        let text = self.text[start..end].trim_end_matches('\n').to_owned();
        let whole = if self.entries.len() == 1 { self.key.range().start..end } else { start..end };
        (Edit { span: Span::new(self.key.file, whole), text: String::new() }, text)
    }

    /// An entry in braces, and the edit that takes it out with a comma.
    fn cut_braces(&self, key: Span, whole: Span) -> Option<(Edit, String)> {
        let text = self.text.get(whole.range())?;
        let at = self.entries.iter().position(|(start, _)| *start == key)?;
        let range = match (at.checked_sub(1).and_then(|before| self.entries.get(before)), self.entries.get(at + 1)) {
            (_, Some((next, _))) => whole.range().start..next.range().start,
            (Some((_, before)), None) => before.range().end..whole.range().end,
            (None, None) => whole.range(),
        };
        Some((Edit { span: Span::new(key.file, range), text: String::new() }, text.to_owned()))
    }

    fn start_of_line(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |found| found + 1)
    }

    /// The empty place behind the line that a span ends on, behind its line break.
    fn end_of_line(&self, span: Span) -> Span {
        let end = span.range().end;
        // A collection may end with the break of its last line.
        let end = if self.text[..end].ends_with('\n') {
            end
        } else {
            self.text[end..].find('\n').map_or(self.text.len(), |found| end + found + 1)
        };
        Span::new(span.file, end..end)
    }

    fn column(&self, span: Span) -> usize {
        span.range().start - self.start_of_line(span.range().start)
    }
}

fn is_flow(text: &str, span: Span) -> bool {
    text.get(span.range()).is_some_and(|text| text.starts_with('{'))
}

/// Lines with another indentation, each ended. `after` is whether the text before them has no line break of its own.
fn shifted(lines: &str, indent: usize, after: bool) -> String {
    let own = lines.lines().next().map_or(0, |first| first.len() - first.trim_start().len());
    let mut text = if after { "\n".to_owned() } else { String::new() };
    for line in lines.lines() {
        let line = line.get(own.min(line.len() - line.trim_start().len())..).unwrap_or_default();
        if !line.trim().is_empty() {
            text.push_str(&" ".repeat(indent));
            text.push_str(line);
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::diagnostics::{apply, certain};
    use crate::source::SourceMap;
    use crate::yaml::parse;

    /// The text after every fix, round by round.
    fn mended(text: &str) -> String {
        let mut text = text.to_owned();
        for _ in 0..5 {
            let mut sources = SourceMap::default();
            let file = sources.add(Path::new("a.yaml"), text.as_str());
            let (mut node, problems) = parse(&sources, file);
            assert!(problems.is_empty(), "{problems:?} in\n{text}");
            let mut found = Vec::new();
            move_resources(&mut node, &text, &mut found);
            let fixes: Vec<&Fix> = found.iter().filter_map(certain).collect();
            text = apply(&text, file, fixes).0;
        }
        text
    }

    #[test]
    fn a_section_of_resources_alone_has_another_name() {
        assert_eq!(
            mended("overrides:\n  A: { type: AWS::SNS::Topic }\n  B: { type: AWS::SNS::Topic }\n"),
            "resources:\n  A: { type: AWS::SNS::Topic }\n  B: { type: AWS::SNS::Topic }\n"
        );
    }

    #[test]
    fn entries_move_with_their_comments_and_keep_their_order() {
        assert_eq!(
            mended(
                "a: 1\noverrides:\n    # One.\n    # More.\n    A:\n        type: X::Y::Z # what\n        properties:\n            text: |\n                a\n\n                b\n    B: { properties: { a: 1 } }\n    C: { type: X::Y::Z }"
            ),
            "a: 1\nresources:\n  # One.\n  # More.\n  A:\n      type: X::Y::Z # what\n      properties:\n          text: |\n              a\n\n              b\n  C: { type: X::Y::Z }\n\n\
             overrides:\n    B: { properties: { a: 1 } }\n"
        );
    }

    #[test]
    fn they_join_a_section_that_is_there() {
        assert_eq!(
            mended(
                "overrides:\n  A:\n    type: X::Y::Z\n  B: { properties: { a: 1 } }\nresources:\n    Own:\n        type: X::Y::Z\ntags: { a: b }\n"
            ),
            "overrides:\n  B: { properties: { a: 1 } }\nresources:\n    Own:\n        type: X::Y::Z\n    A:\n      type: X::Y::Z\ntags: { a: b }\n"
        );
        // All of the section moves, to the end of the file.
        assert_eq!(
            mended("overrides:\n  A: { type: X::Y::Z }\nresources:\n  Own: { type: X::Y::Z }"),
            "resources:\n  Own: { type: X::Y::Z }\n  A: { type: X::Y::Z }\n"
        );
        assert_eq!(
            mended(
                "overrides: { A: { type: X::Y::Z }, B: { properties: {} }, C: { type: X::Y::Z } }\nresources:\n  Own: { type: X::Y::Z }\n"
            ),
            "overrides: { B: { properties: {} } }\nresources:\n  Own: { type: X::Y::Z }\n  A: { type: X::Y::Z }\n  C: { type: X::Y::Z }\n"
        );
    }

    #[test]
    fn braces_join_braces() {
        assert_eq!(
            mended("{ overrides: { A: { type: X::Y::Z }, B: {} } }\n"),
            "{ resources: { A: { type: X::Y::Z } }, overrides: { B: {} } }\n"
        );
        assert_eq!(
            mended("{\n  \"overrides\": {\n    \"A\": {\n      \"type\": \"X::Y::Z\"\n    },\n    \"B\": {}\n  }\n}\n"),
            "{\n  \"resources\": { \"A\": {\n      \"type\": \"X::Y::Z\"\n    } }, \"overrides\": {\n    \"B\": {}\n  }\n}\n"
        );
        assert_eq!(
            mended("overrides: { A: { type: X::Y::Z } }\nresources: { B: { type: X::Y::Z } }\n"),
            "overrides: {  }\nresources: { B: { type: X::Y::Z }, A: { type: X::Y::Z } }\n"
        );
    }

    #[test]
    fn what_cannot_be_moved_as_text_stays() {
        let text = "overrides:\n  A: { type: X::Y::Z }\nresources: { B: { type: X::Y::Z } }\n";
        assert_eq!(mended(text), text);
    }
}
