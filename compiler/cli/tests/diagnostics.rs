//! Runs the documents under `tests/diagnostics/`: prose, specs, and what is reported about them. A new case needs no Rust.
//!
//! - A ```` ```yaml ```` block is a case. A line of it that ends in `# error: [EVC0101]` or `# warning: [EVC0901]` says that
//!   exactly these diagnostics start on it; several are separated by commas, or by a second comment. Other lines have none.
//! - A ```` ```yaml template ```` block is a CloudFormation or SAM template, which is audited.
//! - A ```` ```yaml text ```` block is read as YAML and not taken for a spec.
//! - A ```` ```yaml file=payments.yaml ```` block after a case is a further file of it, for `imports: [./payments.yaml]`.
//! - A ```` ```yaml file=old.yaml against ```` block after a case is the spec that is deployed: changes are reported as well.
//! - A ```` ```yaml fixed ```` block after it holds what `evc check --fix` makes of the spec, about which nothing is reported.
//! - A ```` ```snapshot ```` block after it holds what the terminal shows, a ```` ```snapshot short ```` block the short form.
//!
//! Where something reported can be mended in one way only, it is: then the same is not reported any more. All of it together comes to an
//! end, loses no comment, and makes nothing worse.
//!
//! `EVC_BLESS=1 cargo test -p evc --test diagnostics` writes the snapshots.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../../core/tests/support/mod.rs"]
mod support;

use std::fmt::Write as _;
use std::path::Path;

use evc::terminal;
use evc_compiler::diagnostics::{Severity, apply, certain};
use evc_compiler::report::short;
use evc_compiler::session::Analysis;
use support::Block;

/// A spec with its further files, and its snapshot.
struct Case {
    files: Vec<Block>,
    fixed: Option<Block>,
    snapshot: Option<Block>,
}

/// A diagnostic that starts on a line: path, line from 1, `error[EVC0101]`.
type Found = (String, usize, String);

#[test]
fn documents_say_what_is_reported() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/diagnostics");
    let bless = std::env::var_os("EVC_BLESS").is_some();
    let documents = support::documents(&folder);
    assert!(!documents.is_empty(), "no documents in {}", folder.display());
    let mut problems = String::new();
    for path in documents {
        let markdown = std::fs::read_to_string(&path).expect("a readable document");
        let name = path.strip_prefix(&folder).unwrap_or(&path).display().to_string();
        let mut blessed = markdown.clone();
        // From the last to the first, so that the lines of those before stay where they are.
        for case in cases(&markdown).iter().rev() {
            let found = run(case);
            problems.push_str(&differences(&name, case, &found));
            problems.push_str(&mended(&name, case, &found));
            let (fixed, wrong) = settled(&name, case, &found);
            problems.push_str(&wrong);
            if let Some(block) = case.fixed.as_ref().filter(|block| block.text != fixed) {
                if bless {
                    blessed = with_block(&blessed, block, &fixed);
                } else {
                    let _ = writeln!(problems, "{name}:{}: `--fix` makes of it\n{fixed}", block.line);
                }
            }
            let Some(snapshot) = &case.snapshot else { continue };
            let shown = render(snapshot, &found);
            if shown == snapshot.text {
                continue;
            }
            if bless {
                blessed = with_block(&blessed, snapshot, &shown);
            } else {
                let line = snapshot.line;
                let _ = write!(
                    problems,
                    "{name}:{line}: the snapshot differs (EVC_BLESS=1 updates it); shown is now\n{shown}\n"
                );
            }
        }
        if blessed != markdown {
            std::fs::write(&path, blessed).expect("a writable document");
        }
    }
    assert!(problems.is_empty(), "\n{problems}");
}

fn cases(markdown: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for block in support::blocks(markdown) {
        let is_file = block.file().is_some();
        match (block.language.as_str(), cases.last_mut()) {
            ("yaml", Some(case)) if is_file => case.files.push(block),
            ("yaml", None) if is_file => panic!("a block with `file=` comes after the spec that imports it"),
            ("yaml", Some(case)) if block.attributes.iter().any(|attribute| attribute == "fixed") => {
                case.fixed = Some(block);
            }
            ("yaml", _) => cases.push(Case { files: vec![block], fixed: None, snapshot: None }),
            ("snapshot", Some(case)) if case.snapshot.is_none() => case.snapshot = Some(block),
            ("snapshot", _) => panic!("a snapshot comes after its spec, and a spec has one"),
            _ => {}
        }
    }
    cases
}

fn path_of(block: &Block) -> &str {
    block.file().unwrap_or(if block.is_template() { support::TEMPLATE } else { "spec.yaml" })
}

fn run(case: &Case) -> Analysis {
    analyze(case, &texts(case))
}

/// The files of a case, without what is expected of them.
fn texts(case: &Case) -> Vec<(String, String)> {
    let text = |block: &Block| block.text.lines().map(|line| split_expectation(line).0.to_owned() + "\n").collect();
    case.files.iter().map(|block| (path_of(block).to_owned(), text(block))).collect()
}

fn analyze(case: &Case, files: &[(String, String)]) -> Analysis {
    if case.files[0].attributes.iter().any(|attribute| attribute == "text") {
        support::check_text_only(&files[0].0, &files[0].1)
    } else {
        support::check(files, case.files.iter().find(|file| file.is_old()).and_then(Block::file))
    }
}

/// Lines for what is still reported where the fix of it was made.
fn mended(name: &str, case: &Case, found: &Analysis) -> String {
    let mut problems = String::new();
    for diagnostic in &found.diagnostics {
        let Some(fix) = certain(diagnostic) else { continue };
        let id = diagnostic.primary.span.file;
        let mut files = texts(case);
        let path = found.sources.file(id).path.clone();
        let Some(file) = files.iter_mut().find(|(name, _)| Path::new(name) == path) else { continue };
        file.1 = apply(&found.sources.file(id).text, id, [fix]).0;
        let left = analyze(case, &files);
        let same = |analysis: &Analysis| {
            let all = analysis.diagnostics.iter();
            all.filter(|left| {
                left.code == diagnostic.code && left.message == diagnostic.message && left.help == diagnostic.help
            })
            .count()
        };
        if same(&left) >= same(found) {
            let message = &diagnostic.message;
            let _ = writeln!(problems, "{name}: `{}` does not mend this: {message}", fix.title);
        }
    }
    problems
}

/// What `--fix` may go through at most, as in the command.
const ROUNDS: usize = 32;

/// The spec after all that `--fix` does to a case, and lines for what is wrong with that.
fn settled(name: &str, case: &Case, found: &Analysis) -> (String, String) {
    let place = format!("{name}:{}", case.files[0].line);
    let mut files = texts(case);
    let comments = |files: &[(String, String)]| files.iter().map(|(_, text)| text.matches('#').count()).sum::<usize>();
    let before = comments(&files);
    let mut left = None;
    let mut rounds = 0;
    loop {
        let analysis = left.as_ref().unwrap_or(found);
        let mut changed = false;
        for (id, source) in analysis.sources.files() {
            let fixes = analysis.diagnostics.iter().filter(|diagnostic| diagnostic.primary.span.file == id);
            let (text, made) = apply(&source.text, id, fixes.filter_map(certain));
            let Some(file) = files.iter_mut().find(|(name, _)| Path::new(name) == source.path) else { continue };
            changed |= !made.is_empty();
            file.1 = text;
        }
        if !changed {
            break;
        }
        rounds += 1;
        if rounds > ROUNDS {
            let problem = format!("{place}: `--fix` comes to no end:\n{}", files[0].1);
            return (files.swap_remove(0).1, problem);
        }
        left = Some(analyze(case, &files));
    }
    let mut problems = String::new();
    if comments(&files) < before {
        let _ = writeln!(problems, "{place}: `--fix` loses a comment:\n{}", files[0].1);
    }
    let errors = |analysis: &Analysis| {
        analysis.diagnostics.iter().filter(|diagnostic| diagnostic.severity() == Severity::Error).count()
    };
    // What could not be read as YAML hides what it says.
    let is_read = found.diagnostics.iter().all(|diagnostic| !diagnostic.code.as_str().starts_with("EVC00"));
    if let Some(left) = &left
        && is_read
        && errors(left) > errors(found)
    {
        let _ =
            writeln!(problems, "{place}: `--fix` makes it worse:\n{}", short::render(&left.diagnostics, &left.sources));
    }
    if case.fixed.is_some() {
        let reported = left.as_ref().unwrap_or(found);
        if !reported.diagnostics.is_empty() {
            let left = short::render(&reported.diagnostics, &reported.sources);
            let _ = writeln!(problems, "{place}: after `--fix` there is left\n{left}");
        }
    }
    (files.swap_remove(0).1, problems)
}

/// A line without its expectations, and these.
fn split_expectation(line: &str) -> (&str, &str) {
    let at = ["# error: [", "# warning: [", "# advice: [", "# note: ["]
        .iter()
        .filter_map(|start| line.find(start))
        .min()
        .unwrap_or(line.len());
    let (text, expected) = line.split_at(at);
    (if expected.is_empty() { text } else { text.trim_end_matches(' ') }, expected)
}

/// What the comments of a case expect.
fn expected(case: &Case) -> Vec<Found> {
    let mut expected = Vec::new();
    for block in &case.files {
        for (at, line) in block.text.lines().enumerate() {
            for comment in split_expectation(line).1.split("# ").filter(|comment| !comment.is_empty()) {
                let (severity, codes) = comment.split_once(": [").expect("`error: [EVC0101]`");
                assert!(Severity::ALL.iter().any(|known| known.as_str() == severity), "{comment}");
                let codes = codes.trim_end().strip_suffix(']').expect("`error: [EVC0101]` at the end of the line");
                let found =
                    codes.split(", ").map(|code| (path_of(block).to_owned(), at + 1, format!("{severity}[{code}]")));
                expected.extend(found);
            }
        }
    }
    expected.sort();
    expected
}

/// Lines for what is expected and not found, and the other way round.
fn differences(name: &str, case: &Case, Analysis { sources, diagnostics, .. }: &Analysis) -> String {
    let mut found: Vec<(Found, &str)> = diagnostics
        .iter()
        .map(|diagnostic| {
            let span = diagnostic.primary.span;
            let path = sources.file(span.file).path.display().to_string();
            let what = format!("{}[{}]", diagnostic.severity().as_str(), diagnostic.code);
            ((path, sources.position(span).line, what), diagnostic.message.as_str())
        })
        .collect();
    let mut text = String::new();
    let place = |(path, line, what): &Found| {
        let start = case.files.iter().find(|block| path_of(block) == path).map_or(0, |block| block.line);
        format!("{name}:{}: {what}", start + line)
    };
    for expected in expected(case) {
        if let Some(at) = found.iter().position(|(found, _)| *found == expected) {
            found.swap_remove(at);
        } else {
            let _ = writeln!(text, "{} is expected and not reported", place(&expected));
        }
    }
    found.sort();
    for (unexpected, message) in found {
        let _ = writeln!(text, "{} is reported and not expected: {message}", place(&unexpected));
    }
    text
}

fn render(snapshot: &Block, Analysis { sources, diagnostics, .. }: &Analysis) -> String {
    if snapshot.attributes.iter().any(|attribute| attribute == "short") {
        short::render(diagnostics, sources)
    } else {
        terminal::render(diagnostics, sources, terminal::Style { width: 100, color: false })
    }
}

/// The document with another text in a block.
fn with_block(markdown: &str, block: &Block, text: &str) -> String {
    let lines: Vec<&str> = markdown.split_inclusive('\n').collect();
    let end = block.line + block.text.lines().count();
    [&lines[..block.line].concat(), text, &lines[end..].concat()].concat()
}
