//! The documents for people are true: their specs compile, their commands exist, the reports they show are real.
//!
//! - A ```` ```yaml ```` block is a whole spec, which has to compile without a word; a part of one is ```` ```yaml fragment ````.
//! - A ```` ```yaml file=payments.yaml ```` block after it is a further file of it.
//! - A ```` ```text ```` block that is a report (`error[EVC0101] …`) stands word for word in a snapshot under `tests/diagnostics/`.
//! - A ```` ```sh ```` block calls commands and options of evc that there are. (`cargo xtask` looks after its own tasks.)
//! - A ```` ```rust ```` block of the pages in `COMPILED` stands line by line in a source file that the layer `generated` compiles.
//! - `docs/handlers.md` has every method of a context, and the code in its table is compiled as well.
//! - Links lead to a file and a heading that there are; the list of chapters, `docs/SUMMARY.md`, has each page once.

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
            // A page may say where the spec of a project is.
            let shown = block.text.replace("specs/shop.yaml", "spec.yaml");
            if !snapshots.contains(shown.trim_end()) {
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

/// Markdown without what stands in fenced blocks.
fn prose(markdown: &str) -> String {
    let mut in_code = false;
    let is_prose = |line: &&str| {
        let is_fence = line.trim_start().starts_with("```");
        in_code ^= is_fence;
        !in_code && !is_fence
    };
    markdown.lines().filter(is_prose).flat_map(|line| [line, "\n"]).collect()
}

/// Where the links of a document lead, as they are written.
fn links(markdown: &str) -> Vec<String> {
    let prose = prose(markdown);
    let targets = prose.match_indices("](").filter_map(|(at, _)| prose[at + 2..].split(')').next());
    targets.map(str::to_owned).collect()
}

/// The anchors of a document's headings, as GitHub and mdBook make them: small letters, digits, `-` and `_`, with `-` for each space. A heading that comes
/// again has a number.
fn anchors(markdown: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    for heading in prose(markdown).lines().filter(|line| line.starts_with('#')) {
        let text = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let anchor: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let before = |other: &&String| {
            **other == anchor || other.strip_prefix(&format!("{anchor}-")).is_some_and(|n| n.parse::<u8>().is_ok())
        };
        let times = anchors.iter().filter(before).count();
        anchors.push(if times == 0 { anchor } else { format!("{anchor}-{times}") });
    }
    anchors
}

#[test]
fn links_lead_somewhere() {
    let mut problems = Vec::new();
    let pages = "compiler/core/src/diagnostics/pages";
    let codes = support::documents(&root().join(pages)).into_iter().map(|path| {
        let text = std::fs::read_to_string(&path).expect("a readable page");
        (format!("{pages}/{}", path.file_name().expect("a file").display()), text)
    });
    for (name, markdown) in documents().into_iter().chain(codes) {
        let document = root().join(&name);
        for target in links(&markdown).iter().filter(|target| !target.contains(':')) {
            let (path, anchor) = target.split_once('#').map_or((target.as_str(), None), |(path, at)| (path, Some(at)));
            let file = match path {
                "" if is_page(&name) => document.clone(),
                // What the page is made of has its headings.
                "" => root().join("docs/language.md"),
                path => document.with_file_name(path),
            };
            if !file.exists() {
                problems.push(format!("{name}: nothing is at {target}"));
            } else if let Some(anchor) = anchor.filter(|_| file.extension().is_some_and(|extension| extension == "md"))
            {
                let text = std::fs::read_to_string(&file).expect("a readable document");
                if !anchors(&text).iter().any(|there| there == anchor) {
                    problems.push(format!("{name}: {target} leads to no heading"));
                }
            }
        }
    }
    none(&problems);
}

/// Documents that are no pages: the list itself, and what `docs/language.md` is made of.
fn is_page(name: &str) -> bool {
    !matches!(name, "docs/SUMMARY.md" | "docs/language.in.md") && !name.starts_with("docs/language/")
}

#[test]
fn the_list_of_chapters_has_each_page_once() {
    let summary = std::fs::read_to_string(root().join("docs/SUMMARY.md")).expect("a list of chapters");
    let mut listed: Vec<String> = links(&summary)
        .iter()
        .map(|link| link.strip_prefix("../").map_or_else(|| format!("docs/{link}"), str::to_owned))
        .collect();
    listed.sort_unstable();
    let mut pages: Vec<String> = documents().into_iter().map(|(name, _)| name).filter(|name| is_page(name)).collect();
    pages.sort_unstable();
    assert_eq!(listed, pages);
}

/// Pages whose Rust is compiled.
const COMPILED: [&str; 2] = ["docs/handlers.md", "docs/tutorial.md"];

/// The lines of all sources of business logic that the layer `generated` compiles, without indentation; a file ends with an empty line.
fn compiled() -> Vec<String> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(root().join("specs"))
        .expect("the example systems")
        .map(|entry| entry.expect("an entry").path().join("src"))
        .filter(|folder| folder.is_dir())
        .collect();
    folders.push(root().join("tests/documented/shop/src"));
    let mut lines = Vec::new();
    for folder in folders {
        for entry in std::fs::read_dir(&folder).expect("a folder of sources") {
            let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("a source");
            lines.extend(text.lines().map(|line| line.trim().to_owned()));
            lines.push(String::new());
        }
    }
    lines
}

#[test]
fn the_rust_of_pages_is_compiled() {
    let compiled = compiled();
    let mut problems = Vec::new();
    for name in COMPILED {
        let markdown = std::fs::read_to_string(root().join(name)).expect("a page");
        let blocks = support::blocks(&markdown).into_iter().filter(|block| block.language == "rust");
        for block in blocks {
            let lines: Vec<&str> = block.text.lines().map(str::trim).collect();
            if !compiled.windows(lines.len()).any(|there| there == lines) {
                problems.push(format!("{name}:{}: no source has these lines:\n{}", block.line, block.text));
            }
        }
    }
    none(&problems);
}

/// Sources of the runtime with what a handler calls. `(file, not for handlers)`.
const CALLED: [(&str, &[&str]); 11] = [
    // `table`, `query_by` and `transaction` are called by generated methods, as are those of the other lists.
    ("context.rs", &["table", "query_by", "transaction"]),
    ("request.rs", &["sent_from", "key", "has_body", "header", "query", "cookie"]),
    ("transact.rs", &[]),
    ("cache.rs", &[]),
    ("execution.rs", &["executions"]),
    ("signal.rs", &[]),
    ("table/client.rs", &[]),
    ("table/query.rs", &[]),
    ("table/write.rs", &[]),
    ("table/own.rs", &["own_table", "own_item", "query_own"]),
    ("table/condition.rs", &["name"]),
];

/// The names of the public methods of a source.
fn methods(source: &str) -> impl Iterator<Item = &str> {
    source.lines().map(str::trim).filter_map(|line| {
        let rest = line.strip_prefix("pub fn ").or_else(|| line.strip_prefix("pub async fn "))?;
        rest.split(['(', '<']).next()
    })
}

#[test]
fn the_page_of_handlers_has_every_method() {
    let page = std::fs::read_to_string(root().join("docs/handlers.md")).expect("a page");
    let mut problems = Vec::new();
    for (file, others) in CALLED {
        let source = std::fs::read_to_string(root().join("runtime/handlers/src").join(file)).expect("a source");
        assert!(methods(&source).next().is_some(), "{file} has no methods");
        let missing = methods(&source).filter(|name| !others.contains(name) && !page.contains(&format!("{name}()`")));
        problems.extend(missing.map(|name| format!("docs/handlers.md has no `{name}()`, of {file}")));
    }
    let compiled = compiled();
    let table = page.split("## All methods").nth(1).expect("the table of all methods");
    let examples = table.lines().filter(|line| line.starts_with("| `")).filter_map(|line| {
        let line = line.replace("\\|", "\u{0}");
        let code = line.split('|').nth(3)?.trim().trim_matches('`').replace('\u{0}', "|");
        (!code.is_empty()).then_some(code)
    });
    for example in examples {
        if !compiled.iter().any(|line| line.contains(&example)) {
            problems.push(format!("no source has `{example}`"));
        }
    }
    none(&problems);
}

/// The system that is compiled is where the tutorial arrives.
#[test]
fn the_tutorial_arrives_where_its_rust_is_compiled() {
    let text = |path: &str| std::fs::read_to_string(root().join(path)).expect("a readable file");
    let end = specs(&text("docs/tutorial.md")).pop().expect("a spec").remove(0).text;
    let there = text("tests/documented/tutorial.yaml");
    let without = |text: &str, first: &str| {
        text.lines().filter(|line| !line.starts_with(first) && !line.starts_with("evc:")).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(without(&end, "service:"), without(&there, "#"));
    let spec = text("tests/documented/shop.yaml");
    let files =
        [("shop.yaml", spec), ("tutorial.yaml", there), ("handlers.yaml", text("tests/documented/handlers.yaml"))];
    let found = support::check(&files.map(|(name, text)| (name.to_owned(), text)), None);
    assert!(found.diagnostics.is_empty(), "{:?}", found.diagnostics);
}
