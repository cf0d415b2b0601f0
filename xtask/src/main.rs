//! Project tasks: `cargo xtask --help`. People and CI run the same ones.

mod bench;
mod book;
mod conformance;
mod deny;
mod dist;
mod documented;
mod documents;
mod end_to_end;
mod first_hour;
mod generate;
mod iam;
mod lanes;
mod mutations;
mod new;
mod project;
mod schemas;
mod setup;
mod step;
mod test;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tasks of the evc project.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install the tools that the tests call into `target/tools/`; does nothing when they are there.
    Setup,
    /// Run all tests: this is the project's one test command.
    Test(test::Options),
    /// Write `generated/` afresh from `specs/`.
    Generate(generate::Options),
    /// Make the book of the documents, with a search, in `target/book/`.
    Docs,
    /// Make the archives of a release, in `target/dist/`.
    Dist(dist::Options),
    /// Write what the compiler knows of the actions of IAM, from the package that reads AWS's reference.
    Iam,
    /// Write what the compiler knows of resource types, from the schemas that cfn-lint carries.
    Schemas,
    /// Add a check or a diagnostic code: its files and its line in the registry.
    #[command(subcommand)]
    New(new::New),
    /// Measure builds, the forwarder of an outbox, or workflows on Redis, beside what a user would otherwise run.
    Bench(bench::Options),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().task {
        Task::Setup => setup::run(),
        Task::Test(options) => test::run(&options),
        Task::Generate(options) => generate::run(&options),
        Task::Docs => book::run(),
        Task::Dist(options) => dist::run(&options),
        Task::Iam => setup::run().and_then(|()| iam::write()),
        Task::Schemas => setup::run().and_then(|()| schemas::write()),
        Task::New(new) => new::run(&new),
        Task::Bench(options) => bench::run(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            step::say(&format!("error: {message}"));
            ExitCode::FAILURE
        }
    }
}
