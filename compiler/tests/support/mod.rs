//! What the tests that are Markdown documents share: finding blocks in Markdown, and checking a spec.

#![allow(dead_code, reason = "each test binary uses a part")]

use std::path::{Path, PathBuf};

use evc::diagnostics::{Code, Diagnostic};
use evc::source::SourceMap;

/// A fenced block of a Markdown document.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// The first word after the fence: `yaml`.
    pub(crate) language: String,
    /// The words after it: `file=./payments.yaml`.
    pub(crate) attributes: Vec<String>,
    /// What is between the fences, with line ends.
    pub(crate) text: String,
    /// The line of the document that the text starts on, from 0.
    pub(crate) line: usize,
    /// The heading it stands under.
    pub(crate) heading: String,
}

impl Block {
    /// The path of a further file, if it is one: `file=./payments.yaml`.
    pub(crate) fn file(&self) -> Option<&str> {
        self.attributes.iter().find_map(|attribute| attribute.strip_prefix("file="))
    }
}

/// All fenced blocks, in order.
pub(crate) fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut heading = String::new();
    let mut open: Option<Block> = None;
    for (at, line) in markdown.split_inclusive('\n').enumerate() {
        let fence = line.trim_end().strip_prefix("```");
        match (&mut open, fence) {
            (Some(_), Some("")) => blocks.extend(open.take()),
            (Some(block), _) => block.text.push_str(line),
            (None, Some(info)) => {
                let mut words = info.split_whitespace().map(str::to_owned);
                open = Some(Block {
                    language: words.next().unwrap_or_default(),
                    attributes: words.collect(),
                    text: String::new(),
                    line: at + 1,
                    heading: heading.clone(),
                });
            }
            (None, None) if line.starts_with('#') => heading = line.trim_start_matches('#').trim().to_owned(),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

/// Checks a spec and the files it imports: pairs of path and text, the spec first.
pub(crate) fn check(files: &[(String, String)]) -> (SourceMap, Vec<Diagnostic>) {
    // Until the front end is one function, what can be checked is the text of each file.
    let mut sources = SourceMap::default();
    let mut diagnostics = Vec::new();
    for (path, text) in files {
        let (file, found) = evc::yaml::decode_bytes(&mut sources, path, text.clone().into_bytes());
        diagnostics.extend(found);
        diagnostics.extend(evc::yaml::parse(&sources, file).1);
    }
    (sources, diagnostics)
}

/// Whether [`check`] can raise this code.
pub(crate) fn is_checked(code: Code) -> bool {
    code < Code::EVC0101
}

/// All Markdown files under a folder, sorted.
pub(crate) fn documents(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            found.extend(documents(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    found.sort();
    found
}
