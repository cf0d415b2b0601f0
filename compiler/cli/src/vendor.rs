//! `evc vendor`: the runtime that generated handlers link, from this binary into a folder of a project.
//!
//! Stacks build only with the runtime that their compiler was made with. Beside the sources stands which state of them it is
//! ([`FINGERPRINT_FILE`]): `evc build` and `evc check` read that one line (`project/`), and no sources.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::embedded::{FINGERPRINT, RUNTIME};
use super::stack::{self, Written};
use super::{Exit, console};
use evc_compiler::emit::Files;

/// Says which state of the runtime a vendored folder has.
pub(super) const FINGERPRINT_FILE: &str = ".evc-runtime";

/// Write the runtime that generated handlers link into a folder of your project, or bring it up to date.
///
/// The sources are in evc itself, and stacks build only with those of the evc that wrote them: run it after each update of evc.
/// Only files that differ are written, and what no longer belongs is removed. Files that evc did not write are never touched;
/// changes in those that it did write are undone, and told.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  evc vendor\n  evc vendor ../shop/runtime\n\n\
    Then, since a new evc may write other files:\n  evc schema > evc.schema.json\n  evc schema test > evc.test.schema.json\n  evc schema test > evc.test.schema.json\n  evc build specs/*.yaml")]
pub(super) struct Arguments {
    /// The folder of the runtime. evc finds it as `runtime` beside `specs`, or in a folder above.
    #[arg(value_name = "DIR", default_value = "runtime")]
    directory: PathBuf,
    /// Say nothing but errors.
    #[arg(long, short)]
    quiet: bool,
}

/// Brings the folder up to date.
pub(super) fn run(arguments: &Arguments) -> Exit {
    let directory = &arguments.directory;
    if directory.join("handlers/Cargo.toml").exists() && !directory.join(stack::MANIFEST).exists() {
        console::fail(&format!("`{}` has a runtime that `evc vendor` did not write", directory.display()));
        console::tell("in a clone of evc it is up to date already; elsewhere move it away, or name another folder");
        return Exit::Usage;
    }
    let edited = edited(directory);
    match write(directory) {
        Ok(_) if arguments.quiet => Exit::Clean,
        Ok(Written { changed, unchanged, removed }) => {
            for path in edited {
                console::tell(&format!("{}: was changed by hand, and is evc's again", path.display()));
            }
            let directory = directory.display();
            console::tell(&format!("{directory}: {changed} files written, {unchanged} unchanged, {removed} removed"));
            Exit::Clean
        }
        Err(error) => {
            console::fail(&error.to_string());
            if matches!(error, stack::Error::NotOurs(_)) {
                console::tell("move them away, or name another folder");
            }
            Exit::Io
        }
    }
}

/// The files of a vendored runtime, by path relative to its folder, as they stand in a new project: with the list of them, by which
/// they can be brought up to date.
pub(super) fn files() -> Vec<(&'static str, String)> {
    let mut files: Vec<_> = RUNTIME.iter().map(|(path, text)| (*path, (*text).to_owned())).collect();
    let paths: BTreeSet<String> = RUNTIME.iter().map(|(path, _)| (*path).to_owned()).collect();
    files.push((stack::MANIFEST, stack::listing(&paths)));
    files.push((FINGERPRINT_FILE, format!("{FINGERPRINT}\n")));
    files
}

/// Writes what differs. The fingerprint goes first and comes last: a folder that has one is whole.
fn write(directory: &Path) -> Result<Written, stack::Error> {
    let mut files = Files::default();
    for (path, text) in RUNTIME {
        files.add(*path, *text);
    }
    let fingerprint = directory.join(FINGERPRINT_FILE);
    let text = format!("{FINGERPRINT}\n");
    if fs::read_to_string(&fingerprint).is_ok_and(|found| found == text) {
        return stack::write(directory, &files, false);
    }
    match fs::remove_file(&fingerprint) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(stack::Error::Io(fingerprint, error)),
        _ => {}
    }
    let written = stack::write(directory, &files, false)?;
    stack::replace(&fingerprint, &text)?;
    Ok(written)
}

/// The files that differ from those of this very state of the runtime, so that it was people who changed them.
fn edited(directory: &Path) -> Vec<PathBuf> {
    let state = fs::read_to_string(directory.join(FINGERPRINT_FILE)).unwrap_or_default();
    if state.trim() != FINGERPRINT {
        return Vec::new();
    }
    let differs = |path: &PathBuf, text: &str| fs::read(path).is_ok_and(|bytes| bytes != text.as_bytes());
    RUNTIME
        .iter()
        .map(|(path, text)| (directory.join(path), *text))
        .filter(|(path, text)| differs(path, text))
        .map(|(path, _)| path)
        .collect()
}
