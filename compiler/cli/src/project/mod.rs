//! The crates around a stack: the user's beside the spec, and the runtime, found by reading their manifests.
//!
//! Cargo itself is asked only by `evc check --deep` (`metadata`): it takes longer than all of the compiler.

mod logic;
mod manifest;
mod metadata;
mod modules;
mod paths;
mod runtime;

use std::path::{Path, PathBuf};

use super::world::Disk;
use evc_compiler::diagnostics::Diagnostic;
use evc_compiler::emit::{Project, rust};
use evc_compiler::model::Model;
use evc_compiler::source::{SourceMap, World};

pub(super) use metadata::ask_cargo;
pub(super) use modules::Root;

/// What is around a stack.
pub(super) struct Found {
    /// The paths that the generated crates need.
    pub(super) project: Project,
    /// What is missing of the user's crate: paths and texts.
    pub(super) scaffold: Vec<(PathBuf, String)>,
    /// The root of the user's crate with the modules that it lacks, if it is as evc wrote it but for these.
    pub(super) root: Option<Root>,
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
    let runtime = runtime::find(world, &crate_folder, places.runtime, model, &mut diagnostics);
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
    let logic::Looked { present, root } = logic::look(around, model, &mut project, sources, &mut diagnostics);
    let scaffold = rust::scaffold(model, &project).into_iter().filter(|(path, _)| !present.contains(path));
    let scaffold = scaffold.map(|(path, text)| (folder.join(path), text)).collect();
    Found { project, scaffold, root, diagnostics }
}

#[cfg(test)]
mod tests;
