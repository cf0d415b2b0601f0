//! The sources of the runtime as they are written into projects: without tests, examples, and what only development needs.

use std::error::Error;
use std::fs;
use std::path::Path;

/// A path with `/` between its parts, and the text there.
pub(crate) type Text = (String, String);

/// The crates, as folders of `runtime/`.
const CRATES: [&str; 4] = ["handlers", "interface", "values", "workflow"];

/// What a manifest has for development alone.
const DROPPED: [&str; 5] = ["[dev-dependencies]", "[[test]]", "[[example]]", "[[bench]]", "[package.metadata.docs.rs]"];

/// The files of the runtime, by path, sorted: a workspace of its own, so that none above it claims it.
pub(crate) fn runtime(root: &Path) -> Result<Vec<Text>, Box<dyn Error>> {
    let mut files = vec![("Cargo.toml".to_owned(), workspace(&fs::read_to_string(root.join("Cargo.toml"))?))];
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
        files.push((licence.to_owned(), fs::read_to_string(root.join(licence))?));
    }
    for name in CRATES {
        let folder = root.join("runtime").join(name);
        files.push((format!("{name}/Cargo.toml"), manifest(&fs::read_to_string(folder.join("Cargo.toml"))?)));
        files
            .extend(sources(&folder.join("src"))?.into_iter().map(|(path, text)| (format!("{name}/src/{path}"), text)));
    }
    files.sort();
    Ok(files)
}

/// All files below a folder, by path, sorted. What is hidden is nobody's source.
pub(crate) fn files_below(folder: &Path) -> Result<Vec<Text>, Box<dyn Error>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') || name == "target" {
            continue;
        }
        if path.is_dir() {
            let below = files_below(&path)?;
            files.extend(below.into_iter().map(|(below, text)| (format!("{name}/{below}"), text)));
        } else {
            files.push((name, fs::read_to_string(&path)?));
        }
    }
    files.sort();
    Ok(files)
}

/// The manifest of a workspace of the crates, with what they inherit from this one; but for its lints. Cargo shows what is warned of in
/// crates of folders, and a newer Rust warns of more, which is not for users to read.
fn workspace(root: &str) -> String {
    let package = root.split("[workspace.package]\n").nth(1).and_then(|rest| rest.split("\n[").next());
    format!(
        "# The runtime of evc. `evc vendor` writes this folder; edit nothing here.\n\n[workspace]\nresolver = \"3\"\n\
         members = {CRATES:?}\n\n[workspace.package]\n{}\n\n\
         [workspace.lints.rust]\nwarnings = \"allow\"\n",
        package.unwrap_or_default().trim()
    )
}

/// A manifest without the sections of [`DROPPED`], and without the comments above these.
fn manifest(text: &str) -> String {
    let (mut kept, mut waiting, mut dropping) = (String::new(), String::new(), false);
    for line in text.lines() {
        if line.is_empty() || line.starts_with('#') {
            waiting.push_str(line);
            waiting.push('\n');
            continue;
        }
        if line.starts_with('[') {
            dropping = DROPPED.contains(&line);
        }
        let before = std::mem::take(&mut waiting);
        if !dropping {
            kept.push_str(&before);
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// The sources of a crate, and the scripts that they include, without modules of tests.
fn sources(folder: &Path) -> Result<Vec<Text>, Box<dyn Error>> {
    let (mut files, mut dropped) = (Vec::new(), Vec::new());
    for (path, text) in files_below(folder)? {
        if let Some(stem) = path.strip_suffix(".rs") {
            let (text, modules) = without_tests(&text);
            let own = ["lib", "mod"].into_iter().find_map(|root| stem.strip_suffix(root));
            let home = own.map_or_else(|| format!("{stem}/"), str::to_owned);
            dropped.extend(modules.iter().map(|module| format!("{home}{module}")));
            files.push((path, text));
        } else if Path::new(&path).extension().is_some_and(|extension| extension == "lua") {
            files.push((path, text));
        }
    }
    files.retain(|(path, _)| {
        let of = |module: &String| path.strip_prefix(module.as_str());
        !dropped.iter().filter_map(of).any(|rest| rest == ".rs" || rest.starts_with('/'))
    });
    Ok(files)
}

/// Whether an attribute leaves its item to tests.
fn is_for_tests(attribute: &str) -> bool {
    ["#[cfg(test)]", "#[cfg(all(test, "].iter().any(|start| attribute.starts_with(start))
}

/// A source without its modules of tests, and the names of these: found by how rustfmt lays them out. A test of `src/embedded.rs` sees to
/// it that nothing else is lost.
fn without_tests(text: &str) -> (String, Vec<String>) {
    let (mut kept, mut waiting, mut modules) = (Vec::new(), Vec::new(), Vec::new());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        // What is said of the item that comes.
        if line.starts_with("#[") || line.starts_with("///") {
            waiting.push(line);
            continue;
        }
        let module = line.strip_prefix("mod ").filter(|_| waiting.iter().any(|said| is_for_tests(said)));
        if let Some(module) = module {
            waiting.clear();
            if module.ends_with('{') {
                let _ = lines.find(|line| *line == "}");
            }
            // One that stands here may have modules of its own, in files.
            modules.push(module.trim_end_matches([';', '{']).trim_end().to_owned());
        } else {
            kept.append(&mut waiting);
            kept.push(line);
        }
    }
    let kept = kept.join("\n");
    (format!("{}\n", kept.trim_end()), modules)
}
