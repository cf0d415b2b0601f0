//! Where the runtime is that a stack is built with, and whether it is the one of this evc.

use std::path::{Path, PathBuf};

use super::{manifest, paths};
use crate::{embedded, stack, vendor};
use evc_compiler::diagnostics::{Code, Diagnostic};
use evc_compiler::model::Model;
use evc_compiler::source::World;

/// The folder of all crates of the runtime, in its project.
const ALL: &str = "runtime";

/// The folder of the crate that handlers link, in the folder of all.
const HANDLERS: &str = "handlers";

/// The runtime's folder: the one that is given, or a folder `runtime/handlers` of the project that the user's crate is in. If there is
/// none, that is reported, and the answer is where it is expected. Never a registry's: nobody has published a crate of that
/// name, so whoever does would have their code run in every stack.
pub(super) fn find(
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
    let expected = expected(crate_folder);
    let missing = |message: String| {
        Diagnostic::new(Code::EVC0807, model.service.span, message)
            .note("no registry has it: the generated handlers build only where it is on this disk")
            .help(format!("write it beside the specs: `evc vendor {}`", shown(&expected)))
            .help("or name the folder `runtime/handlers` of a clone of evc: `--runtime ../evc/runtime/handlers`")
    };
    let found = if let Some(given) = given {
        if !is_runtime(given) {
            diagnostics.push(missing(format!("there is no crate `evc-runtime` in `{}`", given.display())));
        }
        paths::absolute(given)
    } else {
        let mut above = crate_folder.ancestors().skip(1).map(|folder| folder.join(ALL).join(HANDLERS));
        let Some(found) = above.find(|folder| is_runtime(folder)) else {
            diagnostics.push(missing(format!(
                "there is no crate `evc-runtime` in a folder `{ALL}/{HANDLERS}` beside this spec or in a folder above"
            )));
            return expected.join(HANDLERS);
        };
        found
    };
    diagnostics.extend(outdated(world, &found, model));
    found
}

/// The folder of all crates in the project of a user's crate: beside the folder `specs`, or beside the spec if that is in another one.
fn expected(crate_folder: &Path) -> PathBuf {
    let beside = crate_folder.parent().unwrap_or(crate_folder);
    let project = match beside.parent() {
        Some(project) if beside.ends_with("specs") => project,
        _ => beside,
    };
    project.join(ALL)
}

/// Reports a runtime that another evc vendored. One that is not vendored is a clone's, and its owner's to look after.
fn outdated(world: &dyn World, handlers: &Path, model: &Model) -> Option<Diagnostic> {
    let folder = handlers.parent()?;
    world.read(&folder.join(stack::MANIFEST)).ok()?;
    let state = world.read(&folder.join(vendor::FINGERPRINT_FILE)).unwrap_or_default();
    if state.trim_ascii() == embedded::FINGERPRINT.as_bytes() {
        return None;
    }
    let folder = shown(folder);
    let message = format!("the runtime in `{folder}` is not the one of this evc");
    let diagnostic = Diagnostic::new(Code::EVC0808, model.service.span, message)
        .note("generated handlers and the runtime agree on names and limits, which may differ from version to version");
    Some(diagnostic.help(format!("bring it up to date: `evc vendor {folder}`")))
}

/// A folder as a command in this one names it.
fn shown(folder: &Path) -> String {
    paths::relative(&paths::absolute(Path::new(".")), folder)
}
