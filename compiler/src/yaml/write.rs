//! Values to YAML text, in block style, quoted so that every reader gives back what was written.
//!
//! CloudFormation, SAM and `PyYAML` are YAML 1.1 readers, to which bare `on`, `1_000`, `12:30:45` and `2010-09-09` are not
//! text. So text is bare only if it starts like a word and has nothing in it that any reader gives a meaning.

/// A value to write.
#[derive(Debug, Clone, PartialEq)]
pub enum Out {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number in decimal digits, as it should stand: the caller knows how many digits count.
    Float(String),
    /// Text; over several lines as a `|` block where that is exact.
    String(String),
    /// A list.
    List(Vec<Out>),
    /// A map, in this order.
    Map(Vec<OutEntry>),
    /// A value with a tag, exclamation mark included: `!Sub`. A YAML value has one tag, so the value has none itself.
    Tagged(String, Box<Out>),
}

/// An entry of a map that is written.
#[derive(Debug, Clone, PartialEq)]
pub struct OutEntry {
    /// Stands in lines of its own before the entry; empty for none.
    pub comment: String,
    /// The key: text of fewer than 1,024 bytes, which is the most that YAML allows.
    pub key: String,
    /// The value.
    pub value: Out,
}

impl OutEntry {
    /// An entry without a comment.
    pub fn new(key: impl Into<String>, value: impl Into<Out>) -> Self {
        Self { comment: String::new(), key: key.into(), value: value.into() }
    }

    /// Sets the comment.
    #[must_use]
    pub fn comment(mut self, text: impl Into<String>) -> Self {
        self.comment = text.into();
        self
    }
}

impl Out {
    /// A map without comments.
    pub fn map<K: Into<String>, V: Into<Out>>(entries: impl IntoIterator<Item = (K, V)>) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| OutEntry::new(key, value)).collect())
    }

    /// A list.
    pub fn list<V: Into<Out>>(items: impl IntoIterator<Item = V>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }

    /// A value with a tag: `Out::tagged("!Sub", "${AWS::StackName}-orders")`.
    pub fn tagged(tag: impl Into<String>, value: impl Into<Out>) -> Self {
        Self::Tagged(tag.into(), Box::new(value.into()))
    }
}

impl From<&str> for Out {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}
impl From<String> for Out {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}
impl From<bool> for Out {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}
impl From<i64> for Out {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}
impl From<Vec<Out>> for Out {
    fn from(items: Vec<Out>) -> Self {
        Self::List(items)
    }
}

/// Writes a document: a comment of any number of lines (none if empty), then the value. Ends with a line end.
///
/// ```
/// use evc::yaml::{Out, write};
/// let out = Out::map([("Name", Out::tagged("!Sub", "${AWS::StackName}-q")), ("Enabled", "yes".into())]);
/// assert_eq!(write("Generated", &out), "# Generated\nName: !Sub ${AWS::StackName}-q\nEnabled: \"yes\"\n");
/// ```
pub fn write(header: &str, value: &Out) -> String {
    let mut writer = Writer { text: String::new() };
    writer.comment(header, 0);
    match value {
        Out::Map(entries) if !entries.is_empty() => writer.map(entries, 0),
        Out::List(items) if !items.is_empty() => writer.list(items, 0, true),
        Out::String(text) => writer.text.push_str(&one_line(text)),
        other => writer.value(other, 0),
    }
    if !writer.text.ends_with('\n') {
        writer.text.push('\n');
    }
    writer.text
}

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
    fn map(&mut self, entries: &[OutEntry], indent: usize) {
        for entry in entries {
            self.comment(&entry.comment, indent);
            self.indent(indent);
            self.entry(entry, indent);
        }
    }

    fn entry(&mut self, entry: &OutEntry, indent: usize) {
        self.text.push_str(&one_line(&entry.key));
        self.text.push(':');
        self.nested(&entry.value, indent);
    }

    /// Items, each from the start of a line; the first from where the line is if `fresh` is false.
    fn list(&mut self, items: &[Out], indent: usize, fresh: bool) {
        for (at, item) in items.iter().enumerate() {
            let starts_line = fresh || at > 0;
            // A comment on the first entry of an item is one on the item, and stands before its dash.
            let comment = match item {
                Out::Map(entries) => entries.first().map_or("", |first| &first.comment),
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
    fn nested(&mut self, value: &Out, indent: usize) {
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
    fn value(&mut self, value: &Out, indent: usize) {
        match value {
            Out::Null => self.text.push_str("null"),
            Out::Bool(value) => self.text.push_str(if *value { "true" } else { "false" }),
            Out::Int(value) => self.text.push_str(&value.to_string()),
            Out::Float(digits) => self.text.push_str(digits),
            Out::String(text) => match block(text) {
                Some(header) => self.block(header, text, indent),
                None => self.text.push_str(&one_line(text)),
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

/// Text in one line: bare if that is safe, else quoted.
fn one_line(text: &str) -> String {
    if is_safe_bare(text) {
        return text.to_owned();
    }
    // Single quotes have no escapes: they read better where double quotes would need some, and cannot hold line ends.
    if text.contains(['"', '\\']) && text.chars().all(is_printable) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            c if is_printable(c) => quoted.push(c),
            c => {
                let code = u32::from(c);
                let escape = match code {
                    0..=0xFF => format!("\\x{code:02X}"),
                    0x100..=0xFFFF => format!("\\u{code:04X}"),
                    _ => format!("\\U{code:08X}"),
                };
                quoted.push_str(&escape);
            }
        }
    }
    quoted.push('"');
    quoted
}

/// Whether every reader takes this bare text for itself: it starts like a word or path, so it is no number, date or
/// indicator; it is no word with a meaning; and nothing in it ends it.
fn is_safe_bare(text: &str) -> bool {
    let starts_well = text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '$'));
    let ends_well = !text.ends_with([' ', ':']);
    let plain = text.chars().all(|c| c.is_ascii_graphic() || c == ' ');
    starts_well && ends_well && plain && !text.contains(": ") && !text.contains(" #") && !has_meaning(text)
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
