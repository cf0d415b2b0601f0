//! How a section is read: a [`Node`] in, the section's struct out, every mistake reported on the way.
//!
//! A decoder returns `None` only after it has reported why, so later passes stay silent about what is missing.

use indexmap::IndexMap;

use super::elsewhere::elsewhere;
pub(crate) use super::name::MAX_LOGICAL_ID;
pub use super::name::{Case, MAX_NAME, check_name, pascal_case};
use super::name::{check_type_name, long_enough};
use crate::diagnostics::{Code, Diagnostic, Edit, list, nearest};
use crate::source::{Span, Spanned};
use crate::yaml::{Entry, Key, Mapping, Node, NodeKind, Room, Scalar};

/// Collects what decoding finds wrong.
#[derive(Debug, Default)]
pub struct Decoder {
    /// Everything found so far, in the order found.
    pub diagnostics: Vec<Diagnostic>,
    /// The key whose value is being read: where to say what is missing in that value. `None` for the file and in lists.
    key: Option<Span>,
}

/// Something that can be read from a node.
pub trait Decode: Sized {
    /// Reads it, or reports why not.
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self>;
}

/// What reads a value, or reports why not.
pub type Read<T> = fn(&Node, &mut Decoder) -> Option<T>;

impl Decoder {
    /// What has been reported.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// Adds a diagnostic.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Reads the value of a key, or with `None` something that no key stands before.
    pub fn under<T>(&mut self, key: Option<Span>, read: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.key, key);
        let value = read(self);
        self.key = outer;
        value
    }

    /// Reports that `node` should have been `expected`; silent about nodes that are already reported.
    pub fn mismatch(&mut self, node: &Node, expected: &str) {
        if matches!(node.kind, NodeKind::Error) {
            return;
        }
        let found = node.describe();
        self.report(Diagnostic::new(Code::EVC0103, node.span, format!("expected {expected}, found {found}")));
    }

    /// Reports a value of the right kind that is not allowed.
    pub fn bad_value(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        let at = self.diagnostics.len();
        self.diagnostics.push(Diagnostic::new(Code::EVC0105, span, message));
        &mut self.diagnostics[at]
    }

    /// The node as a scalar.
    pub fn scalar<'n>(&mut self, node: &'n Node, expected: &str) -> Option<&'n Scalar> {
        if let NodeKind::Scalar(scalar) = &node.kind {
            return Some(scalar);
        }
        self.mismatch(node, expected);
        None
    }

    /// The node as a map whose keys are known; call [`Fields::finish`] at the end.
    pub fn fields<'n>(&mut self, node: &'n Node, what: &'static str) -> Option<Fields<'n>> {
        let mapping = match &node.kind {
            NodeKind::Mapping(mapping) => mapping,
            NodeKind::Null => &EMPTY,
            _ => {
                self.mismatch(node, &format!("a map with the keys of {what}"));
                return None;
            }
        };
        let first = mapping.entries.first().map(|entry| entry.key.span);
        let place = self.key.or(first).unwrap_or(node.span);
        Some(Fields { mapping, span: node.span, place, what, known: Vec::new(), failed: false, missing: Vec::new() })
    }

    /// The node as one of a few words.
    pub fn word<T: Copy>(&mut self, node: &Node, what: &str, words: &[(&str, T)]) -> Option<T> {
        let scalar = self.scalar(node, what)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == scalar.text) {
            return Some(*value);
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let diagnostic = Diagnostic::new(Code::EVC0105, node.span, format!("`{}` is not {what}", scalar.text))
            .suggest(&scalar.text, known.iter().copied());
        self.report(diagnostic);
        None
    }
}

static EMPTY: Mapping = Mapping { entries: Vec::new(), room: None };

/// The entries of a map with known keys, taken one by one.
#[derive(Debug)]
pub struct Fields<'n> {
    mapping: &'n Mapping,
    span: Span,
    place: Span,
    what: &'static str,
    known: Vec<&'static str>,
    failed: bool,
    /// The keys that were reported as missing, each with the number of its report.
    missing: Vec<(&'static str, usize)>,
}

impl<'n> Fields<'n> {
    /// The entry of a key, if the map has it.
    pub fn entry(&mut self, key: &'static str) -> Option<&'n Entry> {
        self.known.push(key);
        self.mapping.get(key)
    }

    /// The raw node of a key, if the map has it.
    pub fn node(&mut self, key: &'static str) -> Option<Node> {
        self.entry(key).map(|entry| entry.value.clone())
    }

    /// The value of a key that may be absent. A value that cannot be read is reported and counts as absent.
    pub fn optional<T: Decode>(&mut self, key: &'static str, cx: &mut Decoder) -> Option<T> {
        self.optional_with(key, T::decode, cx)
    }

    /// The value of a key that may be absent, read by a function.
    pub fn optional_with<T>(&mut self, key: &'static str, read: Read<T>, cx: &mut Decoder) -> Option<T> {
        let entry = self.entry(key)?;
        let value = cx.under(Some(entry.key.span), |cx| read(&entry.value, cx));
        self.failed |= value.is_none();
        value
    }

    /// The value of a key, or the type's default.
    pub fn or_default<T: Decode + Default>(&mut self, key: &'static str, cx: &mut Decoder) -> T {
        self.optional(key, cx).unwrap_or_default()
    }

    /// The value of a key that may be absent, or of one that is written wrong and is none of `all`: what stands there counts, and the key
    /// is reported.
    pub fn or_misspelt<T: Decode + Default>(&mut self, key: &'static str, all: &[&str], cx: &mut Decoder) -> T {
        let is_meant =
            |entry: &&Entry| !all.contains(&entry.key.text.as_str()) && nearest(&entry.key.text, all) == Some(key);
        match self.mapping.entries.iter().find(is_meant) {
            Some(entry) if self.mapping.get(key).is_none() => {
                self.known.push(key);
                cx.under(Some(entry.key.span), |cx| T::decode(&entry.value, cx)).unwrap_or_default()
            }
            _ => self.or_default(key, cx),
        }
    }

    /// The value of a key that must be there.
    pub fn required<T: Decode>(&mut self, key: &'static str, cx: &mut Decoder) -> Option<T> {
        self.required_with(key, T::decode, cx)
    }

    /// The value of a key that must be there, read by a function.
    pub fn required_with<T>(&mut self, key: &'static str, read: Read<T>, cx: &mut Decoder) -> Option<T> {
        if self.mapping.get(key).is_none() {
            self.known.push(key);
            self.failed = true;
            self.missing.push((key, cx.diagnostics.len()));
            self.missing(key, cx);
            return None;
        }
        self.optional_with(key, read, cx)
    }

    /// Reports that a key is missing.
    pub fn missing(&self, key: &str, cx: &mut Decoder) {
        cx.report(
            Diagnostic::new(Code::EVC0104, self.place, format!("{} needs the key `{key}`", self.what))
                .label(format!("`{key}` is missing here")),
        );
    }

    /// Whether the map has no key at all.
    pub fn is_empty(&self) -> bool {
        self.mapping.entries.is_empty()
    }

    /// The keys present that were asked for among `keys`.
    pub fn present(&self, keys: &[&'static str]) -> Vec<&'n Key> {
        self.mapping.entries.iter().map(|entry| &entry.key).filter(|key| keys.contains(&key.text.as_str())).collect()
    }

    /// Where to say that something is missing in the map: the key that it is the value of, or its own first key.
    pub fn place(&self) -> Span {
        self.place
    }

    /// Where the whole map stands.
    pub fn span(&self) -> Span {
        self.span
    }

    /// Where a further key can be written.
    pub fn room(&self) -> Option<Room> {
        self.mapping.room.as_deref().copied()
    }

    /// Reports every key that nobody asked for. Returns whether all that was asked for could be read.
    pub fn finish(&self, cx: &mut Decoder) -> bool {
        let keys = self.mapping.entries.iter().map(|entry| &entry.key);
        let unknown: Vec<&Key> = keys.filter(|key| !self.known.contains(&key.text.as_str())).collect();
        self.take_back_missing(&unknown, cx);
        for key in unknown {
            if let Some((above, is_first)) = self.empty_above(key) {
                // What is wrong with the nothing in it is this.
                let nothing = above.value.span;
                cx.diagnostics.retain(|known| known.primary.span != nothing);
                if is_first {
                    let message = format!("{} has no key `{}`", self.what, key.text);
                    let help = format!("indent it deeper to be in `{}`, which has nothing in it", above.key.text);
                    let diagnostic = Diagnostic::new(Code::EVC0102, key.span, message).help(help);
                    cx.report(diagnostic.secondary(above.key.span, "nothing is in this"));
                }
                continue;
            }
            let diagnostic =
                Diagnostic::new(Code::EVC0102, key.span, format!("{} has no key `{}`", self.what, key.text));
            if let Some((note, help)) = elsewhere(self.what, &key.text) {
                cx.report(diagnostic.note(note).help(help));
                continue;
            }
            let mut diagnostic = diagnostic.suggest(&key.text, self.known.iter().copied());
            // Two keys cannot become one.
            diagnostic.fixes.retain(|fix| {
                let becomes = |other: &Key, edit: &Edit| {
                    other.text == edit.text
                        || (other.span != key.span
                            && nearest(&other.text, &[&edit.text]).is_some()
                            && !self.known.contains(&other.text.as_str()))
                };
                let keys = || self.mapping.entries.iter().map(|entry| &entry.key);
                fix.edits.iter().all(|edit| !keys().any(|other| becomes(other, edit)))
            });
            if diagnostic.help.is_empty() {
                diagnostic = diagnostic.help(format!("known keys are {}", list(&self.known)));
            }
            cx.report(diagnostic);
        }
        !self.failed
    }

    /// The known key with nothing in it that an unknown one comes after, with at most unknown ones between them, and whether there are none.
    fn empty_above(&self, key: &Key) -> Option<(&'n Entry, bool)> {
        if nearest(&key.text, &self.known).is_some() {
            return None;
        }
        let at = self.mapping.entries.iter().position(|entry| entry.key.span == key.span)?;
        let above = self.mapping.entries[..at].iter().rev();
        let mut between = 0;
        let known = above.inspect(|_| between += 1).find(|entry| self.known.contains(&entry.key.text.as_str()))?;
        matches!(known.value.kind, NodeKind::Null).then_some((known, between == 1))
    }

    /// One mistake is one report: a key that is written wrong is not missing as well, nor are those of something else that none of the
    /// keys belongs to.
    fn take_back_missing(&self, unknown: &[&Key], cx: &mut Decoder) {
        let none_known = !unknown.is_empty() && unknown.len() == self.mapping.entries.len();
        for (missing, report) in self.missing.iter().rev() {
            if none_known || unknown.iter().any(|key| nearest(&key.text, &[missing]).is_some()) {
                cx.diagnostics.remove(*report);
            }
        }
    }
}

/// A thing that a section declares by name.
pub trait Item: Decode {
    /// What one of them is called in messages, with its article: "a table".
    const WHAT: &'static str;
    /// How its names are written.
    const CASE: Case = Case::Kebab;
    /// The fewest characters of its name, where AWS has the name as it is and takes no shorter one.
    const MIN_NAME: usize = 1;
}

/// A section: a map from names to things, in the order written.
#[derive(Debug, Clone)]
pub struct Section<T> {
    /// The things that could be read.
    pub items: IndexMap<String, Declared<T>>,
    /// Names whose thing could not be read. A reference to one is not an error: that has been reported already.
    pub broken: Vec<String>,
}

/// A thing and the places of its declaration.
#[derive(Debug, Clone)]
pub struct Declared<T> {
    /// The place of its name.
    pub name_span: Span,
    /// The place of its body.
    pub span: Span,
    /// The thing.
    pub value: T,
}

impl<T> std::ops::Deref for Declared<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Default for Section<T> {
    fn default() -> Self {
        Self { items: IndexMap::new(), broken: Vec::new() }
    }
}

impl<T> Section<T> {
    /// The thing of this name, if it could be read.
    pub fn get(&self, name: &str) -> Option<&Declared<T>> {
        self.items.get(name)
    }

    /// Whether this name is declared, readable or not.
    pub fn declares(&self, name: &str) -> bool {
        self.items.contains_key(name) || self.broken.iter().any(|broken| broken == name)
    }

    /// Things with their names, in the order written.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Declared<T>)> {
        self.items.iter().map(|(name, item)| (name.as_str(), item))
    }

    /// The names of all things that could be read.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.items.keys().map(String::as_str)
    }

    /// Whether nothing was declared.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

impl<T: Item> Decode for Section<T> {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut section = Self::default();
        match &node.kind {
            NodeKind::Null => return Some(section),
            NodeKind::Mapping(mapping) => {
                for (at, Entry { key, value }) in mapping.entries.iter().enumerate() {
                    let reported = cx.diagnostics.len();
                    let named = check_name(key, T::CASE, T::WHAT, cx)
                        && long_enough::<T>(key, cx)
                        && (T::CASE != Case::RustType || check_type_name(key, T::WHAT, cx));
                    match cx.under(Some(key.span), |cx| T::decode(value, cx)) {
                        Some(item) if named => {
                            let item = Declared { name_span: key.span, span: value.span, value: item };
                            section.items.insert(key.text.clone(), item);
                        }
                        _ => section.broken.push(key.text.clone()),
                    }
                    let above = at.checked_sub(1).and_then(|above| mapping.entries.get(above));
                    if let (Some(Entry { key: above, value: Node { kind: NodeKind::Null, .. } }), Some(found)) =
                        (above, cx.diagnostics.get_mut(reported))
                        && found.code == Code::EVC0103
                        && found.primary.span == value.span
                    {
                        found.help.push(format!("indent `{}` deeper if it belongs to `{}`", key.text, above.text));
                    }
                }
            }
            _ => {
                cx.mismatch(node, &format!("a map from names to {}", plural(T::WHAT)));
                return None;
            }
        }
        Some(section)
    }
}

/// "a table" to "tables".
fn plural(what: &str) -> String {
    let noun = what.split_once(' ').map_or(what, |(_, noun)| noun);
    match noun.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if noun.ends_with('s') || noun.ends_with('x') => format!("{noun}es"),
        None => format!("{noun}s"),
    }
}

impl<T: Decode> Decode for Spanned<T> {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        Some(Self::new(T::decode(node, cx)?, node.span))
    }
}

impl<T: Decode> Decode for Box<T> {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        T::decode(node, cx).map(Box::new)
    }
}

impl Decode for String {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        cx.scalar(node, "text").map(|scalar| scalar.text.clone())
    }
}

impl Decode for bool {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let value = cx.scalar(node, "`true` or `false`")?.as_bool();
        if value.is_none() {
            cx.mismatch(node, "`true` or `false`");
        }
        value
    }
}

impl Decode for u64 {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let value = cx.scalar(node, "a whole number")?.as_integer().and_then(|value| Self::try_from(value).ok());
        if value.is_none() {
            cx.mismatch(node, "a whole number, zero or more");
        }
        value
    }
}

impl Decode for f64 {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let value = cx.scalar(node, "a number")?.as_number();
        if value.is_none() {
            cx.mismatch(node, "a number");
        }
        value
    }
}

/// A list; one value alone is a list of one.
impl<T: Decode> Decode for Vec<T> {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        match &node.kind {
            NodeKind::Sequence(items) => {
                let values: Vec<Option<T>> =
                    items.iter().map(|item| cx.under(None, |cx| T::decode(item, cx))).collect();
                values.into_iter().collect()
            }
            NodeKind::Scalar(_) | NodeKind::Mapping(_) => {
                let before = cx.diagnostics.len();
                let value = T::decode(node, cx);
                let found = cx.diagnostics.get(before).map(|found| (found.code, found.primary.span));
                // A map of what is no map is meant as several of them.
                if matches!(node.kind, NodeKind::Mapping(_)) && found == Some((Code::EVC0103, node.span)) {
                    cx.diagnostics.truncate(before);
                    cx.mismatch(node, "a list");
                }
                value.map(|value| vec![value])
            }
            NodeKind::Null | NodeKind::Error => {
                cx.mismatch(node, "a list");
                None
            }
        }
    }
}

/// A map with keys that are free text.
impl<T: Decode> Decode for IndexMap<Spanned<String>, T> {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        match &node.kind {
            NodeKind::Null => Some(Self::new()),
            NodeKind::Mapping(mapping) => {
                let mut map = Self::new();
                let mut whole = true;
                for Entry { key, value } in &mapping.entries {
                    match cx.under(Some(key.span), |cx| T::decode(value, cx)) {
                        Some(value) => {
                            map.insert(Spanned::new(key.text.clone(), key.span), value);
                        }
                        None => whole = false,
                    }
                }
                whole.then_some(map)
            }
            _ => {
                cx.mismatch(node, "a map from names to values");
                None
            }
        }
    }
}
