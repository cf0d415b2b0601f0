//! Source files, byte spans and line positions: what every later stage points at.
//!
//! Reading files goes through [`World`], so that compiling is a function from text to artifacts and tests need no disk.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Identifies a file of one [`SourceMap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct FileId(u32);

/// A range of bytes in one file. Ordered by file, then by start. The default is the start of the first file: the place of
/// what the spec does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Span {
    /// The file the bytes are in.
    pub file: FileId,
    /// First byte, counted from the start of the file.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// A span over `range` of `file`. Offsets beyond 4 GiB saturate; inputs are bounded far below that.
    pub fn new(file: FileId, range: Range<usize>) -> Self {
        let clamp = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { file, start: clamp(range.start), end: clamp(range.end) }
    }

    /// The bytes as a range for slicing the file's text.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The part of this span that starts `offset` bytes in and is `len` bytes long, cut off at this span's end.
    #[must_use]
    pub fn slice(self, offset: usize, len: usize) -> Self {
        let start = self.range().start.saturating_add(offset).min(self.range().end);
        let end = start.saturating_add(len).min(self.range().end);
        Self::new(self.file, start..end)
    }

    /// The smallest span that covers both. Both must be in one file; otherwise `self` is returned.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        if self.file == other.file {
            Self { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
        } else {
            self
        }
    }

    /// The empty span at the end of this one.
    #[must_use]
    pub fn end_point(self) -> Self {
        Self { start: self.end, ..self }
    }
}

/// A value and the text it was read from.
#[derive(Debug, Clone, Copy)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands in the source.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// Pairs a value with its place.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }

    /// Applies `f` to the value and keeps the place.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { value: f(self.value), span: self.span }
    }

    /// A spanned reference to the value.
    pub fn as_ref(&self) -> Spanned<&T> {
        Spanned { value: &self.value, span: self.span }
    }
}

impl<T> std::ops::Deref for Spanned<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

/// Equality is that of the values: where a name is written does not change what it names.
impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}
impl<T: Eq> Eq for Spanned<T> {}

impl<T: std::hash::Hash> std::hash::Hash for Spanned<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}

/// Lets a map with spanned keys be asked by the bare name.
impl indexmap::Equivalent<Spanned<String>> for str {
    fn equivalent(&self, key: &Spanned<String>) -> bool {
        self == key.value
    }
}

/// In a JSON Schema, a value is what it is wherever it stands.
impl<T: schemars::JsonSchema> schemars::JsonSchema for Spanned<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }
    fn schema_id() -> std::borrow::Cow<'static, str> {
        T::schema_id()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        T::json_schema(generator)
    }
}

/// A line and a column as people count them, from 1. Columns count Unicode scalar values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// One file: its name as the user gave it, its text, and where its lines start.
#[derive(Debug)]
pub struct SourceFile {
    /// The path as given or as an import resolved it; shown in diagnostics.
    pub path: PathBuf,
    /// The whole text.
    pub text: String,
    line_starts: Vec<usize>,
}

impl SourceFile {
    fn new(path: PathBuf, text: String) -> Self {
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { path, text, line_starts }
    }

    /// The position of a byte offset; offsets past the end give the end.
    pub fn position(&self, offset: usize) -> Position {
        let offset = offset.min(self.text.len());
        let line = self.line_starts.partition_point(|&start| start <= offset) - 1;
        let before = self.text.get(self.line_starts[line]..offset).unwrap_or("");
        // Editors do not show a byte-order mark, and do not count it.
        let column = before.strip_prefix('\u{feff}').unwrap_or(before).chars().count();
        Position { line: line + 1, column: column + 1 }
    }
}

/// All files of one compilation.
#[derive(Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    /// Adds a file and returns its id.
    pub fn add(&mut self, path: impl Into<PathBuf>, text: impl Into<String>) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(SourceFile::new(path.into(), text.into()));
        id
    }

    /// The file with this id, which must come from this map.
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// The text a span covers.
    pub fn text(&self, span: Span) -> &str {
        self.file(span.file).text.get(span.range()).unwrap_or("")
    }

    /// Where a span starts, as a line and a column.
    pub fn position(&self, span: Span) -> Position {
        self.file(span.file).position(span.range().start)
    }

    /// All files with their ids, in the order they were added.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.iter().enumerate().map(|(at, file)| (FileId(u32::try_from(at).unwrap_or(u32::MAX)), file))
    }
}

/// The outside as the compiler sees it: a way to read a spec and what it imports.
pub trait World {
    /// Reads a file whole. Fails like [`std::fs::read`], and with [`io::ErrorKind::FileTooLarge`] past [`MAX_SOURCE_BYTES`].
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Where a file or folder really is, past symbolic links. A world without links has everything where its path says. Fails like
    /// [`std::fs::canonicalize`].
    fn real(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(path.to_owned())
    }
}

/// The most bytes a spec file may have. A spec near the largest deployable template is a few hundred kilobytes
/// (CloudFormation takes at most 1 MB); ten times that is surely a mistake.
pub const MAX_SOURCE_BYTES: u64 = 10 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let mut map = SourceMap::default();
        let id = map.add("a.yaml", "é: 1\nbc: 2");
        assert_eq!(map.file(id).position(0), Position { line: 1, column: 1 });
        assert_eq!(map.file(id).position(2), Position { line: 1, column: 2 });
        assert_eq!(map.file(id).position(6), Position { line: 2, column: 1 });
        assert_eq!(map.file(id).position(999), Position { line: 2, column: 6 });
    }
}
