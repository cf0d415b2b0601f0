//! `evc init`: a new project, with a system that builds and passes its tests.

mod files;
mod system;
mod uses;

use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;

use super::embedded::EXAMPLES;
use super::{Exit, console, stack};
use system::System;

/// How many files in the way are named.
const MOST_NAMED: usize = 8;

/// Start a project: a spec, its business logic with tests, the runtime, editor settings, and a CI workflow.
///
/// Without `--example` it is a small shop: an API takes orders, a table keeps them, an outbox tells of them, and a rule has them shipped.
/// All is written or nothing: a file that is there already stops it, and is left as it is.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  evc init shop\n  evc init billing --example orders\n  evc init --dir .\n\n\
    The systems of `--example`:\n  \
    orders        an API, a workflow that takes payments and gives them back, an outbox\n  \
    cart          carts of callers with tokens; events numbered; an HTTP API with CORS\n  \
    hooks         webhooks of two senders, and a workflow that waits for one of them\n  \
    order-pipe    a REST API straight into a table, its stream to a bus by pipes, two queues\n  \
    choreography  services linked by events; a workflow whose state is in Redis\n  \
    event-store   a small one: a publisher, a rule, a table\n\n\
    Then:\n  cd shop\n  evc check specs/shop.yaml\n  evc build specs/shop.yaml\n  (cd generated/shop && cargo test)\n  evc dev specs/shop.yaml")]
pub(super) struct Arguments {
    /// The name of the service, as `order-history`. By default that of the example, else that of the folder.
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// The folder of the project. By default NAME; where no name is given either, the working directory.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Start with one of the systems that evc is tested with.
    #[arg(long, value_name = "SYSTEM", value_parser = PossibleValuesParser::new(EXAMPLES.iter().map(|(name, _)| *name)))]
    example: Option<String>,
    /// Say nothing but errors.
    #[arg(long, short)]
    quiet: bool,
}

/// Writes the project.
pub(super) fn run(arguments: &Arguments) -> Exit {
    let directory = directory(arguments);
    let name = match name(arguments, &directory) {
        Ok(name) => name,
        Err(problem) => {
            console::fail(&problem);
            console::tell("say which name it has: `evc init NAME --dir DIR`");
            return Exit::Usage;
        }
    };
    let system = match System::new(&name, arguments.example.as_deref()) {
        Ok(system) => system,
        Err(problem) => {
            console::fail(&problem);
            return Exit::Usage;
        }
    };
    let project = files::of(&system);
    match stack::create(&directory, &project) {
        Ok(()) => {}
        Err(stack::Error::NotOurs(mut paths)) => {
            console::fail(&format!("these files are in the way in `{}`; nothing was written:", directory.display()));
            let more = paths.len().saturating_sub(MOST_NAMED);
            paths.truncate(MOST_NAMED);
            for path in &paths {
                console::tell(&format!("  {path}"));
            }
            if more > 0 {
                console::tell(&format!("  and {more} more"));
            }
            console::tell("move them away, or name another folder: `--dir DIR`");
            return Exit::Io;
        }
        Err(error) => {
            console::fail(&error.to_string());
            return Exit::Io;
        }
    }
    if !arguments.quiet {
        let own = project.iter().filter(|file| !file.path.starts_with(files::RUNTIME)).count();
        let shown =
            if directory == Path::new(".") { "this folder".to_owned() } else { directory.display().to_string() };
        console::tell(&format!("{shown}: {own} files, and the runtime in {}", files::RUNTIME));
        console::tell("\nNext:");
        if directory != Path::new(".") {
            console::tell(&format!("  cd {shown}"));
        }
        console::tell(&format!("  evc check specs/{name}.yaml"));
        console::tell(&format!("  evc build specs/{name}.yaml"));
        console::tell(&format!("  (cd generated/{name} && cargo test)"));
        console::tell(&format!("  evc dev specs/{name}.yaml"));
    }
    Exit::Clean
}

/// Where the project is to be.
fn directory(arguments: &Arguments) -> PathBuf {
    let given = arguments.dir.clone().or_else(|| arguments.name.as_ref().map(PathBuf::from));
    given.unwrap_or_else(|| PathBuf::from("."))
}

/// The name that is given, or follows from the example or the folder.
fn name(arguments: &Arguments, directory: &Path) -> Result<String, String> {
    if let Some(name) = arguments.name.as_ref().or(arguments.example.as_ref()) {
        return Ok(name.clone());
    }
    let folder = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
    // `.` and `..` go by the folder that they lead to.
    let folder = folder.canonicalize().unwrap_or(folder);
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    system::problem(&name).map_or(Ok(name), |problem| Err(format!("the folder gives no name: {problem}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_is_in_the_help() {
        use clap::Args as _;
        let mut command = Arguments::augment_args(clap::Command::new("init"));
        let help = command.render_long_help().to_string();
        for (name, _) in EXAMPLES {
            assert!(help.contains(&format!("\n  {name} ")), "{name}");
        }
    }
}
