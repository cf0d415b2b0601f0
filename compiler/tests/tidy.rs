//! The invariants of docs/architecture.md that can be seen in the sources.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use quote::ToTokens as _;

/// The layers in the order in which data passes them; none imports a later one.
const LAYERS: [&str; 15] = [
    "source",
    "diagnostics",
    "yaml",
    "types",
    "pattern",
    "expr",
    "spec",
    "model",
    "check",
    "lower",
    "compare",
    "emit",
    "report",
    "session",
    "cli",
];

/// Crates that one place hides: the crate as it is imported, and where it may be.
const HIDDEN: [(&str, &[&str]); 8] = [
    ("granit_parser", &["yaml/"]),
    ("miette", &["report/terminal.rs"]),
    ("clap", &["cli/"]),
    ("anstream", &["cli/"]),
    ("syn", &["cli/"]),
    ("minijinja", &["emit/"]),
    // Generated code uses it too, and stands as text in emit/ and types/. Limits that both know are constants of the runtime.
    ("evc_runtime", &["cli/workflow/", "emit/rust/", "types/", "model/claim.rs", "expr/bounds.rs"]),
    ("tokio", &["cli/workflow/"]),
];

/// What only the command line may touch.
const WORLD: [&str; 5] = ["std::fs", "std::process", "std::env", "SystemTime", "Instant::now"];

/// The longest source file. A file holds one idea; one that needs more has two.
const MOST_LINES: usize = 500;

struct Source {
    /// The path below `src/`, with `/` between parts.
    path: String,
    /// The whole text.
    text: String,
    /// The code without comments and tests, as tokens: `a::b(c)` however it is written.
    code: String,
    /// Every path that is imported, without braces: `use crate::{emit, model::Id}` is two.
    imports: Vec<String>,
}

impl Source {
    fn read(path: String, text: String) -> Self {
        let is_doc = |line: &&str| ["///", "//!"].iter().any(|start| line.trim_start().starts_with(start));
        let undocumented: Vec<&str> = text.lines().filter(|line| !is_doc(line)).collect();
        let file = syn::parse_file(&undocumented.join("\n")).unwrap_or_else(|error| panic!("{path}: {error}"));
        let (mut code, mut imports) = (String::new(), Vec::new());
        without_tests(file.items, &mut code, &mut imports);
        for (spaced, close) in [(" :: ", "::"), (":: ", "::"), (" (", "("), (" !", "!"), (" .", ".")] {
            code = code.replace(spaced, close);
        }
        Self { path, text, code, imports }
    }

    /// What follows each `start::`, in imports and in the code.
    fn paths<'s>(&'s self, start: &'s str) -> impl Iterator<Item = &'s str> {
        let imports = self.imports.iter().filter_map(move |path| path.strip_prefix(start)?.strip_prefix("::"));
        let at = move |at: usize| self.code[at + start.len()..].strip_prefix("::");
        let code = self.code.match_indices(start).filter(|(at, _)| is_start(&self.code, *at));
        imports.chain(code.filter_map(move |(index, _)| at(index)))
    }

    /// Whether a path, or a macro of the name, is used.
    fn uses(&self, name: &str) -> bool {
        let called = format!("{name}!");
        self.paths(name).next().is_some()
            || self.imports.iter().any(|path| path == name)
            || self.code.match_indices(&called).any(|(at, _)| is_start(&self.code, at))
    }
}

/// Whether a word starts here.
fn is_start(code: &str, at: usize) -> bool {
    !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// Writes items as tokens, less those that are for tests, and gathers what is imported.
fn without_tests(items: Vec<syn::Item>, code: &mut String, imports: &mut Vec<String>) {
    for item in items {
        match item {
            syn::Item::Mod(module) if is_test(&module.attrs) => {}
            syn::Item::Mod(syn::ItemMod { content: Some((_, items)), .. }) => without_tests(items, code, imports),
            syn::Item::Use(used) if is_test(&used.attrs) => {}
            syn::Item::Use(used) => flatten(&used.tree, "", imports),
            syn::Item::Fn(function) if is_test(&function.attrs) => {}
            syn::Item::Impl(block) if is_test(&block.attrs) => {}
            other => {
                code.push_str(&other.to_token_stream().to_string());
                code.push('\n');
            }
        }
    }
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

/// The compiler's sources.
fn sources() -> Vec<Source> {
    sources_in("src")
}

/// The sources of all crates that people write.
fn all_sources() -> Vec<Source> {
    ["src", "../runtime/src", "../xtask/src"].into_iter().flat_map(sources_in).collect()
}

/// The sources in a folder, as the compiler's manifest would name it.
fn sources_in(folder: &str) -> Vec<Source> {
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

fn layer(path: &str) -> Option<usize> {
    let first = path.split('/').next()?.trim_end_matches(".rs");
    LAYERS.iter().position(|layer| *layer == first)
}

fn none(problems: &[String]) {
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn no_layer_imports_a_later_one() {
    let mut problems = Vec::new();
    for source in sources() {
        let Some(own) = layer(&source.path) else { continue };
        for path in source.paths("crate") {
            let named: String = path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if layer(&named).is_some_and(|other| other > own) {
                problems.push(format!("{}: {} is below {named}", source.path, LAYERS[own]));
            }
        }
    }
    none(&problems);
}

#[test]
fn only_one_place_knows_each_foreign_crate() {
    let mut problems = Vec::new();
    for source in sources() {
        for (name, places) in HIDDEN {
            let known = places.iter().any(|place| source.path.starts_with(place));
            if !known && source.uses(name) {
                problems.push(format!("{} uses {name}, which belongs in {places:?}", source.path));
            }
        }
    }
    none(&problems);
}

#[test]
fn every_client_of_aws_is_made_where_its_calls_get_their_time() {
    let mut problems = Vec::new();
    for source in sources_in("../runtime/src").iter().filter(|source| source.path != "aws.rs") {
        for maker in ["Client::new(", "Client::from_conf("] {
            let made = source.code.match_indices(maker).filter(|(at, _)| !source.code[..*at].ends_with("Table"));
            problems.extend(made.map(|_| format!("{} makes a client without `aws::client!`: {maker}..)", source.path)));
        }
    }
    none(&problems);
}

#[test]
fn only_the_command_line_touches_the_world() {
    let mut problems = Vec::new();
    for source in sources().iter().filter(|source| !source.path.starts_with("cli/") && source.path != "main.rs") {
        let imported = |word: &str| source.imports.iter().any(|path| path.starts_with(word));
        let used = WORLD.iter().filter(|word| imported(word) || source.code.contains(**word));
        problems.extend(used.map(|word| format!("{} uses {word}", source.path)));
    }
    none(&problems);
}

#[test]
fn tests_are_told_from_code_wherever_they_stand() {
    let text = "//! Why.\n#[cfg(test)]\nmod tests;\nuse crate::{emit, model::Id};\n/// std::fs\nfn f() { std::env::var (\"x\"); tokio :: spawn() }\n\
                #[cfg(test)]\nmod more { use std::fs; }\n";
    let source = Source::read("a.rs".to_owned(), text.to_owned());
    assert_eq!(source.imports, ["crate::emit", "crate::model::Id"]);
    assert_eq!(source.paths("crate").collect::<Vec<_>>(), ["emit", "model::Id"]);
    assert!(source.uses("tokio") && source.code.contains("std::env::var(") && !source.code.contains("std::fs"));
}

#[test]
fn every_file_says_what_it_is_for_and_stays_small() {
    let mut problems = Vec::new();
    for source in all_sources() {
        if !source.text.starts_with("//!") {
            problems.push(format!("{} does not start with what it is for (`//!`)", source.path));
        }
        let lines = source.text.lines().count();
        if lines > MOST_LINES {
            problems.push(format!("{} has {lines} lines, more than {MOST_LINES}", source.path));
        }
    }
    none(&problems);
}

#[test]
fn nothing_is_left_unfinished() {
    let words = ["todo!(", "unimplemented!(", "FIXME", "XXX", "TODO"];
    let mut problems = Vec::new();
    for source in all_sources() {
        problems.extend(
            words.iter().filter(|word| source.text.contains(**word)).map(|word| format!("{}: {word}", source.path)),
        );
    }
    none(&problems);
}

/// The rows of Markdown tables that tell of what an earlier row of the same table tells: two that are alike, or two of one name. Rows of
/// one name that is no code may follow each other: then the next column tells them apart.
fn repeated_rows(text: &str) -> Vec<String> {
    let (mut repeated, mut table) = (Vec::new(), Vec::<(&str, &str)>::new());
    for line in text.lines() {
        let line = line.trim().trim_start_matches("//!").trim_start_matches("///").trim();
        let Some(name) = line.strip_prefix('|').and_then(|row| row.split('|').next()).map(str::trim) else {
            table.clear();
            continue;
        };
        if line.chars().all(|c| "|-: ".contains(c)) {
            continue;
        }
        let follows = table.last().is_some_and(|(last, _)| *last == name) && !name.starts_with('`');
        let known = !name.is_empty() && !follows && table.iter().any(|(other, _)| *other == name);
        if known || table.iter().any(|(_, row)| *row == line) {
            repeated.push(line.to_owned());
        }
        table.push((name, line));
    }
    repeated
}

#[test]
fn no_table_says_a_thing_twice() {
    assert_eq!(repeated_rows("//! | a | b |\n//! | --- | --- |\n//! | `x` | 1 |\n//! | `x` | 2 |"), ["| `x` | 2 |"]);
    assert_eq!(repeated_rows("| x | 1 |\n| y | 1 |\n| x | 2 |"), ["| x | 2 |"]);
    assert_eq!(repeated_rows("| x | 1 |\n| x | 1 |"), ["| x | 1 |"]);
    assert_eq!(repeated_rows("| x | 1 |\n| x | 2 |\n\n| x | 1 |\n| | 1 |\n| | 2 |"), [""; 0]);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut texts: Vec<(String, String)> = all_sources().into_iter().map(|source| (source.path, source.text)).collect();
    for folder in
        [root.clone(), root.join("docs"), root.join("docs/decisions"), root.join("compiler/src/diagnostics/pages")]
    {
        for entry in fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("a readable folder").path();
            if path.extension().is_some_and(|extension| extension == "md") {
                texts.push((path.display().to_string(), fs::read_to_string(&path).expect("a readable document")));
            }
        }
    }
    let problems = texts.iter().flat_map(|(path, text)| {
        repeated_rows(text).into_iter().map(move |row| format!("{path}: a row for the second time: {row}"))
    });
    none(&problems.collect::<Vec<_>>());
}
