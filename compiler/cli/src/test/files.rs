//! The files of scenarios that are asked for.

use std::path::{Path, PathBuf};

/// How their names end.
const SUFFIX: &str = ".test.yaml";

/// Folders that have none: what is generated, built or fetched.
const SKIPPED: [&str; 4] = ["target", "generated", "node_modules", "runtime"];

/// The most levels of folders that are searched.
const DEEP: usize = 8;

/// The files at these paths, sorted within each folder.
pub(super) fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let here = [PathBuf::from(".")];
    let paths = if paths.is_empty() { &here[..] } else { paths };
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            let before = found.len();
            search(path, 0, &mut found)?;
            if found.len() == before {
                let shown =
                    if path == Path::new(".") { "this folder".to_owned() } else { format!("`{}`", path.display()) };
                return Err(format!("{shown} has no `*{SUFFIX}`"));
            }
        } else if is_spec(path) {
            let beside = path.with_extension("").with_extension("test.yaml");
            if !beside.exists() {
                return Err(format!("`{}` is a spec, and there is no `{}`", path.display(), beside.display()));
            }
            found.push(beside);
        } else {
            found.push(path.clone());
        }
    }
    Ok(found)
}

/// Whether a path is one of a spec: its scenarios are meant.
fn is_spec(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".yaml") && !name.ends_with(SUFFIX)
}

fn search(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("cannot list `{}`: {error}", folder.display());
    let mut entries: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        entries.push(entry.map_err(failed)?.path());
    }
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && !path.is_symlink() {
            if depth < DEEP && !name.starts_with('.') && !SKIPPED.contains(&name.as_str()) {
                search(&path, depth + 1, found)?;
            }
        } else if name.ends_with(SUFFIX) {
            // `./specs/a` is `specs/a` to people.
            found.push(path.strip_prefix(".").map(Path::to_owned).unwrap_or(path));
        }
    }
    Ok(())
}
