//! Documents that the compiler makes of its own types: the JSON Schema and the language reference.

use std::fs;

use crate::{project, step};

/// Each document, and the arguments with which evc prints it.
const DOCUMENTS: [(&str, &[&str]); 3] = [
    ("docs/evc.schema.json", &["schema"]),
    ("docs/evc.test.schema.json", &["schema", "test"]),
    ("docs/language.md", &["reference", "docs/language.in.md"]),
];

/// Write every document.
pub(crate) fn write() -> Result<(), String> {
    DOCUMENTS.iter().try_for_each(|(path, arguments)| {
        let target = project::root().join(path);
        fs::write(&target, print(arguments)?).map_err(|error| format!("cannot write {path}: {error}"))
    })
}

/// Compare every document with what the compiler prints.
pub(crate) fn check() -> Result<(), String> {
    DOCUMENTS.iter().try_for_each(|(path, arguments)| {
        let there = fs::read(project::root().join(path)).map_err(|error| format!("cannot read {path}: {error}"))?;
        if there == print(arguments)? {
            step::say(&format!("  ok    {path} is what evc prints"));
            Ok(())
        } else {
            Err(format!("{path} is not what evc prints; to mend: cargo xtask generate"))
        }
    })
}

fn print(arguments: &[&str]) -> Result<Vec<u8>, String> {
    let output =
        step::command(project::evc(), arguments).output().map_err(|error| format!("cannot run evc: {error}"))?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(format!("evc {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr)))
    }
}
