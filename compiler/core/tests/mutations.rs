//! Specs broken at random: whatever the text, the compiler ends in time, does not panic, and points inside of the file. What
//! it finds no error in is planned and written, too.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use evc_compiler::diagnostics::Diagnostic;
use evc_compiler::session::{Analysis, is_scenarios};
use evc_compiler::source::Span;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// The specs that are broken: those of the systems, and the one that has everything.
static SPECS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = vec![root.join("tests/everything.yaml")];
    let systems = std::fs::read_dir(root.join("../../specs")).expect("a readable folder");
    paths.extend(systems.map(|entry| entry.expect("a readable folder").path()));
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml") && !is_scenarios(path));
    paths.sort();
    paths.iter().map(|path| std::fs::read_to_string(path).expect("a readable spec")).collect()
});

/// What a broken spec may take, in a debug build on a busy machine.
const TIME: Duration = Duration::from_secs(20);

/// What people and half-applied edits leave behind.
const TOKENS: [&str; 40] = [
    "",
    " ",
    "  ",
    "\t",
    "\n",
    "\n\n",
    ":",
    ": ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    ",",
    "'",
    "\"",
    "#",
    "&a",
    "*a",
    "!x",
    "|",
    ">",
    "<<: x",
    "---",
    "...",
    "%",
    "@",
    "~",
    "null",
    "true",
    "yes",
    "0",
    "-1",
    "9223372036854775808",
    "1e999",
    "input.",
    "$",
    "é",
    "\u{1F980}",
    "\u{feff}",
];

/// One change of a text. Places are picked by what there is.
#[derive(Debug, Clone)]
enum Change {
    DropLine(Index),
    RepeatLine(Index),
    SwapLines(Index, Index),
    MoveLine(Index, Index),
    Indent(Index, usize),
    /// What stands under a line, by its indentation, is gone, and this stands for it.
    Empty(Index, &'static str),
    DropWord(Index),
    RepeatWord(Index),
    ReplaceWord(Index, Index),
    ReplaceWordBy(Index, &'static str),
    Insert(Index, &'static str),
    CutOff(Index),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        at().prop_map(Change::DropLine),
        at().prop_map(Change::RepeatLine),
        (at(), at()).prop_map(|(a, b)| Change::SwapLines(a, b)),
        (at(), at()).prop_map(|(a, b)| Change::MoveLine(a, b)),
        (at(), 0..9_usize).prop_map(|(a, by)| Change::Indent(a, by)),
        (at(), select(&["", " {}", " []"][..])).prop_map(|(a, by)| Change::Empty(a, by)),
        at().prop_map(Change::DropWord),
        at().prop_map(Change::RepeatWord),
        (at(), at()).prop_map(|(a, b)| Change::ReplaceWord(a, b)),
        (at(), select(&TOKENS[..])).prop_map(|(a, token)| Change::ReplaceWordBy(a, token)),
        (at(), select(&TOKENS[..])).prop_map(|(a, token)| Change::Insert(a, token)),
        at().prop_map(Change::CutOff),
    ]
}

/// The text after a change.
fn apply(text: &str, change: &Change) -> String {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut words: Vec<&str> = text.split_inclusive(|c: char| !c.is_alphanumeric()).collect();
    if lines.is_empty() {
        return text.to_owned();
    }
    let line = |at: &Index| at.index(text.split_inclusive('\n').count());
    let count = words.len();
    let word = |at: &Index| at.index(count);
    match change {
        Change::DropLine(at) => drop(lines.remove(line(at))),
        Change::RepeatLine(at) => lines.insert(line(at), lines[line(at)]),
        Change::SwapLines(a, b) => lines.swap(line(a), line(b)),
        Change::MoveLine(from, to) => {
            let moved = lines.remove(line(from));
            lines.insert(to.index(lines.len() + 1), moved);
        }
        Change::Indent(at, by) => {
            let at = line(at);
            let indented = format!("{}{}", " ".repeat(*by), lines[at].trim_start());
            return [&lines[..at].concat(), indented.as_str(), &lines[at + 1..].concat()].concat();
        }
        Change::Empty(at, by) => {
            let at = line(at);
            let indent = |line: &str| line.len() - line.trim_start().len();
            let below = lines[at + 1..].iter().take_while(|below| indent(below) > indent(lines[at])).count();
            let emptied = lines[at].split_inclusive(':').next().unwrap_or_default().trim_end().to_owned() + by + "\n";
            return [&lines[..at].concat(), emptied.as_str(), &lines[at + 1 + below..].concat()].concat();
        }
        Change::CutOff(at) => {
            let end = text.char_indices().map(|(at, _)| at).nth(at.index(text.chars().count())).unwrap_or(0);
            return text[..end].to_owned();
        }
        Change::DropWord(at) => drop(words.remove(word(at))),
        Change::RepeatWord(at) => words.insert(word(at), words[word(at)]),
        Change::ReplaceWord(at, by) => words[word(at)] = words[word(by)],
        Change::ReplaceWordBy(at, token) => words[word(at)] = token,
        Change::Insert(at, token) => words.insert(word(at), token),
    }
    let of_lines =
        matches!(change, Change::DropLine(_) | Change::RepeatLine(_) | Change::SwapLines(..) | Change::MoveLine(..));
    if of_lines { lines.concat() } else { words.concat() }
}

/// Every place that a diagnostic names.
fn places(diagnostic: &Diagnostic) -> impl Iterator<Item = Span> {
    let edits = diagnostic.fixes.iter().flat_map(|fix| &fix.edits).map(|edit| edit.span);
    let labels = diagnostic.secondary.iter().map(|label| label.span);
    [diagnostic.primary.span].into_iter().chain(labels).chain(edits)
}

/// The first place that is not one of the text.
fn outside(Analysis { sources, diagnostics, .. }: &Analysis) -> Option<&Diagnostic> {
    diagnostics
        .iter()
        .find(|diagnostic| places(diagnostic).any(|span| sources.file(span.file).text.get(span.range()).is_none()))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn broken_specs_are_read_in_time_and_without_panic(
        spec in select(&SPECS[..]),
        changes in prop::collection::vec(change(), 1..8),
    ) {
        let text = changes.iter().fold(spec.clone(), |text, change| apply(&text, change));
        let started = Instant::now();
        let analysis = support::check(&[("spec.yaml".to_owned(), text)], None);
        prop_assert!(started.elapsed() < TIME, "took {:?}", started.elapsed());
        prop_assert!(outside(&analysis).is_none(), "{:?}", outside(&analysis));
        let again = analysis.diagnostics.windows(2).find(|pair| pair[0] == pair[1]);
        prop_assert!(again.is_none(), "said twice: {again:?}");
    }
}
