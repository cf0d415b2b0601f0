//! Values to YAML text, in block style, quoted so that every reader gives back what was written.
//!
//! CloudFormation, SAM and `PyYAML` are YAML 1.1 readers, to which bare `on`, `1_000`, `12:30:45` and `2010-09-09` are not
//! text. So text is bare only if it starts like a word and has nothing in it that any reader gives a meaning.

use std::borrow::Cow;
use std::fmt::Write as _;

/// A value to write. Text in it is borrowed where it stands somewhere already: a template is long.
#[derive(Debug, Clone, PartialEq)]
pub enum Out<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number in decimal digits, as it should stand: the caller knows how many digits count.
    Float(Cow<'a, str>),
    /// Text; over several lines as a `|` block where that is exact.
    String(Cow<'a, str>),
    /// A list.
    List(Vec<Out<'a>>),
    /// A map, in this order.
    Map(Vec<OutEntry<'a>>),
    /// A value with a tag, exclamation mark included: `!Sub`. A YAML value has one tag, so the value has none itself.
    Tagged(&'static str, Box<Out<'a>>),
}

/// An entry of a map that is written.
#[derive(Debug, Clone, PartialEq)]
pub struct OutEntry<'a> {
    /// Stands in lines of its own before the entry; empty for none.
    pub comment: Cow<'a, str>,
    /// The key: text of fewer than 1,024 bytes, which is the most that YAML allows.
    pub key: Cow<'a, str>,
    /// The value.
    pub value: Out<'a>,
}

impl<'a> OutEntry<'a> {
    /// An entry without a comment.
    pub fn new(key: impl Into<Cow<'a, str>>, value: impl Into<Out<'a>>) -> Self {
        Self { comment: Cow::Borrowed(""), key: key.into(), value: value.into() }
    }

    /// Sets the comment.
    #[must_use]
    pub fn comment(mut self, text: impl Into<Cow<'a, str>>) -> Self {
        self.comment = text.into();
        self
    }
}

impl<'a> Out<'a> {
    /// A map without comments.
    pub fn map<K: Into<Cow<'a, str>>, V: Into<Out<'a>>>(entries: impl IntoIterator<Item = (K, V)>) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| OutEntry::new(key, value)).collect())
    }

    /// A list.
    pub fn list<V: Into<Out<'a>>>(items: impl IntoIterator<Item = V>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }

    /// A value with a tag: `Out::tagged("!Sub", "${AWS::StackName}-orders")`.
    pub fn tagged(tag: &'static str, value: impl Into<Out<'a>>) -> Self {
        Self::Tagged(tag, Box::new(value.into()))
    }
}

impl<'a> From<&'a str> for Out<'a> {
    fn from(text: &'a str) -> Self {
        Self::String(text.into())
    }
}
impl From<String> for Out<'_> {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}
impl From<bool> for Out<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}
impl From<i64> for Out<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}
impl<'a> From<Vec<Out<'a>>> for Out<'a> {
    fn from(items: Vec<Out<'a>>) -> Self {
        Self::List(items)
    }
}

/// Writes a document: a comment of any number of lines (none if empty), then the value. Ends with a line end.
///
/// ```
/// use evc_compiler::yaml::{Out, write};
/// let out = Out::map([("Name", Out::tagged("!Sub", "${AWS::StackName}-q")), ("Enabled", "yes".into())]);
/// assert_eq!(write("Generated", &out), "# Generated\nName: !Sub ${AWS::StackName}-q\nEnabled: \"yes\"\n");
/// ```
pub fn write(header: &str, value: &Out<'_>) -> String {
    let mut writer = Writer { text: String::new() };
    writer.comment(header, 0);
    match value {
        Out::Map(entries) if !entries.is_empty() => writer.map(entries, 0),
        Out::List(items) if !items.is_empty() => writer.list(items, 0, true),
        Out::String(text) => one_line(text, &mut writer.text),
        other => writer.value(other, 0),
    }
    if !writer.text.ends_with('\n') {
        writer.text.push('\n');
    }
    writer.text
}

/// A document that is a map, written entry by entry: what a large one is made of is never all there at once.
#[derive(Debug)]
pub struct Document {
    writer: Writer,
}

impl Document {
    /// Begins with a comment of any number of lines; none if empty.
    pub fn new(header: &str) -> Self {
        let mut writer = Writer { text: String::new() };
        writer.comment(header, 0);
        Self { writer }
    }

    /// Adds an entry.
    pub fn entry<'a>(&mut self, key: impl Into<Cow<'a, str>>, value: impl Into<Out<'a>>) {
        self.writer.map(&[OutEntry::new(key, value)], 0);
    }

    /// Adds an entry that is a map.
    pub fn map<'a>(&mut self, key: &str, entries: impl IntoIterator<Item = OutEntry<'a>>) {
        one_line(key, &mut self.writer.text);
        self.writer.text.push(':');
        let empty = self.writer.text.len();
        self.writer.text.push('\n');
        let first = self.writer.text.len();
        for entry in entries {
            self.writer.map(&[entry], 2);
        }
        if self.writer.text.len() == first {
            self.writer.text.truncate(empty);
            self.writer.text.push_str(" {}\n");
        }
    }

    /// The text.
    pub fn finish(self) -> String {
        self.writer.text
    }
}

#[derive(Debug)]
struct Writer {
    text: String,
}

impl Writer {
    fn comment(&mut self, comment: &str, indent: usize) {
        for line in comment.lines() {
            let shown: String = line.chars().map(|c| if is_printable(c) { c } else { ' ' }).collect();
            let line = format!("# {shown}");
            self.indent(indent);
            self.text.push_str(line.trim_end());
            self.text.push('\n');
        }
    }

    /// Entries, each from the start of a line.
    fn map(&mut self, entries: &[OutEntry<'_>], indent: usize) {
        for entry in entries {
            self.comment(&entry.comment, indent);
            self.indent(indent);
            self.entry(entry, indent);
        }
    }

    fn entry(&mut self, entry: &OutEntry<'_>, indent: usize) {
        one_line(&entry.key, &mut self.text);
        self.text.push(':');
        self.nested(&entry.value, indent);
    }

    /// Items, each from the start of a line; the first from where the line is if `fresh` is false.
    fn list(&mut self, items: &[Out<'_>], indent: usize, fresh: bool) {
        for (at, item) in items.iter().enumerate() {
            let starts_line = fresh || at > 0;
            // A comment on the first entry of an item is one on the item, and stands before its dash.
            let comment = match item {
                Out::Map(entries) => entries.first().map_or("", |first| first.comment.as_ref()),
                _ => "",
            };
            if starts_line {
                self.comment(comment, indent);
                self.indent(indent);
            }
            self.text.push('-');
            match item {
                // What the item starts with stands on the line of the dash, unless its comment has no line of its own.
                Out::Map(entries) if !entries.is_empty() && (starts_line || comment.is_empty()) => {
                    self.text.push(' ');
                    self.entry(&entries[0], indent + 2);
                    self.map(&entries[1..], indent + 2);
                }
                Out::List(inner) if !inner.is_empty() => {
                    self.text.push(' ');
                    self.list(inner, indent + 2, false);
                }
                _ => self.nested(item, indent),
            }
        }
    }

    /// A value after `key:`, a dash or a tag, with the line end.
    fn nested(&mut self, value: &Out<'_>, indent: usize) {
        match value {
            Out::Map(entries) if !entries.is_empty() => {
                self.text.push('\n');
                self.map(entries, indent + 2);
            }
            Out::List(items) if !items.is_empty() => {
                self.text.push('\n');
                self.list(items, indent + 2, true);
            }
            Out::Tagged(tag, inner) => {
                debug_assert!(!matches!(**inner, Out::Tagged(..)), "a YAML value has one tag");
                self.text.push(' ');
                self.text.push_str(tag);
                self.nested(inner, indent);
            }
            other => {
                self.text.push(' ');
                self.value(other, indent + 2);
                self.text.push('\n');
            }
        }
    }

    /// A value that starts on the line it is on; `indent` is for the lines after it.
    fn value(&mut self, value: &Out<'_>, indent: usize) {
        match value {
            Out::Null => self.text.push_str("null"),
            Out::Bool(value) => self.text.push_str(if *value { "true" } else { "false" }),
            Out::Int(value) => self.text.push_str(&value.to_string()),
            Out::Float(digits) => self.text.push_str(digits),
            Out::String(text) => match block(text) {
                Some(header) => self.block(header, text, indent),
                None => one_line(text, &mut self.text),
            },
            Out::List(_) => self.text.push_str("[]"),
            Out::Map(_) => self.text.push_str("{}"),
            Out::Tagged(tag, inner) => {
                self.text.push_str(tag);
                self.nested(inner, indent);
            }
        }
    }

    fn block(&mut self, header: &str, text: &str, indent: usize) {
        self.text.push_str(header);
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            self.text.push('\n');
            if !line.is_empty() {
                self.indent(indent);
                self.text.push_str(line);
            }
        }
    }

    fn indent(&mut self, indent: usize) {
        self.text.extend(std::iter::repeat_n(' ', indent));
    }
}

/// The header of the block that gives back exactly this text, if one does and the text has more than one line.
fn block(text: &str) -> Option<&'static str> {
    let header = if text.ends_with('\n') { "|" } else { "|-" };
    let body = text.strip_suffix('\n').unwrap_or(text);
    let exact = text.contains('\n')
        && !body.is_empty()
        && !body.starts_with([' ', '\t', '\n'])
        && !body.ends_with('\n')
        && body.split('\n').all(|line| line.is_empty() || !line.trim().is_empty())
        && body.chars().all(|c| is_printable(c) || matches!(c, '\n' | '\t'));
    exact.then_some(header)
}

/// Adds text in one line: bare if that is safe, else quoted.
fn one_line(text: &str, to: &mut String) {
    if is_safe_bare(text) {
        return to.push_str(text);
    }
    // Single quotes have no escapes: they read better where double quotes would need some, and cannot hold line ends.
    if text.contains(['"', '\\']) && text.chars().all(is_printable) {
        to.push('\'');
        to.push_str(&text.replace('\'', "''"));
        return to.push('\'');
    }
    to.push('"');
    for c in text.chars() {
        match c {
            '"' => to.push_str("\\\""),
            '\\' => to.push_str("\\\\"),
            '\n' => to.push_str("\\n"),
            '\t' => to.push_str("\\t"),
            '\r' => to.push_str("\\r"),
            c if is_printable(c) => to.push(c),
            c => {
                let code = u32::from(c);
                // Writing to a string cannot fail.
                let _ = match code {
                    0..=0xFF => write!(to, "\\x{code:02X}"),
                    0x100..=0xFFFF => write!(to, "\\u{code:04X}"),
                    _ => write!(to, "\\U{code:08X}"),
                };
            }
        }
    }
    to.push('"');
}

/// Whether every reader takes this bare text for itself: it starts like a word or path, so it is no number, date or
/// indicator; it is no word with a meaning; and nothing in it ends it.
fn is_safe_bare(text: &str) -> bool {
    let bytes = text.as_bytes();
    let starts_well = bytes.first().is_some_and(|first| first.is_ascii_alphabetic() || matches!(first, b'/' | b'$'));
    let ends_well = !text.ends_with([' ', ':']);
    let plain = bytes.iter().all(|byte| matches!(byte, b' '..=b'~'));
    let ended = |pair: &[u8]| matches!(pair, b": " | b" #");
    starts_well && ends_well && plain && !bytes.windows(2).any(ended) && !has_meaning(text)
}

/// Words that some version of YAML takes for a boolean or nothing, in any case.
fn has_meaning(text: &str) -> bool {
    const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Whether YAML 1.1 allows the character in quotes as itself, and it ends no line there.
fn is_printable(c: char) -> bool {
    match c {
        '\u{2028}' | '\u{2029}' | '\u{FEFF}' => false,
        ' '..='~' | '\u{A0}'..='\u{FFFD}' => true,
        // The last two of each plane are no characters.
        c => c >= '\u{10000}' && u32::from(c) & 0xFFFE != 0xFFFE,
    }
}

#[cfg(test)]
mod tests;
