//! Every code's page has the fixed format, its failing example raises exactly that code, and the mended one nothing.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::path::Path;

use evc_compiler::diagnostics::{ALL, Code, Diagnostic, Severity};

/// The headings of a page after its title, in order.
const SECTIONS: [&str; 3] = ["Why", "Example", "Mended"];

fn headings(page: &str) -> Vec<&str> {
    let mut in_code = false;
    page.lines()
        .filter(|line| {
            in_code ^= line.starts_with("```");
            !in_code && line.starts_with('#')
        })
        .collect()
}

/// Codes of a stage that needs a disk: what is found about the user's crate (08).
fn is_pending(code: Code) -> bool {
    &code.as_str()[3..5] == "08"
}

fn settled() -> impl Iterator<Item = Code> {
    ALL.iter().copied().filter(|&code| !is_pending(code))
}

/// What is wrong with a page's format.
fn malformed(code: Code) -> Option<String> {
    let page = code.page();
    let headings = headings(page);
    let title = headings.first().copied().unwrap_or_default();
    if !title.starts_with(&format!("# {code}: ")) || !page.starts_with(title) {
        return Some(format!("{code}: starts with `# {code}: Title`"));
    }
    let sections: Vec<String> = SECTIONS.iter().map(|section| format!("## {section}")).collect();
    if headings[1..] != sections {
        return Some(format!("{code}: the sections are {sections:?}, found {:?}", &headings[1..]));
    }
    let what = page[title.len()..].split("## Why").next().unwrap_or_default().trim();
    if what.is_empty() {
        return Some(format!("{code}: says what it is before `## Why`"));
    }
    ["Example", "Mended"].into_iter().find_map(|section| {
        let specs = support::blocks(page)
            .into_iter()
            .filter(|block| block.heading == section && block.language == "yaml" && block.file().is_none());
        (specs.count() != 1).then(|| format!("{code}: `{section}` has exactly one yaml block without `file=`"))
    })
}

/// The files of an example: the spec, then those of blocks with `file=`.
fn example(code: Code, section: &str) -> Vec<(String, String)> {
    let mut blocks = support::blocks(code.page());
    blocks.retain(|block| block.heading == section && block.language == "yaml");
    blocks.sort_by_key(|block| block.file().is_some());
    let path = |block: &support::Block| {
        let own = if block.is_template() { support::TEMPLATE } else { "example.yaml" };
        block.file().unwrap_or(own).to_owned()
    };
    blocks.iter().map(|block| (path(block), block.expanded())).collect()
}

#[test]
fn pages_have_the_fixed_format() {
    let problems: Vec<String> = settled().filter_map(malformed).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Checks an example; says what is wrong with what it raises.
fn run(code: Code, section: &str, is_right: impl Fn(&[Diagnostic]) -> bool) -> Option<String> {
    let files = example(code, section);
    if files.is_empty() {
        return Some(format!("{code} has no `{section}`"));
    }
    let blocks = support::blocks(code.page());
    let old = blocks.iter().find(|block| block.heading == section && block.is_old()).and_then(support::Block::file);
    let found = support::check(&files, old);
    let rendered = evc_compiler::report::short::render(&found.diagnostics, &found.sources);
    (!is_right(&found.diagnostics)).then(|| format!("`{section}` of {code} raises\n{rendered}"))
}

#[test]
fn failing_examples_raise_their_code_and_nothing_else() {
    // What is changed for an example of a breaking change is a change, too, and noted.
    let is_note = |diagnostic: &Diagnostic| diagnostic.severity() == Severity::Note;
    let check = |code| {
        run(code, "Example", |found| {
            found.iter().any(|diagnostic| diagnostic.code == code)
                && found.iter().all(|diagnostic| diagnostic.code == code || is_note(diagnostic))
        })
    };
    let problems: Vec<String> = settled().filter_map(check).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn mended_examples_raise_nothing() {
    let problems: Vec<String> = settled().filter_map(|code| run(code, "Mended", <[Diagnostic]>::is_empty)).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_page_is_that_of_a_code() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/diagnostics/pages");
    for path in support::documents(&folder) {
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        assert!(Code::parse(name).is_some_and(|code| code.as_str() == name), "{} belongs to no code", path.display());
    }
}

#[test]
fn names_are_unique() {
    let mut names: Vec<&str> = ALL.iter().map(|code| code.name()).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(ALL.is_sorted(), "codes stand in order");
}
