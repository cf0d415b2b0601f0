//! The crates around a stack: the user's beside the spec, and the runtime, found by reading their manifests.
//!
//! Cargo itself is asked only by `evc check --deep` (`metadata`): it takes longer than all of the compiler.

mod logic;
mod manifest;
mod metadata;
mod paths;

use std::path::{Path, PathBuf};

use super::world::Disk;
use evc_compiler::diagnostics::{Code, Diagnostic};
use evc_compiler::emit::{Project, rust};
use evc_compiler::model::Model;
use evc_compiler::source::{SourceMap, World};

pub(super) use metadata::ask_cargo;

/// Where the runtime is in its project.
const RUNTIME: &str = "runtime/handlers";

/// What is around a stack.
pub(super) struct Found {
    /// The paths that the generated crates need.
    pub(super) project: Project,
    /// What is missing of the user's crate: paths and texts.
    pub(super) scaffold: Vec<(PathBuf, String)>,
    /// What does not fit together.
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Where a spec's stack and the crates around it are, or are to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places<'a> {
    /// The spec.
    pub(super) spec: &'a Path,
    /// The stack's directory.
    pub(super) directory: &'a Path,
    /// The runtime's folder, if the command line names it.
    pub(super) runtime: Option<&'a Path>,
}

impl Places<'_> {
    /// Why nothing can be built there: the user's crate stands in the folder that is named like the spec without extension.
    pub(super) fn problem(&self) -> Option<String> {
        let (spec, folder) = (self.spec.display(), self.spec.with_extension(""));
        if folder == self.spec {
            return Some(format!(
                "`{spec}` has no extension, so the folder for its business logic would have its name; name it `NAME.yaml`"
            ));
        }
        let (stack, logic) = (paths::absolute(self.directory), paths::absolute(&folder));
        let (directory, folder) = (self.directory.display(), folder.display());
        if stack == logic {
            Some(format!("`{directory}` is the folder of the business logic; the stack needs one of its own"))
        } else if stack.starts_with(&logic) {
            Some(format!(
                "`{directory}` lies in `{folder}`, the folder of the business logic; a stack stands beside it"
            ))
        } else if logic.starts_with(&stack) {
            Some(format!(
                "`{folder}`, the folder of the business logic, lies in `{directory}`; a stack stands beside it"
            ))
        } else {
            None
        }
    }
}

/// Finds the crates around a stack. Files that a diagnostic points into are added to `sources`.
pub(super) fn find(places: Places<'_>, model: &Model, sources: &mut SourceMap) -> Found {
    find_in(&Disk, places, model, sources)
}

fn find_in(world: &dyn World, places: Places<'_>, model: &Model, sources: &mut SourceMap) -> Found {
    let Places { spec, directory, .. } = places;
    let folder = spec.with_extension("");
    let (stack, crate_folder) = (paths::absolute(directory), paths::absolute(&folder));
    let mut diagnostics = Vec::new();
    let runtime = runtime(world, &crate_folder, places.runtime, model, &mut diagnostics);
    let mut project = Project {
        spec_path: paths::in_project(spec),
        logic_path: paths::relative(&stack, &crate_folder),
        logic_crate: model.service.value.clone(),
        stack_path: paths::relative(&crate_folder, &stack),
        runtime_path: paths::relative(&stack, &runtime),
        ..Project::default()
    };
    project.logic_lib = rust::crate_ident(&project.logic_crate);
    let around = logic::Around { world, folder: &folder, stack: &stack, runtime: &runtime };
    let present = logic::look(around, model, &mut project, sources, &mut diagnostics);
    let scaffold = rust::scaffold(model, &project).into_iter().filter(|(path, _)| !present.contains(path));
    let scaffold = scaffold.map(|(path, text)| (folder.join(path), text)).collect();
    Found { project, scaffold, diagnostics }
}

/// The runtime's folder: the one that is given, or a folder `runtime/handlers` of the project that the user's crate is in. If there is
/// none, that is reported, and the answer is where it is expected. Never a registry's: nobody has published a crate of that
/// name, so whoever does would have their code run in every stack.
fn runtime(
    world: &dyn World,
    crate_folder: &Path,
    given: Option<&Path>,
    model: &Model,
    diagnostics: &mut Vec<Diagnostic>,
) -> PathBuf {
    let is_runtime = |folder: &Path| {
        let text = world.read(&folder.join("Cargo.toml")).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        text.is_some_and(|text| manifest::package_name(&text).as_deref() == Some("evc-runtime"))
    };
    let missing = |message: String| {
        Diagnostic::new(Code::EVC0807, model.service.span, message)
            .note("no registry has it: the generated handlers build only where it is on this disk")
            .help("name the folder `runtime/handlers` of a clone of evc: `--runtime ../evc/runtime/handlers`")
    };
    if let Some(given) = given {
        if !is_runtime(given) {
            diagnostics.push(missing(format!("there is no crate `evc-runtime` in `{}`", given.display())));
        }
        return paths::absolute(given);
    }
    let above = crate_folder.ancestors().skip(1);
    if let Some(folder) = above.map(|folder| folder.join(RUNTIME)).find(|folder| is_runtime(folder)) {
        return folder;
    }
    diagnostics.push(missing(format!(
        "there is no crate `evc-runtime` in a folder `{RUNTIME}` beside this spec or in a folder above"
    )));
    let beside = crate_folder.parent().unwrap_or(crate_folder);
    let project = match beside.parent() {
        Some(project) if beside.ends_with("specs") => project,
        _ => beside,
    };
    project.join(RUNTIME)
}

#[cfg(test)]
mod tests;
