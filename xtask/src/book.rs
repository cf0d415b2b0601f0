//! `cargo xtask docs`: the documents for people as a book with a search, in `target/book/`.
//!
//! The pages stand in the book as they do in the repository, so that links between them hold. `docs/SUMMARY.md` has the order of the chapters; the
//! page of each diagnostic code is a chapter below that of the reports. What pages link to beside pages, such as a source file, is
//! copied next to them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::{project, setup, step};

/// The list of chapters, with paths from its folder.
const SUMMARY: &str = "docs/SUMMARY.md";
/// The chapter below which the pages of codes stand.
const REPORTS: &str = "docs/diagnostics.md";
/// The pages of codes.
const PAGES: &str = "compiler/core/src/diagnostics/pages";

/// What mdBook is told: <https://rust-lang.github.io/mdBook/format/configuration/>.
const SETTINGS: &str = r#"[book]
title = "evc"
description = "One YAML spec of an event-driven system, compiled into what deploys it on AWS."
language = "en"
src = "pages"

[build]
build-dir = "../book"
create-missing = false

[output.html]
default-theme = "light"
no-section-label = true

[output.html.playground]
runnable = false

[output.html.search]
limit-results = 20
boost-title = 3

[output.html.fold]
enable = true
level = 1

[output.html.redirect]
"#;

/// Write the book; the first page is `target/book/index.html`.
pub(crate) fn run() -> Result<(), String> {
    setup::book()?;
    let (root, folder) = (project::root(), project::root().join("target/book-source"));
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| format!("cannot remove {}: {error}", folder.display()))?;
    }
    let source = folder.join("pages");
    let summary = summary(&read(&root.join(SUMMARY))?, &codes(&root)?);
    let chapters: BTreeSet<PathBuf> = links(&summary).map(PathBuf::from).collect();
    let mut beside: BTreeSet<PathBuf> = BTreeSet::new();
    for chapter in &chapters {
        let text = read(&root.join(chapter))?;
        let page = page(&text, |link| match plain(&chapter.with_file_name(link)) {
            Some(path) if chapters.contains(&path) => true,
            // mdBook takes every link to Markdown for one to a chapter.
            Some(path) if path.extension().is_some_and(|extension| extension == "md") => false,
            Some(path) if root.join(&path).is_file() => {
                beside.insert(path);
                true
            }
            _ => false,
        });
        write(&source.join(chapter), &page)?;
    }
    for path in &beside {
        let target = source.join(path);
        make_folder(&target)?;
        fs::copy(root.join(path), &target).map_err(|error| format!("cannot copy {}: {error}", path.display()))?;
    }
    write(&source.join("SUMMARY.md"), &summary)?;
    write(&folder.join("book.toml"), &(SETTINGS.to_owned() + &addresses(&root)?))?;
    let mdbook = setup::executables("book").join("mdbook");
    let mut build = step::command(mdbook, &["build"]);
    step::quietly("mdbook build", build.current_dir(&folder))?;
    step::say("  the book is target/book/index.html");
    Ok(())
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// Make the folder that a file stands in.
fn make_folder(path: &Path) -> Result<(), String> {
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    made.map_err(|error| format!("cannot make the folder of {}: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    make_folder(path)?;
    fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// A line of the list of chapters for each code: its page is one, named by its title.
fn codes(root: &Path) -> Result<Vec<String>, String> {
    let pages = project::entries(&root.join(PAGES))?;
    pages
        .iter()
        .filter(|page| page.extension().is_some_and(|extension| extension == "md"))
        .map(|page| {
            let text = read(page)?;
            let title = text.lines().next().unwrap_or_default().trim_start_matches(['#', ' ']).replace(['[', ']'], "");
            Ok(format!("- [{title}]({PAGES}/{}.md)", project::name(page)))
        })
        .collect()
}

/// A short address for the page of each code, which reports link to: `codes/EVC0101.html`.
fn addresses(root: &Path) -> Result<String, String> {
    let pages = project::entries(&root.join(PAGES))?;
    let line = |page: &PathBuf| {
        let code = project::name(page);
        format!("\"/codes/{code}.html\" = \"../{PAGES}/{code}.html\"\n")
    };
    Ok(pages.iter().map(line).collect())
}

/// The list of chapters with paths from the root, and the codes below the chapter of the reports.
fn summary(checked_in: &str, codes: &[String]) -> String {
    let mut summary = String::new();
    for line in checked_in.lines() {
        let Some((before, link)) = line.split_once("](") else {
            let _ = writeln!(summary, "{line}");
            continue;
        };
        let path = plain(&Path::new("docs").join(link.trim_end_matches(')'))).unwrap_or_default();
        let _ = writeln!(summary, "{before}]({})", path.display());
        if path == Path::new(REPORTS) {
            let indent = line.len() - line.trim_start().len() + 2;
            for code in codes {
                let _ = writeln!(summary, "{:indent$}{code}", "");
            }
        }
    }
    summary
}

/// The relative links of a page, without their anchors.
fn links(markdown: &str) -> impl Iterator<Item = &str> {
    let targets = markdown.match_indices("](").filter_map(|(at, _)| markdown[at + 2..].split(')').next());
    targets
        .map(|target| target.split('#').next().unwrap_or_default())
        .filter(|path| !path.is_empty() && !path.contains(':'))
}

/// A page as it stands in the book: of links to what is not in it, by path, the text is left. mdBook calls the page of a `README.md` `index`.
fn page(markdown: &str, mut is_in_book: impl FnMut(&str) -> bool) -> String {
    let mut page = String::new();
    let mut in_code = false;
    for line in markdown.split_inclusive('\n') {
        in_code ^= line.starts_with("```");
        if in_code {
            page.push_str(line);
            continue;
        }
        let mut rest = line;
        while let Some((before, after)) = rest.split_once("](") {
            let Some((target, behind)) = after.split_once(')') else { break };
            let (path, anchor) = target.find('#').map_or((target, ""), |at| target.split_at(at));
            match before.rsplit_once('[') {
                Some((ahead, text)) if !path.is_empty() && !path.contains(':') && !is_in_book(path) => {
                    page.extend([ahead, text]);
                }
                _ => {
                    let path =
                        path.strip_suffix("README.md").map_or(path.to_owned(), |folder| format!("{folder}index.md"));
                    page.extend([before, "](", &path, anchor, ")"]);
                }
            }
            rest = behind;
        }
        page.push_str(rest);
    }
    page
}

/// A path without `.` and `..`; `None` if it leads out of the repository.
fn plain(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => plain.push(name),
            Component::ParentDir if plain.pop() => {}
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chapters_are_named_from_the_root_and_codes_stand_below_the_reports() {
        let checked_in = "# Contents\n\n[evc](../README.md)\n\n- [Reports](diagnostics.md)\n- [Style](style.md)\n";
        let codes = ["- [EVC0001: no YAML](pages/EVC0001.md)".to_owned()];
        let expected = "# Contents\n\n[evc](README.md)\n\n- [Reports](docs/diagnostics.md)\n  - [EVC0001: no YAML](pages/EVC0001.md)\n\
                        - [Style](docs/style.md)\n";
        assert_eq!(summary(checked_in, &codes), expected);
    }

    #[test]
    fn of_a_link_to_what_is_not_in_the_book_the_text_is_left() {
        let markdown = "See [`a`](a.md#b), [c](d/), [e](https://e.example) and [f](../README.md).\n```\n[c](d/)\n```\n";
        let expected = "See [`a`](a.md#b), c, [e](https://e.example) and [f](../index.md).\n```\n[c](d/)\n```\n";
        assert_eq!(page(markdown, |path| path != "d/"), expected);
    }

    #[test]
    fn links_lead_to_files_of_the_repository_or_elsewhere() {
        let page = "[a](b.md#c), [d](https://e.example), [f](#g), [h](../i.rs)";
        assert_eq!(links(page).collect::<Vec<_>>(), ["b.md", "../i.rs"]);
        assert_eq!(plain(Path::new("docs/./../i.rs")), Some(PathBuf::from("i.rs")));
        assert_eq!(plain(Path::new("docs/../../i.rs")), None);
    }
}
