//! `cargo xtask new`: the files of a new check or a new diagnostic code, with their lines in the registries. What is written
//! compiles and passes its tests; what is left to say is said in it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{project, step};

/// What to add.
#[derive(clap::Subcommand)]
pub(crate) enum New {
    /// A check and its code: `compiler/core/src/check/NAME.rs`, a document of its tests, the code's page, and the lines in both
    /// lists.
    Check {
        /// Its name, in lower-case words joined by hyphens: `short-visibility`.
        name: String,
        /// What it reports: `EVC0999`. The next free code about tables, functions, queues and rules by default.
        #[arg(long)]
        code: Option<String>,
        /// What it reports does not stop a build, and can be allowed.
        #[arg(long)]
        warning: bool,
        /// What it reports works, and is recommended otherwise: it stops nothing, and can be allowed.
        #[arg(long, conflicts_with = "warning")]
        advice: bool,
    },
    /// A diagnostic code: its page and its line in the registry.
    Code {
        /// The code: `EVC0999`. Codes are grouped by hundreds (`compiler/core/src/diagnostics/codes.rs`) and never reused.
        code: String,
        /// Its name, in lower-case words joined by hyphens: `short-visibility`.
        name: String,
        /// It does not stop a build, and can be allowed.
        #[arg(long)]
        warning: bool,
        /// It works, and is recommended otherwise: it stops nothing, and can be allowed.
        #[arg(long, conflicts_with = "warning")]
        advice: bool,
    },
}

/// The level of what a code is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Error,
    Warning,
    Advice,
}

impl Level {
    fn of(warning: bool, advice: bool) -> Self {
        match (warning, advice) {
            (true, _) => Self::Warning,
            (false, true) => Self::Advice,
            (false, false) => Self::Error,
        }
    }

    /// Its word in the registry of codes.
    fn word(self) -> &'static str {
        match self {
            Self::Error => "Error",
            Self::Warning => "Warning",
            Self::Advice => "Advice",
        }
    }
}

const CODES: &str = "compiler/core/src/diagnostics/codes.rs";
const CHECKS: &str = "compiler/core/src/check/mod.rs";

/// Write the files, and say what to do next.
pub(crate) fn run(new: &New) -> Result<(), String> {
    let root = project::root();
    let (written, next) = match new {
        New::Check { name, code, warning, advice } => (
            check(&root, name, code.as_deref(), Level::of(*warning, *advice))?,
            "say what it finds in the check, its document and its page: cargo test -p evc-compiler -p evc",
        ),
        New::Code { code, name, warning, advice } => (
            self::code(&root, code, name, Level::of(*warning, *advice))?,
            "write the page; its examples are tests: cargo test -p evc-compiler --test pages",
        ),
    };
    for path in written {
        step::say(&format!("  {}", path.strip_prefix(&root).unwrap_or(&path).display()));
    }
    step::say(next);
    Ok(())
}

/// The group of codes about tables, functions, queues and rules, which most checks look at.
const USUAL_GROUP: &str = "EVC06";

/// Adds a check and its code to the project in `root`. Returns what was written. As written, the check finds functions that
/// are called `wrong`, and its tests pass.
fn check(root: &Path, name: &str, code: Option<&str>, level: Level) -> Result<Vec<PathBuf>, String> {
    kebab(name)?;
    let module = name.replace('-', "_");
    let list = root.join(CHECKS);
    let text = read(&list)?;
    let text = with_module(&text, &module).and_then(|text| with_check(&text, &module));
    let text = text.ok_or_else(|| format!("{CHECKS} has not the form that this task knows: add the check by hand"))?;
    let code = match code {
        Some(code) => code.to_owned(),
        None => free(&read(&root.join(CODES))?, USUAL_GROUP)?,
    };
    let title = sentence(name);
    let source = format!(
        "//! {title}.\n\nuse crate::diagnostics::{{Code, Diagnostic}};\nuse crate::model::{{Model, Thing}};\n\n\
         pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {{\n    \
         for (id, function) in model.functions.iter().filter(|(_, function)| function.head.name == \"wrong\") {{\n        \
         let message = format!(\"found `{{}}`, expected another name\", function.head.name);\n        \
         let diagnostic = Diagnostic::new(Code::{code}, function.head.name_span, message);\n        \
         // The item that it is about, which may allow it if it is a warning.\n        \
         diagnostics.push(diagnostic.on(model.path(Thing::Function(id))));\n    }}\n}}\n"
    );
    let severity = level.word().to_lowercase();
    let allowed = if level == Level::Error {
        String::new()
    } else {
        format!(
            "\n## Allowed\n\n```yaml\nevc: 1\nservice: shop\nfunctions:\n  \
             wrong: {{ api: GET /ping, allow: [{code}: a reason] }}\n```\n"
        )
    };
    let document = format!(
        "# {title}\n\nWhat is checked, and why.\n\n```yaml\nevc: 1\nservice: shop\n\
         functions:\n  wrong: {{ api: GET /ping }} # {severity}: [{code}]\n```\n{allowed}"
    );
    let mut files = vec![
        (root.join(format!("compiler/core/src/check/{module}.rs")), source, false),
        (root.join(format!("tests/diagnostics/checks/{name}.md")), document, false),
        (list, text, true),
    ];
    files.extend(code_files(root, &code, name, level)?);
    write(files)
}

/// The first code of a group after those that there are.
fn free(registry: &str, group: &str) -> Result<String, String> {
    let numbers = registry.lines().filter_map(|line| line.trim().strip_prefix(group)?.get(..2)?.parse::<u8>().ok());
    match numbers.max().unwrap_or(0) {
        last @ 0..99 => Ok(format!("{group}{:02}", last + 1)),
        _ => Err(format!("the group {group} is full: name a code with `--code`")),
    }
}

/// Adds a code to the project in `root`. Returns what was written.
fn code(root: &Path, code: &str, name: &str, level: Level) -> Result<Vec<PathBuf>, String> {
    write(code_files(root, code, name, level)?)
}

/// The files of a code: path, text, and whether the file is there already.
fn code_files(root: &Path, code: &str, name: &str, level: Level) -> Result<Vec<(PathBuf, String, bool)>, String> {
    kebab(name)?;
    let digits =
        code.strip_prefix("EVC").filter(|digits| digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit()));
    if digits.is_none() {
        return Err(format!("`{code}` is not a code: write `EVC` and four digits"));
    }
    let registry = root.join(CODES);
    let severity = level.word();
    let text = with_code(&read(&registry)?, code, &format!("    {code} {severity} \"{name}\",\n"))?;
    let example = |function: &str| {
        format!("```yaml\nevc: 1\nservice: shop\nfunctions:\n  {function}: {{ api: GET /ping }}\n```\n")
    };
    let page = format!(
        "# {code}: {}\n\nWhat it is, in a sentence or two.\n\n## Why\n\nWhat would happen otherwise, with a link to the page of AWS \
         that says so.\n\n## Example\n\n{}\n## Mended\n\n{}",
        sentence(name),
        example("wrong"),
        example("ping")
    );
    let page_path = root.join(format!("compiler/core/src/diagnostics/pages/{code}.md"));
    Ok(vec![(page_path, page, false), (registry, text, true)])
}

/// The registry of codes with a line more, in its place.
fn with_code(text: &str, code: &str, line: &str) -> Result<String, String> {
    let start =
        text.find("\ncodes! {\n").map(|at| at + "\ncodes! {\n".len()).ok_or_else(|| format!("{CODES} has no list"))?;
    let end =
        text[start..].find("\n}").map(|at| start + at + 1).ok_or_else(|| format!("the list in {CODES} has no end"))?;
    let mut at = end;
    let mut offset = start;
    for other in text[start..end].split_inclusive('\n') {
        let known = other.split_whitespace().next().unwrap_or_default();
        if known == code {
            return Err(format!("there is a code {code} already:{}", other.trim_end()));
        }
        if known.starts_with("EVC") && known > code {
            at = offset;
            break;
        }
        offset += other.len();
    }
    Ok(format!("{}{line}{}", &text[..at], &text[at..]))
}

/// The list of checks with a module more, in alphabetical order.
fn with_module(text: &str, module: &str) -> Option<String> {
    let line = format!("mod {module};\n");
    let mut offset = 0;
    // After the last module that comes before it, or before the first `use`.
    let mut at = None;
    for other in text.split_inclusive('\n') {
        if other == line {
            return None;
        }
        if other.starts_with("mod ") && other < line.as_str() {
            at = Some(offset + other.len());
        } else if at.is_none() && (other.starts_with("mod ") || other.starts_with("use ")) {
            at = Some(offset);
        }
        offset += other.len();
    }
    at.map(|at| format!("{}{line}{}", &text[..at], &text[at..]))
}

/// The list of checks with a check more, at its end.
fn with_check(text: &str, module: &str) -> Option<String> {
    let start = text.find("CHECKS: &[Check] = &[")? + "CHECKS: &[Check] = &[".len();
    let end = start + text[start..].find("];")?;
    let mut checks: Vec<String> =
        text[start..end].split(',').map(|check| check.trim().to_owned()).filter(|check| !check.is_empty()).collect();
    checks.push(format!("{module}::check"));
    let list: String = checks.iter().map(|check| format!("    {check},\n")).collect();
    Some(format!("{}\n{list}{}", &text[..start], &text[end..]))
}

fn kebab(name: &str) -> Result<(), String> {
    let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if name.split('-').all(word) && name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Ok(());
    }
    Err(format!("`{name}` is not a name: write lower-case words joined by hyphens"))
}

/// `short-visibility` as `Short visibility`.
fn sentence(name: &str) -> String {
    let text = name.replace('-', " ");
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// Writes files: path, text, and whether the file is there already. Nothing is written if a new one is.
fn write(files: Vec<(PathBuf, String, bool)>) -> Result<Vec<PathBuf>, String> {
    if let Some((path, ..)) = files.iter().find(|(path, _, known)| !known && path.exists()) {
        return Err(format!("{} is there already", path.display()));
    }
    let one = |(path, text, _): (PathBuf, String, bool)| {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, text))
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        Ok(path)
    };
    files.into_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The files that new things are registered in, as they are now, in a folder of their own.
    fn copy(test: &str) -> PathBuf {
        let root = std::env::temp_dir().join(format!("evc-new-{test}-{}", std::process::id()));
        for path in [CODES, CHECKS] {
            let target = root.join(path);
            fs::create_dir_all(target.parent().expect("a folder")).expect("a folder");
            fs::copy(project::root().join(path), target).expect("a registry");
        }
        root
    }

    #[test]
    fn a_code_stands_in_its_place_and_has_a_page() {
        let root = copy("code");
        let written = code(&root, "EVC0199", "odd-thing", Level::Warning).expect("written");
        assert_eq!(written.len(), 2);
        let registry = read(&root.join(CODES)).expect("the registry");
        let codes: Vec<&str> = registry
            .lines()
            .filter_map(|line| line.trim().split_once(' '))
            .map(|(code, _)| code)
            .filter(|c| c.starts_with("EVC0"))
            .collect();
        assert!(codes.is_sorted() && codes.contains(&"EVC0199"), "{codes:?}");
        assert!(registry.contains("    EVC0199 Warning \"odd-thing\",\n"));
        let page = read(&root.join("compiler/core/src/diagnostics/pages/EVC0199.md")).expect("the page");
        assert!(page.starts_with("# EVC0199: Odd thing\n"), "{page}");
        assert!(code(&root, "EVC0199", "odd-thing", Level::Warning).is_err_and(|error| error.contains("already")));
        assert!(code(&root, "EVC19", "odd-thing", Level::Error).is_err());
        assert!(code(&root, "EVC0198", "Odd_thing", Level::Advice).is_err());
        fs::remove_dir_all(root).expect("removed");
    }

    #[test]
    fn a_check_is_a_module_and_in_the_list() {
        let root = copy("check");
        let written = check(&root, "odd-thing", None, Level::Warning).expect("written");
        assert_eq!(written.len(), 5);
        let list = read(&root.join(CHECKS)).expect("the list");
        assert_eq!(list.matches("mod odd_thing;\n").count(), 1, "{list}");
        let modules: Vec<&str> = list.lines().filter(|line| line.starts_with("mod ")).collect();
        assert!(modules.is_sorted(), "{modules:?}");
        assert!(list.contains("    odd_thing::check,\n];"), "{list}");
        assert!(root.join("compiler/core/src/check/odd_thing.rs").exists());
        assert!(root.join("tests/diagnostics/checks/odd-thing.md").exists());
        let source = read(&root.join("compiler/core/src/check/odd_thing.rs")).expect("the check");
        let code = source.split("Code::").nth(1).and_then(|rest| rest.get(..7)).expect("a code");
        assert!(code.starts_with(USUAL_GROUP), "{source}");
        assert!(
            read(&root.join(CODES)).expect("the registry").contains(&format!("    {code} Warning \"odd-thing\",\n"))
        );
        assert!(root.join(format!("compiler/core/src/diagnostics/pages/{code}.md")).exists());
        assert!(check(&root, "odd-thing", None, Level::Warning).is_err());
        assert!(free("    EVC0699 Error \"a\",\n", USUAL_GROUP).is_err());
        fs::remove_dir_all(root).expect("removed");
    }

    /// Documents tell of tasks that there are.
    #[test]
    fn tasks_in_documents_exist() {
        use clap::CommandFactory;
        let command = crate::Arguments::command();
        let mut paths: Vec<PathBuf> = project::entries(&project::root().join("docs")).expect("docs");
        paths.extend(project::entries(&project::root()).expect("the root"));
        let mut found = 0;
        for path in paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "md")) {
            for call in read(path).expect("a document").split("cargo xtask ").skip(1) {
                let words: Vec<&str> = call.split(|c: char| !(c.is_alphanumeric() || c == '-')).collect();
                let Some(task) = words.first().filter(|task| task.starts_with(char::is_alphabetic)) else { continue };
                let known =
                    command.find_subcommand(task).unwrap_or_else(|| panic!("{}: no task `{task}`", path.display()));
                if let Some(inner) = words.get(1).filter(|_| known.has_subcommands()) {
                    assert!(known.find_subcommand(inner).is_some(), "{}: `{task}` has no `{inner}`", path.display());
                }
                found += 1;
            }
        }
        assert!(found > 3, "{found} tasks found");
    }
}
