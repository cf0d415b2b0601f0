//! The files of a new project.

use super::super::embedded::TEMPLATES;
use super::super::vendor;
use super::system::System;
use evc_compiler::emit::Files;
use evc_compiler::spec::schema;

/// The folder of the runtime.
pub(super) const RUNTIME: &str = "runtime/";

/// What a project has beside its system: the template of each, and its place.
const AROUND: [(&str, &str); 5] = [
    ("README.md", "README.md"),
    ("rustfmt.toml", "rustfmt.toml"),
    ("gitignore", ".gitignore"),
    ("settings.json", ".vscode/settings.json"),
    ("ci.yml", ".github/workflows/ci.yml"),
];

/// All files of the project of a system: its own first, the runtime last.
pub(super) fn of(system: &System) -> Files {
    let mut files = Files::default();
    for (path, text) in &system.files {
        files.add(format!("specs/{path}"), text);
    }
    for (template, path) in AROUND {
        let text = TEMPLATES.iter().find(|(name, _)| *name == template).map_or("", |(_, text)| *text);
        files.add(path, text.replace("{name}", &system.name).replace("{description}", system.description.trim()));
    }
    files.add("evc.schema.json", schema::text());
    files.add("evc.test.schema.json", evc_compiler::scenario::schema_text());
    for (path, text) in vendor::files() {
        files.add(format!("{RUNTIME}{path}"), text);
    }
    files
}
