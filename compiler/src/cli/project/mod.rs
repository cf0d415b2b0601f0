//! The crates around a stack: the user's beside the spec, and the runtime, found by reading their manifests.
//!
//! Cargo itself is asked only by `evc check --deep` (`metadata`): it takes longer than all of the compiler.

mod logic;
mod manifest;
mod metadata;
mod paths;

use std::path::{Path, PathBuf};

use super::world::Disk;
use crate::diagnostics::Diagnostic;
use crate::emit::{Project, rust};
use crate::model::Model;
use crate::source::{SourceMap, World};

pub(super) use metadata::ask_cargo;

/// What is around a stack.
pub(super) struct Found {
    /// The paths that the generated crates need.
    pub(super) project: Project,
    /// What is missing of the user's crate: paths and texts.
    pub(super) scaffold: Vec<(PathBuf, String)>,
    /// What does not fit together.
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Finds the crates around the stack in `directory`. Files that a diagnostic points into are added to `sources`.
pub(super) fn find(spec: &Path, directory: &Path, model: &Model, sources: &mut SourceMap) -> Found {
    find_in(&Disk, spec, directory, model, sources)
}

fn find_in(world: &dyn World, spec: &Path, directory: &Path, model: &Model, sources: &mut SourceMap) -> Found {
    let folder = spec.with_extension("");
    let (stack, crate_folder) = (paths::absolute(directory), paths::absolute(&folder));
    let runtime = runtime(world, &crate_folder);
    let mut project = Project {
        spec_path: paths::in_project(spec),
        logic_path: paths::relative(&stack, &crate_folder),
        logic_crate: model.service.value.clone(),
        stack_path: paths::relative(&crate_folder, &stack),
        runtime_path: runtime.as_ref().map(|runtime| paths::relative(&stack, runtime)),
        ..Project::default()
    };
    project.logic_lib = rust::crate_ident(&project.logic_crate);
    let around = logic::Around { world, folder: &folder, stack: &stack, runtime: runtime.as_deref() };
    let mut diagnostics = Vec::new();
    let present = logic::look(around, model, &mut project, sources, &mut diagnostics);
    let scaffold = rust::scaffold(model, &project).into_iter().filter(|(path, _)| !present.contains(path));
    let scaffold = scaffold.map(|(path, text)| (folder.join(path), text)).collect();
    Found { project, scaffold, diagnostics }
}

/// The runtime's folder, if it stands in a folder `runtime` of the project that the user's crate is in.
fn runtime(world: &dyn World, crate_folder: &Path) -> Option<PathBuf> {
    let folders = crate_folder.ancestors().skip(1).map(|folder| folder.join("runtime"));
    folders.into_iter().find(|folder| {
        let text = world.read(&folder.join("Cargo.toml")).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        text.is_some_and(|text| manifest::package_name(&text).as_deref() == Some("evc-runtime"))
    })
}

#[cfg(test)]
mod tests;
