//! What `evc build` and `evc check` share: from a checked spec to the files of its stack, in memory.

use std::path::{Path, PathBuf};

use super::{console, project};
use evc_compiler::emit;
use evc_compiler::report::{budget, iam, resources};
use evc_compiler::session::{self, Analysis, Extent};

/// What may differ between two plans of one spec.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the command line of its own")]
pub(super) struct Options<'a> {
    /// The environment that is deployed unless another is given.
    pub(super) environment: Option<&'a str>,
    /// Whether the template may be larger than CloudFormation takes.
    pub(super) oversize: bool,
    /// The runtime's folder, if it is not where it is looked for.
    pub(super) runtime: Option<&'a Path>,
    /// Whether Cargo is asked about the stack that was built before.
    pub(super) deep: bool,
    /// Whether the stack is not going to be written, so that only the files are made that something may be wrong with.
    pub(super) only_check: bool,
    /// Whether to print who may do what.
    pub(super) explain_iam: bool,
    /// Whether to print how long messages are tried for.
    pub(super) explain_budget: bool,
    /// Whether to print what stands in the template.
    pub(super) explain_resources: bool,
    /// Whether what is printed is for programs.
    pub(super) explain_as_json: bool,
}

/// A stack ready to be written.
pub(super) struct Stack {
    /// Where to.
    pub(super) directory: PathBuf,
    /// Its files.
    pub(super) files: emit::Files,
    /// What is missing of the user's crate: paths and texts.
    pub(super) scaffold: Vec<(PathBuf, String)>,
    /// The root of the user's crate with modules that it lacks.
    pub(super) root: Option<project::Root>,
}

/// Plans and emits the stack of a spec, adding what is found to its analysis. `None` if there are errors.
pub(super) fn plan(spec: &Path, directory: &Path, analysis: &mut Analysis, options: Options<'_>) -> Option<Stack> {
    if analysis.has_errors() {
        return None;
    }
    let Analysis { sources, model, .. } = analysis;
    let model = model.as_ref()?;
    let mut planned = session::plan(model);
    let mut found = std::mem::take(&mut planned.diagnostics);
    let places = project::Places { spec, directory, runtime: options.runtime };
    let around = project::find(places, model, sources);
    found.extend(around.diagnostics);
    if options.deep {
        found.extend(project::ask_cargo(directory, &around.project, model.service.span));
    }
    if let Some(environment) = options.environment {
        planned.plan.set_environment(environment);
    }
    let extent = if options.only_check { Extent::Bounded } else { Extent::Whole };
    let built = planned.build(sources, &around.project, extent);
    found.extend(built.diagnostics);
    if options.oversize {
        found.retain(|diagnostic| !emit::limits::is_of_size(diagnostic.code));
    }
    let input = emit::Input { plan: &planned.plan, sources, project: &around.project };
    if options.explain_iam {
        let write = if options.explain_as_json { iam::json } else { iam::table };
        console::print(&write(input));
    }
    if options.explain_budget {
        console::print(&budget::explain(input, options.explain_as_json));
    }
    if options.explain_resources {
        let write = if options.explain_as_json { resources::json } else { resources::table };
        console::print(&write(input));
    }
    // The process ends soon; taking it apart piece by piece first would be for nothing.
    std::mem::forget(planned);
    analysis.add(found);
    (!analysis.has_errors()).then(|| Stack {
        directory: directory.to_owned(),
        files: built.files,
        scaffold: around.scaffold,
        root: around.root,
    })
}
