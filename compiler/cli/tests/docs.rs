//! The documents for people are true: their specs compile, their commands exist, the reports they show are real.
//!
//! - A ```` ```yaml ```` block is a whole spec, which has to compile without a word; a part of one is ```` ```yaml fragment ````.
//! - A ```` ```yaml file=payments.yaml ```` block after it is a further file of it.
//! - A ```` ```text ```` block that is a report (`error[EVC0101] …`) stands word for word in a snapshot under `tests/diagnostics/`.
//! - A ```` ```sh ```` block calls commands and options of evc that there are. (`cargo xtask` looks after its own tasks.)
//! - Links to files lead somewhere.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../../core/tests/support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::Block;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every document for people, with its path from the root.
fn documents() -> Vec<(String, String)> {
    let root = root();
    let top = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(|name| root.join(name));
    let all = top.into_iter().chain(support::documents(&root.join("docs")));
    all.map(|path| {
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (path.strip_prefix(&root).unwrap_or(&path).display().to_string(), text)
    })
    .collect()
}

fn none(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

/// The specs of a document, each with the files it imports.
fn specs(markdown: &str) -> Vec<Vec<Block>> {
    let mut specs: Vec<Vec<Block>> = Vec::new();
    let yaml = support::blocks(markdown).into_iter().filter(|block| block.language == "yaml");
    for block in yaml.filter(|block| !block.attributes.iter().any(|attribute| attribute == "fragment")) {
        match specs.last_mut() {
            Some(spec) if block.file().is_some() => spec.push(block),
            _ => specs.push(vec![block]),
        }
    }
    specs
}

#[test]
fn specs_compile_without_a_word() {
    let mut problems = Vec::new();
    let mut count = 0;
    for (name, markdown) in documents() {
        for spec in specs(&markdown) {
            count += 1;
            let line = spec[0].line + 1;
            let file = |block: &Block| (block.file().unwrap_or("spec.yaml").to_owned(), block.text.clone());
            let mut found = support::check(&spec.iter().map(file).collect::<Vec<_>>(), None);
            let more = found.model.as_ref().map(|model| evc_compiler::session::plan(model).diagnostics);
            found.add(more.unwrap_or_default());
            if !found.diagnostics.is_empty() {
                let report = evc_compiler::report::short::render(&found.diagnostics, &found.sources);
                problems
                    .push(format!("{name}:{line}: a part of a spec is marked `fragment`; this one raises\n{report}"));
            }
        }
    }
    assert!(count > 10, "only {count} specs were found");
    none(&problems);
}

/// What is shown in snapshots, which another test holds true.
fn snapshots() -> String {
    let mut shown = String::new();
    for path in support::documents(&root().join("tests/diagnostics")) {
        let markdown = std::fs::read_to_string(&path).expect("a readable document");
        let blocks = support::blocks(&markdown).into_iter().filter(|block| block.language == "snapshot");
        blocks.for_each(|block| shown.push_str(&block.text));
    }
    shown
}

#[test]
fn reports_are_real() {
    let snapshots = snapshots();
    let is_report = |block: &Block| block.text.starts_with("error[EVC") || block.text.starts_with("warning[EVC");
    let mut problems = Vec::new();
    for (name, markdown) in documents() {
        for block in support::blocks(&markdown).iter().filter(|block| block.language == "text" && is_report(block)) {
            if !snapshots.contains(block.text.trim_end()) {
                problems.push(format!("{name}:{}: no snapshot under tests/diagnostics/ shows this report", block.line));
            }
        }
    }
    none(&problems);
}

/// The object that docs/diagnostics.md shows is what `--message-format json` gives for the README's spec with a slip in it.
#[test]
fn json_is_real() {
    let text = |path: &str| std::fs::read_to_string(root().join(path)).expect("a readable document");
    let spec = specs(&text("README.md"))[0][0].text.replace("orders: put", "order: put");
    let found = support::check(&[("spec.yaml".to_owned(), spec)], None);
    let given = evc_compiler::report::json::render(&[evc_compiler::report::Report {
        diagnostics: &found.diagnostics,
        sources: &found.sources,
    }]);
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
    let shown = support::blocks(&text("docs/diagnostics.md")).into_iter().find(|block| block.language == "json");
    assert_eq!(json(&shown.expect("an object").text), json(given.lines().next().expect("a line")), "given is\n{given}");
}

/// The help of a command of evc; `None` if there is no such command.
fn help(command: &str) -> Option<String> {
    let words = command.split(' ').chain(["--help"]);
    let output = Command::new(env!("CARGO_BIN_EXE_evc")).args(words).output().expect("evc runs");
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The words after the name of the program, for each call of evc in a line of shell.
fn calls(line: &str) -> impl Iterator<Item = Vec<&str>> {
    line.split("&&").filter_map(|command| {
        let words: Vec<&str> =
            command.split('#').next().unwrap_or_default().split_whitespace().skip_while(|word| *word == "$").collect();
        match words.as_slice() {
            ["evc", rest @ ..] => Some(rest.to_vec()),
            ["cargo", "run", "--release", "-p", "evc", "--", rest @ ..] => Some(rest.to_vec()),
            _ => None,
        }
    })
}

#[test]
fn commands_exist() {
    let mut helps: BTreeMap<String, Option<String>> = BTreeMap::new();
    let mut problems = Vec::new();
    for (name, markdown) in documents() {
        for block in support::blocks(&markdown).iter().filter(|block| block.language == "sh") {
            for call in block.text.lines().flat_map(calls) {
                let Some(command) = call.first().filter(|word| !word.starts_with('-')) else { continue };
                // `workflow` has commands of its own.
                let inner = call.get(1).filter(|word| *command == "workflow" && !word.starts_with('-'));
                let command = inner.map_or((*command).to_owned(), |inner| format!("{command} {inner}"));
                let help = helps.entry(command.clone()).or_insert_with(|| help(&command));
                let known = |word: &str| {
                    help.as_ref().is_some_and(|help| help.contains(word.split('=').next().unwrap_or_default()))
                };
                let options = call.iter().filter(|word| word.starts_with("--"));
                problems.extend(
                    std::iter::once(&call[0])
                        .chain(options)
                        .filter(|word| !known(word))
                        .map(|word| format!("{name}:{}: evc has no `{word}` here: {}", block.line, call.join(" "))),
                );
            }
        }
    }
    assert!(helps.contains_key("build") && helps.contains_key("check"), "{:?}", helps.keys());
    none(&problems);
}

/// The test command that people are told is the one that CI runs.
#[test]
fn ci_runs_the_command_of_the_readme() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("a README");
    let ci = std::fs::read_to_string(root().join(".ci/run")).expect("what CI runs");
    let command = ci.lines().find_map(|line| line.strip_prefix("exec ")).expect("a line with `exec`");
    let told = support::blocks(&readme).into_iter().filter(|block| block.language == "sh");
    assert!(
        told.flat_map(|block| block.text.lines().map(str::to_owned).collect::<Vec<_>>()).any(|line| line == command)
    );
}

#[test]
fn links_lead_somewhere() {
    let mut problems = Vec::new();
    for (name, markdown) in documents() {
        let folder = root().join(&name).parent().expect("a folder").to_path_buf();
        for (at, _) in markdown.match_indices("](") {
            let target = markdown[at + 2..].split(')').next().unwrap_or_default();
            let path = target.split('#').next().unwrap_or_default();
            if !path.is_empty() && !path.contains(':') && !folder.join(path).exists() {
                problems.push(format!("{name}: nothing is at {target}"));
            }
        }
    }
    none(&problems);
}
