//! The invariants of docs/architecture.md that can be seen in the sources.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "support/sources.rs"]
mod sources;

use std::fs;
use std::path::Path;

use sources::{Source, none, sources_in};

/// The layers in the order in which data passes them; none imports a later one.
const LAYERS: [&str; 18] = [
    "source",
    "diagnostics",
    "yaml",
    "types",
    "pattern",
    "expr",
    "aws",
    "spec",
    "model",
    "check",
    "plan",
    "lower",
    "finish",
    "audit",
    "compare",
    "emit",
    "report",
    "session",
];

/// Crates that one place hides: the folder of sources, the crate as it is imported, and where it may be. What a layer cannot know at all
/// is not in its `Cargo.toml`.
const HIDDEN: [(&str, &str, &[&str]); 19] = [
    ("src", "regex_lite", &["audit/shapes/pattern.rs"]),
    ("src", "miniz_oxide", &["aws/frames.rs"]),
    ("src", "granit_parser", &["yaml/"]),
    ("src", "minijinja", &["emit/"]),
    ("../cli/src", "miette", &["terminal.rs"]),
    ("../cli/src", "syn", &["project/"]),
    ("../cli/src", "tokio", &["dev/", "workflow/"]),
    ("../cli/src", "evc_local", &["dev/", "test/"]),
    ("../cli/src", "evc_workflow", &["workflow/"]),
    ("../local/src", "dynoxide", &["sim/dynamodb.rs"]),
    ("../local/src", "evc_workflow", &["sim/stepfunctions.rs"]),
    ("../local/src", "fancy_regex", &["sim/apigateway/rest/", "velocity/"]),
    ("../local/src", "jiff", &["sim/scheduler/zone.rs"]),
    ("../local/src", "ring", &["jwt.rs"]),
    ("../local/src", "tokio", &["serve/"]),
    ("../../runtime/workflow/src", "jsonata_core", &["expression.rs", "expression/"]),
    ("../../runtime/workflow/src", "rmp_serde", &["state.rs"]),
    ("../../runtime/workflow/src", "redis", &["store/"]),
    ("../../runtime/values/src", "rust_decimal", &["money.rs", "lib.rs"]),
];

/// The sources of the runtime's crates.
const RUNTIME: [&str; 4] = [
    "../../runtime/handlers/src",
    "../../runtime/interface/src",
    "../../runtime/values/src",
    "../../runtime/workflow/src",
];

/// What the compiler does not touch: only the command line does.
const WORLD: [&str; 5] = ["std::fs", "std::process", "std::env", "SystemTime", "Instant::now"];

/// The longest source file. A file holds one idea; one that needs more has two.
const MOST_LINES: usize = 500;

/// The compiler's sources.
fn sources() -> Vec<Source> {
    sources_in("src")
}

/// The sources of all crates that people write.
fn all_sources() -> Vec<Source> {
    ["src", "../cli/src", "../macros/src", "../../xtask/src"].into_iter().chain(RUNTIME).flat_map(sources_in).collect()
}

fn layer(path: &str) -> Option<usize> {
    let first = path.split('/').next()?.trim_end_matches(".rs");
    LAYERS.iter().position(|layer| *layer == first)
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
    for (folder, name, places) in HIDDEN {
        let elsewhere = |source: &Source| !places.iter().any(|place| source.path.starts_with(place));
        let sources = sources_in(folder);
        assert!(sources.iter().any(|source| source.uses(name)), "{folder} does not know {name}");
        for source in sources.iter().filter(|source| elsewhere(source) && source.uses(name)) {
            problems.push(format!("{} uses {name}, which belongs in {places:?}", source.path));
        }
    }
    none(&problems);
}

#[test]
fn every_client_of_aws_is_made_where_its_calls_get_their_time() {
    let mut problems = Vec::new();
    for source in RUNTIME.into_iter().flat_map(sources_in).filter(|source| source.path != "aws.rs") {
        for maker in ["Client::new(", "Client::from_conf("] {
            // Ours, and what a client of AWS sends its requests by.
            let is_other = |at: usize| ["Table", "SharedHttp"].iter().any(|of| source.code[..at].ends_with(of));
            let made = source.code.match_indices(maker).filter(|(at, _)| !is_other(*at));
            problems.extend(made.map(|_| format!("{} makes a client without `aws::client!`: {maker}..)", source.path)));
        }
    }
    none(&problems);
}

#[test]
fn the_compiler_does_not_touch_the_world() {
    let mut problems = Vec::new();
    for source in sources() {
        let imported = |word: &str| source.imports.iter().any(|path| path.starts_with(word));
        let used = WORLD.iter().filter(|word| imported(word) || source.code.contains(**word));
        problems.extend(used.map(|word| format!("{} uses {word}", source.path)));
    }
    none(&problems);
}

/// Names of `evc_interface` that are no plain words: where one stands as a text elsewhere, two sides say the same thing.
#[test]
fn what_compiler_and_runtime_agree_on_is_said_once() {
    let mut names = Vec::new();
    for source in sources_in("../../runtime/interface/src") {
        let constants = source.code.split(": & str = ").skip(1);
        names.extend(constants.filter_map(|rest| rest.split_once(" ;").map(|(value, _)| value.to_owned())));
    }
    names.retain(|name| name.starts_with('"') && name.contains(|c: char| c.is_ascii_uppercase() || "._-".contains(c)));
    assert!(names.len() > 30, "{names:?}");
    let mut problems = Vec::new();
    for folder in
        ["src", "../cli/src"].into_iter().chain(RUNTIME.into_iter().filter(|path| !path.contains("interface")))
    {
        for source in sources_in(folder) {
            let said = names.iter().filter(|name| source.code.contains(name.as_str()));
            problems
                .extend(said.map(|name| format!("{folder}/{} says {name}, which `evc_interface` has", source.path)));
        }
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
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut texts: Vec<(String, String)> = all_sources().into_iter().map(|source| (source.path, source.text)).collect();
    for folder in
        [root.clone(), root.join("docs"), root.join("docs/decisions"), root.join("compiler/core/src/diagnostics/pages")]
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
