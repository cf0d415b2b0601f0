//! The user's crate: whether its manifest and its modules fit the spec. What the Rust compiler says better is left to it.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::manifest::{Manifest, Origin};
use super::modules::{self, Root};
use super::paths::{absolute, normal};
use evc_compiler::diagnostics::{Code, Diagnostic};
use evc_compiler::emit::{Project, rust};
use evc_compiler::model::{Function, Model};
use evc_compiler::source::{FileId, SourceMap, Span, World};

/// Where things stand.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    /// The way to files.
    pub(super) world: &'a dyn World,
    /// The user's crate, as the user would write it.
    pub(super) folder: &'a Path,
    /// The stack, absolute.
    pub(super) stack: &'a Path,
    /// The runtime that the stack is built with, absolute.
    pub(super) runtime: &'a Path,
}

/// What there is of the user's crate.
#[derive(Default)]
pub(super) struct Looked {
    /// The files of the scaffold that are there already, or that nobody would see.
    pub(super) present: BTreeSet<String>,
    /// The crate's root with the modules that it lacks, where evc adds them.
    pub(super) root: Option<Root>,
}

/// Looks at the user's crate. Completes `project`, and reports what does not fit.
pub(super) fn look(
    around: Around<'_>,
    model: &Model,
    project: &mut Project,
    sources: &mut SourceMap,
    diagnostics: &mut Vec<Diagnostic>,
) -> Looked {
    let mut looked = Looked::default();
    let mut root = PathBuf::from("src/lib.rs");
    if let Some(file) = read(around, Path::new("Cargo.toml"), sources) {
        looked.present.insert("Cargo.toml".to_owned());
        match Manifest::read(&sources.file(file).text) {
            Ok(manifest) => {
                if let Some(path) = manifest.lib.as_ref().and_then(|lib| lib.path.as_ref()) {
                    root = normal(Path::new(path));
                }
                check_manifest(around, &manifest, file, project, diagnostics);
            }
            Err((message, span)) => {
                let message = format!("the manifest of the business logic cannot be read: {}", message.trim());
                diagnostics.push(Diagnostic::new(Code::EVC0803, Span::new(file, span), message));
            }
        }
    }
    if let Some(file) = read(around, &root, sources) {
        // A crate with its root elsewhere needs no `src/lib.rs`.
        looked.present.insert("src/lib.rs".to_owned());
        check_modules(around, model, file, &root, sources, &mut looked, diagnostics);
    }
    looked
}

/// Reads a file of the crate into `sources`, if it is there.
fn read(around: Around<'_>, path: &Path, sources: &mut SourceMap) -> Option<FileId> {
    let path = around.folder.join(path);
    let text = String::from_utf8(around.world.read(&path).ok()?).ok()?;
    Some(sources.add(path, text))
}

fn check_manifest(
    around: Around<'_>,
    manifest: &Manifest,
    file: FileId,
    project: &mut Project,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let span = |range: Range<usize>| Span::new(file, range);
    let Some(package) = &manifest.package else {
        let message = "the manifest of the business logic has no `[package]`";
        diagnostics.push(
            Diagnostic::new(Code::EVC0803, span(0..0), message).help("it is a library crate with a module a function"),
        );
        return;
    };
    project.logic_crate.clone_from(package.name.get_ref());
    let library = manifest.lib.as_ref().and_then(|lib| lib.name.clone());
    project.logic_lib = library.unwrap_or_else(|| rust::crate_ident(&project.logic_crate));
    if let Some(workspace) = &package.workspace {
        let leads = absolute(&around.folder.join(workspace.get_ref()));
        if leads != around.stack {
            let message = format!("the crate belongs to the workspace `{}`, not to this stack", workspace.get_ref());
            diagnostics.push(
                Diagnostic::new(Code::EVC0805, span(workspace.span()), message)
                    .note("Cargo builds a crate only as a member of the workspace that it names")
                    .help(format!("for this stack it is `workspace = \"{}\"`", project.stack_path)),
            );
        }
    }
    let Some((origin, range)) = manifest.dependency("evc-runtime") else { return };
    if let Some(problem) = mismatch(&origin, around) {
        diagnostics.push(
            Diagnostic::new(Code::EVC0804, span(range), problem)
                .note("two copies of the runtime have two types of everything: no handler would compile")
                .help("take the one that the generated workspace names: `evc-runtime.workspace = true`"),
        );
    }
}

/// Why this origin of the runtime is another than that of the generated workspace, if it is.
fn mismatch(origin: &Origin<'_>, around: Around<'_>) -> Option<String> {
    match origin {
        Origin::Workspace | Origin::Other => None,
        Origin::Path(path) if absolute(&around.folder.join(path)) == around.runtime => None,
        Origin::Path(path) => Some(format!("the runtime at `{path}` is not the one that the stack is built with")),
        Origin::Version(asked) => {
            Some(format!("the runtime `{asked}` of a registry is not the one that the stack is built with"))
        }
    }
}

/// Looks for a module of each function. Where the root is as evc wrote it, the lines that it lacks are added; elsewhere they are
/// reported, as are modules without the function.
fn check_modules(
    around: Around<'_>,
    model: &Model,
    root: FileId,
    root_path: &Path,
    sources: &SourceMap,
    looked: &mut Looked,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let text = &sources.file(root).text;
    let path = sources.file(root).path.display();
    let Looked { present, root: completed } = looked;
    // A root elsewhere was put there by people.
    let is_scaffold = root_path == Path::new("src/lib.rs") && modules::is_scaffold(text);
    let mut lacking = Vec::new();
    let Ok(parsed) = syn::parse_file(text) else {
        // Half-written code is the Rust compiler's to report; nothing is known about modules.
        present.extend(model.functions.values().map(|function| format!("src/{}.rs", rust::module(function))));
        return;
    };
    let folder = root_path.parent().unwrap_or(Path::new(""));
    for function in model.functions.values() {
        let module = rust::module(function);
        let skeleton = format!("src/{module}.rs");
        let declared = match declaration(&parsed, &module) {
            Declaration::None if is_scaffold => {
                lacking.push(module.clone());
                Declaration::File
            }
            declared => declared,
        };
        match declared {
            Declaration::None => {
                // Without the line nobody would see the skeleton.
                present.insert(skeleton);
                diagnostics.push(missing_module(function, &module, &path.to_string(), end_of_modules(root, text)));
            }
            Declaration::Elsewhere => drop(present.insert(skeleton)),
            Declaration::File => {
                let files = [folder.join(format!("{module}.rs")), folder.join(&module).join("mod.rs")];
                let found =
                    files.iter().find_map(|file| Some((file, around.world.read(&around.folder.join(file)).ok()?)));
                let Some((file, text)) = found else { continue };
                present.insert(skeleton);
                if !names(&String::from_utf8_lossy(&text), &module) {
                    let file = around.folder.join(file);
                    let span = function.head.name_span;
                    let message = format!("`{}` has no function `{module}`", file.display());
                    diagnostics
                        .push(Diagnostic::new(Code::EVC0802, span, message).label("declared here").help(format!(
                        "its signature is in the documentation of its context, in `contract/src/functions/{module}.rs`"
                    )));
                }
            }
        }
    }
    if !lacking.is_empty() {
        let text = modules::with(text, &lacking);
        *completed = Some(Root { path: around.folder.join(root_path), text, added: lacking });
    }
}

fn missing_module(function: &Function, module: &str, root: &str, end: Span) -> Diagnostic {
    let message = format!("`{root}` has no module for function `{}`", function.head.name);
    Diagnostic::new(Code::EVC0801, function.head.name_span, message)
        .label("declared here")
        .secondary(end, format!("expected `pub mod {module};`"))
        .help(format!("add `pub mod {module};` to `{root}`; the next build writes its skeleton"))
}

/// How the crate's root has a module.
enum Declaration {
    /// Not at all.
    None,
    /// `pub mod name;`: in a file of its own.
    File,
    /// In place, re-exported, or in some way that only the Rust compiler knows.
    Elsewhere,
}

fn declaration(root: &syn::File, module: &str) -> Declaration {
    let mut unknown = false;
    for item in &root.items {
        match item {
            syn::Item::Mod(item) if item.ident == module => {
                let elsewhere =
                    item.content.is_some() || item.attrs.iter().any(|attribute| attribute.path().is_ident("path"));
                return if elsewhere { Declaration::Elsewhere } else { Declaration::File };
            }
            syn::Item::Macro(_) | syn::Item::Use(_) => unknown |= item_mentions(item, module),
            _ => {}
        }
    }
    if unknown { Declaration::Elsewhere } else { Declaration::None }
}

/// Whether a macro or a `use` may bring a module: it names it, or takes all there is.
fn item_mentions(item: &syn::Item, module: &str) -> bool {
    match item {
        syn::Item::Macro(item) => names(&item.mac.tokens.to_string(), module),
        syn::Item::Use(item) => brings(&item.tree, module),
        _ => false,
    }
}

fn brings(tree: &syn::UseTree, module: &str) -> bool {
    match tree {
        syn::UseTree::Path(path) => brings(&path.tree, module),
        syn::UseTree::Name(name) => name.ident == module,
        syn::UseTree::Rename(rename) => rename.rename == module,
        syn::UseTree::Glob(_) => true,
        syn::UseTree::Group(group) => group.items.iter().any(|tree| brings(tree, module)),
    }
}

/// Whether a text has this word.
fn names(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back().is_some_and(part);
        !before && !text[at + word.len()..].chars().next().is_some_and(part)
    })
}

/// The end of the last `mod` line of the crate's root, or its end.
fn end_of_modules(file: FileId, text: &str) -> Span {
    let mut end = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        if (trimmed.starts_with("pub mod ") || trimmed.starts_with("mod ")) && trimmed.ends_with(';') {
            end = Some((at, at + line.trim_end().len()));
        }
        at += line.len();
    }
    let (start, end) = end.unwrap_or((text.len(), text.len()));
    Span::new(file, start..end)
}
