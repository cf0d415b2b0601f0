//! The system of a new project: that of the template or of an example, by another name.

use std::io;
use std::path::Path;

use super::super::embedded::{EXAMPLES, TEMPLATES};
use super::uses;
use evc_compiler::diagnostics::{Diagnostic, Severity};
use evc_compiler::emit::rust::crate_ident;
use evc_compiler::session::{analyze, plan};
use evc_compiler::source::World;

/// The service of the template.
const TEMPLATE: &str = "shop";

/// The line that names the schema, in specs of this repository.
const SCHEMA_HERE: &str = "# yaml-language-server: $schema=../docs/evc.schema.json";

/// The same line in a project.
const SCHEMA_THERE: &str = "# yaml-language-server: $schema=../evc.schema.json";

/// The line that names the schema of scenarios, here and in a project.
const SCENARIOS_HERE: &str = "# yaml-language-server: $schema=../docs/evc.test.schema.json";
const SCENARIOS_THERE: &str = "# yaml-language-server: $schema=../evc.test.schema.json";

/// A spec and its business logic.
pub(super) struct System {
    /// What the service is called, and with it the spec, the crate and the stack.
    pub(super) name: String,
    /// What the spec says of it.
    pub(super) description: String,
    /// The files, by path below `specs/`.
    pub(super) files: Vec<(String, String)>,
}

impl System {
    /// The system of the template, or of an example, called `name`; or why it cannot be called so.
    pub(super) fn new(name: &str, example: Option<&str>) -> Result<Self, String> {
        if let Some(problem) = problem(name) {
            return Err(problem);
        }
        let known = |(known, _): &&(&str, &[(&str, &str)])| Some(*known) == example;
        let (own, files) = match EXAMPLES.iter().find(known) {
            Some((own, files)) => (*own, files.to_vec()),
            None => (TEMPLATE, TEMPLATES.iter().copied().filter(|(path, _)| path.starts_with(TEMPLATE)).collect()),
        };
        let files = files.into_iter().map(|(path, text)| renamed(path, text, own, name)).collect::<Vec<_>>();
        let spec = format!("{name}.yaml");
        let text = files.iter().find(|(path, _)| *path == spec).map(|(_, text)| text.as_str()).unwrap_or_default();
        let description = judge(&spec, text)?;
        Ok(Self { name: name.to_owned(), description, files })
    }
}

/// Why no service has this name, in the words of the compiler.
pub(super) fn problem(name: &str) -> Option<String> {
    // As it would stand in a spec; what cannot stand between quotes is in no name.
    let text =
        format!("evc: 1\nservice: {}\nfunctions: {{ ping: {{ api: GET /ping }} }}\n", serde_json::Value::from(name));
    judge("name.yaml", &text).err()
}

/// Compiles a spec that is in memory, and gives its description; or the first error.
fn judge(path: &str, text: &str) -> Result<String, String> {
    let analysis = analyze(&Memory(text), Path::new(path)).map_err(|error| error.to_string())?;
    let model = analysis.model.as_ref();
    let planned = model.map(|model| plan(model).diagnostics).unwrap_or_default();
    match analysis.diagnostics.iter().chain(&planned).find(|found| found.severity() == Severity::Error) {
        Some(error) => Err(told(error)),
        None => Ok(model.and_then(|model| model.description.clone()).unwrap_or_default()),
    }
}

/// What an error says, and what helps.
fn told(error: &Diagnostic) -> String {
    let more = error.notes.iter().chain(&error.help);
    more.fold(error.message.clone(), |text, line| format!("{text}; {line}"))
}

/// A file of the system `own`, with the name that the system is to have: in its path, as the service of the spec, and as the crates
/// that are named after it. Things of the spec that have the same name keep theirs.
fn renamed(path: &str, text: &str, own: &str, name: &str) -> (String, String) {
    let path = format!("{name}{}", path.strip_prefix(own).unwrap_or(path));
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    if extension == "yaml" {
        let line = |line: &str| match line.strip_suffix(own) {
            // The service, and the tag that says it.
            Some(key @ ("service: " | "  service: ")) => format!("{key}{name}\n"),
            _ if line == SCHEMA_HERE => format!("{SCHEMA_THERE}\n"),
            _ if line == SCENARIOS_HERE => format!("{SCENARIOS_THERE}\n"),
            // The spec of scenarios, and what they read.
            _ if line == format!("spec: {own}.yaml") => format!("spec: {name}.yaml\n"),
            _ => format!("{}\n", line.replace(&format!("file: {own}/"), &format!("file: {name}/"))),
        };
        return (path, text.lines().map(line).collect());
    }
    let contract = (format!("{}_contract", crate_ident(own)), format!("{}_contract", crate_ident(name)));
    let pairs = [
        (format!("\"{own}\""), format!("\"{name}\"")),
        (format!("/{own}\""), format!("/{name}\"")),
        (format!("business logic of {own}\""), format!("business logic of {name}\"")),
        (format!("business logic of `{own}`"), format!("business logic of `{name}`")),
        (format!("\n{own}-contract."), format!("\n{name}-contract.")),
    ];
    let text = if path.ends_with("Cargo.toml") || path.ends_with("src/lib.rs") {
        pairs.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    } else {
        text.to_owned()
    };
    if own == name || extension != "rs" {
        return (path, text);
    }
    (path, uses::laid_out(&text.replace(&contract.0, &contract.1), &contract.1))
}

/// One file, and nothing else.
struct Memory<'t>(&'t str);

impl World for Memory<'_> {
    fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
        Ok(self.0.as_bytes().to_vec())
    }
}
