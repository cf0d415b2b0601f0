//! What the tests that are Markdown documents share: finding blocks in Markdown, and checking a spec.

#![allow(dead_code, reason = "each test binary uses a part")]

use std::path::{Path, PathBuf};

use evc_compiler::diagnostics::Severity;
use evc_compiler::emit::Project;
use evc_compiler::session::{self, Analysis, Extent, against, analyze, audit};
use evc_compiler::source::{SourceMap, World};
use evc_compiler::yaml::{decode_bytes, parse};

/// A fenced block of a Markdown document.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// The first word after the fence: `yaml`.
    pub(crate) language: String,
    /// The words after it: `file=./payments.yaml`.
    pub(crate) attributes: Vec<String>,
    /// What is between the fences, with line ends.
    pub(crate) text: String,
    /// The line of the document that the text starts on, from 0.
    pub(crate) line: usize,
    /// The heading it stands under.
    pub(crate) heading: String,
}

impl Block {
    /// The text, with each line that has `NNN` in it written once for each number of `times=`: for limits that only a long
    /// spec exceeds.
    pub(crate) fn expanded(&self) -> String {
        let times = self.attributes.iter().find_map(|attribute| attribute.strip_prefix("times="));
        let Some(times) = times else { return self.text.clone() };
        let times: usize = times.parse().expect("`times=` and a number");
        let line = |line: &str| {
            if line.contains("NNN") {
                (1..=times).map(|number| line.replace("NNN", &number.to_string())).collect()
            } else {
                line.to_owned()
            }
        };
        self.text.split_inclusive('\n').map(line).collect()
    }

    /// Whether it is the spec that is deployed, which the first is compared with: `file=old.yaml against`.
    pub(crate) fn is_old(&self) -> bool {
        self.attributes.iter().any(|attribute| attribute == "against")
    }

    /// Whether it is a template and no spec: `template`.
    pub(crate) fn is_template(&self) -> bool {
        self.attributes.iter().any(|attribute| attribute == "template")
    }

    /// The path of a further file, if it is one: `file=./payments.yaml`.
    pub(crate) fn file(&self) -> Option<&str> {
        self.attributes.iter().find_map(|attribute| attribute.strip_prefix("file="))
    }
}

/// All fenced blocks, in order.
pub(crate) fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut heading = String::new();
    let mut open: Option<Block> = None;
    for (at, line) in markdown.split_inclusive('\n').enumerate() {
        let fence = line.trim_end().strip_prefix("```");
        match (&mut open, fence) {
            (Some(_), Some("")) => blocks.extend(open.take()),
            (Some(block), _) => block.text.push_str(line),
            (None, Some(info)) => {
                let mut words = info.split_whitespace().map(str::to_owned);
                open = Some(Block {
                    language: words.next().unwrap_or_default(),
                    attributes: words.collect(),
                    text: String::new(),
                    line: at + 1,
                    heading: heading.clone(),
                });
            }
            (None, None) if line.starts_with('#') => {
                line.trim_start_matches('#').trim().clone_into(&mut heading);
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

/// The path of a template that stands in a document, by which it is known for one.
pub(crate) const TEMPLATE: &str = "template.yaml";

/// Files that are there without a disk, by path.
struct Files<'a>(&'a [(String, String)]);

impl World for Files<'_> {
    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        let found = self.0.iter().find(|(name, _)| Path::new(name.trim_start_matches("./")) == path);
        found.map(|(_, text)| text.clone().into_bytes()).ok_or_else(|| std::io::ErrorKind::NotFound.into())
    }
}

/// Checks a spec and the files it imports, and builds it in memory if there is no error: pairs of path and text, the spec first.
/// Compares it with the spec `old` of these files, if one is given. A template is audited.
pub(crate) fn check(files: &[(String, String)], old: Option<&str>) -> Analysis {
    if files[0].0 == TEMPLATE {
        return audit(&Files(files), Path::new(TEMPLATE)).expect("the template is among the files");
    }
    // With scenarios beside it, what is wrong with both is asked for.
    if let Some((path, _)) = files.iter().find(|(path, _)| path.ends_with(".test.yaml")) {
        return session::scenarios(&Files(files), Path::new(path)).expect("the scenarios are among the files").analysis;
    }
    let mut analysis = analyze(&Files(files), Path::new(&files[0].0)).expect("the spec is among the files");
    let compared = old.map(|old| against(&Files(files), Path::new(old), &mut analysis, &[]).expect("an old spec"));
    if !analysis.has_errors()
        && let Some(model) = &analysis.model
    {
        let planned = session::plan(model);
        let mut found = planned.diagnostics.clone();
        if !found.iter().any(|found| found.severity() == Severity::Error) {
            found.extend(planned.build(&analysis.sources, &project(&files[0].0), Extent::Whole).diagnostics);
        }
        analysis.add(found);
    }
    analysis.add(compared.unwrap_or_default().found);
    analysis
}

/// What a spec without problems comes to: its files.
pub(crate) fn build(files: &[(String, String)]) -> evc_compiler::emit::Files {
    let analysis = analyze(&Files(files), Path::new(&files[0].0)).expect("the spec is among the files");
    let planned = session::plan(analysis.model.as_ref().expect("a model"));
    let problems = (&analysis.diagnostics, &planned.diagnostics);
    assert!(problems.0.is_empty() && problems.1.is_empty(), "{files:?}: {problems:?}");
    planned.build(&analysis.sources, &project(&files[0].0), Extent::Whole).files
}

/// Where a stack would stand whose logic is a crate beside it.
fn project(spec: &str) -> Project {
    Project {
        spec_path: spec.to_owned(),
        logic_path: "../logic".to_owned(),
        logic_crate: "logic".to_owned(),
        logic_lib: "logic".to_owned(),
        stack_path: "../stack".to_owned(),
        runtime_path: "../../runtime/handlers".to_owned(),
    }
}

/// Reads the text of a file and goes no further: what is reported is about YAML only.
pub(crate) fn check_text_only(path: &str, text: &str) -> Analysis {
    let mut sources = SourceMap::default();
    let (file, mut diagnostics) = decode_bytes(&mut sources, path, text.as_bytes().to_vec());
    diagnostics.extend(parse(&sources, file).1);
    Analysis { sources, diagnostics, model: None }
}

/// All Markdown files under a folder, sorted.
pub(crate) fn documents(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            found.extend(documents(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    found.sort();
    found
}
