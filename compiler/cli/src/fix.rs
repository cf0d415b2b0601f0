//! `evc check --fix`: makes the changes that mend what is reported, those that are certain or those that somebody says yes to.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufRead, Write as _};
use std::path::Path;

use clap::ValueEnum;
use evc_compiler::diagnostics::{Diagnostic, Fix, apply, certain};
use evc_compiler::report::path;
use evc_compiler::session::Analysis;
use evc_compiler::source::{FileId, SourceFile, SourceMap};

use super::{console, terminal};

/// Which changes are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Mode {
    /// Those that can only be meant.
    Certain,
    /// Those that you say yes to, shown one by one.
    Ask,
}

/// How often a spec is looked at again after it was changed: what could not be read hides what it says.
const ROUNDS: usize = 32;

/// Changes the files of a spec until there is nothing left to change. `analyze` looks at the spec as it is on disk.
///
/// # Errors
///
/// When a file cannot be read or written; those of earlier rounds are changed then. One that changes meanwhile is left alone.
pub(super) fn mend(mode: Mode, analyze: impl Fn() -> io::Result<Analysis>) -> io::Result<()> {
    let mut refused = BTreeSet::new();
    for _ in 0..ROUNDS {
        let analysis = analyze()?;
        let sources = &analysis.sources;
        let (chosen, goes_on) = match mode {
            Mode::Certain => (analysis.diagnostics.iter().filter_map(|of| Some((of, certain(of)?))).collect(), true),
            Mode::Ask => ask(&analysis, &mut refused),
        };
        let mut changed = false;
        for (id, file) in sources.files() {
            let here = chosen.iter().filter(|(diagnostic, _)| diagnostic.primary.span.file == id);
            let here: Vec<(&Diagnostic, &Fix)> = here.copied().collect();
            changed |= change(id, file, &here, sources)?;
        }
        if !changed || !goes_on {
            break;
        }
    }
    Ok(())
}

/// Makes changes in one file, and tells of each. Whether there were any.
fn change(id: FileId, file: &SourceFile, chosen: &[(&Diagnostic, &Fix)], sources: &SourceMap) -> io::Result<bool> {
    let (mended, made) = apply(&file.text, id, chosen.iter().map(|(_, fix)| *fix));
    if mended == file.text {
        return Ok(false);
    }
    if fs::read(&file.path)? != file.text.as_bytes() {
        console::fail(&format!("`{}` has changed meanwhile, and is left as it is", file.path.display()));
        return Ok(false);
    }
    replace(&file.path, &mended)?;
    for (diagnostic, fix) in chosen.iter().filter(|(_, fix)| made.iter().any(|made| std::ptr::eq(*made, *fix))) {
        let place = sources.position(diagnostic.primary.span);
        let file = path(sources, diagnostic.primary.span);
        console::tell(&format!("fixed {file}:{}:{}: {} ({})", place.line, place.column, fix.title, diagnostic.code));
    }
    Ok(true)
}

/// Puts a text in the place of a file, all of it or nothing, with the file's permissions; where a link leads to, not in its place.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".evc-fix");
    let beside = path.with_file_name(name);
    let written = fs::write(&beside, text)
        .and_then(|()| fs::set_permissions(&beside, fs::metadata(&path)?.permissions()))
        .and_then(|()| fs::rename(&beside, &path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

/// Shows what was found and can be mended, and asks what to do. What was refused once is not asked for again. The second value is whether
/// to go on afterwards.
fn ask<'a>(analysis: &'a Analysis, refused: &mut BTreeSet<String>) -> (Vec<(&'a Diagnostic, &'a Fix)>, bool) {
    let Analysis { diagnostics, sources, .. } = analysis;
    let mut chosen = Vec::new();
    for diagnostic in diagnostics.iter().filter(|diagnostic| !diagnostic.fixes.is_empty()) {
        let about = format!("{} {} {}", path(sources, diagnostic.primary.span), diagnostic.code, diagnostic.message);
        if refused.contains(&about) {
            continue;
        }
        console::tell(&terminal::render(std::slice::from_ref(diagnostic), sources, console::style()));
        match answer(&diagnostic.fixes) {
            Answer::Take(fix) => chosen.push((diagnostic, fix)),
            Answer::Leave => {
                refused.insert(about);
            }
            Answer::Quit => return (chosen, false),
        }
    }
    (chosen, true)
}

enum Answer<'f> {
    Take(&'f Fix),
    Leave,
    Quit,
}

/// Asks which of the fixes is to be made. Nothing more is to be if there is nobody who answers.
fn answer(fixes: &[Fix]) -> Answer<'_> {
    let mut stderr = anstream::stderr();
    let question = match fixes {
        [only] => format!("{}? [y/N/q] ", capital(&only.title)),
        several => {
            for (number, fix) in (1..).zip(several) {
                let _ = writeln!(stderr, "  {number}: {}", fix.title);
            }
            format!("Which? [1-{}/N/q] ", several.len())
        }
    };
    let _ = write!(stderr, "{question}");
    let _ = stderr.flush();
    let mut line = String::new();
    match io::stdin().lock().read_line(&mut line) {
        Ok(0) | Err(_) => return Answer::Quit,
        Ok(_) => {}
    }
    match (line.trim(), fixes) {
        ("q" | "Q" | "quit", _) => Answer::Quit,
        ("y" | "Y" | "yes" | "Yes", [only]) => Answer::Take(only),
        (number, several) => {
            let at = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
            at.and_then(|at| several.get(at)).map_or(Answer::Leave, Answer::Take)
        }
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
