//! Where things are in the project.

use std::fs;
use std::path::{Path, PathBuf};

/// The repository's root, whatever the working directory is.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_path_buf()
}

/// Where `setup` installs: nothing outside the project is touched, except packages of the system that are missing.
pub(crate) fn tools() -> PathBuf {
    root().join("target/tools")
}

/// The compiler, where [`crate::workspace::evc`] builds it.
pub(crate) fn evc() -> PathBuf {
    root().join("target/debug").join(format!("evc{}", std::env::consts::EXE_SUFFIX))
}

/// The specs of the repository, `specs/*.yaml`, by name.
pub(crate) fn specs() -> Result<Vec<PathBuf>, String> {
    let mut specs = entries(&root().join("specs"))?;
    // `orders.test.yaml` has scenarios.
    let is_spec = |path: &Path| path.extension().is_some_and(|it| it == "yaml") && !name(path).contains('.');
    specs.retain(|path| is_spec(path));
    Ok(specs)
}

/// The generated stacks of the repository: every folder of `generated/` with a template.
pub(crate) fn stacks() -> Result<Vec<PathBuf>, String> {
    let mut stacks = entries(&root().join("generated"))?;
    stacks.retain(|path| path.join("template.yaml").is_file());
    Ok(stacks)
}

/// What a folder contains, sorted; nothing when there is no such folder.
pub(crate) fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let listed = fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>());
    let mut paths = listed.map_err(|error| format!("cannot list {}: {error}", folder.display()))?;
    paths.sort();
    Ok(paths)
}

/// The last part of a path, without its extension, for messages and folder names.
pub(crate) fn name(path: &Path) -> String {
    path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
