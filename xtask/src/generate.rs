//! `cargo xtask generate`: the checked-in outputs of the specs and documents about the language, and the proof that they are
//! what the compiler makes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{documents, project, step, workspace};

/// What to do with `generated/`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Write nothing; fail when a fresh build differs from what is checked in.
    #[arg(long)]
    check: bool,
}

/// Made by builds of the stack, not by evc.
const NOT_EVC: [&str; 3] = ["Cargo.lock", ".aws-sam", "target"];

/// Write `generated/`, or check it.
pub(crate) fn run(options: &Options) -> Result<(), String> {
    if options.check {
        return check();
    }
    workspace::evc()?;
    documents::write()?;
    for spec in project::specs()? {
        let out = project::root().join("generated").join(project::name(&spec));
        build(&spec, &out, &project::root())?;
    }
    Ok(())
}

/// Build every spec twice, the second time from another working directory, and compare each with `generated/`.
pub(crate) fn check() -> Result<(), String> {
    workspace::evc()?;
    documents::check()?;
    // Beside generated/, as deep in the tree: the relative paths in the outputs come out the same.
    let scratch = project::root().join(".generated-check");
    let result = project::specs()?.iter().try_for_each(|spec| check_spec(spec, &scratch));
    if scratch.exists() {
        fs::remove_dir_all(&scratch).map_err(|error| format!("cannot remove {}: {error}", scratch.display()))?;
    }
    result
}

fn check_spec(spec: &Path, scratch: &Path) -> Result<(), String> {
    let name = project::name(spec);
    let checked_in = files(&project::root().join("generated").join(&name))?;
    for directory in [project::root(), std::env::temp_dir()] {
        let out = scratch.join(&name);
        if out.exists() {
            fs::remove_dir_all(&out).map_err(|error| format!("cannot remove {}: {error}", out.display()))?;
        }
        build(spec, &out, &directory)?;
        if let Some(difference) = difference(&checked_in, &files(&out)?) {
            let place = directory.display();
            return Err(format!("generated/{name}/{difference} (built in {place}); to mend: cargo xtask generate"));
        }
    }
    Ok(())
}

/// Build a spec with the compiler, run in `directory`.
pub(crate) fn build(spec: &Path, out: &Path, directory: &Path) -> Result<(), String> {
    let mut build = step::command(project::evc(), &["build"]);
    build.arg(spec).arg("--out").arg(out).current_dir(directory);
    step::quietly(&format!("evc build {} in {}", project::name(spec), directory.display()), &mut build)
}

/// The files of a stack, by their path in it.
fn files(stack: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![stack.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for path in project::entries(&folder)? {
            if path.file_name().is_some_and(|name| NOT_EVC.iter().any(|other| name == *other)) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            found.insert(path.strip_prefix(stack).unwrap_or(&path).to_path_buf(), bytes);
        }
    }
    Ok(found)
}

/// The first file in which two stacks differ, and how.
fn difference(checked_in: &BTreeMap<PathBuf, Vec<u8>>, fresh: &BTreeMap<PathBuf, Vec<u8>>) -> Option<String> {
    let paths = checked_in.keys().chain(fresh.keys().filter(|path| !checked_in.contains_key(*path)));
    paths.into_iter().find_map(|path| match (checked_in.get(path), fresh.get(path)) {
        (Some(_), None) => Some(format!("{} is checked in but no longer built", path.display())),
        (None, Some(_)) => Some(format!("{} is built but not checked in", path.display())),
        (Some(old), Some(new)) if old != new => {
            Some(format!("{} differs from a fresh build: {}", path.display(), first_difference(old, new)))
        }
        _ => None,
    })
}

/// The first line in which two texts differ.
fn first_difference(old: &[u8], new: &[u8]) -> String {
    let (old, new) = (String::from_utf8_lossy(old), String::from_utf8_lossy(new));
    let common = old.lines().zip(new.lines()).take_while(|(old, new)| old == new).count();
    let line = |text: &str| text.lines().nth(common).unwrap_or("(end of file)").to_owned();
    format!("line {}: checked in `{}`, built `{}`", common + 1, line(&old), line(&new))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(files: &[(&str, &str)]) -> BTreeMap<PathBuf, Vec<u8>> {
        files.iter().map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec())).collect()
    }

    #[test]
    fn equal_stacks_do_not_differ() {
        let files = stack(&[("a", "1\n"), ("b/c", "2\n")]);
        assert_eq!(difference(&files, &files), None);
    }

    #[test]
    fn names_the_first_line_that_differs() {
        let found = difference(&stack(&[("a", "1\n2\n")]), &stack(&[("a", "1\n3\n")]));
        let expected = "a differs from a fresh build: line 2: checked in `2`, built `3`";
        assert_eq!(found.as_deref(), Some(expected));
    }

    #[test]
    fn a_file_on_one_side_only_is_a_difference() {
        let (one, two) = (stack(&[("a", "")]), stack(&[("a", ""), ("b", "")]));
        assert_eq!(difference(&one, &two).as_deref(), Some("b is built but not checked in"));
        assert_eq!(difference(&two, &one).as_deref(), Some("b is checked in but no longer built"));
    }
}
