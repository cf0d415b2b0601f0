//! The files of a stack, before anything is written.

use indexmap::IndexMap;

/// Files by path, relative to the stack's directory, with `/` between parts.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Files {
    files: IndexMap<String, Content>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Content {
    text: String,
    once: bool,
}

/// A file of a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File<'f> {
    /// Its path, relative to the stack's directory.
    pub path: &'f str,
    /// Its text.
    pub text: &'f str,
    /// Whether it is written only where there is none yet, because people change it.
    pub once: bool,
}

impl Files {
    /// Adds a file. Paths are made of names that the spec's decoding has checked, and never leave the directory.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<String>) {
        self.files.insert(path.into(), Content { text: text.into(), once: false });
    }

    /// Adds a file that is written only where there is none yet.
    pub fn add_once(&mut self, path: impl Into<String>, text: impl Into<String>) {
        self.files.insert(path.into(), Content { text: text.into(), once: true });
    }

    /// Adds files after those there are.
    pub(super) fn append(&mut self, more: Self) {
        self.files.extend(more.files);
    }

    /// Every file, in the order added.
    pub fn iter(&self) -> impl Iterator<Item = File<'_>> {
        self.files.iter().map(|(path, content)| File { path, text: &content.text, once: content.once })
    }

    /// The text of a file.
    pub fn get(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(|content| content.text.as_str())
    }
}
