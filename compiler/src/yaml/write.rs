//! Values to YAML text, in block style, quoted so that every reader gives back what was written.
//!
//! CloudFormation, SAM and PyYAML are YAML 1.1 readers, to which bare `on`, `1_000`, `12:30:45` and `2010-09-09` are not
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
            if fresh || at > 0 {
                self.indent(indent);
            }
            self.text.push('-');
            match item {
                // What the item starts with stands on the line of the dash, unless a comment comes before it.
                Out::Map(entries) if entries.first().is_some_and(|first| first.comment.is_empty()) => {
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
        ' '..='~' => true,
        '\u{2028}' | '\u{2029}' | '\u{FEFF}' => false,
        '\u{A0}'..='\u{FFFD}' => true,
        // The last two of each plane are no characters.
        c => c >= '\u{10000}' && u32::from(c) & 0xFFFE != 0xFFFE,
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use proptest::prelude::*;

    use super::*;

    /// Strings that one reader or another is known to take for something else, or to choke on.
    const AWKWARD: &[&str] = &[
        "",
        " ",
        "a",
        "y",
        "n",
        "Y",
        "yes",
        "no",
        "Yes",
        "NO",
        "on",
        "off",
        "On",
        "OFF",
        "true",
        "True",
        "FALSE",
        "null",
        "Null",
        "~",
        "1",
        "-1",
        "+1",
        "1.0",
        "1e3",
        "1_000",
        "0x1F",
        "0o17",
        "017",
        "012345678901",
        "0b11",
        ".5",
        ".inf",
        "-.INF",
        ".nan",
        "12:30:45",
        "190:20:30",
        "685_230.15",
        "2010-09-09",
        "2001-12-14t21:59:43.10-05:00",
        "=",
        "<<",
        "-",
        "- a",
        "-a",
        "?",
        "? a",
        ":",
        ": a",
        "a: b",
        "a:",
        "a:b",
        "#",
        "a #b",
        "a#b",
        "[",
        "]",
        "{",
        "}",
        "{a}",
        "[a]",
        "${AWS::StackName}-q",
        "{{resolve:ssm:x}}",
        ",",
        "&a",
        "*a",
        "!a",
        "!Sub a",
        "|",
        ">",
        "%a",
        "@a",
        "`a`",
        "'",
        "\"",
        "it's",
        "say \"x\"",
        "\\",
        "\\n",
        "a\\b",
        " a",
        "a ",
        "a  b",
        "\ta",
        "a\tb",
        "a\nb",
        "a\nb\n",
        "a\n\nb",
        "\na",
        "a\n\n",
        " a\nb",
        "a\n b\n",
        "a\n  \nb",
        "a\r\nb",
        "a\rb",
        "---",
        "...",
        "--- a",
        "a\n---\nb",
        "\0",
        "\u{7}",
        "\u{7f}",
        "\u{85}",
        "\u{a0}",
        "é",
        "日本語",
        "🦀",
        "\u{2028}",
        "\u{feff}",
        "\u{feff}a",
        "\u{fffe}",
        "\u{1ffff}",
        "arn:aws:sqs:*:*:q",
        "dynamodb:*",
        "a, b",
        "a\n# b\n",
        "\tx\ny",
        "x\n\ty",
        "function() {\n  return 1;\n}\n",
        "a:\n  b\n",
        "nULL",
        "tRue",
    ];

    fn awkward_document() -> String {
        let strings = Out::list(AWKWARD.iter().copied());
        let keys = Out::map(AWKWARD.iter().enumerate().map(|(at, text)| (*text, i64::try_from(at).unwrap_or(0))));
        let nested = Out::list(AWKWARD.iter().map(|text| Out::map([("k", *text), ("l", *text)])));
        write("", &Out::map([("strings", strings), ("keys", keys), ("nested", nested)]))
    }

    #[test]
    fn awkward_strings_are_read_back_by_serde_yaml() {
        let read: serde_yaml::Value = serde_yaml::from_str(&awkward_document()).expect("valid YAML");
        for (at, text) in AWKWARD.iter().enumerate() {
            assert_eq!(read["strings"][at].as_str(), Some(*text));
            assert_eq!(read["keys"][*text].as_u64(), Some(at as u64), "key {text:?}");
            assert_eq!(read["nested"][at]["k"].as_str(), Some(*text));
            assert_eq!(read["nested"][at]["l"].as_str(), Some(*text));
        }
    }

    #[test]
    fn awkward_strings_are_read_back_by_our_own_reader() {
        let mut sources = crate::source::SourceMap::default();
        let file = sources.add("out.yaml", awkward_document());
        let (node, diagnostics) = crate::yaml::parse(&sources, file);
        assert_eq!(diagnostics, []);
        assert_eq!(of_node(&node), of_node_expected());
    }

    fn of_node_expected() -> Vec<String> {
        let strings = AWKWARD.iter().map(ToString::to_string);
        let nested = AWKWARD.iter().flat_map(|text| [text.to_string(), text.to_string()]);
        strings.clone().chain((0..AWKWARD.len()).map(|at| at.to_string())).chain(nested).collect()
    }

    /// The text of all scalars that are values, in order.
    fn of_node(node: &crate::yaml::Node) -> Vec<String> {
        use crate::yaml::NodeKind;
        match &node.kind {
            NodeKind::Scalar(scalar) => vec![scalar.text.clone()],
            NodeKind::Sequence(items) => items.iter().flat_map(of_node).collect(),
            NodeKind::Mapping(mapping) => mapping.entries.iter().flat_map(|entry| of_node(&entry.value)).collect(),
            NodeKind::Null | NodeKind::Error => vec!["not a scalar".to_owned()],
        }
    }

    /// PyYAML is what SAM and cfn-lint read with. Skipped where it is not installed; the conformance tests have it.
    #[test]
    fn awkward_strings_are_read_back_by_pyyaml() {
        let script = "import sys, json, yaml; json.dump(yaml.safe_load(sys.stdin.buffer.read().decode()), sys.stdout)";
        let has_yaml = Command::new("python3").args(["-c", "import yaml"]).stderr(Stdio::null()).status();
        if !has_yaml.is_ok_and(|status| status.success()) {
            return;
        }
        let path = std::env::temp_dir().join(format!("evc-awkward-{}.yaml", std::process::id()));
        std::fs::write(&path, awkward_document()).expect("temporary file");
        let input = std::fs::File::open(&path).expect("temporary file");
        let output = Command::new("python3").args(["-c", script]).stdin(input).output().expect("python3 runs");
        std::fs::remove_file(&path).expect("temporary file");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let read: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        for (at, text) in AWKWARD.iter().enumerate() {
            assert_eq!(read["strings"][at].as_str(), Some(*text));
            assert_eq!(read["keys"][*text].as_u64(), Some(at as u64), "key {text:?}");
            assert_eq!(read["nested"][at]["k"].as_str(), Some(*text));
        }
    }

    #[test]
    fn layout() {
        let out = Out::Map(vec![
            OutEntry::new(
                "Resources",
                Out::Map(vec![
                    OutEntry::new(
                        "OrdersTable",
                        Out::map([
                            ("Type", Out::from("AWS::DynamoDB::Table")),
                            ("Name", Out::tagged("!Sub", "${AWS::StackName}-orders")),
                            ("Empty", Out::List(vec![])),
                            ("None", Out::Map(vec![])),
                        ]),
                    )
                    .comment("specs/orders.yaml:12\n\nsecond paragraph"),
                    OutEntry::new("Joined", Out::tagged("!Join", Out::list([Out::from(":"), Out::list(["a", "b"])]))),
                    OutEntry::new(
                        "Choice",
                        Out::tagged("!If", Out::list([Out::from("Prod"), Out::tagged("!Ref", "A"), Out::Null])),
                    ),
                ]),
            ),
            OutEntry::new(
                "List",
                Out::list([
                    Out::map([("a", Out::Int(1)), ("b", Out::list([Out::Bool(true), Out::Float("0.10".to_owned())]))]),
                    Out::Map(vec![OutEntry::new("c", 2).comment("commented"), OutEntry::new("d", "012345678901")]),
                    Out::list([Out::list(["x"])]),
                    Out::tagged("!Sub", "two\nlines\n"),
                    Out::map([("code", "no end\nof line")]),
                ]),
            ),
        ]);
        insta::assert_snapshot!(write("Generated by evc\nfrom specs/orders.yaml", &out));
    }

    #[test]
    fn documents_that_are_one_value() {
        assert_eq!(write("", &Out::from("a\nb")), "\"a\\nb\"\n");
        assert_eq!(write("", &Out::Null), "null\n");
        assert_eq!(write("", &Out::tagged("!Ref", "A")), "!Ref A\n");
        assert_eq!(write("x\u{85}y\tz", &Out::List(vec![])), "# x y z\n[]\n");
    }

    fn any_out() -> impl Strategy<Value = Out> {
        let leaf = prop_oneof![
            Just(Out::Null),
            any::<bool>().prop_map(Out::Bool),
            any::<i64>().prop_map(Out::Int),
            any::<String>().prop_map(Out::String),
            "[ -~\n\t]{0,20}".prop_map(Out::String),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            let entry = (any::<String>(), "[ -~\n]{0,12}", inner.clone()).prop_map(|(key, comment, value)| OutEntry {
                comment,
                key,
                value,
            });
            prop_oneof![
                prop::collection::vec(inner, 0..5).prop_map(Out::List),
                prop::collection::vec(entry, 0..5).prop_map(|mut entries| {
                    entries.sort_by(|a, b| a.key.cmp(&b.key));
                    entries.dedup_by(|a, b| a.key == b.key);
                    Out::Map(entries)
                }),
            ]
        })
    }

    fn to_json(out: &Out) -> serde_json::Value {
        match out {
            Out::Null => serde_json::Value::Null,
            Out::Bool(value) => (*value).into(),
            Out::Int(value) => (*value).into(),
            Out::Float(digits) => digits.parse::<f64>().unwrap_or_default().into(),
            Out::String(text) => text.clone().into(),
            Out::List(items) => items.iter().map(to_json).collect(),
            Out::Map(entries) => entries.iter().map(|entry| (entry.key.clone(), to_json(&entry.value))).collect(),
            Out::Tagged(_, inner) => to_json(inner),
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(out in any_out()) {
            let text = write("header", &out);
            let read: serde_json::Value = serde_yaml::from_str(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
            prop_assert_eq!(read, to_json(&out), "{}", text);
        }
    }
}
