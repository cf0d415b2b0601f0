//! JSON in a text of a template, with the place of each value. What `${Name}` stands for is not known, inside of texts and outside.

use std::borrow::Cow;

use super::template::{Entry, Kind, Map, Name, Node};
use super::text::{Text, UNKNOWN};
use crate::source::{SourceMap, Span};

/// How deep values may be in one another.
const MOST_DEPTH: usize = 64;

/// What a text says as JSON; or where it is none, and why.
pub(super) fn read(text: &Text, sources: Option<&SourceMap>) -> Result<Node<'static>, (Option<Span>, String)> {
    let mut reader = Reader { all: &text.text, at: 0, text, sources };
    let read = reader.value(0).and_then(|value| {
        reader.space();
        if reader.at < reader.all.len() { Err("expected the end".to_owned()) } else { Ok(value) }
    });
    read.map_err(|problem| {
        let start = reader.at.min(reader.all.len().saturating_sub(1));
        (reader.place(start, start + 1), problem)
    })
}

struct Reader<'t> {
    all: &'t str,
    at: usize,
    text: &'t Text,
    sources: Option<&'t SourceMap>,
}

impl Reader<'_> {
    fn place(&self, start: usize, end: usize) -> Option<Span> {
        self.text.place(self.sources, start, end)
    }

    fn rest(&self) -> &str {
        self.all.get(self.at..).unwrap_or_default()
    }

    fn space(&mut self) {
        self.at = self.all.len() - self.rest().trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    fn takes(&mut self, what: char) -> bool {
        self.space();
        let takes = self.rest().starts_with(what);
        self.at += if takes { what.len_utf8() } else { 0 };
        takes
    }

    fn found(&self) -> String {
        self.rest().chars().next().map_or_else(|| "the end".to_owned(), |next| format!("`{next}`"))
    }

    fn value(&mut self, depth: usize) -> Result<Node<'static>, String> {
        self.space();
        if depth > MOST_DEPTH {
            return Err("too many values in one another".to_owned());
        }
        let start = self.at;
        let kind = if self.takes('{') {
            Kind::Map(self.map(depth)?)
        } else if self.takes('[') {
            Kind::List(self.list(depth)?)
        } else if self.rest().starts_with('"') {
            Kind::Text(self.string()?.into())
        } else if self.rest().starts_with(UNKNOWN) {
            let end = self.rest().find('}').ok_or("expected a `}` that ends the name")?;
            self.at += end + 1;
            Kind::Error
        } else {
            self.word()?
        };
        Ok(Node { kind, place: self.place(start, self.at) })
    }

    fn map(&mut self, depth: usize) -> Result<Map<'static>, String> {
        let mut map = Map::default();
        if self.takes('}') {
            return Ok(map);
        }
        loop {
            self.space();
            let start = self.at;
            if !self.rest().starts_with('"') {
                return Err(format!("expected a name in double quotes, found {}", self.found()));
            }
            let name = self.string()?;
            let key = Name { text: Cow::Owned(name), place: self.place(start, self.at) };
            if !self.takes(':') {
                return Err(format!("expected a `:` after a name, found {}", self.found()));
            }
            let value = self.value(depth + 1)?;
            map.entries.push(Entry { key, value });
            if self.takes('}') {
                return Ok(map);
            }
            if !self.takes(',') {
                return Err(format!("expected `,` or `}}`, found {}", self.found()));
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node<'static>>, String> {
        let mut items = Vec::new();
        if self.takes(']') {
            return Ok(items);
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.takes(']') {
                return Ok(items);
            }
            if !self.takes(',') {
                return Err(format!("expected `,` or `]`, found {}", self.found()));
            }
        }
    }

    /// A text in quotes, whose escapes are those of JSON.
    fn string(&mut self) -> Result<String, String> {
        let rest = self.rest();
        let mut escaped = false;
        for (at, next) in rest.char_indices().skip(1) {
            match next {
                '"' if !escaped => {
                    let quoted = rest.get(..=at).unwrap_or_default();
                    // A line that `Fn::Sub` or a block goes on with is a mistake for JSON, and nothing to be told here.
                    let quoted = quoted.replace(['\n', '\t', '\r'], " ");
                    let text = serde_json::from_str(&quoted).map_err(|_| "a text has an escape that JSON has not")?;
                    self.at += at + 1;
                    return Ok(text);
                }
                '\\' => escaped = !escaped,
                _ => escaped = false,
            }
        }
        Err("a text has no `\"` that ends it".to_owned())
    }

    fn word(&mut self) -> Result<Kind<'static>, String> {
        let rest = self.rest();
        let end = rest.find(|next: char| ",]}: \t\r\n\"{[".contains(next)).unwrap_or(rest.len());
        let word = rest.get(..end).unwrap_or_default().to_owned();
        let kind = match word.as_str() {
            "true" => Kind::Bool(true),
            "false" => Kind::Bool(false),
            "null" => Kind::Null,
            _ if serde_json::from_str::<serde_json::Number>(&word).is_ok() => Kind::Number(word.into()),
            _ => return Err(format!("expected a value, found {}", self.found())),
        };
        self.at += end;
        Ok(kind)
    }
}
