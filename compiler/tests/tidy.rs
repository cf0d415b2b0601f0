//! The invariants of docs/architecture.md that can be seen in the sources.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

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
    // Generated code uses it too, and stands as text in emit/.
    ("use evc_runtime", &["cli/workflow/", "emit/rust/"]),
    ("tokio", &["cli/workflow/"]),
];

/// What only the command line may touch.
const WORLD: [&str; 5] = ["std::fs", "std::process", "std::env", "SystemTime", "Instant::now"];

/// The longest source file. A file holds one idea; one that needs more has two.
const MOST_LINES: usize = 500;

struct Source {
    /// The path below `src/`, with `/` between parts.
    path: String,
    /// The text up to its tests.
    code: String,
    lines: usize,
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
                let code = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
                let path = path.strip_prefix(&root).expect("a path below src").to_string_lossy().replace('\\', "/");
                if !path.contains("/tests/") && !path.ends_with("/tests.rs") {
                    sources.push(Source { path, code, lines: text.lines().count() });
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

/// Lines of code, without comments.
fn code_lines(source: &Source) -> impl Iterator<Item = &str> {
    source.code.lines().map(str::trim).filter(|line| !line.starts_with("//"))
}

fn none(problems: &[String]) {
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn no_layer_imports_a_later_one() {
    let mut problems = Vec::new();
    for source in sources() {
        let Some(own) = layer(&source.path) else { continue };
        for line in code_lines(&source) {
            for (at, _) in line.match_indices("crate::") {
                let rest = &line[at + "crate::".len()..];
                let named: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if layer(&named).is_some_and(|other| other > own) {
                    problems.push(format!("{}: {} is below {named}: {line}", source.path, LAYERS[own]));
                }
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
            let used = code_lines(&source)
                .any(|line| line.contains(&format!("{name}::")) || line.contains(&format!("{name}!")));
            if used && !known {
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
        for line in code_lines(source) {
            let makes = |word| {
                line.split(word).next().is_some_and(|before| before.len() < line.len() && !before.ends_with("Table"))
            };
            if makes("Client::new(") || makes("Client::from_conf(") {
                problems.push(format!("{} makes a client without `aws::client!`: {line}", source.path));
            }
        }
    }
    none(&problems);
}

#[test]
fn only_the_command_line_touches_the_world() {
    let mut problems = Vec::new();
    for source in sources().iter().filter(|source| !source.path.starts_with("cli/") && source.path != "main.rs") {
        for line in code_lines(source) {
            problems.extend(
                WORLD
                    .iter()
                    .filter(|word| line.contains(**word))
                    .map(|word| format!("{} uses {word}: {line}", source.path)),
            );
        }
    }
    none(&problems);
}

#[test]
fn every_file_says_what_it_is_for_and_stays_small() {
    let mut problems = Vec::new();
    for source in all_sources() {
        if !source.code.starts_with("//!") {
            problems.push(format!("{} does not start with what it is for (`//!`)", source.path));
        }
        if source.lines > MOST_LINES {
            problems.push(format!("{} has {} lines, more than {MOST_LINES}", source.path, source.lines));
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
            words.iter().filter(|word| source.code.contains(**word)).map(|word| format!("{}: {word}", source.path)),
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
    let mut texts: Vec<(String, String)> = all_sources().into_iter().map(|source| (source.path, source.code)).collect();
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
