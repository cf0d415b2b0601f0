//! Reads YAML's flow style into nodes, so that tests of types and patterns state their input as text.

use super::{Type, Types, decode};
use crate::diagnostics::Diagnostic;
use crate::source::{FileId, SourceMap, Span};
use crate::yaml::{Entry, Key, Mapping, Node, NodeKind, Scalar, ScalarStyle};

/// A file to point at. Every call gives the same id, that of a map's first file.
pub(crate) fn file() -> FileId {
    SourceMap::default().add("test.yaml", "")
}

/// The node for a text in flow style.
pub(crate) fn node(text: &str) -> Node {
    let mut reader = Reader { text, at: 0 };
    let node = reader.value();
    assert_eq!(reader.at, text.len(), "text left over in {text}");
    node
}

/// The type a shorthand text means, which must be right.
pub(crate) fn ty(text: &str) -> Type {
    let mut diagnostics = Vec::new();
    let ty = decode(&node(text), &mut diagnostics);
    assert_eq!(diagnostics, [], "{text}");
    ty.expect("a type")
}

/// Declared types from names and shorthand texts, each at a place of its own.
pub(crate) fn types(declared: &[(&str, &str)]) -> Types {
    let fields: Vec<String> = declared.iter().map(|(name, text)| format!("{name}: {text}")).collect();
    let text = format!("{{ {} }}", fields.join(", "));
    let NodeKind::Mapping(mapping) = node(&text).kind else { panic!("{text}") };
    let mut diagnostics = Vec::new();
    let decoded = mapping.entries.iter().map(|entry| {
        let ty = decode(&entry.value, &mut diagnostics).expect("a type");
        (entry.key.text.clone(), ty)
    });
    let declared = decoded.collect();
    assert_eq!(diagnostics, [], "{text}");
    let mut types = Types { declared };
    types.unite();
    types
}

/// Diagnostics as lines of `CODE message @ text`, with the text that the primary label covers.
pub(crate) fn render(text: &str, diagnostics: &[Diagnostic]) -> Vec<String> {
    let covered = |span: Span| text.get(span.range()).unwrap_or("?");
    diagnostics.iter().map(|d| format!("{} {} @ {}", d.code, d.message, covered(d.primary.span))).collect()
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn blank(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    fn value(&mut self) -> Node {
        self.blank();
        let start = self.at;
        let kind = match self.peek() {
            Some('{') => NodeKind::Mapping(self.mapping()),
            Some('[') => NodeKind::Sequence(self.sequence()),
            _ => match self.scalar() {
                Scalar { style: ScalarStyle::Plain, text } if matches!(text.as_str(), "" | "null" | "~") => {
                    NodeKind::Null
                }
                scalar => NodeKind::Scalar(scalar),
            },
        };
        let span = Span::new(file(), start..self.at);
        self.blank();
        Node { kind, span }
    }

    fn mapping(&mut self) -> Mapping {
        let mut entries = Vec::new();
        self.items('}', |reader| {
            let start = reader.at;
            let text = reader.scalar().text;
            let span = Span::new(file(), start..reader.at);
            reader.blank();
            if reader.peek() == Some(':') {
                reader.at += 1;
            }
            let value = reader.value();
            entries.push(Entry { key: Key { text, span }, value });
        });
        Mapping { entries, room: None }
    }

    fn sequence(&mut self) -> Vec<Node> {
        let mut items = Vec::new();
        self.items(']', |reader| items.push(reader.value()));
        items
    }

    fn items(&mut self, close: char, mut item: impl FnMut(&mut Self)) {
        self.at += 1;
        loop {
            self.blank();
            match self.peek() {
                Some(next) if next == close => break self.at += 1,
                Some(',') => self.at += 1,
                Some(_) => item(self),
                None => panic!("`{close}` is missing in {}", self.text),
            }
        }
    }

    fn scalar(&mut self) -> Scalar {
        let rest = &self.text[self.at..];
        if let Some(quote @ ('"' | '\'')) = self.peek() {
            let mut text = String::new();
            let mut chars = rest.char_indices().skip(1).peekable();
            while let Some((at, next)) = chars.next() {
                match next {
                    '\\' if quote == '"' => text.extend(chars.next().map(|(_, escaped)| escaped)),
                    '\'' if quote == '\'' && chars.peek().is_some_and(|(_, next)| *next == '\'') => {
                        chars.next();
                        text.push('\'');
                    }
                    _ if next == quote => {
                        self.at += at + 1;
                        return Scalar { text, style: ScalarStyle::Quoted };
                    }
                    _ => text.push(next),
                }
            }
            panic!("a quote is missing in {}", self.text);
        }
        let end = rest
            .char_indices()
            .find(|(at, next)| ",]}".contains(*next) || rest[*at..].starts_with(": ") || rest[*at..].starts_with(":["))
            .map_or(rest.len(), |(at, _)| at);
        let text = rest[..end].trim_end();
        self.at += text.len();
        Scalar { text: text.into(), style: ScalarStyle::Plain }
    }
}
