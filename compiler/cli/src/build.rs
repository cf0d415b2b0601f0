//! `evc build`: from specs to stacks.

use std::path::{Path, PathBuf};

use super::console::{self, Format};
use super::plan::{self, Stack};
use super::project::Places;
use super::world::Disk;
use super::{Exit, check, stack};
use evc_compiler::diagnostics::list;
use evc_compiler::session::{Analysis, analyze, is_scenarios};

/// Build stacks: the SAM template, state machines, Rust handlers, schemas, diagram and README of each spec.
///
/// Writes `generated/NAME/`, where NAME is the spec's file name, beside the folder that the spec is in. Nothing is written if
/// any spec has errors; files that did not change are left alone, and files that no longer belong are removed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  evc build specs/orders.yaml\n  evc build specs/*.yaml\n  \
    evc build specs/orders.yaml --out /tmp/orders --environment prod\n  evc build specs/orders.yaml --explain iam\n  \
    evc build specs/orders.yaml --explain budget --message-format json\n\n\
    Then:\n  cd generated/orders && sam build && sam deploy --guided")]
pub(super) struct Arguments {
    /// The specs to build.
    #[arg(required = true, value_name = "SPEC")]
    specs: Vec<PathBuf>,
    /// The directory of the stack itself: DIR/template.yaml. For one spec.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The folder of the crate `evc-runtime`. A folder `runtime/handlers` beside the spec or above by default.
    #[arg(long, value_name = "DIR")]
    runtime: Option<PathBuf>,
    /// The environment that is deployed unless another is given to `sam deploy`. The first one by default.
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// Print what was decided instead of writing: `iam` is who may do what, and why; `budget` is how long messages are tried for, from who
    /// publishes to who consumes last; `resources` is what stands in the template, by the names that the spec has for it. With
    /// `--message-format json`, a JSON object a line.
    #[arg(long, value_name = "WHAT")]
    explain: Option<Explain>,
    /// Replace files that are in the way though evc did not write them.
    #[arg(long)]
    force: bool,
    /// Let the template be larger than CloudFormation takes, to split it or to look at it.
    #[arg(long)]
    oversize: bool,
    /// How diagnostics are written.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    message_format: Format,
    /// Say nothing but diagnostics.
    #[arg(long, short)]
    quiet: bool,
}

/// What can be explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Explain {
    /// Who may do what, and why.
    Iam,
    /// How often and how long each stage of a way tries, and what gives out first.
    Budget,
    /// What stands in the template, by the names that the spec has for it.
    Resources,
}

/// Builds each spec; writes all of them or none.
pub(super) fn run(arguments: &Arguments) -> Exit {
    if arguments.out.is_some() && arguments.specs.len() > 1 {
        console::fail("`--out` names the directory of one stack; build one spec with it");
        return Exit::Usage;
    }
    if arguments.explain.is_some() && arguments.message_format == Format::Sarif {
        console::fail("a SARIF log has no place for what is explained; use `--message-format json`");
        return Exit::Usage;
    }
    // `specs/*.yaml` has scenarios too.
    let specs: Vec<&PathBuf> = arguments.specs.iter().filter(|spec| !is_scenarios(spec)).collect();
    for spec in &specs {
        let directory = directory(arguments, spec);
        if let Some(problem) = (Places { spec, directory: &directory, runtime: None }).problem() {
            console::fail(&problem);
            return Exit::Usage;
        }
    }
    let mut analyses = Vec::new();
    let mut builds = Vec::new();
    for spec in specs {
        let mut analysis = match analyze(&Disk, spec) {
            Ok(analysis) => analysis,
            Err(error) => {
                console::fail(&format!("cannot read `{}`: {error}", spec.display()));
                return Exit::Io;
            }
        };
        match planned(arguments, spec, &mut analysis) {
            Ok(stack) => builds.extend(stack),
            Err(exit) => return exit,
        }
        analyses.push(analysis);
    }
    // The process ends soon; taking models apart piece by piece first would be for nothing.
    let analyses = std::mem::ManuallyDrop::new(analyses);
    console::report(&analyses, arguments.message_format);
    let exit = check::exit(&analyses, false, false);
    if exit != Exit::Clean {
        return exit;
    }
    builds.iter().map(|build| write(build, arguments)).find(|exit| *exit != Exit::Clean).unwrap_or(Exit::Clean)
}

/// Plans a stack; `None` if there are errors or the plan was only to be explained.
fn planned(arguments: &Arguments, spec: &Path, analysis: &mut Analysis) -> Result<Option<Stack>, Exit> {
    if let (Some(environment), Some(model)) = (&arguments.environment, &analysis.model) {
        let known: Vec<&str> = model.environments.iter().map(|environment| environment.name.as_str()).collect();
        let declared = model.environments.iter().any(|environment| environment.span.is_some());
        if declared && !known.contains(&environment.as_str()) {
            console::fail(&format!("there is no environment `{environment}`; the spec has {}", list(&known)));
            return Err(Exit::Usage);
        }
    }
    let directory = directory(arguments, spec);
    let options = plan::Options {
        environment: arguments.environment.as_deref(),
        oversize: arguments.oversize,
        runtime: arguments.runtime.as_deref(),
        deep: false,
        only_check: arguments.explain.is_some(),
        explain_iam: arguments.explain == Some(Explain::Iam),
        explain_budget: arguments.explain == Some(Explain::Budget),
        explain_resources: arguments.explain == Some(Explain::Resources),
        explain_as_json: arguments.message_format == Format::Json,
    };
    Ok(plan::plan(spec, &directory, analysis, options).filter(|_| arguments.explain.is_none()))
}

fn directory(arguments: &Arguments, spec: &Path) -> PathBuf {
    arguments.out.clone().unwrap_or_else(|| default_directory(spec))
}

/// `generated/NAME`, beside the folder `specs` that the spec is in, or in the spec's own folder if that has another name.
/// The same wherever the command runs.
pub(super) fn default_directory(spec: &Path) -> PathBuf {
    let folder = spec.parent().unwrap_or(Path::new(""));
    let here = folder.as_os_str().is_empty().then(std::env::current_dir).and_then(Result::ok);
    let root = match here.as_deref().unwrap_or(folder).file_name() {
        Some(name) if name == "specs" && here.is_some() => Path::new(".."),
        Some(name) if name == "specs" => folder.parent().unwrap_or(Path::new("")),
        _ => folder,
    };
    root.join("generated").join(spec.file_stem().unwrap_or_default())
}

fn write(build: &Stack, arguments: &Arguments) -> Exit {
    let written = match stack::write(&build.directory, &build.files, arguments.force) {
        Ok(written) => written,
        Err(error) => {
            console::fail(&error.to_string());
            if matches!(error, stack::Error::NotOurs(_)) {
                console::tell("move them away, or replace them with `--force`");
            }
            return Exit::Io;
        }
    };
    let mut scaffolded = Vec::new();
    for (path, text) in &build.scaffold {
        match stack::write_new(path, text) {
            Ok(true) => scaffolded.push(path),
            Ok(false) => {}
            Err(error) => {
                console::fail(&error.to_string());
                return Exit::Io;
            }
        }
    }
    // After the modules: what it names is there.
    if let Some(root) = &build.root
        && let Err(error) = stack::replace(&root.path, &root.text)
    {
        console::fail(&error.to_string());
        return Exit::Io;
    }
    if !arguments.quiet && arguments.message_format == Format::Human {
        let stack::Written { changed, unchanged, removed } = written;
        let directory = build.directory.display();
        console::tell(&format!("{directory}: {changed} files written, {unchanged} unchanged, {removed} removed"));
        for path in scaffolded {
            console::tell(&format!("{}: new, for your business logic", path.display()));
        }
        for (root, module) in build.root.iter().flat_map(|root| root.added.iter().map(move |module| (root, module))) {
            console::tell(&format!("{}: `pub mod {module};` added", root.path.display()));
        }
    }
    Exit::Clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stacks_stand_beside_specs() {
        for (spec, directory) in [
            ("specs/orders.yaml", "generated/orders"),
            ("orders.yaml", "generated/orders"),
            ("/a/specs/orders.yaml", "/a/generated/orders"),
            ("/a/b/orders.yaml", "/a/b/generated/orders"),
        ] {
            assert_eq!(default_directory(Path::new(spec)), PathBuf::from(directory), "{spec}");
        }
    }
}
