//! The sources as tests look at them: their code, their imports, their modules.

#![allow(dead_code, reason = "each test binary uses a part")]

use std::fs;
use std::path::{Path, PathBuf};

use quote::ToTokens as _;

/// A source file, without its tests.
#[derive(Default)]
pub(crate) struct Source {
    /// The path below `src/`, with `/` between parts.
    pub(crate) path: String,
    /// The whole text.
    pub(crate) text: String,
    /// The code without comments and tests, as tokens: `a::b(c)` however it is written.
    pub(crate) code: String,
    /// Every path that is imported, without braces: `use crate::{emit, model::Id}` is two.
    pub(crate) imports: Vec<String>,
    /// Those of them that are said as if they stood here: `pub use`.
    pub(crate) exports: Vec<String>,
    /// The modules that it declares, in files of their own.
    pub(crate) modules: Vec<String>,
}

impl Source {
    /// Reads a file.
    pub(crate) fn read(path: String, text: String) -> Self {
        let is_doc = |line: &&str| ["///", "//!"].iter().any(|start| line.trim_start().starts_with(start));
        let undocumented: Vec<&str> = text.lines().filter(|line| !is_doc(line)).collect();
        let file = syn::parse_file(&undocumented.join("\n")).unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut source = Self { path, text, ..Self::default() };
        source.take(file.items);
        for (spaced, close) in [(" :: ", "::"), (":: ", "::"), (" (", "("), (" !", "!"), (" .", ".")] {
            source.code = source.code.replace(spaced, close);
        }
        source
    }

    /// Takes items as tokens, less those that are for tests, and gathers what is imported.
    fn take(&mut self, items: Vec<syn::Item>) {
        for item in items {
            match item {
                syn::Item::Mod(module) if is_test(&module.attrs) => {}
                syn::Item::Mod(syn::ItemMod { content: Some((_, items)), .. }) => self.take(items),
                syn::Item::Mod(module) => self.modules.push(module.ident.to_string()),
                syn::Item::Use(used) if is_test(&used.attrs) => {}
                syn::Item::Use(used) => {
                    let start = self.imports.len();
                    flatten(&used.tree, "", &mut self.imports);
                    if !matches!(used.vis, syn::Visibility::Inherited) {
                        self.exports.extend_from_slice(&self.imports[start..]);
                    }
                }
                syn::Item::Fn(function) if is_test(&function.attrs) => {}
                syn::Item::Impl(block) if is_test(&block.attrs) => {}
                other => {
                    self.code.push_str(&other.to_token_stream().to_string());
                    self.code.push('\n');
                }
            }
        }
    }

    /// What follows each `start::`, in imports and in the code.
    pub(crate) fn paths<'s>(&'s self, start: &'s str) -> impl Iterator<Item = &'s str> {
        let imports = self.imports.iter().filter_map(move |path| path.strip_prefix(start)?.strip_prefix("::"));
        let at = move |at: usize| self.code[at + start.len()..].strip_prefix("::");
        let code = self.code.match_indices(start).filter(|(at, _)| is_start(&self.code, *at));
        imports.chain(code.filter_map(move |(index, _)| at(index)))
    }

    /// Whether a path, or a macro of the name, is used.
    pub(crate) fn uses(&self, name: &str) -> bool {
        let called = format!("{name}!");
        self.paths(name).next().is_some()
            || self.imports.iter().any(|path| path == name)
            || self.code.match_indices(&called).any(|(at, _)| is_start(&self.code, at))
    }
}

/// Whether a word starts here.
pub(crate) fn is_start(code: &str, at: usize) -> bool {
    !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// Whether something is there for tests alone.
fn is_test(attributes: &[syn::Attribute]) -> bool {
    let text = |attribute: &syn::Attribute| attribute.to_token_stream().to_string();
    attributes.iter().map(text).any(|text| text == "# [cfg (test)]" || text == "# [test]")
}

/// The paths of an import.
fn flatten(tree: &syn::UseTree, above: &str, imports: &mut Vec<String>) {
    let joined = |name: &str| if above.is_empty() { name.to_owned() } else { format!("{above}::{name}") };
    match tree {
        syn::UseTree::Path(path) => flatten(&path.tree, &joined(&path.ident.to_string()), imports),
        syn::UseTree::Name(name) => imports.push(joined(&name.ident.to_string())),
        syn::UseTree::Rename(name) => imports.push(joined(&name.ident.to_string())),
        syn::UseTree::Glob(_) => imports.push(joined("*")),
        syn::UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, above, imports)),
    }
}

/// The sources in a folder, as the compiler's manifest would name it.
pub(crate) fn sources_in(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut sources = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder") {
            let path: PathBuf = entry.expect("a readable folder").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a readable source");
                let path = path.strip_prefix(&root).expect("a path below src").to_string_lossy().replace('\\', "/");
                if !path.contains("/tests/") && !path.ends_with("/tests.rs") {
                    sources.push(Source::read(path, text));
                }
            }
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

/// Fails with what was found, if anything was.
pub(crate) fn none(problems: &[String]) {
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
